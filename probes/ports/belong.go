package ports

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// askTimeout bounds one handshake with a listener of this host. A busy Java server may take a second over it; one
// that has not answered after three does not serve clients either.
const askTimeout = 3 * time.Second

// programs names the processes that each kind of balancer runs as; forks of nginx keep its configuration.
var programs = map[string][]string{
	string(cluster.Embedded): {"wsdoctor"},
	string(cluster.Nginx):    {"nginx", "openresty", "angie", "tengine", "nginx.exe"},
	string(cluster.HAProxy):  {"haproxy"},
	string(cluster.Caddy):    {"caddy", "caddy.exe"},
}

// relays hold a port on behalf of something else: a container's published port, a socket unit.
var relays = []string{"docker-proxy", "rootlessport", "slirp4netns", "pasta", "pasta.avx2", "systemd", "gvproxy", "com.docker.backend"}

// runtimes are what the servers of the FineReport family run as.
var runtimes = []string{"java", "java.exe", "tomcat", "jsvc"}

// ask asks each port with a listener for a WebSocket upgrade, all at once, and fills in Answers.
func ask(ctx context.Context, upgrades func(context.Context, string) bool, cfg cluster.Config, list []Port) {
	var wg sync.WaitGroup
	for i := range list {
		p := &list[i]
		p.Answers = NotAsked
		if upgrades == nil || len(p.Listeners) == 0 {
			continue
		}
		address := cfg.BackendURL(net.JoinHostPort(dialHost(p.Listeners), strconv.Itoa(p.Port)))
		if u, err := url.Parse(address); err == nil && slices.Contains(p.Roles, BalancerURL) && servesTLS(cfg.Balancer.URL) {
			u.Scheme = "wss"
			address = u.String()
		}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			p.Answers = No
			if upgrades(ctx, address) {
				p.Answers = Yes
			}
		})
	}
	wg.Wait()
}

func servesTLS(balancer string) bool {
	return strings.HasPrefix(balancer, "wss:") || strings.HasPrefix(balancer, "https:")
}

// dialHost returns the address at which this host itself reaches one of the listeners.
func dialHost(list []Listener) string {
	l := list[0]
	switch a := l.Addr.Addr(); {
	case !a.IsUnspecified():
		return a.String()
	case a.Is6() && !l.DualStack:
		return "::1"
	}
	return loopbackIPv4
}

// belongs says whether what listens on p is what the settings put there.
func belongs(p Port, e Expect, place Place) Belonging {
	if len(p.Listeners) == 0 {
		return NothingThere
	}
	onBalancer := place.Balancer && (slices.Contains(p.Roles, Forwarding) || slices.Contains(p.Roles, BalancerURL))
	onNode := len(place.Nodes) > 0 && (slices.Contains(e.ListenOrder, p.Port) || slices.Contains(e.BackendPorts, p.Port))
	names := p.holderNames()
	kind := programs[e.BalancerKind]
	switch {
	case onBalancer && fits(names, kind):
		return Balancer
	case p.Answers == Yes && onNode && onBalancer && len(names) > 0 && kind != nil:
		return Service // on the balancer's port, and not the program that the balancer is
	case p.Answers == Yes && onBalancer:
		return Balancer
	case p.Answers == Yes:
		return Service
	case !onBalancer && !onNode, p.Answers != No, len(names) == 0, fits(names, relays):
		return CannotTell
	case onBalancer && kind == nil:
		return CannotTell // a balancer whose backends are all down does not answer either
	case onNode && e.Family && fits(names, runtimes):
		return LikelyOurs
	}
	return Foreign
}

// holderNames returns the name of every process that listens on p, each once.
func (p Port) holderNames() []string {
	var out []string
	for _, l := range p.Listeners {
		for _, proc := range l.Processes {
			if !slices.Contains(out, proc.Name) {
				out = append(out, proc.Name)
			}
		}
	}
	return out
}

func fits(names, known []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(known, strings.ToLower(n)) })
}
