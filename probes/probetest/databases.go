package probetest

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// databaseStart is how long a database server may take until it answers: a second or two, more on a busy machine.
const databaseStart = 2 * time.Minute

// Database is a real database server of the test's own, on a socket below a folder of its own. It is empty, and gone
// when the test ends.
type Database struct {
	*Server
	Address  string // HOST:PORT on 127.0.0.1, relayed to the socket
	Socket   string // PostgreSQL: the folder of the socket, its "host"; MariaDB: the socket
	Name     string // of a database that is there
	User     string // may do everything; asked for its password by every connection
	Password string

	client func(args ...string) *exec.Cmd
}

// Run runs SQL, several statements too, as User by the server's own client, and returns what it printed: rows as lines,
// columns with a tab between them. The first statement that fails ends it with an error.
func (d *Database) Run(sql string) (string, error) {
	cmd := d.client()
	cmd.Stdin = strings.NewReader(sql)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Postgres runs PostgreSQL until the test ends.
func Postgres(t testing.TB) *Database {
	t.Helper()
	initdb, server, psql := Need(t, "initdb"), Need(t, "postgres"), Need(t, "psql")
	d := newDatabase(t, "postgres")
	d.Socket = d.Dir
	data, pw := filepath.Join(d.Dir, "data"), filepath.Join(d.Dir, "password")
	d.give(t, pw, d.Password)
	d.setUp(t, exec.Command(initdb, "-D", data, "-U", d.User, "--pwfile="+pw, "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"))
	d.stop = syscall.SIGQUIT // at once: what is in it is thrown away
	d.run(t, d.unprivileged(exec.Command(server, "-D", data, "-k", d.Dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=20")))
	d.client = func(args ...string) *exec.Cmd {
		cmd := exec.Command(psql, append([]string{"-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", d.Dir, "-U", d.User, "-d", d.Name}, args...)...)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+d.Password)
		return cmd
	}
	d.ready(t, filepath.Join(d.Dir, ".s.PGSQL.5432"))
	return d
}

// MariaDB runs MariaDB until the test ends.
func MariaDB(t testing.TB) *Database {
	t.Helper()
	install, server, client := Need(t, "mariadb-install-db"), Need(t, "mariadbd"), Need(t, "mariadb")
	d := newDatabase(t, "test")
	d.Socket = filepath.Join(d.Dir, "sock")
	data, start := filepath.Join(d.Dir, "data"), filepath.Join(d.Dir, "start.sql")
	d.setUp(t, exec.Command(install, "--no-defaults", "--datadir="+data, "--skip-name-resolve", "--skip-test-db", "--auth-root-authentication-method=normal"))
	// One statement a line: --init-file reads no more than that.
	d.give(t, start, "CREATE DATABASE "+d.Name+" CHARACTER SET utf8mb4;\nCREATE USER '"+d.User+"'@'localhost' IDENTIFIED BY '"+d.Password+
		"';\nGRANT ALL ON *.* TO '"+d.User+"'@'localhost' WITH GRANT OPTION;\n")
	d.stop = os.Kill // what is in it is thrown away
	d.run(t, d.unprivileged(exec.Command(server, "--no-defaults", "--datadir="+data, "--socket="+d.Socket, "--pid-file="+filepath.Join(d.Dir, "pid"),
		"--skip-networking", "--skip-name-resolve", "--init-file="+start, "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--skip-log-bin")))
	d.client = func(args ...string) *exec.Cmd {
		cmd := exec.Command(client, append([]string{"--no-defaults", "-N", "-B", "--socket=" + d.Socket, "-u", d.User, d.Name}, args...)...)
		cmd.Env = append(os.Environ(), "MYSQL_PWD="+d.Password)
		return cmd
	}
	d.ready(t, d.Socket)
	return d
}

// newDatabase makes the folder: a short path, because a socket's has at most 107 bytes, and the server's user has to
// reach it.
func newDatabase(t testing.TB, name string) *Database {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsdb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d := &Database{Server: &Server{Dir: dir, log: new(lockedBuffer)}, Name: name, User: "fine", Password: "s3cret"}
	if uid, ok := otherUser(); ok {
		if err := os.Chown(dir, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// otherUser is who the servers run as where the test runs as root, which PostgreSQL refuses: nobody.
func otherUser() (uid int, needed bool) { return 65534, os.Geteuid() == 0 }

// unprivileged lets cmd run as that user.
func (d *Database) unprivileged(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = d.Dir
	// A MariaDB that starts removes what looks like a temporary table of its own from the folder for such files, and
	// would do so to one that another test has just set up.
	cmd.Env = append(os.Environ(), "HOME="+d.Dir, "LC_ALL=C", "TMPDIR="+d.Dir)
	if uid, needed := otherUser(); needed {
		runAs(cmd, uid)
	}
	return cmd
}

// setUp runs a command to its end before the server starts.
func (d *Database) setUp(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := d.unprivileged(cmd).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(cmd.Path), err, out)
	}
}

// give writes a file that the server's user may read.
func (d *Database) give(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if uid, needed := otherUser(); needed {
		if err := os.Chown(path, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
}

// ready waits until the server answers, and opens the way to it by TCP.
func (d *Database) ready(t testing.TB, socket string) {
	t.Helper()
	for deadline := time.Now().Add(databaseStart); ; time.Sleep(50 * time.Millisecond) {
		out, err := d.Run("SELECT 1;")
		if err == nil && out == "1" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the database does not answer after %s: %v\n%s\n%s", databaseStart, err, out, d.Log())
		}
	}
	d.Address = Relay(t, socket)
}

// Relay takes connections on a free port of 127.0.0.1 to a Unix socket until the test ends: a server that is told
// a port number could lose it to another test.
func Relay(t testing.TB, socket string) string {
	t.Helper()
	ln := Listen(t)
	var (
		work sync.WaitGroup
		mu   sync.Mutex
		open []net.Conn
		over bool
	)
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		over = true
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("unix", socket)
			mu.Lock()
			if err == nil && over {
				s.Close()
			}
			if err != nil || over {
				c.Close()
				mu.Unlock()
				continue
			}
			open = append(open, c, s)
			mu.Unlock()
			for _, way := range [][2]net.Conn{{c, s}, {s, c}} {
				work.Go(func() {
					io.Copy(way[0], way[1]) //nolint:errcheck // either end may close
					c.Close()
					s.Close()
				})
			}
		}
	})
	return ln.Addr().String()
}
