package wizard

import (
	"net/netip"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/wizard/finedb"
)

// Found is what could be found out without asking. The zero value: nothing.
type Found struct {
	Hostname  string
	Addrs     []netip.Addr // of this host's interfaces, those that others can reach first
	Install   *Install     // nil: no tree of the FineReport family was found
	Balancers []Running
	NoSystemd bool   // another program started this host: systemctl has nobody to talk to
	Pairs     []Pair // certificates with their keys
	Settings  string // the settings file that was there; "": none
	Config    cluster.Config
	Password  finedb.Secret // for the product's database, from the environment; the zero value: none
	Notes     []probes.Text // what was seen, and what could not be
}

// Install is a tree of a product of the FineReport family on this host.
type Install struct {
	Product cluster.Product
	Version string // such as "11.0"; "": not known
	Folder  string // the web application, with WEB-INF in it
	Table   bool   // it says where its table of settings is
	// Native tells whether its container serves the WebSocket on the HTTP port, which makes all this unnecessary.
	Native  Native
	Because probes.Text // what Native rests on
}

// Native says whether the container-native WebSocket is there.
type Native int

// The answers. Zero: it could not be told.
const (
	NativeUnknown Native = iota
	NativeYes
	NativeNo
)

// Running is a balancer that runs on this host.
type Running struct {
	Kind   cluster.BalancerKind
	PID    int
	Config string // its configuration file; "": its default, or not known
	// Reload is the line that makes it read its files again; "": not known.
	Reload string
	Prefix string        // nginx's, where it was started with one
	Ways   []cluster.Way // by which it hands WebSockets to servers, the certain ones first
}

// Pair is a certificate with its key.
type Pair struct{ Cert, Key string }

// Address returns the address under which others reach this host; loopback where there is no other.
func (f Found) Address() string {
	for _, a := range f.Addrs {
		if !a.IsLoopback() && !a.IsLinkLocalUnicast() && a.Is4() {
			return a.String()
		}
	}
	return "127.0.0.1"
}

// Runs returns the balancer of a kind that runs here.
func (f Found) Runs(kind cluster.BalancerKind) (Running, bool) {
	for _, r := range f.Balancers {
		if r.Kind == kind {
			return r, true
		}
	}
	return Running{}, false
}
