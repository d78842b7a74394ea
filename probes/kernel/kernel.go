// Package kernel judges the limits of this host that end connections before any program is to blame: the accept queue,
// open files, ephemeral ports, connection tracking, TIME_WAIT buckets.
//
// It reads files below /proc and nothing else: no netlink, no ss, no process is started. It does not list the sockets
// of a port or who holds it (probes/ports does), and it changes no parameter: the lines that would are printed.
package kernel

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

// Observation is what /proc says about this host's limits. A part that could not be read has an entry in Gaps.
type Observation struct {
	Clients      int                  `json:"clients"` // concurrent clients to expect, of the settings
	Nodes        int                  `json:"nodes"`
	Backends     int                  `json:"backends"` // addresses behind the balancer
	Node         bool                 `json:"node"`     // this host is a node
	Balancer     bool                 `json:"balancer"` // this host runs the balancer
	BalancerKind cluster.BalancerKind `json:"balancer_kind"`

	Somaxconn int             `json:"somaxconn"`
	Listeners []Listener      `json:"listeners"` // on the configured ports
	Processes []Process       `json:"processes"` // that listen on them, and the balancer's workers
	Files     Files           `json:"files"`
	Ephemeral sysctl.Range    `json:"ephemeral"`
	Reserved  sysctl.Ports    `json:"reserved"`
	Conntrack Conntrack       `json:"conntrack"`
	TimeWait  TimeWait        `json:"time_wait"`
	Queues    Queues          `json:"queues"`
	Gaps      map[string]*Gap `json:"gaps"` // by rule, such as "somaxconn"
}

// Gap says why a rule cannot judge.
type Gap struct {
	Status probes.Status `json:"status"` // Skipped or Unknown
	Reason probes.Text   `json:"reason"`
}

// Listener is a listening TCP socket (/proc/net/tcp, state 0A).
type Listener struct {
	Port  int    `json:"port"`
	Queue int    `json:"queue"` // connections that wait to be accepted now; rx_queue of a listener
	Inode uint64 `json:"inode"`
}

// Files are the kernel-wide limits of open files (kernel: Documentation/admin-guide/sysctl/fs.rst).
type Files struct {
	Open   uint64 `json:"open"`    // fs.file-nr, first field
	Max    uint64 `json:"max"`     // fs.file-max
	NrOpen uint64 `json:"nr_open"` // fs.nr_open: the most that any process can be allowed
}

// Conntrack is the fill of the connection tracking table (Documentation/networking/nf_conntrack-sysctl.rst).
type Conntrack struct {
	Count int `json:"count"`
	Max   int `json:"max"` // 0: no limit
}

// TimeWait is the fill of the TIME_WAIT buckets.
type TimeWait struct {
	Now      int    `json:"now"`      // sockets in TIME_WAIT: "tw" of /proc/net/sockstat
	Max      int    `json:"max"`      // net.ipv4.tcp_max_tw_buckets
	Overflow uint64 `json:"overflow"` // TcpExtTCPTimeWaitOverflow: ended early since boot
}

// Queues counts what accept queues turned away since boot (/proc/net/netstat).
type Queues struct {
	Overflows uint64 `json:"overflows"` // TcpExtListenOverflows: the accept queue was full
	Drops     uint64 `json:"drops"`     // TcpExtListenDrops: those, and what was dropped for other reasons
}

var rules = []probes.Rule[Observation]{
	somaxconn, listenOverflows, openFiles, ephemeralPorts, conntrack, timeWaitBuckets,
}

// Probe returns the area.
func Probe() probes.Probe { return probes.New("kernel", Observe, rules) }

// Observe reads /proc of a host that is a node or the balancer. The error is a probes.Skip on any other host or system,
// and a probes.CannotLook where /proc is missing.
func Observe(ctx context.Context, t probes.Target) (Observation, error) {
	place := t.Place(ctx)
	switch {
	case !place.Here() && len(place.Unsure) > 0:
		return Observation{}, probes.CannotLook("%s could not be resolved, so it is not known whether this host is a node or the balancer", strings.Join(place.Unsure, ", "))
	case !place.Here():
		return Observation{}, probes.Skip("this host is neither a node of the settings nor the balancer's; run wsdoctor there")
	}
	if err := sysctl.Available(t); err != nil {
		return Observation{}, err
	}
	cfg := t.Config
	o := Observation{
		Clients: cfg.Clients, Nodes: len(cfg.Nodes), Backends: backends(cfg),
		Node: len(place.Nodes) > 0, Balancer: place.Balancer, BalancerKind: cfg.Balancer.Kind,
		Gaps: map[string]*Gap{},
	}
	var err error
	o.Somaxconn, err = sysctl.Int(t, keySomaxconn)
	o.gap("somaxconn", err)
	o.Ephemeral, o.Reserved, err = sysctl.Ephemeral(t)
	o.gap("ephemeral-ports", err)
	o.Conntrack, err = readConntrack(t)
	o.gap("conntrack", err)
	counters, err := readNetstat(t)
	o.gap("listen-overflows", err)
	o.gap("time-wait-buckets", err)
	o.Queues = Queues{counters["ListenOverflows"], counters["ListenDrops"]}
	if o.Gaps["time-wait-buckets"] == nil {
		o.TimeWait, err = readTimeWait(t, counters)
		o.gap("time-wait-buckets", err)
	}
	o.gap("open-files", o.readProcesses(ctx, t))
	return o, ctx.Err()
}

// gap records why a rule cannot judge; a nil error records nothing.
func (o *Observation) gap(rule string, err error) {
	if err == nil {
		return
	}
	g := &Gap{probes.Unknown, probes.Verbatim(err.Error())}
	var why *probes.Reason
	if errors.As(err, &why) {
		g.Status, g.Reason = why.Status, why.Text
	}
	o.Gaps[rule] = g
}

// judgeable is the Applies of a rule whose part may not have been read.
func judgeable(rule string) func(Observation) (probes.Status, probes.Text) {
	return func(o Observation) (probes.Status, probes.Text) {
		if g := o.Gaps[rule]; g != nil {
			return g.Status, g.Reason
		}
		return probes.OK, probes.Text{}
	}
}

// backends counts the addresses that the balancer connects to.
func backends(cfg cluster.Config) int {
	seen := map[string]bool{}
	for _, b := range cfg.Backends() {
		if !b.Down {
			seen[b.Address] = true
		}
	}
	return len(seen)
}

// share is the part of n that each of several hosts has to take while one of them is down.
func share(n, hosts int) int {
	rest := max(1, hosts-1)
	return (n + rest - 1) / rest
}

// ports returns the ports that this host is to listen on.
func ports(cfg cluster.Config, node, balancer bool) []int {
	var out []int
	if node {
		out = cfg.WebSocket.ListenOrderPorts()
	}
	if balancer {
		out = append(out, cfg.WebSocket.ForwardingPorts...)
		out = append(out, cfg.Balancer.Port())
	}
	slices.Sort(out)
	return slices.Compact(out)
}
