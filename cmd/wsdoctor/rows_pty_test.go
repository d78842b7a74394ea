//go:build !windows

package main

import (
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// TestAskPassword types a password at the prompt: it reaches the database and is not shown.
func TestAskPassword(t *testing.T) {
	d := probetest.Postgres(t)
	if out, err := d.Run(fineSQL("CREATE TABLE fine_conf_entity (id varchar(255) PRIMARY KEY, value varchar(65535));")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	url := "postgresql://" + d.User + "@" + d.Address + "/" + d.Name
	t.Chdir(t.TempDir())
	s, code := operate(t, "xterm", "check", "--rows", url, "--ask-password")
	s.see("(not shown): ")
	s.press("\x03")
	exits(t, code, probes.ExitInterrupted)
	for password, want := range map[string]int{d.Password: probes.ExitFindings, "wr0ng-pass": probes.ExitUsage} {
		s, code := operate(t, "xterm", "check", "--only", "portconfig", "--rows", url, "--ask-password")
		s.see("password of " + url + " (not shown): ")
		s.press(password + "\r")
		if want == probes.ExitFindings {
			s.see("4 of 5 rows of fine_conf_entity hold ports")
			s.see("portconfig/key-whitespace")
		} else {
			s.see("the server refuses the password of")
		}
		exits(t, code, want)
		s.mu.Lock()
		if strings.Contains(s.shown.String(), password) {
			t.Errorf("the password is shown:\n%s", s.shown.String())
		}
		s.mu.Unlock()
	}
}
