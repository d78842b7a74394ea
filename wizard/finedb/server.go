package finedb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/portconfig"
)

const (
	// connectTimeout is for the connection and its authentication: a database across a WAN answers within a second,
	// and a firewall that drops never does.
	connectTimeout = 5 * time.Second
	// readTimeout is for all queries together. The table has some thousand rows, and a lock that somebody holds on it
	// must not keep an operator waiting.
	readTimeout = 15 * time.Second
)

// dialect is what differs between the servers.
type dialect interface {
	// open connects and begins a transaction that cannot write.
	open(ctx context.Context, s Source) (session, error)
	// explain says in words why a connection or a query failed.
	explain(s Source, err error) error
}

// session is a read-only transaction.
type session interface {
	// tables returns the schemas that hold the table, by its name in any case, and that name; the one in which the
	// server looks first comes first.
	tables(ctx context.Context) ([]place, error)
	// ids calls f for each id, byte for byte.
	ids(ctx context.Context, p place, f func(id string)) error
	// rows returns the rows with the given ids. It may return others as well.
	rows(ctx context.Context, p place, ids []string) ([]cluster.Row, error)
	close(ctx context.Context)
}

// place is where a server keeps the table.
type place struct{ schema, table string }

// readServer reads ids first and then the values of those alone that hold ports.
func readServer(ctx context.Context, s Source, d dialect) (Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout+readTimeout)
	defer cancel()
	connecting, stop := context.WithTimeout(ctx, connectTimeout)
	defer stop()
	db, err := d.open(connecting, s)
	if err != nil {
		return Reading{}, d.explain(s, err)
	}
	defer db.close(ctx)
	p, err := s.choose(ctx, db)
	if err != nil {
		return Reading{}, d.explain(s, err)
	}
	c := collect{cluster.Rows{File: s.String()}}
	var wanted []string
	seen := 0
	err = db.ids(ctx, p, func(id string) {
		if _, ok := portconfig.NearestKey(id); ok {
			wanted = append(wanted, id)
		}
		seen++
	})
	if err != nil {
		return Reading{}, d.explain(s, err)
	}
	if len(wanted) > 0 {
		rows, err := db.rows(ctx, p, wanted)
		if err != nil {
			return Reading{}, d.explain(s, err)
		}
		for _, r := range rows {
			if slices.Contains(wanted, r.ID) { // a collation may have found more
				c.add(r)
			}
		}
	}
	c.rows.Others = seen - len(c.rows.List)
	return Reading{c.rows, s.notes()}, nil
}

// choose picks the schema.
func (s Source) choose(ctx context.Context, db session) (place, error) {
	all, err := db.tables(ctx)
	if err != nil {
		return place{}, err
	}
	var schemas []string
	for _, p := range all {
		if s.Schema == "" || strings.EqualFold(p.schema, s.Schema) {
			return p, nil
		}
		schemas = append(schemas, p.schema)
	}
	where := "in the database " + s.Database
	if s.Schema != "" {
		where = "in the schema " + s.Schema + " of the database " + s.Database
	}
	if len(schemas) > 0 {
		where += " (but in " + strings.Join(schemas, ", ") + ")"
	}
	return place{}, notFound(where)
}

// notFound says that the table is not there; it is where it was looked for.
type notFound string

func (e notFound) Error() string {
	return fmt.Sprintf("found no table %s %s, or none that %s may see; expected the product's FineDB", Table, string(e), "this user")
}

// failure says in words why a connection or a query failed, where no server said it.
func (s Source) failure(err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &dns):
		return s.wrap("the name %q cannot be resolved, expected the host of the database", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return s.wrap("connection refused: nothing listens there, expected %s", s.Kind.title())
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return s.wrap("no answer in time, expected %s: a firewall in between, another host or port, or a lock on the table", s.Kind.title())
	}
	return s.wrap("%w", err)
}

// wrap names the source.
func (s Source) wrap(format string, args ...any) error {
	from := ""
	if s.Named != "" {
		from = " (named by " + s.Named + ")"
	}
	return fmt.Errorf("reading %s%s: "+format, append([]any{s, from}, args...)...)
}

// ErrPassword is the error of a server that wants a password, or another one.
var ErrPassword = errors.New("a password")

// refused is what a server says to a password. It is an ErrPassword.
func (s Source) refused() error {
	if s.Password.IsZero() {
		why := "none was given"
		if s.Encrypted {
			why = "the one in " + s.Named + " is encrypted, which only the product can read"
		}
		return wantsPassword{s.wrap("the server wants a password for %q, and %s; expected it in the environment variable %s or at a prompt", s.User, why, PasswordEnv)}
	}
	return wantsPassword{s.wrap("the server refuses the password of %q, expected the one of the database's user", s.User)}
}

// wantsPassword is an error that a password would mend.
type wantsPassword struct{ error }

func (wantsPassword) Is(target error) bool { return target == ErrPassword }
