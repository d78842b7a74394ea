package ports

import (
	"net/netip"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

// Observation is what stands on the ports of the settings, and all that the rules need to judge it.
type Observation struct {
	At               time.Time     `json:"at"`
	Place            Place         `json:"place"`
	Expect           Expect        `json:"expect"`
	Ports            []Port        `json:"ports"`           // the ports asked for, else those of the settings; rising
	Listeners        []Listener    `json:"listeners"`       // every TCP listener of this host, by port
	NodeWouldTake    int           `json:"node_would_take"` // the port of the listen order that a node started now would take; 0: none
	Ephemeral        sysctl.Range  `json:"ephemeral"`       // net.ipv4.ip_local_port_range; zero where it could not be read
	Reserved         sysctl.Ports  `json:"reserved"`        // net.ipv4.ip_local_reserved_ports
	Source           string        `json:"source"`          // where the sockets were read: "netlink", "/proc/net/tcp" or "gopsutil"
	Timers           bool          `json:"timers"`          // the source tells how long a TIME_WAIT lasts
	SeesAllProcesses bool          `json:"sees_all_processes"`
	Unseen           []probes.Text `json:"unseen"` // what could not be seen, and what is needed for it
}

// Place says which part this host plays in the settings.
type Place struct {
	Addrs    []netip.Addr `json:"addrs"`    // of this host's interfaces
	Nodes    []string     `json:"nodes"`    // names of the nodes that are this host
	Balancer bool         `json:"balancer"` // the balancer runs here
	Unsure   []string     `json:"unsure"`   // configured hosts whose name could not be resolved in time
}

// Here tells whether any of the settings' parts runs on this host.
func (p Place) Here() bool { return len(p.Nodes) > 0 || p.Balancer }

// Expect is what the settings say of this host's ports.
type Expect struct {
	Family            bool         `json:"family"`             // the product follows the listen order of the FineReport family
	Ports             []int        `json:"ports"`              // websocket.ports
	ForwardingPorts   []int        `json:"forwarding_ports"`   // websocket.forwarding_ports
	ListenOrder       []int        `json:"listen_order"`       // the ports that a node tries, in its order
	BackendPorts      []int        `json:"backend_ports"`      // where the balancer reaches the node on this host; nil: no balancer
	NodeAddrs         []netip.Addr `json:"node_addrs"`         // addresses under which the settings name the node on this host
	BalancerKind      string       `json:"balancer_kind"`      // embedded, nginx, haproxy, caddy, other
	BalancerPort      int          `json:"balancer_port"`      // of the URL; 0: no URL
	BalancerLocalOnly bool         `json:"balancer_local"`     // the URL's host is a loopback address: clients are on this host
	BalancerElsewhere bool         `json:"balancer_elsewhere"` // there is a balancer, on another host
	Clients           int          `json:"clients"`            // concurrent clients to expect
}

// Role is what a port is for in the settings.
type Role string

// The roles of a port; a port may have several.
const (
	WebSocket   Role = "websocket"    // websocket.ports
	Forwarding  Role = "forwarding"   // websocket.forwarding_ports
	BalancerURL Role = "balancer-url" // the port of balancer.url
	Backend     Role = "backend"      // named by proxy.backends for the node on this host, and by nothing else
	Asked       Role = "asked"        // named on the command line, not in the settings
)

// State is what can be said of a port in one word.
type State string

// The states of a port. The zero value is no state: use StateUnknown.
const (
	StateUnknown State = "unknown"             // the trials could not be made; Port.Trials says why
	Free         State = "free"                // every kind of server can bind it
	Held         State = "held"                // something listens on it
	Waiting      State = "waiting"             // only left-overs of accepted connections: TIME_WAIT, FIN_WAIT, orphans
	Outgoing     State = "blocked-by-outgoing" // an outgoing connection of this host has it as its local port
	BoundOnly    State = "bound-not-listening" // a socket is bound to it and neither listens nor is connected
)

// Need says how much this host's part depends on a port.
type Need string

// The needs. NotNeeded is for a port that the settings name for another host.
const (
	Needed    Need = "needed"     // the service or the balancer on this host has to have it
	Backup    Need = "backup"     // it is taken when the needed one cannot be had
	NotNeeded Need = "not-needed" // nothing of the settings runs on this host, or not on this port
)

// Belonging says whether what listens on a port is what the settings put there.
type Belonging string

// What a listener is. The zero value means that nothing listens.
const (
	Service      Belonging = "service"     // it answers the WebSocket upgrade
	Balancer     Belonging = "balancer"    // it is a program of the kind that the settings name, on a port of the balancer
	LikelyOurs   Belonging = "likely-ours" // the program fits the product, but it does not answer the upgrade
	Foreign      Belonging = "foreign"     // another program, and it does not answer
	CannotTell   Belonging = "cannot-tell" // the holder is unknown or passes connections on, and nothing answered
	NothingThere Belonging = ""            // nothing listens
)

// Answer says whether a listener answered a WebSocket upgrade.
type Answer string

// The answers.
const (
	NotAsked Answer = "not-asked"
	Yes      Answer = "yes"
	No       Answer = "no"
)

// Port is one port and all that stands on it.
type Port struct {
	Port      int          `json:"port"`
	Roles     []Role       `json:"roles"`
	Need      Need         `json:"need"`
	State     State        `json:"state"`
	Listeners []Listener   `json:"listeners"` // nil: nothing listens
	Belongs   Belonging    `json:"belongs"`
	Answers   Answer       `json:"answers"`
	TimeWait  TimeWait     `json:"time_wait"`
	Leftover  Leftover     `json:"leftover"`
	Outgoing  []Connection `json:"outgoing"` // of this host, with this as their local port; they block even a bind with SO_REUSEADDR
	Bound     []Connection `json:"bound"`    // bound, neither listening nor connected; only Linux 6.8 and later lists them
	CloseWait CloseWait    `json:"close_wait"`
	Trials    []Trial      `json:"trials"`
	May       May          `json:"may"`
}

// TimeWait counts the connections in TIME_WAIT whose local port this is.
type TimeWait struct {
	Accepted int            `json:"accepted"` // they block a bind without SO_REUSEADDR; one with it too if their server did not set it
	Outgoing int            `json:"outgoing"` // they block every bind
	Left     probes.Seconds `json:"left"`     // until the last one is gone, by the kernel's timer; 0 where Observation.Timers is false
	Until    time.Time      `json:"until,omitzero"`
}

// Leftover counts the other connections that keep the port while nothing listens. Orphans have no process any more.
type Leftover struct {
	Established int            `json:"established"`
	FinWait1    int            `json:"fin_wait1"`
	FinWait2    int            `json:"fin_wait2"`
	Closing     int            `json:"closing"`
	LastAck     int            `json:"last_ack"`
	Orphans     int            `json:"orphans"` // of all of these, those that no process owns
	Untimed     int            `json:"untimed"` // of all of these, those that the kernel removes at no time known by now
	Left        probes.Seconds `json:"left"`    // until the last FIN_WAIT2 whose end the kernel has timed is gone
	Processes   []Process      `json:"processes"`
}

// Blocking is how many of them keep a port from a bind without SO_REUSEADDR.
func (l Leftover) Blocking() int {
	return l.Established + l.FinWait1 + l.FinWait2 + l.Closing + l.LastAck
}

// CloseWait counts the connections that the peer has closed and the program on this port has not.
type CloseWait struct {
	Count     int       `json:"count"`
	Processes []Process `json:"processes"`
}

// Listener is one listening TCP socket.
type Listener struct {
	Addr      netip.AddrPort `json:"addr"`
	DualStack bool           `json:"dual_stack"` // an IPv6 wildcard that takes IPv4 too
	Queue     int            `json:"queue"`      // connections that wait for accept; Linux only
	Backlog   int            `json:"backlog"`    // the most that may wait: the smaller of listen()'s argument and somaxconn; Linux only
	Processes []Process      `json:"processes"`
	Hidden    probes.Text    `json:"hidden,omitzero"` // why Processes is empty, and what is needed
}

// Loopback tells whether only this host can reach the listener.
func (l Listener) Loopback() bool { return l.Addr.Addr().Unmap().IsLoopback() }

// Process is a program that holds a socket.
type Process struct {
	PID       int    `json:"pid"`
	Name      string `json:"name"`
	Cmdline   string `json:"cmdline"` // "" where it could not be read
	User      string `json:"user"`
	Unit      string `json:"unit,omitempty"`      // its systemd unit
	Container string `json:"container,omitempty"` // such as "docker 4f1c09d3ab12"
}

// Connection is one socket with this port on this host's side. Remote is invalid for a socket that is only bound.
type Connection struct {
	Local     netip.AddrPort `json:"local"`
	Remote    netip.AddrPort `json:"remote"`
	State     string         `json:"state"` // as ss prints it: ESTAB, TIME-WAIT, …
	Left      probes.Seconds `json:"left"`  // of a TIME-WAIT
	Processes []Process      `json:"processes"`
	Hidden    probes.Text    `json:"hidden,omitzero"` // why Processes is empty
}

// Trial is one bind that was tried and undone at once; it never listened.
type Trial struct {
	Addr      string      `json:"addr"` // "0.0.0.0", "127.0.0.1" or "[::]" (dual-stack)
	ReuseAddr bool        `json:"reuse_addr"`
	Outcome   Outcome     `json:"outcome"`
	Why       probes.Text `json:"why,omitzero"` // the system's words where it did not succeed
}

// Outcome is how a trial ended.
type Outcome string

// The outcomes of a trial.
const (
	Bindable   Outcome = "bindable"
	InUse      Outcome = "in-use"      // EADDRINUSE
	Denied     Outcome = "denied"      // a port below ip_unprivileged_port_start, or a policy
	NoFamily   Outcome = "no-family"   // the host has no IPv6, or no such address
	Impossible Outcome = "cannot-tell" // any other error, or a system on which the trial says nothing
)

// May says which servers can bind the port now, on all addresses, by the trials.
type May struct {
	WithReuse    bool           `json:"with_reuse"`    // servers that set SO_REUSEADDR: Go, nginx, HAProxy, Node.js, Java on Unix
	WithoutReuse bool           `json:"without_reuse"` // every server
	In           probes.Seconds `json:"in"`            // until nothing but the kernel's timers keeps any server away; 0: now, or not known
}
