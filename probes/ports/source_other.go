//go:build !linux

package ports

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
	psnet "github.com/shirou/gopsutil/v3/net"
	"github.com/shirou/gopsutil/v3/process"
)

// readTable asks gopsutil, which knows no timers and, where it calls lsof, no TIME_WAIT either.
func readTable(ctx context.Context, _ probes.Target, ports []int) (table, error) {
	tab := table{source: "gopsutil", on: map[int]*standing{}, missing: []probes.Text{
		probes.T("how long a TIME_WAIT still lasts: only Linux tells it"),
	}}
	all, err := psnet.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return tab, fmt.Errorf("reading the table of connections: %w", err)
	}
	wanted := map[int]bool{}
	for _, p := range ports {
		wanted[p] = true
	}
	var rest []socket
	for _, c := range all {
		s := socket{pid: int(c.Pid)}
		s.State = stateNames[c.Status]
		s.Local, s.IPv6 = addrPort(c.Laddr, c.Family)
		s.Remote, _ = addrPort(c.Raddr, c.Family)
		switch {
		case s.State == sockdiag.Listen:
			tab.listeners = append(tab.listeners, s)
		case s.State != 0 && wanted[int(s.Local.Port())]:
			rest = append(rest, s)
		}
	}
	for i := range rest {
		tab.add(&rest[i])
	}
	return tab, nil
}

// addrPort reads an address of gopsutil, which writes a wildcard as "*" or leaves it out.
func addrPort(a psnet.Addr, family uint32) (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(a.IP)
	six := err == nil && ip.Is6() || err != nil && family != familyIPv4
	switch {
	case err == nil:
	case six:
		ip = netip.IPv6Unspecified()
	default:
		ip = netip.IPv4Unspecified()
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(a.Port)), six
}

// familyIPv4 is AF_INET, on every system.
const familyIPv4 = 2

func newPresenter(ctx context.Context, _ probes.Target, _ *table) *presenter {
	return &presenter{
		holders: func(s socket) []int {
			if s.pid == 0 {
				return nil
			}
			return []int{s.pid}
		},
		describe: func(pid int) Process {
			out := Process{PID: pid}
			if p, err := process.NewProcessWithContext(ctx, int32(pid)); err == nil {
				name, _ := p.NameWithContext(ctx)
				out.Name = oneLine(name)
				line, _ := p.CmdlineWithContext(ctx)
				out.Cmdline = oneLine(line)
				out.User, _ = p.UsernameWithContext(ctx)
			}
			return out
		},
		// The table of Windows names the process of every socket; lsof, on the others, only one's own without root.
		all: runtime.GOOS == "windows" || os.Geteuid() == 0,
	}
}

// stateNames are those that gopsutil gives to TCP states: Linux names, or those of lsof and netstat.
var stateNames = map[string]sockdiag.State{
	"ESTABLISHED": sockdiag.Established,
	"SYN_SENT":    sockdiag.SynSent,
	"SYN_RECV":    sockdiag.SynRecv,
	"FIN_WAIT1":   sockdiag.FinWait1,
	"FIN_WAIT_1":  sockdiag.FinWait1,
	"FIN_WAIT2":   sockdiag.FinWait2,
	"FIN_WAIT_2":  sockdiag.FinWait2,
	"TIME_WAIT":   sockdiag.TimeWait,
	"CLOSE_WAIT":  sockdiag.CloseWait,
	"LAST_ACK":    sockdiag.LastAck,
	"LISTEN":      sockdiag.Listen,
	"CLOSING":     sockdiag.Closing,
}
