package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// unheard looks for a password in what a terminal showed and in what was left in a folder.
func unheard(t *testing.T, s *screen, dir string, passwords ...string) {
	t.Helper()
	shown := s.text()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // a folder
		}
		shown += string(raw)
	}
	for _, p := range passwords {
		if strings.Contains(shown, p) {
			t.Errorf("the password %s is shown or kept:\n%s", p, shown)
		}
	}
}

const tableOfPorts = "CREATE TABLE fine_conf_entity (id varchar(255) PRIMARY KEY, value varchar(6000)); " +
	"INSERT INTO fine_conf_entity VALUES ('WebSocketConfig.port', '[\"28888\",\"29888\"]'), ('WebSocketConfig.requestPorts', '28889');"

// By lines, with MariaDB: nothing listens, a wrong password, no table; each is said, and the step is asked again.
func TestSetupAsksForThePassword(t *testing.T) {
	t.Parallel()
	d := probetest.MariaDB(t)
	url := "mysql://" + d.User + "@" + d.Address + "/" + d.Name
	dir := t.TempDir()
	s, _, hangUp := startOn(t, dir, "dumb", "setup")
	s.see("\r\nexisting")
	s.press("mysql://fine@" + probetest.ClosedPort(t) + "/finedb\r")
	s.see("not taken yet: reading mysql://fine@")
	s.see("connection refused")
	s.see("\r\nexisting")
	s.press(url + "\r")
	s.see("password of the database")
	s.see("(not shown): ")
	s.press("wr0ng-pass\r")
	s.see("not taken: reading " + url)
	s.see("refuses the password")
	s.see("(not shown): ")
	s.press(d.Password + "\r")
	s.see("not taken: ")
	s.see("found no table fine_conf_entity")
	s.see("(not shown): ")
	hangUp()
	unheard(t, s, dir, d.Password, "wr0ng-pass")

	if out, err := d.Run(tableOfPorts); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s, cmd, _ := startOn(t, dir, "dumb", "setup")
	s.see("going on where the last session was")
	s.see("(not shown): ")
	s.press(d.Password + "\r")
	s.see("names the ports 28888, 29888 and the forwarding ports 28889")
	for _, step := range []string{"product", "deployment", "nodes", "balancer", "place", "host"} {
		s.see("\r\n" + step)
		if step == "balancer" { // others' may run here
			s.press("1")
		}
		s.press("\r")
	}
	s.see("the suggestion is as in " + url)
	s.see("\r\nports [28888, 29888]: ")
	s.press(":quit\r")
	s.ends(cmd)
	unheard(t, s, dir, d.Password)
}

// On the screen, with PostgreSQL, which the product's own file names with a password that only the product can read.
func TestSetupScreenAsksForThePassword(t *testing.T) {
	t.Parallel()
	d := probetest.Postgres(t)
	if out, err := d.Run(tableOfPorts); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	home := t.TempDir()
	config := filepath.Join(home, "webapps", "webroot", "WEB-INF", "config")
	properties := func(password string) {
		text := "hibernate.connection.url=jdbc:postgresql://" + d.Address + "/" + d.Name + "\nhibernate.connection.username=" + d.User + "\nhibernate.connection.password=" + password + "\n"
		if err := os.MkdirAll(config, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(config, "db.properties"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	properties("ENC(c2VjcmV0)")
	dir := t.TempDir()
	s, cmd, _ := startOn(t, dir, "xterm", "setup")
	s.titled("what is there already")
	s.press(home + "\r")
	s.titled("password of the database")
	s.see("is encrypted, which only the product can read")
	s.press("wr0ng-pass\r")
	s.see("refuses the password")
	s.press("\x15" + d.Password + "\r")
	s.titled("product")
	s.see("names the ports 28888, 29888")
	s.press("\x03")
	s.ends(cmd)
	unheard(t, s, dir, d.Password, "wr0ng-pass")

	// Nobody at the terminal: the environment's, then the one in the product's file.
	unattended := func(env ...string) (string, error) {
		cmd := wsdoctor(t, "setup", "--answers", "-")
		cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader("existing: "+home+"\nbalancer: embedded\nplace: here\n")
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := unattended(); err == nil || !strings.Contains(out, "WSDOCTOR_DB_PASSWORD") {
		t.Errorf("without a password: %v\n%s", err, out)
	}
	if out, err := unattended("WSDOCTOR_DB_PASSWORD=wr0ng-pass"); err == nil || !strings.Contains(out, "refuses the password") || strings.Contains(out, "wr0ng-pass") {
		t.Errorf("with a wrong password: %v\n%s", err, out)
	}
	if out, err := unattended("WSDOCTOR_DB_PASSWORD=" + d.Password); err != nil || !strings.Contains(out, "ports: 28888, 29888\n") || strings.Contains(out, d.Password) {
		t.Errorf("with the password: %v\n%s", err, out)
	}
	properties(d.Password)
	if out, err := unattended(); err != nil || !strings.Contains(out, "ports: 28888, 29888\n") || strings.Contains(out, d.Password) {
		t.Errorf("with the password of the product's file: %v\n%s", err, out)
	}
}
