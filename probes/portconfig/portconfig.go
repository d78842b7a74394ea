// Package portconfig judges the ports that the settings and the rows of fine_conf_entity name, before anything is
// connected to. Every rule is pure and can be asked about a port that is being typed (FromSettings, JudgePort).
//
// It opens no socket, does not look whether a port is free (probes/ports does), reads no database, and writes no row:
// the SQL that would mend one is printed only.
package portconfig

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

// Role says what a port is for.
type Role string

// The roles of a port.
const (
	WebSocket  Role = "websocket"  // the service listens on it: WebSocketConfig.port
	Forwarding Role = "forwarding" // the balancer listens on it, and a node may: WebSocketConfig.requestPorts
	Balancer   Role = "balancer"   // clients connect to it: balancer.url, proxy.listen
)

// List is one place that names ports.
type List struct {
	Role    Role   `json:"role"`
	Where   string `json:"where"` // "websocket.ports" in the settings, or "rows.csv:3" for a row
	Key     string `json:"key"`   // of the row; "" for the settings
	Ports   []int  `json:"ports"` // in their order
	FromRow bool   `json:"from_row"`

	row Row // where FromRow
}

// Observation is what the settings and the rows say about ports, and what this host's kernel says about them.
type Observation struct {
	Product      cluster.Product      `json:"product"`
	Family       bool                 `json:"family"` // it keeps its ports in fine_conf_entity
	NodeHosts    []string             `json:"node_hosts"`
	BalancerKind cluster.BalancerKind `json:"balancer_kind"`
	BalancerURL  string               `json:"balancer_url"`
	SharesHost   bool                 `json:"shares_host"` // the balancer runs on the host of a node
	Lists        []List               `json:"lists"`
	Rows         *RowsSeen            `json:"rows,omitempty"` // nil: none were given
	Host         Host                 `json:"host"`
}

// Host is what this host's kernel says about ports.
type Host struct {
	Node             bool          `json:"node"`     // this host is a node
	Balancer         bool          `json:"balancer"` // this host runs the balancer
	Ephemeral        sysctl.Range  `json:"ephemeral"`
	Reserved         sysctl.Ports  `json:"reserved"`
	UnprivilegedFrom int           `json:"unprivileged_from"` // the kernel's default where it could not be read
	Status           probes.Status `json:"-"`                 // OK, or why the range was not read
	Reason           probes.Text   `json:"reason,omitzero"`
}

var rules = []probes.Rule[Observation]{
	keyName, keyWhitespace, keyConflict, valueFormat, settingsAgree,
	portRange, remoteDesktopPort, duplicate, backupPorts, forwardingCount, overlap,
	ephemeralRange, browserBlocked, privileged,
}

// Probe returns the area.
func Probe() probes.Probe { return probes.New("portconfig", Observe, rules) }

// Observe puts together what the rules need; of this host it reads three kernel parameters. It returns no error:
// what could not be read is said in Host.
func Observe(ctx context.Context, t probes.Target) (Observation, error) {
	o := FromSettings(t.Config, t.Rows)
	o.Host = observeHost(t, t.Place(ctx))
	return o, nil
}

// FromSettings makes the observation of settings and rows alone; rows may be nil. The rules about this host's kernel
// do not apply to it.
func FromSettings(cfg cluster.Config, rows *cluster.Rows) Observation {
	info, _ := cfg.Product.Info()
	o := Observation{
		Product: cfg.Product, Family: info.Family,
		BalancerKind: cfg.Balancer.Kind, BalancerURL: cfg.Balancer.URL, SharesHost: cfg.Balancer.SharesHost,
		Host: Host{UnprivilegedFrom: sysctl.DefaultUnprivilegedFrom, Status: probes.Skipped, Reason: probes.T("this host was not looked at")},
	}
	for _, n := range cfg.Nodes {
		o.NodeHosts = append(o.NodeHosts, n.Host)
		o.SharesHost = o.SharesHost || n.Host != "" && strings.EqualFold(n.Host, cfg.Balancer.Host())
	}
	o.Lists = []List{
		{Role: WebSocket, Where: "websocket.ports", Ports: cfg.WebSocket.Ports},
		{Role: Forwarding, Where: "websocket.forwarding_ports", Ports: cfg.WebSocket.ForwardingPorts},
	}
	if p := cfg.Balancer.Port(); p != 0 {
		o.Lists = append(o.Lists, List{Role: Balancer, Where: "balancer.url", Ports: []int{p}})
	}
	if cfg.Balancer.Kind == cluster.Embedded && len(cfg.Proxy.Listen) > 0 {
		o.Lists = append(o.Lists, List{Role: Balancer, Where: "proxy.listen", Ports: listenPorts(cfg.Proxy.Listen)})
	}
	if rows != nil && o.Family {
		o.Rows = readRows(*rows)
		o.Lists = append(o.Lists, o.Rows.lists()...)
	}
	return o
}

// listenPorts takes the ports of "38889" and "0.0.0.0:38889".
func listenPorts(addresses []string) []int {
	var out []int
	for _, a := range addresses {
		if n, err := strconv.Atoi(a[strings.LastIndexByte(a, ':')+1:]); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func observeHost(t probes.Target, place probes.Place) Host {
	h := Host{Node: len(place.Nodes) > 0, Balancer: place.Balancer, UnprivilegedFrom: sysctl.DefaultUnprivilegedFrom}
	cannot := func(err error) Host {
		var why *probes.Reason
		if errors.As(err, &why) {
			h.Status, h.Reason = why.Status, why.Text
		} else {
			h.Status, h.Reason = probes.Unknown, probes.Verbatim(err.Error())
		}
		return h
	}
	switch {
	case !place.Here() && len(place.Unsure) > 0:
		return cannot(probes.CannotLook("%s could not be resolved, so it is not known whether this host is a node or the balancer", strings.Join(place.Unsure, ", ")))
	case !place.Here():
		return cannot(probes.Skip("this host is neither a node of the settings nor the balancer's; run wsdoctor there"))
	}
	err := sysctl.Available(t)
	if err != nil {
		return cannot(err)
	}
	if n, err := sysctl.Int(t, sysctl.UnprivilegedFrom); err == nil {
		h.UnprivilegedFrom = n
	} else if !errors.Is(err, fs.ErrNotExist) {
		return cannot(err)
	}
	h.Ephemeral, h.Reserved, err = sysctl.Ephemeral(t)
	if err != nil {
		return cannot(err)
	}
	h.Status = probes.OK
	return h
}

// JudgePort returns what the rules hold against one port of o, for a question that is still open: a wizard puts the
// port into a copy of its settings, makes o by FromSettings, and may give it the Host of an earlier Observe, so that the
// range of outgoing connections is judged as well.
func JudgePort(o Observation, port int) []probes.Finding {
	var out []probes.Finding
	for _, r := range rules {
		if r.Applies != nil {
			if status, _ := r.Applies(o); status == probes.Skipped {
				continue
			}
		}
		for _, f := range r.Check(o) {
			if f.Subject == strconv.Itoa(port) {
				out = append(out, f)
			}
		}
	}
	return out
}

// place is one mention of a port.
type place struct {
	list  List
	index int
}

func (p place) evidence() probes.Evidence {
	if p.list.FromRow {
		return probes.Evidence{Where: p.list.Where, Saw: probes.T("%s = %s", p.list.Key, yamlList(p.list.Ports))}
	}
	if p.list.Where == "balancer.url" {
		return probes.Evidence{Where: p.list.Where, Saw: probes.T("port %d", p.list.Ports[p.index])}
	}
	return probes.Evidence{Where: fmt.Sprintf("%s[%d]", p.list.Where, p.index), Saw: probes.Verbatim(strconv.Itoa(p.list.Ports[p.index]))}
}

// mentions returns each port once, in the order of its first mention, with every place that names it. A port that
// stands in the settings and in a row is one fault, not two.
func (o Observation) mentions(roles ...Role) (ports []int, places map[int][]place) {
	places = map[int][]place{}
	for _, l := range o.Lists {
		if !slices.Contains(roles, l.Role) {
			continue
		}
		for i, p := range l.Ports {
			if places[p] == nil {
				ports = append(ports, p)
			}
			if n := len(places[p]); n == 0 || places[p][n-1].list.Where != l.Where {
				places[p] = append(places[p], place{l, i})
			}
		}
	}
	return ports, places
}

func evidence(ps []place) []probes.Evidence {
	out := make([]probes.Evidence, len(ps))
	for i, p := range ps {
		out[i] = p.evidence()
	}
	return out
}

// effective returns the list that the product reads for a role: a row where there is one, else the settings' list.
func (o Observation) effective(role Role) List {
	var found List
	for _, l := range o.Lists {
		if l.Role == role && (found.Where == "" || l.FromRow && !found.FromRow) {
			found = l
		}
	}
	return found
}

// familyOnly is the Applies of a rule about the FineReport family's own ways.
func familyOnly(o Observation) (probes.Status, probes.Text) {
	if !o.Family {
		return probes.Skipped, probes.T("a rule of the FineReport family, the product is %s", o.Product)
	}
	return probes.OK, probes.Text{}
}

// needsRows is the Applies of a rule about the rows themselves.
func needsRows(o Observation) (probes.Status, probes.Text) {
	if status, why := familyOnly(o); status != probes.OK {
		return status, why
	}
	if o.Rows == nil {
		return probes.Skipped, probes.T("no rows of fine_conf_entity were given (--rows FILE)")
	}
	return probes.OK, probes.Text{}
}
