package ports

import (
	"net/netip"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
	"example.com/wsdoctor/probes/sysctl"
)

// conn makes a connection of 10.0.0.1:38889 with remote.
func conn(state sockdiag.State, remote string) socket {
	return socket{Socket: sockdiag.Socket{State: state, Local: netip.MustParseAddrPort("10.0.0.1:38889"), Remote: netip.MustParseAddrPort(remote), Inode: 7}}
}

func TestSplit(t *testing.T) {
	const tw, estab = sockdiag.TimeWait, sockdiag.Established
	refused := surroundings{ephemeral: sysctl.Range{Low: 32768, High: 60999}, services: []int{38888, 38889}, reuseFails: true, tried: true,
		listensHere: func(a netip.AddrPort) bool { return a == netip.MustParseAddrPort("10.0.0.1:45000") }}
	works := refused
	works.reuseFails = false
	unknown := refused
	unknown.tried, unknown.reuseFails = false, false

	for name, c := range map[string]struct {
		near     surroundings
		bound    bool
		loose    []socket
		outgoing int
	}{
		"SO_REUSEADDR helps: accepted":                      {works, false, []socket{conn(tw, "10.0.0.9:3306"), conn(estab, "10.0.0.9:50000")}, 0},
		"to a listener of this host":                        {works, false, []socket{conn(tw, "10.0.0.1:45000")}, 1},
		"still connecting":                                  {works, false, []socket{conn(sockdiag.SynSent, "10.0.0.9:9000")}, 1},
		"being accepted":                                    {refused, false, []socket{conn(sockdiag.NewSynRecv, "10.0.0.9:80")}, 0},
		"to a port below 1024":                              {refused, false, []socket{conn(tw, "10.0.0.9:443")}, 1},
		"to a port of the settings":                         {refused, false, []socket{conn(tw, "10.0.0.9:38888")}, 1},
		"to a database":                                     {refused, false, []socket{conn(tw, "10.0.0.9:3306")}, 1},
		"an established one to an ephemeral port":           {refused, false, []socket{conn(estab, "10.0.0.9:45001")}, 1},
		"a TIME_WAIT with an ephemeral port":                {refused, false, []socket{conn(tw, "10.0.0.9:45001")}, 0},
		"two ports of one client":                           {refused, false, []socket{conn(tw, "10.0.0.9:5000"), conn(tw, "10.0.0.9:5001")}, 0},
		"something bound explains the refusal":              {refused, true, []socket{conn(tw, "10.0.0.9:3306")}, 0},
		"no trial could be made, and nothing speaks for it": {unknown, false, []socket{conn(tw, "10.0.0.9:3306")}, 0},
		"no trial could be made, but the port is plain":     {unknown, false, []socket{conn(tw, "10.0.0.9:443")}, 1},
	} {
		accepted, outgoing := split(38889, c.loose, c.bound, c.near)
		if len(outgoing) != c.outgoing || len(accepted)+len(outgoing) != len(c.loose) {
			t.Errorf("%s: got %d accepted and %d outgoing, want %d outgoing", name, len(accepted), len(outgoing), c.outgoing)
		}
	}
	if _, outgoing := split(8080, []socket{conn(estab, "10.0.0.9:3306")}, false, refused); len(outgoing) != 0 {
		t.Error("a port outside the ephemeral range is taken for that of a client")
	}
}

func TestTally(t *testing.T) {
	timed := func(s sockdiag.State, left time.Duration) socket {
		c := conn(s, "10.0.0.9:50000")
		c.Timed, c.Expires, c.Inode = true, left, 0
		return c
	}
	tw, left := tally([]socket{
		timed(sockdiag.TimeWait, 3*time.Second), timed(sockdiag.TimeWait, 41*time.Second),
		timed(sockdiag.FinWait2, 50*time.Second), conn(sockdiag.FinWait1, "10.0.0.9:50000"), conn(sockdiag.Closing, "10.0.0.9:50000"),
		conn(sockdiag.LastAck, "10.0.0.9:50000"), conn(sockdiag.Established, "10.0.0.9:50000"), conn(sockdiag.CloseWait, "10.0.0.9:50000"),
	})
	if tw != (TimeWait{Accepted: 2, Left: probes.Seconds(41 * time.Second)}) {
		t.Errorf("got %+v, want two with 41 s", tw)
	}
	left.Processes = nil
	if want := (Leftover{Established: 1, FinWait1: 1, FinWait2: 1, Closing: 1, LastAck: 1, Orphans: 1, Untimed: 4, Left: probes.Seconds(50 * time.Second)}); left.Blocking() != want.Blocking() ||
		left.Untimed != want.Untimed || left.Orphans != want.Orphans || left.Left != want.Left {
		t.Errorf("got %+v, want %+v", left, want)
	}
}

func TestCovers(t *testing.T) {
	l := func(addr string, six, v6only bool) socket {
		return socket{Socket: sockdiag.Socket{Local: netip.MustParseAddrPort(addr), IPv6: six, V6Only: v6only}}
	}
	for _, c := range []struct {
		l    socket
		addr string
		want bool
	}{
		{l("0.0.0.0:80", false, false), "10.0.0.1:80", true},
		{l("0.0.0.0:80", false, false), "10.0.0.1:81", false},
		{l("0.0.0.0:80", false, false), "[::1]:80", false},
		{l("[::]:80", true, false), "10.0.0.1:80", true},
		{l("[::]:80", true, true), "10.0.0.1:80", false},
		{l("[::]:80", true, true), "[::1]:80", true},
		{l("127.0.0.1:80", false, false), "127.0.0.1:80", true},
		{l("127.0.0.1:80", false, false), "10.0.0.1:80", false},
	} {
		if got := covers(c.l, netip.MustParseAddrPort(c.addr)); got != c.want {
			t.Errorf("%s takes %s: got %v", c.l.Local, c.addr, got)
		}
	}
}
