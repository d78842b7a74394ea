package probes

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// resolveTimeout bounds the look-up of one configured host name; a resolver that does not answer costs this once.
const resolveTimeout = 2 * time.Second

// Target is what a run looks at.
type Target struct {
	Config cluster.Config
	Rows   *cluster.Rows // raw fine_conf_entity rows, where the operator gave a file of them; nil: none
	Deep   bool          // also run the active tests: a stand-in on free ports, extra connections

	Root string           // where /proc, /sys and /etc are read; "" means "/"
	Now  func() time.Time // nil means time.Now

	// Local, if not nil, is used instead of the addresses of this host's interfaces.
	Local func() ([]netip.Addr, error)
	place *placeOnce
	seen  map[string]any // what the areas that this one needs have observed, by area
}

type placeOnce struct {
	once sync.Once
	p    Place
}

// withDefaults fills in what callers may leave empty.
func (t Target) withDefaults() Target {
	if t.Now == nil {
		t.Now = time.Now
	}
	if t.place == nil {
		t.place = &placeOnce{}
	}
	return t
}

// Seen returns the observation of type T that an area named in this area's Needs has made; not ok where that area was
// skipped, not selected or could not look.
func Seen[T any](t Target) (T, bool) {
	return find[T](t.seen)
}

// WithSeen returns t for an area whose needs have observed the given values; tests and single runs use it.
func (t Target) WithSeen(byArea map[string]any) Target {
	t.seen = byArea
	return t
}

// Path returns where the file of an absolute path is to be read, below Root.
func (t Target) Path(abs string) string { return filepath.Join("/", t.Root, abs) }

// SharesNetwork tells whether a process has the network of this one: the nginx of a container listens elsewhere, and its
// file lies on another disk. Of another user's process only root may look; then, and on a system without /proc, it is
// taken to share it.
func (t Target) SharesNetwork(pid int) bool {
	own, err := os.Readlink(t.Path("/proc/self/ns/net"))
	if err != nil {
		return true
	}
	theirs, err := os.Readlink(t.Path(fmt.Sprintf("/proc/%d/ns/net", pid)))
	return err != nil || own == theirs
}

// Place says which part this host plays in the settings.
type Place struct {
	Addrs    []netip.Addr   // of this host's interfaces
	Nodes    []cluster.Node // the nodes that are this host
	Balancer bool           // the balancer runs here
	Unsure   []string       // configured hosts whose name could not be resolved in time
}

// Here tells whether any of the settings' parts runs on this host.
func (p Place) Here() bool { return len(p.Nodes) > 0 || p.Balancer }

// Place looks up which of the configured hosts this host is. The answer is kept for the run.
func (t Target) Place(ctx context.Context) Place {
	t = t.withDefaults()
	t.place.once.Do(func() { t.place.p = t.locate(ctx) })
	return t.place.p
}

func (t Target) locate(ctx context.Context) Place {
	local := t.Local
	if local == nil {
		local = interfaceAddrs
	}
	var p Place
	p.Addrs, _ = local() // without them, loopback is still recognised
	is := func(host string) bool {
		addrs, ok := Resolve(ctx, host)
		if !ok {
			p.Unsure = append(p.Unsure, host)
		}
		return slices.ContainsFunc(addrs, func(a netip.Addr) bool { return a.IsLoopback() || a.IsUnspecified() || slices.Contains(p.Addrs, a) })
	}
	for _, n := range t.Config.Nodes {
		if is(n.Host) {
			p.Nodes = append(p.Nodes, n)
		}
	}
	p.Balancer = t.Config.Balancer.SharesHost && len(p.Nodes) > 0
	if host := t.Config.Balancer.Host(); !p.Balancer && host != "" {
		p.Balancer = is(host)
	}
	return p
}

// Resolve returns the addresses of a configured host, or the address itself; ok is false where the name could not be
// resolved in time.
func Resolve(ctx context.Context, host string) ([]netip.Addr, bool) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap().WithZone("")}, true
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err == nil
}

func interfaceAddrs() ([]netip.Addr, error) {
	ifaddrs, err := net.InterfaceAddrs()
	var out []netip.Addr
	for _, a := range ifaddrs {
		if ipn, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(ipn.IP); ok {
				out = append(out, addr.Unmap())
			}
		}
	}
	return out, err
}
