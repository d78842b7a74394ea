package ports

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
)

var newPresenter = procPresenter

// readTable asks the kernel over netlink, and reads /proc/net where the kernel cannot be asked: one without
// inet_diag, a sandbox that forbids it, or files of another root.
func readTable(ctx context.Context, t probes.Target, ports []int) (table, error) {
	if t.Root == "" || t.Root == "/" {
		tab, err := readNetlink(ctx, ports)
		if !errors.Is(err, sockdiag.ErrUnsupported) {
			return tab, err
		}
	}
	return readProcNet(t, ports)
}

func readNetlink(ctx context.Context, ports []int) (table, error) {
	listening, others := queries(ports)
	tab, err := sockdiag.Read(ctx, listening, func(t *table, s *sockdiag.Socket) {
		t.listeners = append(t.listeners, socket{Socket: *s})
	})
	tab.source, tab.timers, tab.v6only = "netlink", true, true
	if err != nil || len(ports) == 0 {
		return tab, err
	}
	rest, err := sockdiag.Read(ctx, others, func(t *table, s *sockdiag.Socket) {
		if t.on == nil {
			t.on, t.listeners = map[int]*standing{}, tab.listeners
		}
		t.add(&socket{Socket: *s})
	})
	tab.on = rest.on
	return tab, err
}

// queries asks for every listener, and for everything else on the given ports.
func queries(ports []int) (listening, others sockdiag.Query) {
	others.States = append([]sockdiag.State{sockdiag.BoundInactive}, sockdiag.Connected...)
	for _, p := range ports {
		others.Ports = append(others.Ports, uint16(p))
	}
	return sockdiag.Query{States: []sockdiag.State{sockdiag.Listen}}, others
}

// readProcNet reads /proc/net/tcp and tcp6 twice, for the listeners first. A host without IPv6 has no tcp6.
func readProcNet(t probes.Target, ports []int) (table, error) {
	tab := table{source: "/proc/net/tcp", timers: true, on: map[int]*standing{}, missing: []probes.Text{
		probes.T("sockets that are bound and do not listen: needs NETLINK_SOCK_DIAG, which this kernel or sandbox does not give"),
	}}
	listening, others := queries(ports)
	err := eachProcNet(t, listening, func(s *sockdiag.Socket) { tab.listeners = append(tab.listeners, socket{Socket: *s}) })
	if err == nil && len(ports) > 0 {
		err = eachProcNet(t, others, func(s *sockdiag.Socket) { tab.add(&socket{Socket: *s}) })
	}
	return tab, err
}

func eachProcNet(t probes.Target, q sockdiag.Query, fn func(*sockdiag.Socket)) error {
	for i, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(t.Path(name))
		if i > 0 && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return probes.CannotLook("%s cannot be read (%s), and the kernel does not answer over netlink", name, errors.Unwrap(err))
		}
		err = sockdiag.ParseProcNet(f, q, fn)
		f.Close()
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return nil
}
