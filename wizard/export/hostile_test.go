package export

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall"
)

// hostile is every text of the settings that a stranger may have chosen.
type hostile struct{ name, host, cert, key, path, check, url, backend, listen, admin, from string }

// harmless is a value of the same shape for each.
var harmless = hostile{"node", "10.0.0.1", "/cert", "/key", "/path", "/check", "ws://ws.example/", "10.0.0.2:1", "10.0.0.4:443", "10.0.0.3:9380", "10.0.0.0/8"}

func (h hostile) settings(withBackends bool) cluster.Config {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes = []cluster.Node{{Name: h.name, Host: h.host}, {Name: h.name + "2", Host: "10.0.0.9"}}
	cfg.WebSocket.Path, cfg.Proxy.ActiveHealth.Path, cfg.Proxy.ActiveHealth.Kind = h.path, h.check, "http"
	cfg.Balancer.URL, cfg.Balancer.Config, cfg.Proxy.Admin = h.url, h.cert, h.admin
	cfg.Proxy.TLS.Cert, cfg.Proxy.TLS.Key = h.cert, h.key
	if h.cert != "" {
		cfg.Proxy.TLS.Certificates = []cluster.Certificate{{Cert: h.key, Key: h.cert}}
	}
	cfg.Proxy.TrustedProxies = []string{h.from}
	if withBackends {
		cfg.Proxy.Listen = []string{h.listen}
		cfg.Proxy.Backends = []cluster.Backend{{Address: h.backend, Weight: 1}, {Address: "10.0.0.8:80", Weight: 1}}
	}
	return cfg
}

// structural are the characters that give a line of any target its structure.
const structural = ";{}$#()<>|*`\\!'\"\r\x00"

// skeleton is a text without anything that a value may consist of, and without notes. A pair of double quotes may have
// come with a blank.
func skeleton(text string) string {
	text = note.ReplaceAllString(text, "")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(structural, r) || r == '\n' {
			return r
		}
		return -1
	}, strings.NewReplacer(`"`, "", "'", "").Replace(text))
}

var (
	note = regexp.MustCompile(`(?m)^(#|--) note: [^\n]*\n`)
	ufw  = regexp.MustCompile(`^(#.*|set -e|ufw (delete )?allow (from [\w.:]+ to any port \d+ proto tcp|\d+/tcp))$`)
)

// alike returns harmless values with which the same lines are written as with h.
func alike(h hostile) hostile {
	plain := harmless
	if u, err := url.Parse(h.url); err == nil {
		host := "ws.example"
		if _, err := netip.ParseAddr(u.Hostname()); err == nil {
			host = "10.0.0.5"
		}
		if u.Port() != "" {
			host += ":" + u.Port()
		}
		if plain.url = ""; u.Host != "" {
			plain.url = u.Scheme + "://" + host + "/"
		}
	}
	if strings.Contains(h.host, ":") {
		plain.host = "fd00::1"
	}
	if _, port, err := net.SplitHostPort(h.listen); err == nil {
		plain.listen = "10.0.0.4:" + port
	}
	if plain.cert == "" || h.cert == "" || h.key == "" {
		plain.cert, plain.key = h.cert, h.key
	}
	if h.admin == "" {
		plain.admin = ""
	}
	return plain
}

// breaksOut renders every target with hostile settings and says where what they hold is more than a value: where the
// structure of a file or a step is another one than with harmless values.
func breaksOut(t *testing.T, h hostile) {
	t.Helper()
	for _, withBackends := range []bool{false, true} {
		if withBackends != (h.backend != harmless.backend || h.listen != harmless.listen) {
			continue // the other way says nothing new
		}
		cfg, plain := h.settings(withBackends), alike(h)
		for _, target := range Targets {
			o := Options{Firewall: firewall.UFW}
			got, err := target.Render(cfg, o)
			if err != nil {
				continue // refused
			}
			for i, f := range got {
				text := string(f.Data)
				switch {
				case target.Name == "settings":
					again, err := cluster.Parse(f.Name, f.Data)
					if err != nil || !reflect.DeepEqual(again.Nodes, cfg.Nodes) || !reflect.DeepEqual(again.Proxy.TLS, cfg.Proxy.TLS) || again.WebSocket.Path != cfg.WebSocket.Path {
						t.Errorf("settings: %v\n%s", err, text)
					}
					continue
				case target.Name == "firewall": // how many lines there are depends on what is loopback
					for line := range strings.Lines(text) {
						if !ufw.MatchString(strings.TrimSuffix(line, "\n")) {
							t.Errorf("firewall with %+v: the line %q", h, line)
						}
					}
					continue
				case target.Name == "kubernetes":
					var objects []map[string]any
					for doc := range strings.SplitSeq(text, "\n---\n") {
						var o map[string]any
						if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
							t.Fatalf("kubernetes: %v\n%s", err, text)
						}
						objects = append(objects, o)
					}
					inner, _ := objects[0]["data"].(map[string]any)["wsdoctor.yaml"].(string)
					if cfg, err := cluster.Parse("inner", []byte(inner)); err != nil || len(cfg.Proxy.Backends) != 2 || len(objects) != 4 {
						t.Errorf("kubernetes: %d objects, %v\n%s", len(objects), err, text)
					}
					_, text, _ = strings.Cut(text, "\n---\n") // the rest holds none of it
				}
				if strings.ContainsAny(text, "\x00\r\u2028\u0085") {
					t.Errorf("%s: a control character\n%q", target.Name, text)
				}
				want := sameShape(t, target, plain, withBackends, o, i)
				if target.Name == "kubernetes" {
					_, want, _ = strings.Cut(want, "\n---\n")
				}
				if got, want := skeleton(text), skeleton(want); got != want {
					t.Errorf("%s with %+v: the structure is another one:\n%s\nexpected as in\n%s", target.Name, h, text, want)
				}
				if n := strings.Count(text, `"`) % 2; n != strings.Count(want, `"`)%2 {
					t.Errorf("%s with %+v: an odd number of quotes\n%s", target.Name, h, text)
				}
				for _, s := range f.Steps {
					if strings.ContainsAny(skeletonOfStep(s.Do+s.Undo), "\n\r`$\\") && !strings.Contains(s.Do, "nft ") {
						t.Errorf("%s with %+v: the step %q", target.Name, h, s.Do)
					}
				}
			}
		}
	}
}

// skeletonOfStep leaves out what is inside single quotes, which a shell takes as it is.
func skeletonOfStep(line string) string {
	var b strings.Builder
	for i, part := range strings.Split(line, "'") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

// plainFiles remembers what harmless values give: there are few of them.
var plainFiles sync.Map

// sameShape is file i of a target for the harmless values.
func sameShape(t *testing.T, target Target, h hostile, withBackends bool, o Options, i int) string {
	t.Helper()
	key := fmt.Sprint(target.Name, h, withBackends)
	known, ok := plainFiles.Load(key)
	if !ok {
		fs, err := target.Render(h.settings(withBackends), o)
		if err != nil {
			t.Fatalf("%s refuses the harmless values %+v: %v", target.Name, h, err)
		}
		known = fs
		plainFiles.Store(key, fs)
	}
	return string(known.([]File)[i].Data)
}

// evil are values that mean something to some target.
var evil = []string{
	`";`, `';`, "\n", "\r\nfoo", "$(id)", "`id`", "${HOME}", "{$HOME}", "{{ 1 }}", "%i", "a b", "a;b", "a}b{", "#", "\\", "\x00", "\u2028", "\u202e", "é", "名", "'; DROP TABLE x; --", " ", "~*", "<x>", "|", "&", "- a: b", "---", "...", ": ", "!!x", "*a", "@x", "0", "-rf", "\"\nExecStart=/bin/sh",
}

func TestHostileValuesStayValues(t *testing.T) {
	for _, e := range evil {
		for _, set := range []func(*hostile, string){
			func(h *hostile, v string) { h.name = v }, func(h *hostile, v string) { h.host = v }, func(h *hostile, v string) { h.cert = "/" + v },
			func(h *hostile, v string) { h.key = "/" + v }, func(h *hostile, v string) { h.path = "/" + v }, func(h *hostile, v string) { h.check = "/" + v },
			func(h *hostile, v string) { h.url = "ws://ws.example" + v + "/" }, func(h *hostile, v string) { h.url = "ws://ws.example/" + v }, func(h *hostile, v string) { h.backend = v + ":80" },
			func(h *hostile, v string) { h.listen = v + ":80" }, func(h *hostile, v string) { h.admin = v + ":80" }, func(h *hostile, v string) { h.from = v },
			func(h *hostile, v string) { h.from = "fe80::1%" + v }, func(h *hostile, v string) { h.backend = "[fe80::1%" + v + "]:80" }, func(h *hostile, v string) { h.host = "fe80::1%" + v },
		} {
			h := harmless
			set(&h, e)
			breaksOut(t, h)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, e := range evil {
		f.Add(e, e, "/"+e, "/"+e, "/"+e, "/"+e, "ws://h"+e, e+":1", e+":2", e+":3", e)
	}
	f.Add("node", "10.0.0.1", "/a b", "/c", "/p?x=1&y", "/h", "wss://x:1/", "a:1", "b:2", "c:3", "::1")
	f.Fuzz(func(t *testing.T, name, host, cert, key, path, check, url, backend, listen, admin, from string) {
		if len(name+host+cert+key+path+check+url+backend+listen+admin+from) > 500 {
			return
		}
		for i, v := range []string{name, host, cert, key, path, check, url, backend, listen, admin, from} {
			h := harmless // one at a time: most values are refused, and would hide the others
			*[]*string{&h.name, &h.host, &h.cert, &h.key, &h.path, &h.check, &h.url, &h.backend, &h.listen, &h.admin, &h.from}[i] = v
			breaksOut(t, h)
		}
	})
}

func TestHostileOptions(t *testing.T) {
	for _, o := range []Options{{Program: "relative"}, {Program: "/a\"b"}, {Settings: "/a\nb"}, {Image: "a\"b"}, {Image: "a\nb"}, {Namespace: "a b"}, {Namespace: "-n"}, {Dialect: "x"}, {Firewall: "x"}} {
		for _, name := range []string{"systemd", "kubernetes", "finedb-sql", "firewall"} {
			target, _ := Lookup(name)
			if fs, err := target.Render(cases(t)["cluster"], o); err == nil && (o.Dialect == "" || name == "finedb-sql") && (o.Firewall == "" || name == "firewall") {
				t.Errorf("%s with %+v: %s", name, o, fs[0].Data)
			}
		}
	}
}
