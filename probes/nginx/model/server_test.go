package model_test

import (
	"fmt"
	"math/rand"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
	"example.com/wsdoctor/probes/probetest"
)

// TestServers compares the choice of the server with nginx's: exact names, wildcards at either end, regexes, the
// default.
func TestServers(t *testing.T) {
	probetest.Need(t, "nginx")
	r := rand.New(rand.NewSource(11))
	pick := func(list ...string) string { return list[r.Intn(len(list))] }
	for round := range 6 {
		dir := t.TempDir()
		used := map[string]bool{}
		var b strings.Builder
		b.WriteString("daemon off; master_process off; pid nginx.pid; error_log stderr emerg;\nevents {}\nhttp {\n  access_log off;\n" +
			"  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n")
		for i := range 8 {
			fmt.Fprintf(&b, "  server {\n    listen unix:%s/s.sock%s;\n    return 200 S%d;\n", dir, map[bool]string{true: " default_server"}[i == round], i)
			for range r.Intn(3) {
				name := pick("a.test", "b.a.test", "*.a.test", ".b.test", "a.*", "b.a.*", "*.test", `~^b\..*$`, `~c`, "_", "A.b.test", "~^(?<x>[a-z]+)\\.c\\.test$")
				if !used[name] {
					used[name] = true
					fmt.Fprintf(&b, "    server_name %s;\n", name)
				}
			}
			b.WriteString("  }\n")
		}
		b.WriteString("}\n")
		runNginx(t, dir, b.String(), filepath.Join(dir, "s.sock"))
		c, err := conf.Parse("nginx.conf", []byte(b.String()), conf.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := model.New(c)
		for _, host := range []string{"a.test", "b.a.test", "c.b.a.test", "b.test", "x.b.test", "a.b.test", "a.example", "b.a.example", "b.example", "cc", "z.test", "x.c.test", "none"} {
			_, body := ask(t, filepath.Join(dir, "s.sock"), host, "/")
			got := -1
			srv := m.FindServer(0, host)
			for i := range m.Servers {
				if m.Servers[i] == srv {
					got = i
				}
			}
			if want := string(body); want != fmt.Sprintf("S%d", got) {
				t.Errorf("%s: the model says S%d, nginx %s\n%s", host, got, want, b.String())
			}
		}
	}
}
