package finedb

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct{ spec, want string }{
		{"postgres://fine@10.0.0.5:5433/finedb", "postgresql fine 10.0.0.5:5433 finedb  "},
		{"postgresql://10.0.0.5/finedb?schema=fr&tls=verify-full", "postgresql  10.0.0.5:5432 finedb fr verify-full"},
		{"postgres://fine@/finedb?host=/run/postgresql", "postgresql fine /run/postgresql:5432 finedb  "},
		{"mysql://fine@db:3307/finedb?tls=disable", "mysql fine db:3307 finedb  disable"},
		{"mariadb://fine@[::1]/finedb", "mysql fine ::1:3306 finedb  "},
		{"jdbc:mysql://h1:3306,h2:3306/finedb?useUnicode=true&characterEncoding=UTF-8&useSSL=false&user=u", "mysql u h1:3306 finedb  disable"},
		{"jdbc:mysql://h/finedb?useSSL=true", "mysql  h:3306 finedb  require"},
		{"jdbc:postgresql://h/finedb?currentSchema=a,b&ssl=true", "postgresql  h:5432 finedb a verify-full"},
		{"jdbc:mysql://h/finedb?sslMode=VERIFY_IDENTITY", "mysql  h:3306 finedb  verify-full"},
		{"jdbc:oracle:thin:@h:1522:ORCL", "oracle  h:1522 ORCL  "},
		{"jdbc:oracle:thin:@//h:1522/service", "oracle  h:1522 service  "},
		{"jdbc:oracle:thin:u/s3cret@h", "oracle  h:1521   "},
		{"jdbc:sqlserver://h:1433;databaseName=finedb;encrypt=true", "sqlserver  h:1433 finedb  "},
		{"jdbc:db2://h:50000/finedb", "db2  h:50000 finedb  "},
		{"jdbc:hsqldb:file:///opt/fr/WEB-INF/embed/finedb/db;hsqldb.tx=mvcc", "hsqldb /opt/fr/WEB-INF/embed/finedb/db.script"},
	} {
		s, err := Parse(c.spec)
		got := fmt.Sprintf("%s %s %s:%d %s %s %s", s.Kind, s.User, s.Host, s.Port, s.Database, s.Schema, s.TLS)
		if s.Kind == HSQLDB {
			got = "hsqldb " + filepath.ToSlash(s.Path)
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; expected %q", c.spec, got, err, c.want)
		}
	}
	for _, c := range []struct{ spec, want string }{
		{"postgres://fine:s3cret@h/finedb", "found a password in a URL, expected it in the environment variable WSDOCTOR_DB_PASSWORD or at a prompt"},
		{"jdbc:mysql://h/finedb?user=u&Password=s3cret", "found a password in a URL"},
		{"postgres://fine:s3cret%zz@h:x/finedb", "found a URL that cannot be read"},
		{"postgres://fine@h:0/finedb", "found the port 0, expected one from 1 to 65535"},
		{"jdbc:mysql:s3cret", "found a URL that cannot be read"},
		{"mongodb://h/finedb", `found the scheme "mongodb", expected postgres or mysql`},
		{"mysql://h/finedb?tls=maybe", `found tls="maybe", expected one of disable, prefer, require, verify-full`},
	} {
		if _, err := Parse(c.spec); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, expected %s", c.spec, err, c.want)
		}
	}
}

// tree makes files of a product and returns its folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	embedded = "webapps/webroot/WEB-INF/embed/finedb/db.script"
	external = "webapps/webroot/WEB-INF/config/db.properties"
)

// productFile is db.properties as the product writes it.
const productFile = `#Tue Mar 05 10:11:12 CST 2024
hibernate.connection.username=fine
hibernate.connection.driver_class=com.mysql.jdbc.Driver
hibernate.default_schema=
hibernate.dialect=com.fr.third.org.hibernate.dialect.MySQL8Dialect
hibernate.connection.url=jdbc\:mysql\://db.example\:3306/finedb?useUnicode\=true&characterEncoding\=UTF-8
hibernate.connection.password=`

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		below string
		want  string
	}{
		{"embedded", map[string]string{embedded: "x"}, "", "hsqldb " + embedded},
		{"from webapps", map[string]string{embedded: "x"}, "webapps", "hsqldb " + embedded},
		{"from the web application", map[string]string{embedded: "x"}, "webapps/webroot", "hsqldb " + embedded},
		{"from WEB-INF", map[string]string{embedded: "x"}, "webapps/webroot/WEB-INF", "hsqldb " + embedded},
		{"another context, another Tomcat", map[string]string{"webapps/decision/WEB-INF/embed/finedb/db.script": "x", "webapps/docs/WEB-INF/web.xml": ""}, "", "hsqldb webapps/decision/WEB-INF/embed/finedb/db.script"},
		{"external", map[string]string{embedded: "x", external: productFile + `p\=a\u0020\u00df\\s `}, "", "mysql fine@db.example:3306/finedb p=a ß\\s  unused " + embedded},
		{"encrypted", map[string]string{external: productFile + strings.Repeat("0aF9", 32)}, "", "mysql fine@db.example:3306/finedb encrypted"},
		{"PostgreSQL with a schema", map[string]string{external: "hibernate.connection.url=jdbc:postgresql://h/finedb?user=u&password=s3cret\nhibernate.default_schema=fr\n"}, "", "postgresql u@h:5432/finedb#fr s3cret"},
		{"it names the embedded one", map[string]string{embedded: "x", external: "hibernate.connection.url jdbc\\:hsqldb\\:file\\://${ENV_HOME}/embed/finedb/db"}, "", "hsqldb " + embedded},
		{"Oracle", map[string]string{external: "url=jdbc:oracle:thin:@h:1521:orcl\n"}, "", "oracle @h:1521/orcl"},
		{"nothing", map[string]string{"webapps/webroot/index.html": ""}, "", "?found neither WEB-INF/config/db.properties nor WEB-INF/embed/finedb/db.script"},
		{"two", map[string]string{"webapps/a/WEB-INF/embed/finedb/db.script": "x", "webapps/b/WEB-INF/embed/finedb/db.script": "x"}, "", "?found 2 products"},
		{"no folder", nil, "none", "?there is no such folder"},
		{"no URL", map[string]string{external: "hibernate.dialect=x\n"}, "", "?found no hibernate.connection.url"},
		{"a URL that is none", map[string]string{external: "hibernate.connection.url=jdbc:mysql://u:s3cret@h:x\n"}, "", "?hibernate.connection.url: found a URL that cannot be read"},
	} {
		dir := tree(t, c.files)
		h, err := Find(filepath.Join(dir, c.below))
		if want, fails := strings.CutPrefix(c.want, "?"); fails {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: %v, expected %s", c.name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		rel := func(path string) string {
			r, _ := filepath.Rel(dir, path)
			return filepath.ToSlash(r)
		}
		s := h.InUse
		got := string(s.Kind) + " "
		if s.Kind == HSQLDB {
			got += rel(s.Path)
		} else {
			got += fmt.Sprintf("%s@%s:%d/%s", s.User, s.Host, s.Port, s.Database)
			if s.Schema != "" {
				got += "#" + s.Schema
			}
			if p := s.Password.Reveal(); p != "" {
				got += " " + p
			}
			if s.Encrypted {
				got += " encrypted"
			}
			if rel(s.Named) != external {
				t.Errorf("%s: named by %q", c.name, s.Named)
			}
		}
		for _, u := range h.Unused {
			got += " unused " + rel(u.Path)
		}
		if got != c.want {
			t.Errorf("%s: %q, expected %q", c.name, got, c.want)
		}
	}
}

func TestFindUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := tree(t, map[string]string{embedded: "x"})
	closed := filepath.Join(dir, "webapps/webroot/WEB-INF/embed")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(closed, 0o755) })
	h, err := Find(dir)
	if err == nil {
		_, err = Read(t.Context(), h.InUse)
	}
	if err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("says %v", err)
	}
}

func TestParsePath(t *testing.T) {
	dir := tree(t, map[string]string{"db.script": "x", "db.properties": "version=2.7.1\n", "db.log": "", "rows.csv": "a,1\n", "own/db.properties": productFile + "p", "two/a.script": "", "two/b.script": "", "other.properties": "a=1\n", "other.log": "a=1\n"})
	for name, want := range map[string]string{
		"": "hsqldb db.script", "db.script": "hsqldb db.script", "db.log": "hsqldb db.script", "db.properties": "hsqldb db.script",
		"rows.csv": "file rows.csv", "other.log": "file other.log", "own/db.properties": "mysql ",
	} {
		s, err := Parse(filepath.Join(dir, name))
		path, _ := filepath.Rel(dir, s.Path)
		if s.Path == "" {
			path = ""
		}
		if got := string(s.Kind) + " " + path; err != nil || got != want {
			t.Errorf("%s: %q, %v; expected %q", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"none.csv": "none.csv: no such file", "two": "found 2 files *.script in the folder", "other.properties": "found no hibernate.connection.url",
	} {
		if _, err := Parse(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %s", name, err, want)
		}
	}
}

// TestByHand has the databases that nobody connects to.
func TestByHand(t *testing.T) {
	for _, kind := range []Kind{Oracle, SQLServer, DB2} {
		s := Source{Kind: kind, Host: "h", Port: 1, Database: "d"}
		_, err := Read(t.Context(), s)
		var by *ByHandError
		if !errors.As(err, &by) || !strings.Contains(err.Error(), "hand it in with --rows FILE: SELECT id, value FROM fine_conf_entity WHERE") || s.TakesPassword() {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestSecret prints a password in every way that comes to mind.
func TestSecret(t *testing.T) {
	s := Source{Kind: MySQL, User: "fine", Password: NewSecret("s3cret")}
	js, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("source", "source", s, "password", s.Password)
	slog.New(slog.NewTextHandler(&log, nil)).Info("source", "source", s, "password", s.Password)
	all := string(js) + log.String() + fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s.Password, s.Password, s.Password) + fmt.Sprint(&s)
	for _, shown := range []string{"s3cret", "733363726574", "115 51"} {
		if strings.Contains(all, shown) {
			t.Errorf("shows %q: %s", shown, all)
		}
	}
	if !strings.Contains(all, "***") || s.Password.Reveal() != "s3cret" {
		t.Errorf("is %s", all)
	}
}

func TestFailureWords(t *testing.T) {
	s := Source{Kind: MySQL, Host: "db.example", Port: 3306, Database: "finedb", Named: "/x/db.properties"}
	err := s.failure(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "db.example", Err: "no such host"}})
	if want := `reading mysql://db.example:3306/finedb (named by /x/db.properties): the name "db.example" cannot be resolved`; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("says %v", err)
	}
}

func TestDraft(t *testing.T) {
	rows := cluster.Rows{List: []cluster.Row{
		{ID: "WebSocketConfig.port ", Value: `["48888","49888"] `}, {ID: "WebSocketConfig.requestPort", Value: "48890"}, {ID: "WebSocketConfig.requestPorts", Value: `["48889"]`}, {ID: "other", Value: "1"},
	}}
	got := Draft(cluster.Default(cluster.FineReport), rows)
	if !slices.Equal(got.WebSocket.Ports, []int{48888, 49888}) || len(got.WebSocket.ForwardingPorts) != 1 {
		t.Errorf("ports %v, forwarding ports %v", got.WebSocket.Ports, got.WebSocket.ForwardingPorts)
	}
	if got := Draft(cluster.Default(cluster.FineReport), cluster.Rows{List: []cluster.Row{{ID: "WebSocketConfig.port", Value: "x"}}}); !slices.Equal(got.WebSocket.Ports, []int{38888, 39888}) {
		t.Errorf("a malformed row: %v", got.WebSocket.Ports)
	}
	if got := Draft(cluster.Default(cluster.Generic), rows); !slices.Equal(got.WebSocket.Ports, []int{8080}) {
		t.Errorf("another product: %v", got.WebSocket.Ports)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"postgres://u@h:1/d?tls=require", "jdbc:mysql://h1,h2/d?a=b", "jdbc:oracle:thin:@//h:1/s", "jdbc:hsqldb:file:/x", "a://", "://", "jdbc:"} {
		f.Add(s, "a=b\\\n  c\n#x\nd:e\nf g\n\\u0041\\=x=\\u00zz\\")
	}
	f.Fuzz(func(t *testing.T, url, properties string) {
		if strings.Contains(url, "://") {
			if s, err := Parse(url); err == nil {
				_ = s.String()
			}
		}
		for k := range parseProperties(properties) {
			_ = encrypted(k)
		}
		_, _ = cutPassword(url)
	})
}
