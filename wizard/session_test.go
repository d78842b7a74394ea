package wizard

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
)

var here = Found{Hostname: "node1", Addrs: []netip.Addr{netip.MustParseAddr("192.168.6.171"), netip.MustParseAddr("127.0.0.1")}}

// clusterAnswers lead through every step that a cluster with the embedded proxy has.
var clusterAnswers = map[string]string{
	"product": "generic", "deployment": "2", "nodes": "a=192.168.6.172\r\nb=192.168.6.173", "balancer": "embedded", "place": "1",
	"host": "192.168.6.171", "ports": `["18888","19888"]`, "forwarding": "18889", "path": "/ws?x=1", "policy": "cookie",
	"heartbeat": "25s", "idle": "2h", "tls": "yes", "cert": "/etc/ssl/a.pem", "key": "/etc/ssl/a.key", "clients": "5000", "launch": "no",
}

func session(t *testing.T, found Found, store *Store) *Session {
	t.Helper()
	s, err := New(found, store)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func take(t *testing.T, s *Session, text string) Verdict {
	t.Helper()
	v, err := s.Take(text)
	if err != nil {
		t.Fatal(err)
	}
	if !v.OK() {
		st, _ := s.Step()
		t.Fatalf("%s: %q was refused: %v", st.ID, text, v.Refused)
	}
	return v
}

// walk answers until every step has its answer and returns the ids of those that were asked.
func walk(t *testing.T, s *Session, answers map[string]string, at func(id string)) []string {
	t.Helper()
	var asked []string
	for {
		st, ok := s.Step()
		if !ok {
			return asked
		}
		if len(asked) > 100 {
			t.Fatalf("it goes round: %v", asked)
		}
		asked = append(asked, st.ID)
		if at != nil {
			at(st.ID)
		}
		take(t, s, answers[st.ID])
	}
}

func TestWalkThroughACluster(t *testing.T) {
	s := session(t, here, nil)
	asked := walk(t, s, clusterAnswers, nil)
	if want := "existing product deployment nodes balancer place host ports forwarding path policy heartbeat idle tls cert key clients launch"; strings.Join(asked, " ") != want {
		t.Errorf("asked %v, expected %s", asked, want)
	}
	c := s.Config()
	if probs := c.Validate(); len(probs) > 0 {
		t.Errorf("%v", probs)
	}
	if c.Balancer.URL != "wss://192.168.6.171:18889/" || c.Nodes[1] != (cluster.Node{Name: "b", Host: "192.168.6.173"}) ||
		c.WebSocket.ListenOrder != cluster.PortsFirst || c.Proxy.Policy != "cookie" || c.Clients != 5000 || c.Balancer.SharesHost || c.Proxy.Listen != nil {
		t.Errorf("%+v", c)
	}
}

func TestSuggestionsLeadToTheEnd(t *testing.T) {
	for _, p := range cluster.Products {
		for _, nodes := range []string{"", "10.0.0.1, 10.0.0.2"} {
			s := session(t, here, nil)
			answers := map[string]string{"product": string(p.Name), "nodes": nodes}
			if nodes != "" {
				answers["deployment"] = "cluster"
			}
			walk(t, s, answers, nil)
			c := s.Config()
			if probs := c.Validate(); len(probs) > 0 {
				t.Errorf("%s: %v", p.Name, probs)
			}
			if nodes == "" && !c.Balancer.SharesHost {
				t.Errorf("%s: this host's node and balancer are not seen to share it: %+v", p.Name, c.Balancer)
			}
			if want := nodes != "" && p.Family; want != (c.WebSocket.ListenOrder == cluster.ForwardingFirst) {
				t.Errorf("%s with %q: the listen order is %s", p.Name, nodes, c.WebSocket.ListenOrder)
			}
			if nodes != "" && p.Family && len(c.WebSocket.ForwardingPorts) <= len(c.Nodes) {
				t.Errorf("%s: %v forwarding ports for two nodes", p.Name, c.WebSocket.ForwardingPorts)
			}
		}
	}
}

func TestAServiceWithoutSystemd(t *testing.T) {
	for _, without := range []bool{false, true} {
		found := here
		found.NoSystemd = without
		s := session(t, found, nil)
		walk(t, s, map[string]string{"balancer": "embedded", "place": "here"}, func(id string) {
			if v := s.Judge("service"); id == "launch" && (len(v.Advice) > 0) != without {
				t.Errorf("without systemd: %v, said: %v", without, v.Advice)
			}
		})
	}
}

func TestWithoutABalancer(t *testing.T) {
	s := session(t, here, nil)
	asked := walk(t, s, map[string]string{"product": "finebi", "balancer": "none"}, nil)
	if slices.Contains(asked, "forwarding") || slices.Contains(asked, "launch") || s.Config().Balancer.URL != "" {
		t.Errorf("asked %v, %+v", asked, s.Config().Balancer)
	}
}

func TestNativeIsSaidFirst(t *testing.T) {
	found := here
	found.Install = &Install{Product: cluster.FineReport, Version: "11.0", Folder: "/opt/fr", Native: NativeYes}
	s := session(t, found, nil)
	st, _ := s.Step()
	if q := st.Ask(s.Draft()).String(); st.ID != "native" || !strings.Contains(q, "unnecessary") {
		t.Errorf("%s: %s", st.ID, q)
	}
	take(t, s, "no")
	if _, more := s.Step(); more || !s.Draft().Stop {
		t.Error("it goes on")
	}
}

// Nothing that is typed or pasted is taken where it makes no sense, it is told in words, and the answers stay.
func TestBadAnswersAtEveryStep(t *testing.T) {
	bad := map[string]string{
		"letters": "abc", "zero": "0", "1024": "1024", "65536": "65536", "remote desktop": "3389", "duplicates": "18888, 18888",
		"lines": "one\ntwo\nthree", "emoji": "🎉", "10 kB": strings.Repeat("x", 10_000), "escape": "\x1b[31mred", "negative": "-1",
	}
	// What is no mistake at a step: a name is a host, a number of clients is a number.
	fine := map[string][]string{
		"existing": {},
		"nodes":    {"lines"}, "host": {"letters"}, "clients": {"1024", "65536", "remote desktop"},
		"heartbeat": {"zero"}, "idle": {"zero"}, "ports": {"1024"}, "forwarding": {"1024"},
	}
	s := session(t, here, nil)
	answers := map[string]string{}
	for k, v := range clusterAnswers {
		answers[k] = v
	}
	answers["product"] = "finereport" // whose rules about ports are the strictest
	answers["ports"], answers["forwarding"] = "18888, 19888", "18889, 18890, 18891"
	fine["ports"], fine["forwarding"] = nil, nil
	walk(t, s, answers, func(id string) {
		before := s.Answers()
		for name, text := range bad {
			v := s.Judge(text)
			if slices.Contains(fine[id], name) {
				if !v.OK() {
					t.Errorf("%s: %s was refused: %v", id, name, v.Refused)
				}
				continue
			}
			v, err := s.Take(text)
			if err != nil || v.OK() || v.Refused[0].IsZero() {
				t.Errorf("%s: %s was taken (%v)", id, name, err)
				continue
			}
			if words := v.Refused[0].String(); !strings.Contains(words, "found") || strings.Contains(words, "\x1b") || len(words) > 600 {
				t.Errorf("%s: %s: %q", id, name, words)
			}
		}
		if st, _ := s.Step(); st.ID != id || s.Answers() != before {
			t.Errorf("%s: something was lost", id)
		}
	})
}

func TestBlanksAreTheSuggestionOrRefused(t *testing.T) {
	s := session(t, here, nil)
	take(t, s, " ") // "existing"
	take(t, s, "  \t ")
	if s.Config().Product != cluster.FineReport {
		t.Errorf("got %s", s.Config().Product)
	}
	take(t, s, "cluster")
	if v, _ := s.Take("   "); v.OK() || !strings.Contains(v.Refused[0].String(), "found nothing") {
		t.Errorf("no nodes were taken: %v", v.Refused)
	}
	take(t, s, "  10.0.0.1 ,\t10.0.0.2  ")
	if c := s.Config(); len(c.Nodes) != 2 || c.Nodes[0].Host != "10.0.0.1" {
		t.Errorf("%+v", c.Nodes)
	}
}

func TestResumeAtEveryStep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	s := session(t, here, StoreFor(file))
	var given []string
	for {
		st, ok := s.Step()
		if !ok {
			break
		}
		// As after a SIGHUP: nothing but the file is left.
		s = session(t, here, StoreFor(file))
		again, _ := s.Step()
		if again.ID != st.ID || len(s.Given()) != len(given) {
			t.Fatalf("at %s it goes on at %s with %d of %d answers", st.ID, again.ID, len(s.Given()), len(given))
		}
		take(t, s, clusterAnswers[st.ID])
		given = append(given, st.ID)
	}
	s = session(t, here, StoreFor(file))
	if _, more := s.Step(); more || !s.Resumed() || s.Config().Clients != 5000 {
		t.Errorf("the end is not kept: %+v", s.Config())
	}
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestStoreOfAnotherKind(t *testing.T) {
	st := StoreFor(filepath.Join(t.TempDir(), "wsdoctor.yaml"))
	for _, text := range []string{"", "no json", `{"version": 99}`} {
		if err := os.WriteFile(st.Path(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(here, st); err == nil || !strings.Contains(err.Error(), st.Path()) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestBackUndoGoto(t *testing.T) {
	s := session(t, here, nil)
	if ok, _ := s.Back(); ok {
		t.Error("there is a step before the first")
	}
	if ok, _ := s.Undo(); ok {
		t.Error("there is something to undo")
	}
	walk(t, s, clusterAnswers, nil)
	if ok, _ := s.Goto("clients"); !ok {
		t.Fatal("no step clients")
	}
	take(t, s, "7")
	if _, more := s.Step(); more || s.Config().Clients != 7 {
		t.Errorf("one changed step does not lead back to the end: %d", s.Config().Clients)
	}
	s.Undo()
	s.Undo()
	if _, more := s.Step(); more || s.Config().Clients != 5000 {
		t.Errorf("undo gives %d", s.Config().Clients)
	}
	// A change that later answers do not agree with leads to them.
	s.Goto("forwarding")
	take(t, s, "19999")
	s.Goto("ports")
	take(t, s, "19999, 18888")
	if c := s.Config(); c.Balancer.URL != "wss://192.168.6.171:19999/" {
		t.Errorf("%+v", c.Balancer)
	}
	s.Back()
	if st, _ := s.Step(); st.ID != "launch" || s.Suggestion() != "no" {
		t.Errorf("the step before the end is %s with %q", st.ID, s.Suggestion())
	}
}

func TestAnotherProductBringsItsOwnSuggestions(t *testing.T) {
	s := session(t, here, nil)
	walk(t, s, nil, nil)
	if got := s.Config().WebSocket.Ports; !slices.Equal(got, []int{38888, 39888}) {
		t.Fatalf("%v", got)
	}
	s.Goto("product")
	take(t, s, "finebi")
	walk(t, s, nil, nil)
	if got := s.Config().WebSocket; !slices.Equal(got.Ports, []int{48888, 49888}) || !slices.Equal(got.ForwardingPorts, []int{48889}) {
		t.Errorf("%+v", got)
	}
}

func TestFileOfAnswers(t *testing.T) {
	s := session(t, here, nil)
	walk(t, s, clusterAnswers, nil)
	again := session(t, here, nil)
	if _, err := again.Fill(t.Context(), "-", []byte(s.Answers()), nil); err != nil {
		t.Fatalf("%v in\n%s", err, s.Answers())
	}
	if again.Answers() != s.Answers() || again.Config().Balancer != s.Config().Balancer {
		t.Errorf("got\n%s\nexpected\n%s", again.Answers(), s.Answers())
	}
	for text, want := range map[string]string{
		"product: finerepotr":                      `a.yaml:1:1: product: found "finerepotr", expected a number from 1 to 5 or a name; did you mean "finereport"?`,
		"product: generic\nports: [18888, 3389]\n": "",
		"ports: [38888, 3389]":                     "a.yaml:1:1: ports: found port 3389",
		"ports: [[1]]":                             "a list in a list",
		"ports: {a: 1}":                            "found keys",
		"prots: 1":                                 `did you mean "ports"`,
		"- 1":                                      "expected lines such as",
		"nodes: [":                                 "found no YAML",
		"policy: cookie":                           "policy: is not asked",
		"commands: some":                           "expected all or none",
		"deployment: cluster":                      "nodes: is missing",
		"heartbeat: 30s\nidle: 20s":                "expected more than the heartbeat",
		"# nothing":                                "",
		"":                                         "",
		"launch: no\ncommands: all\nnodes: 'me=1.2.3.4'": "",
	} {
		_, err := session(t, here, nil).Fill(t.Context(), "a.yaml", []byte(text), nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, expected %q", text, err, want)
		}
	}
}
