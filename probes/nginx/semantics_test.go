package nginx

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// TestSingles asks nginx about each directive of which we say that it refuses a second one.
func TestSingles(t *testing.T) {
	nginx := probetest.Need(t, "nginx")
	flags := " proxy_buffering proxy_request_buffering proxy_ssl_verify proxy_ssl_server_name sendfile tcp_nopush tcp_nodelay gzip autoindex proxy_socket_keepalive "
	values := map[string]string{
		"proxy_pass": "http://127.0.0.1", "proxy_http_version": "1.1", "root": "/x", "alias": "/x", "try_files": "$uri =404", "worker_processes": "1",
		"worker_rlimit_nofile": "100", "worker_shutdown_timeout": "1h", "pid": "nginx.pid", "user": "root", "worker_connections": "10", "keepalive": "4",
		"proxy_cache": "off", "proxy_ssl_name": "x", "default_type": "a/b", "proxy_buffers": "8 4k", "proxy_buffer_size": "4k", "proxy_busy_buffers_size": "8k",
		"server_tokens": "on", "proxy_next_upstream_tries": "3", "underscores_in_headers": "on", "client_max_body_size": "10m",
	}
	for _, name := range singles {
		if name == "http2" {
			continue // since 1.25.1, later than the nginx of some distributions
		}
		value := values[name]
		switch {
		case value == "" && strings.Contains(flags, " "+name+" "):
			value = "on"
		case value == "":
			value = "10s"
		}
		twice := strings.Repeat(fmt.Sprintf("%s %s;\n", name, value), 2)
		at := map[string]string{}
		switch name {
		case "worker_processes", "worker_rlimit_nofile", "worker_shutdown_timeout", "pid", "user":
			at["main"] = twice
		case "worker_connections":
			at["events"] = twice
		case "keepalive":
			at["upstream"] = twice
		case "underscores_in_headers", "client_header_timeout", "ssl_session_timeout":
			at["server"] = twice
		default:
			at["location"] = twice
		}
		text := fmt.Sprintf("%s events { %s } http { upstream u { server 127.0.0.1; %s } server { %s location / { %s } } }\n", at["main"], at["events"], at["upstream"], at["server"], at["location"])
		dir := t.TempDir()
		file := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), nginx, "-t", "-p", dir, "-c", file, "-e", "stderr").CombinedOutput()
		if want := fmt.Sprintf("%q directive is duplicate", name); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("nginx does not say %s: %s", want, out)
		}
		found := false
		for _, f := range lintText(t, text, Input{}) {
			found = found || f.ID == "nginx/syntax" && strings.Contains(f.Title.String(), "directive is duplicate")
		}
		if !found {
			t.Errorf("a second %s is not found", name)
		}
	}
}
