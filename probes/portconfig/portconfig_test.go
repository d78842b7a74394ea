package portconfig

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

// judged is one case of one rule.
type judged struct {
	rule    string // without "portconfig/"
	name    string
	product cluster.Product                        // "" means finereport
	edit    func(*cluster.Config)                  // nil: the product's defaults
	rows    string                                 // "": none were given
	host    Host                                   // of this host; the zero value means it was not looked at
	want    []string                               // "severity subject: part of the title"; nil: nothing is found
	skipped string                                 // part of the reason
	fix     string                                 // part of the first finding's fix, its lines joined
	also    func(t *testing.T, f []probes.Finding) // further looks
}

func (j judged) observation(t *testing.T) Observation {
	t.Helper()
	product := j.product
	if product == "" {
		product = cluster.FineReport
	}
	cfg := cluster.Default(product)
	if j.edit != nil {
		j.edit(&cfg)
	}
	var rows *cluster.Rows
	if j.rows != "" {
		r, err := cluster.ParseRows("rows.csv", []byte(j.rows))
		if err != nil {
			t.Fatal(err)
		}
		rows = &r
	}
	o := FromSettings(cfg, rows)
	if j.host.Status == probes.OK {
		o.Host = j.host
	}
	return o
}

func rule(t *testing.T, id string) probes.Rule[Observation] {
	t.Helper()
	i := slices.IndexFunc(rules, func(r probes.Rule[Observation]) bool { return r.ID == "portconfig/"+id })
	if i < 0 {
		t.Fatalf("no rule %q", id)
	}
	return rules[i]
}

func TestRules(t *testing.T) {
	failing, passing := map[string]bool{}, map[string]bool{}
	for _, j := range slices.Concat(rowCases, portCases, hostCases) {
		t.Run(j.rule+"/"+j.name, func(t *testing.T) {
			r, o := rule(t, j.rule), j.observation(t)
			if r.Applies != nil {
				status, why := r.Applies(o)
				if j.skipped != "" {
					if status != probes.Skipped || !strings.Contains(why.String(), j.skipped) {
						t.Errorf("status %v (%s), expected skipped because %q", status, why, j.skipped)
					}
					return
				}
				if status != probes.OK {
					t.Fatalf("status %v: %s", status, why)
				}
			}
			found := r.Check(o)
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%v %s: %s", f.Severity, f.Subject, f.Title))
				if len(f.Evidence) == 0 && j.name != "none" {
					t.Errorf("no evidence: %s", f.Title)
				}
			}
			if len(j.want) == 0 {
				passing[j.rule] = true
			} else {
				failing[j.rule] = true
			}
			if len(got) != len(j.want) {
				t.Fatalf("found %d:\n%s\nexpected %d:\n%s", len(got), strings.Join(got, "\n"), len(j.want), strings.Join(j.want, "\n"))
			}
			for i, w := range j.want {
				head, part, _ := strings.Cut(w, ": ")
				if !strings.HasPrefix(got[i], head+": ") || !strings.Contains(got[i], part) {
					t.Errorf("found    %s\nexpected %s", got[i], w)
				}
			}
			if j.fix != "" && !strings.Contains(fixOf(found[0]), j.fix) {
				t.Errorf("fix:\n%s\nexpected in it: %s", fixOf(found[0]), j.fix)
			}
			if j.also != nil {
				j.also(t, found)
			}
		})
	}
	for _, r := range rules {
		id := strings.TrimPrefix(r.ID, "portconfig/")
		if !failing[id] || !passing[id] {
			t.Errorf("%s needs a failing and a passing case: %v %v", r.ID, failing[id], passing[id])
		}
	}
}

func fixOf(f probes.Finding) string {
	lines := make([]string, len(f.Fix))
	for i, l := range f.Fix {
		lines[i] = l.String()
	}
	return strings.Join(lines, "\n")
}

// The defaults of every product are healthy: nothing but advice for a host that was not looked at.
func TestDefaultsAreClean(t *testing.T) {
	for _, p := range cluster.Products {
		cfg := cluster.Default(p.Name)
		o := FromSettings(cfg, nil)
		for _, port := range slices.Concat(p.Ports, p.ForwardingPorts) {
			for _, f := range JudgePort(o, port) {
				t.Errorf("%s: %v %s", p.Name, f.Severity, f.Title)
			}
		}
	}
}

// A wizard asks about a port while it is typed.
func TestJudgePort(t *testing.T) {
	cfg := cluster.Default(cluster.FineReport)
	cfg.WebSocket.Ports = []int{1000, 39888}
	var got []string
	for _, f := range JudgePort(FromSettings(cfg, nil), 1000) {
		got = append(got, f.Title.String())
	}
	if len(got) != 2 || !strings.Contains(got[0], "found port 1000, expected one from 1025") || !strings.Contains(got[1], "below 1024") {
		t.Errorf("port 1000: %q", got)
	}
	if fs := JudgePort(FromSettings(cfg, nil), 39888); len(fs) != 0 {
		t.Errorf("port 39888: %v", fs)
	}
}

// One fault in the settings and in a row is one finding with both places.
func TestOneFaultOnce(t *testing.T) {
	j := judged{edit: func(c *cluster.Config) { c.WebSocket.Ports = []int{3389, 39888} }, rows: "id,value\nWebSocketConfig.port,\"[\"\"3389\"\",\"\"39888\"\"]\"\n"}
	found := rule(t, "remote-desktop-port").Check(j.observation(t))
	if len(found) != 1 || len(found[0].Evidence) != 2 {
		t.Fatalf("%+v", found)
	}
	if a, b := found[0].Evidence[0], found[0].Evidence[1]; a.Where != "websocket.ports[0]" || b.Where != "rows.csv:2" || b.Saw.String() != "WebSocketConfig.port = [3389, 39888]" {
		t.Errorf("evidence: %v, %v", a, b)
	}
	for _, line := range []string{"  ports: [38888, 39888]", "# to take it back: ports: [3389, 39888]", `SET value = '["38888","39888"]' WHERE id = 'WebSocketConfig.port'`} {
		if !strings.Contains(fixOf(found[0]), line) {
			t.Errorf("fix lacks %q:\n%s", line, fixOf(found[0]))
		}
	}
}

// rootWith writes the three parameters that the area reads.
func rootWith(t *testing.T, portRange, reserved, unprivileged string) string {
	t.Helper()
	root := t.TempDir()
	for key, v := range map[string]string{sysctl.LocalPortRange: portRange, sysctl.LocalReserved: reserved, sysctl.UnprivilegedFrom: unprivileged} {
		if v == "" && key != sysctl.LocalReserved {
			continue
		}
		file := filepath.Join(root, sysctl.File(key))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(v+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func target(root string, edit func(*cluster.Config)) probes.Target {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes = []cluster.Node{{Name: "a", Host: "192.0.2.1"}}
	if edit != nil {
		edit(&cfg)
	}
	return probes.Target{Config: cfg, Root: root, Local: func() ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
	}}
}

func TestObserve(t *testing.T) {
	elsewhere := func(c *cluster.Config) { c.Nodes[0].Host = "192.0.2.9" }
	unresolvable := func(c *cluster.Config) { c.Nodes[0].Host = "" }
	for _, c := range []struct {
		name   string
		target probes.Target
		status probes.Status
		reason string
		from   int
	}{
		{"a node", target(rootWith(t, "32768\t60999", "38888", "80"), nil), probes.OK, "", 80},
		{"an old kernel", target(rootWith(t, "32768\t60999", "", ""), nil), probes.OK, "", 1024},
		{"another host", target(rootWith(t, "32768\t60999", "", "80"), elsewhere), probes.Skipped, "neither a node", 1024},
		{"a name that does not resolve", target(rootWith(t, "32768\t60999", "", "80"), unresolvable), probes.Unknown, "could not be resolved", 1024},
		{"no /proc", target(t.TempDir(), nil), probes.Unknown, "is /proc mounted?", 1024},
		{"no range", target(rootWith(t, "", "", "80"), nil), probes.Unknown, "ip_local_port_range: no such file", 80},
		{"a limit that is no number", target(rootWith(t, "32768 60999", "", "x"), nil), probes.Unknown, `found "x", expected a number`, 1024},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if c.name == "a name that does not resolve" {
				cancel() // the look-up ends at once
			}
			defer cancel()
			o, err := Observe(ctx, c.target)
			if err != nil {
				t.Fatal(err)
			}
			if o.Host.Status != c.status || !strings.Contains(o.Host.Reason.String(), c.reason) || o.Host.UnprivilegedFrom != c.from {
				t.Errorf("%v, %q, %d", o.Host.Status, o.Host.Reason, o.Host.UnprivilegedFrom)
			}
			if c.status != probes.OK && len(ephemeralRange.Check(o)) > 0 {
				t.Error("judged what was not seen")
			}
		})
	}
}

// The area as a run sees it: every rule has a result, in order, and rows that were not given skip theirs.
func TestProbe(t *testing.T) {
	rep := probes.Run(t.Context(), target(rootWith(t, "32768\t60999", "", "1024"), nil), []probes.Probe{Probe()}, probes.Options{}, nil)
	status := map[string]probes.Status{}
	for _, r := range rep.Results {
		status[strings.TrimPrefix(r.ID, "portconfig/")] = r.Status
	}
	for id, want := range map[string]probes.Status{
		"key-name": probes.Skipped, "settings-agree": probes.Skipped, "range": probes.OK, "forwarding-count": probes.Skipped,
		"ephemeral-range": probes.Warned, "browser-blocked": probes.OK,
	} {
		if status[id] != want {
			t.Errorf("%s: %v, expected %v", id, status[id], want)
		}
	}
	if len(rep.Results) != len(rules) {
		t.Errorf("%d results, expected %d", len(rep.Results), len(rules))
	}
	if _, ok := probes.Observed[Observation](rep); !ok {
		t.Error("no observation in the report")
	}
}

func BenchmarkArea(b *testing.B) {
	rows, err := cluster.ParseRows("rows.csv", []byte("WebSocketConfig.port=[\"38888\",\"39888\"]\nWebSocketConfig.requestPorts=38889\n"))
	if err != nil {
		b.Fatal(err)
	}
	t := probes.Target{Config: cluster.Default(cluster.FineReport), Rows: &rows}
	for b.Loop() {
		o, err := Observe(b.Context(), t)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range rules {
			r.Check(o)
		}
	}
}

func fixOfLines(lines []probes.Text) string { return fixOf(probes.Finding{Fix: lines}) }
