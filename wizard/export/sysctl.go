package export

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	kernel "example.com/wsdoctor/probes/sysctl"
)

// sysctlFile sorts behind 99-sysctl.conf, by which Debian reads /etc/sysctl.conf.
const sysctlFile = "/etc/sysctl.d/99-wsdoctor.conf"

// acceptQueue is the accept queue that a burst of clients after an outage fits into.
const acceptQueue = 4096

// portsOfOneBackend is how many connections one address has for each backend address and port: the default range
// 32768 to 60999.
const portsOfOneBackend = 28232

var sysctl = Target{
	Name:  "sysctl",
	Title: "kernel parameters: the ports kept from outgoing connections, the accept queue, files, ephemeral ports",
	render: func(s setup, o Options) ([]File, error) {
		reserved, err := kernel.ParsePorts(o.Sysctl[kernel.LocalReserved])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kernel.LocalReserved, err)
		}
		ports := s.cfg.WebSocket.ListenOrderPorts()
		for _, l := range s.listens {
			ports = append(ports, l.Port)
		}
		want := []parameter{{kernel.LocalReserved, reserved.With(ports...).String(), "outgoing connections take none of these, so that a server can always bind its own"}}
		want = o.raise(want, "net.core.somaxconn", acceptQueue, "connections that wait to be accepted, for each listening socket")
		want = o.raise(want, "net.ipv4.tcp_max_syn_backlog", acceptQueue, "connections that are being opened")
		if n := twoPower(connectionsPerTunnel*s.clients() + 1024); n > 1<<20 { // the default of fs.nr_open
			want = o.raise(want, "fs.nr_open", n, "files that one process may be allowed: two for a tunnel")
		}
		if s.clients() > portsOfOneBackend*len(s.backends) {
			want = append(want, parameter{kernel.LocalPortRange, "1024 65535", "ports of the balancer's own connections: one for each tunnel and backend"})
		}
		var b strings.Builder
		var notes []probes.Text
		if o.Sysctl == nil {
			notes = append(notes, probes.T("the present values are not known: keep what `sysctl %s` says before, it is the way back, and add what it says of %s", keysOf(want), kernel.LocalReserved))
		}
		b.WriteString(header("sysctl", "#", notes...))
		step := Step{Do: "sysctl -p " + sysctlFile}
		var undo []string
		for _, p := range want {
			fmt.Fprintf(&b, "# %s\n%s = %s\n", p.why, p.key, p.value)
			if old, known := o.Sysctl[p.key]; known {
				if err := vetParameter(p.key, old); err != nil {
					return nil, err
				}
				undo = append(undo, "sysctl -w "+p.key+"="+shell(strings.Join(strings.Fields(old), " ")))
			}
		}
		step.Undo = strings.Join(undo, " && ")
		return []File{{Name: "99-wsdoctor.conf", Path: sysctlFile, On: OnBoth, Mode: 0o644, Data: []byte(b.String()), Steps: []Step{step}}}, nil
	},
}

// SysctlKeys are the parameters whose present values Options.Sysctl may hold.
var SysctlKeys = []string{kernel.LocalReserved, "net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog", "fs.nr_open", kernel.LocalPortRange}

type parameter struct{ key, value, why string }

// raise adds a parameter that is to have at least n, unless it has.
func (o Options) raise(want []parameter, key string, n int, why string) []parameter {
	if have, err := strconv.Atoi(strings.TrimSpace(o.Sysctl[key])); err == nil && have >= n {
		return want
	}
	return append(want, parameter{key, strconv.Itoa(n), why})
}

func keysOf(want []parameter) string {
	var out []string
	for _, p := range want {
		out = append(out, p.key)
	}
	return strings.Join(out, " ")
}

// vetParameter refuses a value that is more than numbers.
func vetParameter(key, value string) error {
	if strings.Trim(value, "0123456789,- \t\n") != "" {
		return fmt.Errorf("%s: found %q, expected numbers", key, value)
	}
	return nil
}
