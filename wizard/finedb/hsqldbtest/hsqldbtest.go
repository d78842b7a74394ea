// Package hsqldbtest runs HSQLDB itself for tests, on a database in a folder of theirs. Only tests import it.
//
// HSQLDB's server also speaks PostgreSQL's protocol (for ODBC), so that no Java of ours is needed.
package hsqldbtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"example.com/wsdoctor/probes/probetest"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	jar = "/usr/share/java/hsqldb.jar" // Debian's libhsqldb-java
	// patience is for a JVM on a machine that does other things.
	patience = 2 * time.Minute
)

// DB is a database that HSQLDB has open.
type DB struct {
	Dir, Script string
	address     string
	cmd         *exec.Cmd
	ended       chan struct{}
}

// started counts the servers of this process, each of which has a port of its own.
var started atomic.Int64

// Start opens the database dir/db, which is made if it is not there. It is closed when the test ends.
func Start(t testing.TB, dir string) *DB {
	t.Helper()
	java := probetest.Need(t, "java")
	if _, err := os.Stat(jar); err != nil {
		probetest.Lacks(t, "HSQLDB", "apt-get install -y libhsqldb-java")
	}
	// The server takes no port 0. An address of this process alone makes any port its own.
	pid := os.Getpid()
	host, port := fmt.Sprintf("127.%d.%d.%d", 64+pid>>16&63, pid>>8&255, pid&255), int(9001+started.Add(1))
	d := &DB{Dir: dir, Script: filepath.Join(dir, "db.script"), address: net.JoinHostPort(host, strconv.Itoa(port)), ended: make(chan struct{})}
	// A small JVM, and no compiler that competes with what is tested.
	d.cmd = exec.Command(java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", jar, "org.hsqldb.server.Server",
		"--database.0", "file:"+filepath.Join(dir, "db"), "--dbname.0", "db", "--address", host, "--port", strconv.Itoa(port))
	out, err := os.Create(filepath.Join(t.TempDir(), "hsqldb.out"))
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stdout, d.cmd.Stderr = out, out
	err = d.cmd.Start()
	out.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() { defer close(d.ended); d.cmd.Wait() }()
	t.Cleanup(func() { d.Kill() })
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", d.address, patience)
		if err == nil {
			c.Close()
			return d
		}
		select {
		case <-d.ended:
			said, _ := os.ReadFile(out.Name())
			t.Fatalf("HSQLDB ended:\n%s", said)
		default:
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(out.Name())
			t.Fatalf("HSQLDB does not listen after %s: %v\n%s", patience, err, said)
		}
	}
}

// Session is a connection that holds its transaction until it is told to commit.
type Session struct {
	t    testing.TB
	conn *pgconn.PgConn
}

// Connect opens a session.
func (d *DB) Connect(t testing.TB) *Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cfg, err := pgconn.ParseConfig("postgres://SA@" + d.address + "/db?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Password, cfg.RuntimeParams = "", nil
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Conn().Close() })
	return &Session{t, conn}
}

// Run runs one statement and returns its rows. Not every text survives HSQLDB's ODBC layer: a backslash and a semicolon
// have to be written as CHAR(92) and CHAR(59), what is not ASCII as U&'\4e2d'.
func (s *Session) Run(sql string) [][]string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	results, err := s.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	var out [][]string
	for _, r := range results {
		for _, row := range r.Rows {
			var line []string
			for _, v := range row {
				line = append(line, modified(v))
			}
			out = append(out, line)
		}
	}
	return out
}

// modified decodes Java's UTF-8, in which each half of a surrogate pair has three bytes and NUL has two.
func modified(b []byte) string {
	var units []uint16
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c < 0x80 || i+1 == len(b):
			units = append(units, uint16(c))
			i++
		case c < 0xE0 || i+2 == len(b):
			units = append(units, uint16(c&0x1F)<<6|uint16(b[i+1]&0x3F))
			i += 2
		default:
			units = append(units, uint16(c&0x0F)<<12|uint16(b[i+1]&0x3F)<<6|uint16(b[i+2]&0x3F))
			i += 3
		}
	}
	return string(utf16.Decode(units))
}

// Shutdown closes the database: the log is folded into the script.
func (d *DB) Shutdown(t testing.TB) {
	t.Helper()
	s := d.Connect(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, _ = s.conn.Exec(ctx, "SHUTDOWN").ReadAll() // the server may end before it has answered
	select {
	case <-d.ended:
	case <-time.After(patience):
		t.Fatalf("HSQLDB does not end %s after SHUTDOWN", patience)
	}
}

// Kill ends the server as a power cut would.
func (d *DB) Kill() {
	d.cmd.Process.Kill()
	<-d.ended
}
