package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"example.com/wsdoctor/probes/cluster"
)

// strict builds the program that decodes objects in the strict mode of Kubernetes' own library.
func strict(t *testing.T) func(objects string) (string, error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "strict")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = "strict"
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building strict: %v\n%s", err, out)
	}
	return func(objects string) (string, error) {
		cmd := exec.Command(program)
		cmd.Stdin = strings.NewReader(objects)
		out, err := cmd.CombinedOutput()
		return strings.Join(strings.Fields(string(out)), " "), err
	}
}

func TestKubernetesDecodes(t *testing.T) {
	decode := strict(t)
	for name, cfg := range cases(t) {
		for target, want := range map[string]string{"kubernetes": "ConfigMap Deployment PodDisruptionBudget Service", "ingress-nginx": "Ingress", "gateway": "HTTPRoute"} {
			tg, _ := Lookup(target)
			fs, err := tg.Render(cfg, Options{Namespace: "websocket"})
			if err != nil {
				if name == "cluster" || name == "single" || target == "kubernetes" {
					t.Errorf("%s: %v", name, err)
				}
				continue // named nodes, which are in the goldens
			}
			kinds, err := decode(string(fs[0].Data))
			if err != nil || !strings.HasSuffix(kinds, want) {
				t.Errorf("%s for %s: %v: %s\n%s", target, name, err, kinds, fs[0].Data)
			}
		}
	}
	wrong := strings.Replace(string(files(t, "kubernetes", cases(t)["single"], Options{})[0].Data), "replicas: 2", "replica: 2", 1)
	if out, err := decode(wrong); err == nil || !strings.Contains(out, "replica") {
		t.Errorf("a wrong field passes: %s", out)
	}
}

// What stands in the ConfigMap are settings that the proxy of the pod starts with, on the ports and the admin address
// that the Deployment names.
func TestKubernetesSettings(t *testing.T) {
	for name, cfg := range cases(t) {
		doc, _, _ := strings.Cut(string(files(t, "kubernetes", cfg, Options{})[0].Data), "\n---\n")
		var object struct {
			Data map[string]string `yaml:"data"`
		}
		if err := yaml.Unmarshal([]byte(doc), &object); err != nil {
			t.Fatal(err)
		}
		got, err := cluster.Parse("wsdoctor.yaml", []byte(object.Data["wsdoctor.yaml"]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Proxy.Admin != ":9380" || got.Proxy.Bind != "all" || len(got.Proxy.Listen) == 0 || len(got.Proxy.Backends) != len(cfg.Backends()) ||
			cfg.Proxy.TLS.Cert != "" && got.Proxy.TLS.Cert != "/etc/wsdoctor-tls/tls.crt" {
			t.Errorf("%s: %+v", name, got.Proxy)
		}
	}
	cfg := cases(t)["single"]
	cfg.Proxy.Listen = []string{"9380"}
	if _, err := kubernetes.Render(cfg, Options{}); err == nil {
		t.Error("the admin port as a port for clients is taken")
	}
}
