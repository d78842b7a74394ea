// Package export writes the set-up that the settings describe for another system: a balancer's configuration, units,
// rules, statements. One target is one file and one line in Targets.
//
// It renders and judges; it writes no file, runs no command and looks at no host. Who applies a File does so after
// showing it, and keeps the undo lines.
//
// What stands in the settings may be hostile (a certificate's file name with a quote in it, a node's name with a line
// end): see vet.go for how nothing of it gets out of the place that it is put in.
package export

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall"
)

// Target is a system for which the set-up can be written.
type Target struct {
	Name  string // as in `wsdoctor export NAME`
	Title string // what it is for
	// render writes it. What it is given has been vetted.
	render func(setup, Options) ([]File, error)
}

// Targets lists every target, in the order in which help shows them.
var Targets = []Target{
	settings, nginx, haproxy, caddy, traefik, kubernetes, ingressNginx, gateway,
	systemd, finedbSQL, firewallRules, sysctl, prometheus, ansible,
}

// Lookup returns the target called name.
func Lookup(name string) (Target, bool) {
	i := slices.IndexFunc(Targets, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, false
	}
	return Targets[i], true
}

// Options are what the settings do not say.
type Options struct {
	Program  string // absolute path of wsdoctor on the hosts; "": /usr/local/bin/wsdoctor
	Settings string // absolute path of the settings file on the hosts; "": /etc/wsdoctor/wsdoctor.yaml
	// Fragment leaves out of nginx's and HAProxy's files what stands around the part for this service, for a balancer that
	// has other things to do.
	Fragment bool

	Firewall firewall.Manager  // the tool that keeps the packet filter of the hosts; the target firewall has to know it
	Sysctl   map[string]string // the present kernel parameters of the hosts, those of SysctlKeys; nil: not known
	Dialect  Dialect           // of FineDB's database; "": PostgreSQL
	Rows     *cluster.Rows     // what FineDB's table holds; nil: not known, and the way back has to be asked of the database

	Image     string // of a container with wsdoctor in it; "": wsdoctor:latest
	Namespace string // of Kubernetes; "": that of the operator's context
}

func (o Options) withDefaults() Options {
	if o.Program == "" {
		o.Program = "/usr/local/bin/wsdoctor"
	}
	if o.Settings == "" {
		o.Settings = "/etc/wsdoctor/wsdoctor.yaml"
	}
	if o.Image == "" {
		o.Image = "wsdoctor:latest"
	}
	return o
}

// vet refuses what could get out of its place.
func (o Options) vet() error {
	for name, path := range map[string]string{"the program": o.Program, "the settings file": o.Settings, "the image": "/" + o.Image} {
		if err := vetFile(name, path); err != nil {
			return err
		}
	}
	if o.Namespace != "" && label(o.Namespace) != o.Namespace {
		return fmt.Errorf("the namespace: found %q, expected letters, digits and hyphens", o.Namespace)
	}
	return nil
}

// Where says on which host a file belongs.
type Where string

// The hosts.
const (
	OnBalancer Where = "balancer"   // the host of the balancer
	OnNode     Where = "node"       // every node
	OnBoth     Where = "every host" // the balancer's and every node
	Elsewhere  Where = "elsewhere"  // where a cluster, a monitoring server or a database is administered
)

// File is one thing to apply.
type File struct {
	Name string // without a folder, such as nginx.conf
	// Path is where it belongs on the host. "": it is only to be read, or its steps do all of it. A relative path has no
	// fixed place: it may be put anywhere, and its steps are run in that folder.
	Path string
	On   Where       // the host
	Mode fs.FileMode // of the file at Path
	Data []byte
	// Steps are to be run in their order, as root, once every file of the target is in place. To take it all back, the undo
	// lines are run in the opposite order, then the files are put back as they were, then those steps that say Again are run
	// in their order.
	Steps []Step
}

// Step is a line for the shell and the one that takes it back.
type Step struct {
	Do    string
	Undo  string // "": there is nothing to take back
	Again bool   // Do is what makes a program read its files: it is run once more when those were put back
}

// Render writes the set-up for the target. The error says which key of the settings the target cannot take, and why.
func (t Target) Render(cfg cluster.Config, o Options) ([]File, error) {
	o = o.withDefaults()
	s, err := newSetup(cfg)
	if err == nil {
		err = o.vet()
	}
	if err == nil {
		var files []File
		if files, err = t.render(s, o); err == nil {
			return files, nil
		}
	}
	return nil, fmt.Errorf("exporting %s: %w", t.Name, err)
}

// header is the comment at the top of a file, with what of the settings the target does not know.
func header(target, comment string, notes ...probes.Text) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s written by `wsdoctor export %s` from its settings: change those, and export it anew\n", comment, target)
	for _, n := range notes {
		fmt.Fprintf(&b, "%s note: %s\n", comment, probes.Printable(n.String()))
	}
	return b.String()
}
