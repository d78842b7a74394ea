package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/wizard/export"
)

// exportSettings is a settings file for the tests of export.
func exportSettings(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	text := "version: 1\nproduct: finereport\nnodes: [{name: a, host: 192.0.2.1}, {name: b, host: 192.0.2.2}]\nbalancer: {kind: nginx, url: 'ws://192.0.2.9:38889/'}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExportLists(t *testing.T) {
	code, out, _ := command(t.Context(), "export")
	if code != 0 || strings.Count(out, "\n") != len(export.Targets) {
		t.Errorf("code %d, %s", code, out)
	}
	for _, target := range export.Targets {
		if !strings.Contains(out, target.Name+" ") || !strings.Contains(out, target.Title) {
			t.Errorf("%s is not listed", target.Name)
		}
	}
}

// The file alone goes to stdout, so that it can be put where it belongs.
func TestExportPrints(t *testing.T) {
	config := exportSettings(t)
	code, out, errs := command(t.Context(), "--config", config, "export", "nginx")
	if code != 0 || !strings.HasPrefix(out, "# written by") || !strings.Contains(out, "server 192.0.2.2:38889") || strings.Contains(out, "=====") {
		t.Errorf("code %d\n%s", code, out)
	}
	for _, want := range []string{"# belongs at /etc/nginx/nginx.conf (balancer)\n", "\nnginx -t\n", "\nsystemctl reload-or-restart nginx\n", "# and once the old files are back: nginx -t\n"} {
		if !strings.Contains(errs, want) {
			t.Errorf("stderr lacks %q:\n%s", want, errs)
		}
	}
	code, out, errs = command(t.Context(), "--config", config, "export", "systemd", "--program", "/opt/wsdoctor")
	if code != 0 || !strings.HasPrefix(out, "# ===== /etc/systemd/system/wsdoctor-proxy.socket (balancer) =====\n") || !strings.Contains(out, "ExecStart=/opt/wsdoctor proxy") || !strings.Contains(errs, "# to take it back: systemctl disable --now wsdoctor-proxy.socket") {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
	code, out, errs = command(t.Context(), "--config", config, "export", "firewall", "--firewall", "ufw")
	if code != 0 || !strings.Contains(out, "\nufw allow from 192.0.2.9 to any port 38888 proto tcp\n# to take it back: ufw delete allow") || errs != "" {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
}

func TestExportRowsGiveTheWayBack(t *testing.T) {
	rows := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(rows, []byte("id,value\nWebSocketConfig.port,\"[\"\"1\"\"]\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t.Context(), "--config", exportSettings(t), "export", "finedb-sql", "--rows", rows)
	if code != 0 || !strings.Contains(out, "UPDATE fine_conf_entity SET value = '[\"1\"]' WHERE id = 'WebSocketConfig.port';") || !strings.Contains(out, "-- ===== finedb-undo.sql") {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
}

func TestExportWrites(t *testing.T) {
	config, dir := exportSettings(t), filepath.Join(t.TempDir(), "new")
	for _, want := range []int{0, 2} { // the second time there is something in the way
		code, out, errs := command(t.Context(), "--config", config, "export", "ansible", "--output", dir)
		if code != want || out != "" {
			t.Errorf("code %d, expected %d: %s%s", code, want, out, errs)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*.yml")); len(found) != 2 {
		t.Errorf("written: %v", found)
	}
}

func TestExportMistakes(t *testing.T) {
	config := exportSettings(t)
	for want, args := range map[string][]string{
		`unknown target "ngix"; did you mean "nginx"?`:             {"export", "ngix"},
		`the dialect: found "x", expected one of`:                  {"export", "finedb-sql", "--dialect", "x"},
		`--firewall, one of ufw, firewalld, nft, iptables`:         {"export", "firewall"},
		`the firewall: found "pf", expected one of`:                {"export", "firewall", "--firewall", "pf"},
		`the program: found "wsdoctor", expected an absolute path`: {"export", "systemd", "--program", "wsdoctor"},
		`accepts at most 1 arg(s), received 2`:                     {"export", "nginx", "caddy"},
	} {
		code, out, errs := command(t.Context(), append([]string{"--config", config}, args...)...)
		if code != probes.ExitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: code %d, %s%s, expected %q", args, code, out, errs, want)
		}
	}
}
