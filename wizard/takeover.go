package wizard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/portconfig"
	"example.com/wsdoctor/wizard/finedb"
)

// readTimeout bounds the reading of what is there: a database has time for its connection and its queries.
const readTimeout = 25 * time.Second

// lookAtExisting reads what the step "existing" names.
func (d Draft) lookAtExisting(ctx context.Context, answer string, password finedb.Secret) Seen {
	r := reader{taken: Taken{Of: answer}, found: d.Found, password: password}
	for _, word := range sourceWords(answer) {
		if err := r.read(ctx, word); err != nil {
			r.object(err)
		}
	}
	out := r.seen
	if answer != nothingThere && len(out.Objections) == 0 {
		out.Taken = &r.taken
	}
	return out
}

// lookAtPassword reads the same once more, with a password; an empty one goes on without the database.
func (d Draft) lookAtPassword(ctx context.Context, password string) Seen {
	if password == "" {
		return Seen{}
	}
	out := d.lookAtExisting(ctx, d.Taken.Of, finedb.NewSecret(password))
	if out.Taken != nil && out.Taken.Locked != "" {
		return Seen{Refused: []probes.Text{probes.Verbatim(out.Taken.Why)}}
	}
	if len(out.Objections) > 0 {
		return Seen{Refused: out.Objections}
	}
	out.Taken.Locked = d.Taken.Locked // the step stays one that was asked
	return out
}

// reader reads sources one after the other.
type reader struct {
	found    Found
	password finedb.Secret
	taken    Taken
	seen     Seen
	table    bool // a product's table was named
}

func (r *reader) object(err error) {
	r.seen.Objections = append(r.seen.Objections, probes.Verbatim(err.Error()))
}

func (r *reader) read(ctx context.Context, word string) error {
	if i := slices.IndexFunc(r.found.Balancers, func(b Running) bool { return b.Config == word }); i >= 0 {
		b := r.found.Balancers[i]
		return r.ways(b.Kind, word, b.Ways, true)
	}
	if info, err := os.Stat(word); err == nil && info.IsDir() {
		home, err := finedb.Find(word)
		if err != nil {
			return err
		}
		return r.rows(ctx, home.InUse)
	}
	if kind, ok := configurationOf(word); ok {
		ways, err := waysOf(kind, word)
		if err != nil {
			return err
		}
		return r.ways(kind, word, ways, false)
	}
	source, err := finedb.Parse(word)
	if err != nil {
		return err
	}
	return r.rows(ctx, source)
}

// configurationOf tells a balancer's configuration by what stands in the file.
func configurationOf(path string) (cluster.BalancerKind, bool) {
	if slices.Contains([]string{".csv", ".tsv", ".script", ".properties", ".log"}, filepath.Ext(path)) {
		return "", false
	}
	src, err := conf.ReadFile(path)
	switch {
	case err != nil:
		return "", false // the reader of tables says why
	case haproxy.Looks(string(src)):
		return cluster.HAProxy, true
	case strings.ContainsAny(string(src), "{"):
		return cluster.Nginx, true
	}
	return "", false
}

func waysOf(kind cluster.BalancerKind, path string) ([]cluster.Way, error) {
	if kind == cluster.HAProxy {
		files, err := haproxy.Load([]string{path}, nil)
		if err != nil {
			return nil, err
		}
		return haproxy.Ways(haproxy.Options{}, "", files...), nil
	}
	c, err := conf.Open(path)
	if err != nil {
		return nil, err
	}
	return nginx.Ways(c), nil
}

// ways takes the first way that leads to servers.
func (r *reader) ways(kind cluster.BalancerKind, file string, ways []cluster.Way, running bool) error {
	if r.taken.Way != nil {
		return errors.New("found two configurations of a balancer, expected one")
	}
	i := slices.IndexFunc(ways, func(w cluster.Way) bool { return len(w.Servers) > 0 })
	if i < 0 {
		return errors.New("reading " + file + ": found nothing in it that hands WebSockets to servers")
	}
	w := ways[i]
	r.taken.Way, r.taken.Kind, r.taken.File, r.taken.Running = &w, kind, file, running
	var servers []string
	for _, s := range w.Servers {
		servers = append(servers, s.Address)
	}
	r.tell(probes.T("%s hands WebSockets to %s", w.Where, strings.Join(servers, ", ")))
	return nil
}

func (r *reader) tell(t probes.Text) { r.seen.Told = append(r.seen.Told, t) }

// rows takes the ports that the product's own table names. A database that wants a password leaves that to the step that
// asks for it.
func (r *reader) rows(ctx context.Context, s finedb.Source) error {
	if r.table {
		return errors.New("found two tables of a product, expected one")
	}
	r.table = true
	if s.TakesPassword() && !r.password.IsZero() {
		s.Password = r.password
	}
	reading, err := finedb.Read(ctx, s)
	if errors.Is(err, finedb.ErrPassword) {
		r.taken.Locked, r.taken.Why = s.String(), err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	r.seen.Told = append(r.seen.Told, reading.Notes...)
	for _, l := range portconfig.FromSettings(cluster.Default(cluster.FineReport), &reading.Rows).Lists {
		switch {
		case !l.FromRow:
		case l.Role == portconfig.WebSocket && r.taken.Ports == nil:
			r.taken.Ports, r.taken.PortsFrom = slices.Clone(l.Ports), l.Where
		case l.Role == portconfig.Forwarding && r.taken.Forwarding == nil:
			r.taken.Forwarding, r.taken.ForwardingFrom = slices.Clone(l.Ports), l.Where
		}
	}
	if r.taken.Ports == nil && r.taken.Forwarding == nil {
		r.tell(probes.T("%s names no ports: the product takes its defaults", s.String()))
		return nil
	}
	r.tell(probes.T("%s names the ports %s and the forwarding ports %s", s.String(), orNone(r.taken.Ports), orNone(r.taken.Forwarding)))
	return nil
}

func orNone(ports []int) string {
	if len(ports) == 0 {
		return nothingThere
	}
	return portList(ports)
}
