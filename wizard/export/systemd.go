package export

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

var systemd = Target{
	Name:  "systemd",
	Title: "the embedded proxy as a service: a hardened unit, and the socket that holds its ports",
	render: func(s setup, o Options) ([]File, error) {
		if err := s.needsCertificate(); err != nil {
			return nil, err
		}
		units := "wsdoctor-proxy.socket wsdoctor-proxy.service"
		return []File{
			{Name: "wsdoctor-proxy.socket", Path: "/etc/systemd/system/wsdoctor-proxy.socket", On: OnBalancer, Mode: 0o644, Data: []byte(header("systemd", "#") + systemdSocket(s))},
			{
				Name: "wsdoctor-proxy.service", Path: "/etc/systemd/system/wsdoctor-proxy.service", On: OnBalancer, Mode: 0o644, Data: []byte(header("systemd", "#") + systemdService(s, o)),
				Steps: []Step{{Do: "systemctl daemon-reload", Again: true}, {Do: "systemctl enable --now " + units, Undo: "systemctl disable --now " + units}},
			},
		}, nil
	},
}

func systemdSocket(s setup) string {
	var b strings.Builder
	b.WriteString("[Unit]\nDescription=Ports of the WebSocket balancer wsdoctor proxy\n\n[Socket]\n")
	for _, l := range s.listens {
		address := strconv.Itoa(l.Port)
		if l.Host != "" {
			address = net.JoinHostPort(l.Host, address)
		}
		fmt.Fprintf(&b, "ListenStream=%s\n", address)
	}
	b.WriteString("# clients wait in this queue while the service restarts\nBacklog=4096\nNoDelay=yes\n\n[Install]\nWantedBy=sockets.target\n")
	return b.String()
}

// stopSlack is what a drain may take beyond its own time before systemd kills.
const stopSlack = 15 * time.Second

func systemdService(s setup, o Options) string {
	privileges := "AmbientCapabilities=\nCapabilityBoundingSet=\n"
	if s.tls() {
		// A private key is root's as a rule, and is read again when it is renewed.
		privileges = "# the certificate's key may be readable by root alone, and is read again when it changes\nAmbientCapabilities=CAP_DAC_READ_SEARCH\nCapabilityBoundingSet=CAP_DAC_READ_SEARCH\n"
	}
	return fmt.Sprintf(`[Unit]
Description=WebSocket balancer wsdoctor proxy
Documentation=man:wsdoctor(1)
Requires=wsdoctor-proxy.socket
After=network-online.target wsdoctor-proxy.socket
Wants=network-online.target

[Service]
Type=notify
# a successor that takes over the sockets (SIGUSR2) speaks before it is the main process
NotifyAccess=all
ExecStart=%s proxy --config %s
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1s
WatchdogSec=30s
# longer than timeouts.drain: clients get a Close frame before the end
TimeoutStopSec=%s
KillMode=mixed
# two files for each tunnel
LimitNOFILE=%d

DynamicUser=yes
%sNoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0077

[Install]
WantedBy=multi-user.target
Also=wsdoctor-proxy.socket
`, quoted(o.Program), quoted(o.Settings), span(s.cfg.Proxy.Timeouts.Drain+stopSlack), twoPower(connectionsPerTunnel*s.clients()+1024), privileges)
}
