// Package finedb reads the rows of fine_conf_entity that hold WebSocket ports, from where a product of the FineReport
// family keeps them: PostgreSQL, MySQL or MariaDB, the embedded HSQLDB's files, or a CSV that somebody made. Find tells
// what a product's folder has, Parse reads what an operator typed, Read returns the rows.
//
// It reads only: a read-only transaction, files opened for reading. Of other settings it takes the names and not the
// values, because passwords are among them. It asks nobody for a password (commands and the wizard do), judges nothing
// (probes/portconfig does), and speaks to no Oracle, SQL Server or DB2: for those it says what to run.
package finedb

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/portconfig"
)

// Table is the table that holds the settings.
const Table = "fine_conf_entity"

// PasswordEnv is the environment variable that the commands take a database's password from.
const PasswordEnv = "WSDOCTOR_DB_PASSWORD"

// Kind says what holds the rows.
type Kind string

// The kinds. The last three are told apart only to say what to do instead.
const (
	File       Kind = "file"       // CSV, TSV or key=value
	HSQLDB     Kind = "hsqldb"     // the embedded database
	PostgreSQL Kind = "postgresql" //
	MySQL      Kind = "mysql"      // and MariaDB
	Oracle     Kind = "oracle"
	SQLServer  Kind = "sqlserver"
	DB2        Kind = "db2"
)

// Source is a place that holds rows. It never prints its password.
type Source struct {
	Kind Kind
	Path string // File: the file; HSQLDB: its script

	Host     string // a name, an address, or the folder of PostgreSQL's socket
	Port     int
	Database string
	Schema   string // "": the one that the server takes for this user
	User     string
	Password Secret
	TLS      TLS

	Named string // the product's own file that names the database; "" where the operator did
	// Encrypted: that file holds a password which only the product can read.
	Encrypted bool
}

// TLS says how a connection is protected; "" is Preferred.
type TLS string

// What a connection may be.
const (
	Preferred TLS = "prefer"      // encrypted where the server can
	Plain     TLS = "disable"     // never encrypted
	Required  TLS = "require"     // always encrypted, by any certificate
	Verified  TLS = "verify-full" // encrypted, and the certificate has the server's name
)

// String names the source as an operator would, without a password.
func (s Source) String() string {
	if !s.Kind.server() {
		return s.Path
	}
	user, scheme := "", string(s.Kind)
	if s.User != "" {
		user = s.User + "@"
	}
	return scheme + "://" + user + net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) + "/" + s.Database
}

// TakesPassword tells whether the source is a server that Read connects to. Where Password is empty it tries without:
// the server may trust the user, or the driver find one itself (~/.pgpass).
func (s Source) TakesPassword() bool { return s.Kind == PostgreSQL || s.Kind == MySQL }

// title is how people call it.
func (k Kind) title() string {
	switch k {
	case PostgreSQL:
		return "PostgreSQL"
	case MySQL:
		return "MySQL or MariaDB"
	}
	return string(k)
}

func (k Kind) server() bool { return k != File && k != HSQLDB }

// Reading is what was read.
type Reading struct {
	Rows  cluster.Rows
	Notes []probes.Text // what one has to know to trust them, such as that the database is open
}

// Read reads the rows. The error names the source, what was found and what was expected, and never a password.
func Read(ctx context.Context, s Source) (Reading, error) {
	switch s.Kind {
	case File:
		rows, err := cluster.LoadRows(s.Path)
		return Reading{Rows: rows}, err
	case HSQLDB:
		return readHSQLDB(ctx, s)
	case PostgreSQL:
		return readServer(ctx, s, postgres{})
	case MySQL:
		return readServer(ctx, s, mysqlServer{})
	}
	return Reading{}, &ByHandError{Source: s}
}

// ByHandError says that a database has to be asked by hand.
type ByHandError struct{ Source Source }

func (e *ByHandError) Error() string {
	return fmt.Sprintf("%s: wsdoctor reads PostgreSQL, MySQL, MariaDB and the embedded HSQLDB; run this with the database's own client, save the answer as CSV and hand it in with --rows FILE: %s", e.Source, ByHand)
}

// ByHand is the query whose answer, as CSV, holds the rows. It asks for more than the right keys, so that a key that is
// spelled wrong is among them. Every database of the product takes it.
const ByHand = "SELECT id, value FROM " + Table + " WHERE LOWER(id) LIKE '%socket%' OR LOWER(id) LIKE '%port%'"

// collect makes the rows of a source: those that hold ports, or were meant to, and the number of the others.
type collect struct{ rows cluster.Rows }

func (c *collect) add(row cluster.Row) {
	if _, ok := portconfig.NearestKey(row.ID); ok {
		c.rows.List = append(c.rows.List, row)
	} else {
		c.rows.Others++
	}
}

// notes says how the source was found.
func (s Source) notes() []probes.Text {
	if s.Named == "" {
		return nil
	}
	return []probes.Text{probes.T("%s names this database", s.Named)}
}

// Draft returns base with the ports that the rows mean to say, whether or not the product reads them as they stand: what
// is wrong with a row is for the rules to say, and a settings file is what is to be. A row that holds no ports changes
// nothing, nor does any row of a product outside the family.
func Draft(base cluster.Config, rows cluster.Rows) cluster.Config {
	done := map[portconfig.Role]bool{}
	for _, l := range portconfig.FromSettings(base, &rows).Lists {
		if !l.FromRow || done[l.Role] {
			continue
		}
		done[l.Role] = true
		if l.Role == portconfig.WebSocket {
			base.WebSocket.Ports = slices.Clone(l.Ports)
		} else {
			base.WebSocket.ForwardingPorts = slices.Clone(l.Ports)
		}
	}
	return base
}
