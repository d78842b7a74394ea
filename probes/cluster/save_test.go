package cluster

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// normal replaces empty lists by nil: a file does not tell them apart.
func normal(c Config) Config {
	for _, list := range []*[]string{&c.Proxy.Listen, &c.Proxy.TrustedProxies} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	for _, list := range []*[]int{&c.WebSocket.Ports, &c.WebSocket.ForwardingPorts} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(c.Proxy.Backends) == 0 {
		c.Proxy.Backends = nil
	}
	return c
}

func TestSaveLoadRoundTrip(t *testing.T) {
	full := Default(FineReport)
	full.Nodes = []Node{{"no", "10.0.0.1"}, {"1e3", "fd00::1"}, {"node # three: ~", "host"}, {" \"quoted\"\t\\ ", "h2"}, {"节点", "h3"}, {"---", "h4"}, {"...", "h5"}, {"-", "h6"}, {"~", "h7"}, {"|", "h8"}}
	full.WebSocket = WebSocket{Ports: []int{1}, Path: "/a b?x=1&y=%20#z", ListenOrder: PortsFirst}
	full.Balancer = Balancer{Nginx, "wss://[fd00::1]:8443/x?y=1", "/etc/nginx/my conf.d/*.conf", true}
	full.Heartbeat = 1500 * time.Millisecond
	full.Clients = 0
	full.Proxy = Proxy{
		Listen: []string{"38889", "[::]:1"}, Bind: "all", TLS: TLS{"a.pem", "b.pem", []Certificate{{"c.pem", "d.pem"}}, "1.3"}, Policy: "cookie",
		Backends:      []Backend{{"10.0.0.1:38888", 2, true, true, 5}, {"[::1]:1", 1, false, false, 0}},
		PassiveHealth: PassiveHealth{0, 0}, ActiveHealth: ActiveHealth{"off", "/", time.Nanosecond, 36 * time.Hour, 1, 1},
		Limits: Limits{1, 2, 3}, Timeouts: Timeouts{1, 2, 3, 4, 5}, KeepalivePing: time.Second,
		TrustedProxies: []string{"10.0.0.0/8", "::1"}, ProxyProtocol: "accept", Admin: "",
	}
	cases := map[string]Config{"everything set": full}
	for _, p := range Products {
		cases[string(p.Name)] = Default(p.Name)
	}
	noForwarding := Default(FineReport)
	noForwarding.WebSocket.ForwardingPorts = nil
	cases["a list emptied"] = noForwarding
	for name, want := range cases {
		path := filepath.Join(t.TempDir(), "wsdoctor.yaml")
		if err := Save(path, want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Load(path)
		if err != nil {
			raw, _ := os.ReadFile(path)
			t.Fatalf("%s: %v\n%s", name, err, raw)
		}
		if !reflect.DeepEqual(normal(got), normal(want)) {
			t.Errorf("%s: came back as %+v, expected %+v", name, got, want)
		}
	}
}

// filesIn returns the names in dir.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestSaveKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "wsdoctor.yaml")
	if err := Save(path, Default(Generic)); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, dir); !slices.Equal(got, []string{"wsdoctor.yaml"}) {
		t.Errorf("the first save left %q", got)
	}
	for i, text := range []string{"version: 1 # by hand\n", "not even YAML: ["} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Save(path, Default(FineBI)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path + ".bak"); err != nil || string(got) != text {
			t.Errorf("save %d: the old file is %q, %v", i, got, err)
		}
		if got, err := Load(path); err != nil || got.Product != FineBI {
			t.Errorf("save %d: the new file is %v, %v", i, got.Product, err)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("save %d: the mode is %v, expected that of the old file", i, info.Mode())
		}
		if got := filesIn(t, dir); !slices.Equal(got, []string{"wsdoctor.yaml", "wsdoctor.yaml.bak"}) {
			t.Errorf("save %d left %q", i, got)
		}
	}
}

// Who has the old file open goes on reading the old file: the new one is another file.
func TestSaveIsARename(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	if err := Save(path, Default(Generic)); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(path, Default(FineBI)); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	bak, err := os.Stat(path + ".bak")
	if err != nil {
		t.Fatal(err)
	}
	if os.SameFile(before, after) || !os.SameFile(before, bak) {
		t.Error("the old file was written into")
	}
}

func TestSaveKeepsALink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	target, link := filepath.Join(elsewhere, "settings.yaml"), filepath.Join(dir, "wsdoctor.yaml")
	if err := Save(target, Default(Generic)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		probetest.Lacks(t, "symbolic links", "a file system that has them")
	}
	if err := Save(link, Default(FineBI)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info, err)
	}
	if got, err := Load(target); err != nil || got.Product != FineBI {
		t.Errorf("the file behind the link is %v, %v", got.Product, err)
	}
	if got := filesIn(t, elsewhere); !slices.Equal(got, []string{"settings.yaml", "settings.yaml.bak"}) {
		t.Errorf("beside the file behind the link stands %q", got)
	}
}

// What cannot be saved leaves nothing behind and takes nothing away. A folder in the place of the backup, or of the
// file itself, stops root too.
func TestSaveFails(t *testing.T) {
	t.Run("no such folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := Save(filepath.Join(dir, "no", "wsdoctor.yaml"), Default(Generic)); err == nil {
			t.Error("was saved")
		}
		if got := filesIn(t, dir); len(got) > 0 {
			t.Errorf("left %q", got)
		}
	})
	t.Run("the backup is a folder", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "wsdoctor.yaml")
		if err := os.WriteFile(path, []byte("version: 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(path+".bak", "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := Save(path, Default(FineBI)); err == nil {
			t.Error("was saved")
		}
		if got, _ := os.ReadFile(path); string(got) != "version: 1\n" {
			t.Errorf("the file became %q", got)
		}
		if got := filesIn(t, dir); !slices.Equal(got, []string{"wsdoctor.yaml", "wsdoctor.yaml.bak"}) {
			t.Errorf("left %q", got)
		}
	})
	t.Run("the file is a folder", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "wsdoctor.yaml")
		if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := Save(path, Default(FineBI)); err == nil {
			t.Error("was saved")
		}
		if got := filesIn(t, dir); !slices.Equal(got, []string{"wsdoctor.yaml"}) {
			t.Errorf("left %q", got)
		}
	})
	t.Run("a folder in which root cannot write", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("only Linux has /proc")
		}
		if err := Save("/proc/wsdoctor.yaml", Default(FineBI)); err == nil || !strings.HasPrefix(err.Error(), "writing /proc/wsdoctor.yaml: ") {
			t.Errorf("says %v", err)
		}
	})
	t.Run("a folder in which the user cannot write", func(t *testing.T) {
		if os.Geteuid() == 0 || runtime.GOOS == "windows" {
			t.Skip("root and Windows write into any folder; for them there are the cases above")
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "wsdoctor.yaml")
		if err := os.WriteFile(path, []byte("version: 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o700) })
		if err := Save(path, Default(FineBI)); err == nil {
			t.Error("was saved")
		}
		if got := filesIn(t, dir); !slices.Equal(got, []string{"wsdoctor.yaml"}) {
			t.Errorf("left %q", got)
		}
	})
}
