package embedproxy

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"example.com/wsdoctor/embedproxy/balance"
	"example.com/wsdoctor/embedproxy/tunnel"
	"example.com/wsdoctor/probes/cluster"
)

// Options are what the settings file does not say.
type Options struct {
	Logger       *slog.Logger   // nil: nothing is logged
	Listeners    []net.Listener // inherited from systemd or a predecessor; empty: the settings' ports are bound
	SlowStart    time.Duration  // until a backend that came back has its full share; 0: at once
	StickyCookie string         // name of the stickiness cookie; "": wsdoctor-node
	StickyHeader string         // name of the header that the policy "header" hashes; "": X-Session-Id
	// Loops is the number of event loops; 0: one for each processor that Go uses. Where GOMAXPROCS is greater than this,
	// a loop keeps its processor while it waits, which saves a third of the CPU at moderate rates: `wsdoctor proxy` adds
	// one for that reason, and other callers should too.
	Loops        int
	SocketBuffer int // bytes of kernel buffer for each socket and direction; 0: tunnel.DefaultSocketBuffer

	sendTime time.Duration // for a client to take a piece of a plain answer; 0: sendTime
}

// sendTime is nginx's send_timeout.
const sendTime = 60 * time.Second

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.StickyCookie == "" {
		o.StickyCookie = "wsdoctor-node"
	}
	if o.StickyHeader == "" {
		o.StickyHeader = "X-Session-Id"
	}
	if o.sendTime == 0 {
		o.sendTime = sendTime
	}
	return o
}

// version is one version of the settings, ready for use. It never changes.
type version struct {
	cfg     cluster.Proxy
	set     *balance.Set
	trusted []netip.Prefix
	targets map[*balance.Node]*target

	healthPath string // what the active check asks for
}

// newVersion prepares settings; old is the version they replace, nil at the start.
func newVersion(cfg cluster.Config, o Options, old *version) (*version, error) {
	v := &version{cfg: cfg.Proxy, healthPath: cfg.HealthPath(), targets: map[*balance.Node]*target{}}
	var backends []balance.Backend
	for _, b := range cfg.Backends() {
		backends = append(backends, balance.Backend{Address: b.Address, Weight: b.Weight, Backup: b.Backup, Down: b.Down, MaxConns: b.MaxConns})
	}
	if len(backends) == 0 {
		return nil, fmt.Errorf("reading the backends: found none, expected proxy.backends, or nodes with a port")
	}
	var oldSet *balance.Set
	if old != nil {
		oldSet = old.set
	}
	var err error
	if v.set, err = balance.NewSet(cfg.Proxy.Policy, backends, o.SlowStart, oldSet); err != nil {
		return nil, err
	}
	v.set.All(func(_ balance.Backend, n *balance.Node) {
		if old != nil && old.targets[n] != nil {
			v.targets[n] = old.targets[n]
		} else {
			v.targets[n] = newTarget(n.Address)
		}
	})
	for _, s := range cfg.Proxy.TrustedProxies {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return nil, fmt.Errorf("reading proxy.trusted_proxies: %q is neither an address nor a network", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		v.trusted = append(v.trusted, p)
	}
	return v, nil
}

func (v *version) trusts(a netip.Addr) bool {
	a = a.Unmap()
	for _, p := range v.trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func (v *version) tunnels() tunnel.Settings {
	t := v.cfg.Timeouts
	return tunnel.Settings{Handshake: t.Handshake, Connect: t.Connect, Idle: t.Idle, Lifetime: t.Lifetime, Ping: v.cfg.KeepalivePing}
}
