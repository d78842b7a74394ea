package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/wizard/finedb"
	"example.com/wsdoctor/wizard/finedb/hsqldbtest"
)

// fineRows are the rows of a table in which everything is wrong that the vendor warns of: a blank at the end, a wrong
// case, both keys at once.
var fineRows = [][2]string{
	{"WebSocketConfig.port ", `["38888","39888"]`}, {"websocketconfig.port", "38888"},
	{"WebSocketConfig.requestPort", "38889"}, {"WebSocketConfig.requestPorts", "38889 "}, {"MailConfig.password", "hunter2"},
}

// fineFindings is what has to be said of them, in every source.
var fineFindings = []string{
	"portconfig/key-name error WebSocketConfig.port", "portconfig/key-whitespace error WebSocketConfig.port",
	"portconfig/key-whitespace error WebSocketConfig.requestPorts", "portconfig/key-conflict error WebSocketConfig.requestPorts",
}

func fineSQL(create string) string {
	for _, r := range fineRows {
		create += fmt.Sprintf("\nINSERT INTO fine_conf_entity VALUES ('%s', '%s');", r[0], r[1])
	}
	return create
}

// withRows runs the rules about keys over a source.
func withRows(t *testing.T, env map[string]string, args ...string) (findings, places []string, stderr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nproduct: finereport\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(k string) string { return env[k] }}
	args = append([]string{"check", "--config", file, "--format", "json", "--only", "portconfig/key-name,portconfig/key-whitespace,portconfig/key-conflict,portconfig/value-format"}, args...)
	code := a.main(t.Context(), args)
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || code != probes.ExitFindings {
		t.Fatalf("%v: exit code %d, %v\n%s", args, code, err, errs.String())
	}
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			findings = append(findings, fmt.Sprintf("%s %s %s", c.ID, f.Severity, f.Subject))
			for _, e := range f.Evidence {
				places = append(places, e.Where)
			}
		}
	}
	if all := out.String() + errs.String(); strings.Contains(all, "hunter2") || strings.Contains(all, "s3cret") {
		t.Errorf("another setting's value, or the password, is shown:\n%s", all)
	}
	return findings, places, errs.String()
}

// judge wants the right findings, each with the place that the row is from, which stderr names as well.
func judge(t *testing.T, place string, env map[string]string, args ...string) {
	t.Helper()
	findings, places, stderr := withRows(t, env, args...)
	slices.Sort(findings)
	want := slices.Sorted(slices.Values(fineFindings))
	if !slices.Equal(findings, want) {
		t.Errorf("found\n%s\nexpected\n%s", strings.Join(findings, "\n"), strings.Join(want, "\n"))
	}
	if !slices.ContainsFunc(places, func(p string) bool { return strings.HasPrefix(p, place) }) {
		t.Errorf("evidence is from %v, expected %s", places, place)
	}
	if !strings.Contains(stderr, "4 of 5 rows of fine_conf_entity hold ports") || !strings.Contains(stderr, place) {
		t.Errorf("stderr does not say where the rows are from:\n%s", stderr)
	}
}

// TestRowsFromServers reads real PostgreSQL and MariaDB: by a URL with the password in the environment, and by the
// db.properties of a product's folder.
func TestRowsFromServers(t *testing.T) {
	for scheme, s := range map[string]struct {
		d      *probetest.Database
		create string
	}{
		"postgresql": {probetest.Postgres(t), "CREATE TABLE fine_conf_entity (id varchar(255) PRIMARY KEY, value varchar(65535));"},
		"mysql":      {probetest.MariaDB(t), "CREATE TABLE fine_conf_entity (id varchar(255) COLLATE utf8mb4_nopad_bin PRIMARY KEY, value text);"},
	} {
		if out, err := s.d.Run(fineSQL(s.create)); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		url := fmt.Sprintf("%s://%s@%s/%s", scheme, s.d.User, s.d.Address, s.d.Name)
		judge(t, url, map[string]string{finedb.PasswordEnv: s.d.Password}, "--rows", url)

		home := t.TempDir()
		config := filepath.Join(home, "webapps/webroot/WEB-INF/config")
		if err := os.MkdirAll(config, 0o755); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("hibernate.connection.url=jdbc\\:%s\\://%s/%s?useUnicode\\=true\nhibernate.connection.username=%s\nhibernate.connection.password=%s\n",
			scheme, strings.ReplaceAll(s.d.Address, ":", `\:`), s.d.Name, s.d.User, s.d.Password)
		if err := os.WriteFile(filepath.Join(config, "db.properties"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		judge(t, url, nil, "--fine-home", home)

		for _, c := range []struct {
			name, says string
			env        map[string]string
			args       []string
		}{
			{"the environment's password comes first", "refuses the password of", map[string]string{finedb.PasswordEnv: "wr0ng"}, []string{"--fine-home", home}},
			{"no password", "expected it in the environment variable WSDOCTOR_DB_PASSWORD", nil, []string{"--rows", url}},
			{"a prompt without a terminal", "--ask-password: standard input is no terminal", nil, []string{"--rows", url, "--ask-password"}},
			{"a password in the URL", "found a password in a URL", nil, []string{"--rows", strings.Replace(url, "@", ":wr0ng@", 1)}},
			{"both", "--rows and --fine-home: found both", nil, []string{"--rows", url, "--fine-home", home}},
			{"no product", "--fine-home: reading " + config + ": found neither", nil, []string{"--fine-home", config}},
		} {
			var out, errs bytes.Buffer
			a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(k string) string { return c.env[k] }}
			code := a.main(t.Context(), append([]string{"check"}, c.args...))
			if code != probes.ExitUsage || out.Len() > 0 || !strings.Contains(errs.String(), c.says) || strings.Contains(errs.String(), "wr0ng") {
				t.Errorf("%s: exit code %d, %s, expected %d and %q", c.name, code, errs.String(), probes.ExitUsage, c.says)
			}
		}
	}
}

// TestRowsFromHSQLDB reads the embedded database that HSQLDB itself made: while it is open, and after it was closed.
func TestRowsFromHSQLDB(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "webapps/webroot/WEB-INF/embed/finedb")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	db := hsqldbtest.Start(t, dir)
	s := db.Connect(t)
	s.Run("SET DATABASE COLLATION SQL_TEXT NO PAD") // or a blank at the end would not make another key
	s.Run("SET FILES WRITE DELAY FALSE")
	s.Run("CREATE TABLE FINE_CONF_ENTITY(ID VARCHAR(255) NOT NULL PRIMARY KEY, VALUE VARCHAR(65535))")
	for i, r := range fineRows {
		if s.Run(fmt.Sprintf("INSERT INTO FINE_CONF_ENTITY VALUES ('%s', '%s')", r[0], r[1])); i == 1 {
			s.Run("CHECKPOINT") // some rows are in the script then, the others in the log
		}
	}
	before := contents(t, dir)
	judge(t, "db.script:", nil, "--fine-home", home)
	judge(t, "db.log:", nil, "--rows", dir)
	_, _, stderr := withRows(t, nil, "--rows", db.Script)
	if !strings.Contains(stderr, "the product has the database open") || !strings.Contains(stderr, "db.log holds 3 changes") {
		t.Errorf("stderr: %s", stderr)
	}
	if after := contents(t, dir); after != before {
		t.Errorf("files changed:\n%s\nwere\n%s", after, before)
	}
	db.Shutdown(t)
	before = contents(t, dir)
	judge(t, "db.script:", nil, "--fine-home", home)
	if after := contents(t, dir); after != before {
		t.Errorf("files changed:\n%s\nwere\n%s", after, before)
	}
	raw, err := os.ReadFile(db.Script)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(db.Script, raw[:len(raw)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := command(t.Context(), "check", "--fine-home", home)
	if code != probes.ExitUsage || stdout != "" || !strings.Contains(stderr, "the last line ends in the middle of a statement") {
		t.Errorf("cut short: exit code %d, %s", code, stderr)
	}
}

// contents is every file of a database with its bytes, but for the lock, whose heartbeat goes on while it is open.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), ".lck") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s\n%s\n", e.Name(), info.ModTime(), raw)
	}
	return out.String()
}

// TestRowsAreTheSettings has no settings file: the rows say which ports there are.
func TestRowsAreTheSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("rows.csv", []byte("id,value\nWebSocketConfig.port,\"[\"\"48888\"\",\"\"49888\"\"]\"\nWebSocketConfig.requestPorts,\"[\"\"48889\"\",\"\"48890\"\"]\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, env: func(string) string { return "" }}
	if _, err := os.Stat("/etc/wsdoctor/wsdoctor.yaml"); err == nil {
		t.Skip("this host has settings")
	}
	f := checkFlags{format: "json", failOn: "error", rows: rowsFlags{from: "rows.csv"}}
	p, err := a.plan(context.Background(), &f)
	if err != nil || !slices.Equal(p.target.Config.WebSocket.Ports, []int{48888, 49888}) || !slices.Equal(p.target.Config.WebSocket.ForwardingPorts, []int{48889, 48890}) {
		t.Errorf("%v, %v, %v", p.target.Config.WebSocket, p.target.Rows, err)
	}
}
