package wizard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strconv"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall"
	"example.com/wsdoctor/probes/firewall/netfilter"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/portconfig"
	"example.com/wsdoctor/probes/ports"
)

// lookTimeout bounds a look at this host: somebody waits for it at a prompt.
const lookTimeout = 5 * time.Second

// Sight is what stands on a port of this host at this moment.
type Sight struct {
	Port  int
	Words probes.Text
	// Taken tells that whoever is to listen on it cannot have it now.
	Taken bool
	Until time.Time // when the kernel's timers let go of it; zero: they do not hold it, or it is not known
	// Wall is what the firewall does with clients; zero: it lets them through, or was not looked at.
	Wall probes.Text
}

// Seen is what a look at the host showed about an answer.
type Seen struct {
	Ports []Sight
	// Objections are reasons not to take the answer. The world may change, so that whoever gives the same answer again
	// has it taken.
	Objections []probes.Text
	Suggestion string        // to be answered instead; "": none
	Unseen     []probes.Text // what could not be seen
	Told       []probes.Text // what was read
	// Refused are reasons for which the answer cannot be taken.
	Refused []probes.Text
	// Taken is what was read of an existing set-up; it goes with the answer into the session.
	Taken *Taken
}

// ReadsMuch tells that Look may take longer than one waits for without a word: it may ask a database.
func (st Step) ReadsMuch() bool { return st.ID == existingStep.ID || st.ID == passwordStep.ID }

// Look looks at what an answer that was judged well names on this host: its ports, its certificate. An answer that
// names nothing here has nothing to be seen.
func (st Step) Look(ctx context.Context, v Verdict) Seen {
	timeout := lookTimeout
	if st.ReadsMuch() {
		timeout = readTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch {
	case st.ID == existingStep.ID:
		return v.Draft.lookAtExisting(ctx, v.Answer, v.Draft.Found.Password)
	case st.ID == passwordStep.ID:
		return v.Draft.lookAtPassword(ctx, v.Answer)
	case st.ID == keyStep.ID && v.Draft.Here:
		return lookAtPair(v.Draft)
	case len(v.Ports) > 0 && st.ID == forwardingStep.ID && v.Draft.Here:
		return v.Draft.lookAtPorts(ctx, portconfig.Forwarding, v.Ports)
	case len(v.Ports) > 0 && st.ID == portsStep.ID && slices.ContainsFunc(v.Draft.Config.Nodes, func(n cluster.Node) bool { return v.Draft.IsLocal(n.Host) }):
		return v.Draft.lookAtPorts(ctx, portconfig.WebSocket, v.Ports)
	}
	return Seen{}
}

func (d Draft) lookAtPorts(ctx context.Context, role portconfig.Role, list []int) Seen {
	t := probes.Target{Config: d.Config}
	seen, err := ports.Observe(ctx, t, ports.Options{Ports: list, Upgrades: handshake.Upgrades})
	if err != nil {
		return Seen{Unseen: []probes.Text{probes.T("the ports of this host: %s", err.Error())}}
	}
	out := Seen{Unseen: seen.Unseen}
	walls, _ := firewall.Observe(ctx, t) // the checks say why it could not be read
	free := 0
	for _, p := range list {
		i := slices.IndexFunc(seen.Ports, func(q ports.Port) bool { return q.Port == p })
		if i < 0 {
			continue
		}
		sight := d.sight(seen.Ports[i], role, seen.At)
		sight.Wall = wall(walls, p)
		if !sight.Taken {
			free++
		}
		out.Ports = append(out.Ports, sight)
	}
	if free > 0 || len(out.Ports) == 0 {
		return out
	}
	taken := func(p int) bool {
		return slices.ContainsFunc(seen.Listeners, func(l ports.Listener) bool { return int(l.Addr.Port()) == p })
	}
	out.Objections = append(out.Objections, probes.T("none of these ports can be had now"))
	if p := d.Suggest(role, list, taken); p != 0 {
		out.Suggestion = portList(append([]int{p}, list...))
		if role == portconfig.Forwarding && d.Embedded() {
			out.Suggestion = strconv.Itoa(p)
		}
	}
	return out
}

// sight puts the state of a port into words.
func (d Draft) sight(p ports.Port, role portconfig.Role, at time.Time) Sight {
	out := Sight{Port: p.Port, Words: p.Blocker()}
	switch {
	case p.State == ports.Held && p.Belongs == ports.Service && role == portconfig.WebSocket:
		out.Words = probes.T("the service answers on it (%s)", p.Blocker())
	case p.State == ports.Held && p.Belongs == ports.Balancer && !d.Embedded():
		out.Words = probes.T("the balancer listens on it (%s)", p.Blocker())
	case p.State == ports.Free, p.State == ports.StateUnknown:
	case p.State == ports.Waiting && p.May.WithReuse && (d.Embedded() || role == portconfig.WebSocket):
		out.Words = probes.T("free for a server with SO_REUSEADDR; %s", p.Blocker())
	default:
		out.Taken = true
	}
	if p.May.In > 0 {
		out.Until = at.Add(p.May.In.Duration())
	}
	return out
}

// wall says what the firewall does with a port, where it does not let clients through.
func wall(o firewall.Observation, port int) probes.Text {
	for _, p := range o.Ports {
		if p.Port == port && p.Verdict != netfilter.Accept && p.Verdict != netfilter.Unknown {
			return probes.T("the firewall of this host says %s: %s", string(p.Verdict), p.Rule)
		}
	}
	return probes.Text{}
}

// lookAtPair reads the certificate with its key and judges it as a client would.
func lookAtPair(d Draft) Seen {
	var out Seen
	object := func(format string, args ...any) Seen {
		out.Objections = append(out.Objections, probes.T(format, args...))
		return out
	}
	c := d.Config.Proxy.TLS
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return object("%s", err.Error())
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return object("%s: %s", c.Cert, err.Error())
	}
	if now := time.Now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return object("%s is valid from %s to %s, and not now", c.Cert, leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly))
	}
	if host := d.Config.Balancer.Host(); leaf.VerifyHostname(host) != nil {
		return object("%s is for %q, and clients connect to %q", c.Cert, slices.Concat(leaf.DNSNames, addresses(leaf)), host)
	}
	return out
}

func addresses(c *x509.Certificate) []string {
	var out []string
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	return out
}
