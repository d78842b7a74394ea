package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// badAnswers are what no step takes but those that name it in fine, each with the ways in which the words say it.
var badAnswers = []struct {
	text  string
	words []string
}{
	{"abc", []string{`"abc"`, `found "a" at character 1`}},
	{"0", []string{`"0"`, "found 0,", "port 0"}},
	{"1024", []string{`"1024"`, "port 1024"}},
	{"65536", []string{`"65536"`, "found 65536,"}},
	{"3389", []string{`"3389"`, "port 3389"}},
	{"18888,18888", []string{`"18888,18888"`, "18888 twice", `"18888" twice`, `"18888"`}},
	{"one\ntwo\nthree", []string{"found 3 lines", `found "o" at character 1`, `"one"`, `"one, two, three"`, "3 hosts"}},
	{"🎉", []string{`"🎉"`, `"\U0001f389"`, "\"\\"}},
	{strings.Repeat("x", 10_000), []string{"characters, expected at most"}},
}

// everyStep leads through every step there is for a cluster behind the embedded proxy with TLS.
var everyStep = []struct {
	id, title, answer string
	choice            bool
	fine              []string // of badAnswers, by their texts
}{
	{id: "existing", title: "what is there already"},
	{id: "product", title: "product", choice: true},
	{id: "deployment", title: "single server or cluster", answer: "2", choice: true},
	{id: "nodes", title: "nodes", answer: "127.0.0.2, 127.0.0.3", fine: []string{"one\ntwo\nthree"}},
	{id: "balancer", title: "balancer", answer: "1", choice: true},
	{id: "place", title: "where the balancer runs", choice: true},
	{id: "host", title: "address of the balancer", fine: []string{"abc"}},
	{id: "ports", title: "WebSocket ports", answer: "18888"},
	{id: "forwarding", title: "forwarding ports", answer: "18889, 18890, 18891"},
	{id: "path", title: "path"},
	{id: "policy", title: "stickiness", choice: true},
	{id: "heartbeat", title: "heartbeat", answer: "20s", fine: []string{"0"}},
	{id: "idle", title: "idle limit", fine: []string{"0"}},
	{id: "tls", title: "TLS", answer: "2", choice: true},
	{id: "cert", title: "certificate", answer: "/srv/tls/a.pem"},
	{id: "key", title: "private key", answer: "/srv/tls/a.key"},
	{id: "clients", title: "clients", fine: []string{"1024", "65536", "3389"}},
	{id: "launch", title: "launch", choice: true},
}

// seeOne waits for the first of some texts.
func (s *screen) seeOne(texts ...string) { s.t.Helper(); s.seeWhich(texts...) }

// seeWhich is seeOne and tells which of them came first.
func (s *screen) seeWhich(texts ...string) int {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		unread := s.shown.String()[s.read:]
		first, at := -1, len(unread)
		for i, text := range texts {
			if j := strings.Index(unread, text); j >= 0 && j < at {
				first, at = i, j
			}
		}
		if first >= 0 {
			s.read += at + len(texts[first])
		}
		s.mu.Unlock()
		if first >= 0 {
			return first
		}
		select {
		case <-s.more:
		case <-late:
			s.t.Fatalf("none of %q is on the terminal:\n%q", texts, unread)
		}
	}
}

// By lines: bad answers at every step of FineReport are told in words, and the step is asked again. A line waits for what
// may be pasted behind it, so that each step has a third of them here.
func TestSetupRefusesBadAnswersInWords(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	s, cmd, _ := startOn(t, t.TempDir(), "dumb", "setup")
	for i, q := range everyStep {
		if q.id == "path" {
			continue // FineReport has its own
		}
		s.see("\r\n" + q.id)
		for j, bad := range badAnswers {
			if i%3 != j%3 || slices.Contains(q.fine, bad.text) {
				continue
			}
			s.press(bad.text + "\r")
			s.see("not taken: found ")
			s.see("\r\n" + q.id)
		}
		s.press(q.answer + "\r")
		if q.id == "key" {
			s.see("not taken yet: open /srv/tls/a.pem: no such file")
			s.see("\r\n" + q.id)
			s.press(q.answer + "\r")
		}
	}
	s.see("[yes]: ")
	s.press("abc\r")
	s.see(`found "abc", expected yes or no`)
	s.press("no\r")
	s.see("which answer is to be another one? existing, product, ")
	s.press("abc\r")
	s.see(`found "abc", expected the name of a step`)
	s.see("step: ")
	s.press("quit\r")
	s.see("kept")
	s.ends(cmd)
}

// On the screen: every bad answer at every step of another service is told while it is typed or pasted, before Enter.
func TestSetupScreenRefusesBadAnswers(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	dir := t.TempDir()
	s, cmd, _ := startOn(t, dir, "xterm") // the first-time choice offers it
	s.see("guided set-up")
	s.press("u")
	for _, q := range everyStep {
		s.titled(q.title)
		if q.id == "ports" {
			q.fine = []string{"1024", "3389"} // other services have ports of their own
		} else if q.id == "forwarding" {
			q.fine = []string{"1024", "3389"}
		} else if q.id == "product" {
			q.answer = "5"
		}
		for _, bad := range badAnswers {
			if slices.Contains(q.fine, bad.text) {
				continue
			}
			if !q.choice {
				s.press("\x15") // ctrl+u
			}
			s.press("\x1b[200~" + bad.text + "\x1b[201~")
			s.seeOne(bad.words...)
		}
		if !q.choice {
			s.press("\x15")
		} else if q.answer == "" {
			s.press("\x1b[H") // home
			if q.id == "launch" {
				break
			}
			q.answer = "1"
		}
		s.press(q.answer)
		s.press("\r")
		if q.id == "key" {
			s.see("no such file")
			s.press("\r") // once more takes it
		}
	}
	s.press("\x18") // ctrl+x takes the last answer back
	s.titled("clients")
	s.press("\x03")
	s.see("kept")
	s.ends(cmd)
	raw, err := os.ReadFile(filepath.Join(dir, ".wsdoctor.yaml.setup"))
	if err != nil || !strings.Contains(string(raw), `"at": "clients"`) || !strings.Contains(string(raw), `"text": "18889, 18890, 18891"`) {
		t.Errorf("%v\n%s", err, raw)
	}
}
