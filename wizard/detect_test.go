package wizard

import (
	"archive/zip"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// tree makes a product's web application below root; libs are its libraries, with the version of their manifest.
func tree(t *testing.T, root string, libs map[string]string) string {
	t.Helper()
	lib := filepath.Join(root, "webapps", "webroot", "WEB-INF", "lib")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, version := range libs {
		f, err := os.Create(filepath.Join(lib, name))
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		if version != "" {
			w, err := z.Create("META-INF/MANIFEST.MF")
			if err != nil {
				t.Fatal(err)
			}
			w.Write([]byte("Manifest-Version: 1.0\r\nImplementation-Version: " + version + "\r\n"))
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return filepath.Join(root, "webapps", "webroot")
}

func TestInstallations(t *testing.T) {
	for _, c := range []struct {
		libs    map[string]string
		product cluster.Product
		version string
		native  Native
	}{
		{map[string]string{"fine-core-10.0.jar": "", "fine-report-engine-10.0.jar": ""}, cluster.FineReport, "10.0", NativeNo},
		{map[string]string{"fine-core-11.0.jar": "", "commons-io-2.11.0.jar": ""}, cluster.FineReport, "11.0", NativeUnknown},
		{map[string]string{"fine-core-11.0.jar": "11.0.1"}, cluster.FineReport, "11.0.1", NativeNo},
		{map[string]string{"fine-core-11.0.jar": "11.0.2"}, cluster.FineReport, "11.0.2", NativeYes},
		{map[string]string{"fine-core-11.0.jar": "11.0.17"}, cluster.FineReport, "11.0.17", NativeYes},
		{map[string]string{"fine-core-11.5.jar": ""}, cluster.FineReport, "11.5", NativeYes},
		{map[string]string{"fine-core-11.0.jar": "", "fine-bi-engine-6.0.jar": ""}, cluster.FineBI, "6.0", NativeUnknown},
		{map[string]string{"fine-core-11.0.jar": "", "fine-datalink-4.1.jar": ""}, cluster.FineDataLink, "4.1", NativeUnknown},
		{map[string]string{"commons-io-2.11.0.jar": ""}, "", "", 0},
	} {
		root := t.TempDir()
		tree(t, root, c.libs)
		in := installAt(root)
		if c.product == "" {
			if in != nil {
				t.Errorf("%v: found %+v", c.libs, in)
			}
			continue
		}
		if in == nil || in.Product != c.product || in.Version != c.version || in.Native != c.native {
			t.Errorf("%v: got %+v", c.libs, in)
		}
	}
}

// A tree with the embedded database brings the ports that its table names.
func TestDetectAProductWithItsPorts(t *testing.T) {
	root := t.TempDir()
	app := tree(t, filepath.Join(root, "opt", "FineReport_11.0"), map[string]string{"fine-core-11.0.jar": "11.0.1"})
	db := filepath.Join(app, "WEB-INF", "embed", "finedb")
	if err := os.MkdirAll(db, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "CREATE SCHEMA PUBLIC AUTHORIZATION DBA\n" +
		"CREATE MEMORY TABLE PUBLIC.FINE_CONF_ENTITY(ID VARCHAR(255) NOT NULL PRIMARY KEY,VALUE VARCHAR(65536))\n" +
		"SET SCHEMA PUBLIC\n" +
		"INSERT INTO FINE_CONF_ENTITY VALUES('WebSocketConfig.port','[\"28888\",\"29888\"]')\n" +
		"INSERT INTO FINE_CONF_ENTITY VALUES('WebSocketConfig.requestPorts','28889')\n"
	if err := os.WriteFile(filepath.Join(db, "db.script"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	f := Detect(t.Context(), probes.Target{Config: cluster.Default(cluster.FineReport), Root: root}, "")
	if f.Install == nil || f.Install.Native != NativeNo {
		t.Fatalf("%+v\n%v", f.Install, f.Notes)
	}
	s := session(t, f, nil)
	looked(t, s, "")
	walk(t, s, map[string]string{"balancer": "embedded", "place": "here"}, nil)
	if c := s.Config().WebSocket; !slices.Equal(c.Ports, []int{28888, 29888}) || !slices.Equal(c.ForwardingPorts, []int{28889}) {
		t.Errorf("%+v\n%v", c, f.Notes)
	}
}

// What runs is suggested with its servers' addresses, whatever they are called.
func TestDetectRunningBalancers(t *testing.T) {
	if !probetest.InNetns(t) { // other tests' balancers have another network, and are not taken for this host's
		return
	}
	ln := probetest.Listen(t)
	port := ln.Addr().(*net.TCPAddr).Port
	nginx := probetest.Nginx(t, fmt.Sprintf(`map $http_upgrade $connection_upgrade { default upgrade; '' close; }
upstream service { server 10.11.12.13:38888; server 10.11.12.14:38888; }
server { listen %s; location / { proxy_pass http://service; proxy_http_version 1.1; proxy_read_timeout 30m;
proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; } }`, ln.Addr()), ln)
	f := Detect(t.Context(), probes.Target{Config: cluster.Default(cluster.FineReport)}, "")
	if !strings.Contains(words(f), "nginx runs here") {
		t.Fatalf("not told: %v", f.Notes)
	}
	s := session(t, f, nil)
	looked(t, s, "")
	got := suggested(t, s)
	for id, want := range map[string]string{"nodes": "node1=10.11.12.13, node2=10.11.12.14 | as in ", "balancer": "nginx | as in " + nginx.Dir,
		"ports": "38888 | as in ", "forwarding": fmt.Sprintf("%d | as in ", port), "idle": "30m | as in "} {
		if !strings.HasPrefix(got[id], want) {
			t.Errorf("%s is %q, expected %q", id, got[id], want)
		}
	}

	if _, asked := got["place"]; asked || !s.Draft().Here || s.Config().Balancer.Config != filepath.Join(nginx.Dir, "nginx.conf") {
		t.Errorf("what is known is asked: %v, %+v", got, s.Config().Balancer)
	}

	second := probetest.Listen(t)
	probetest.HAProxy(t, "defaults\n mode http\n timeout client 1m\n timeout server 1m\n timeout connect 1s\nlisten ws\n bind fd@3\n bind 127.0.0.1:18889\n timeout tunnel 40m\n server alice 10.11.12.15:18888\n server bob 10.11.12.16:18888\n", second)
	f = Detect(t.Context(), probes.Target{Config: cluster.Default(cluster.FineReport)}, "")
	r, ok := f.Runs(cluster.HAProxy)
	if !ok || len(r.Ways) != 1 || len(r.Ways[0].Servers) != 2 || r.Ways[0].Servers[1].Address != "10.11.12.16:18888" || r.Ways[0].Idle != 40*time.Minute {
		t.Errorf("HAProxy: %+v\n%v", r, f.Notes)
	}
}

func words(f Found) string {
	var b strings.Builder
	for _, n := range f.Notes {
		b.WriteString(n.String() + "\n")
	}
	return b.String()
}
