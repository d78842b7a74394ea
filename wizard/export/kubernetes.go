package export

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// Where things are in the container. The settings are a folder and no single file, because Kubernetes renews only a
// folder when they change, which the proxy then sees.
const (
	podSettings = "/etc/wsdoctor"
	podTLS      = "/etc/wsdoctor-tls"
	podAdmin    = 9380
	podUser     = 65534 // nobody
)

// leaveTime is how long a pod goes on before it drains: until then the endpoints of the Service are without it everywhere.
const leaveTime = 10 * time.Second

var kubernetes = Target{
	Name:  "kubernetes",
	Title: "the embedded proxy on Kubernetes 1.30 or later: a Deployment and a Service, with probes, drain and anti-affinity",
	render: func(s setup, o Options) ([]File, error) {
		if err := s.needsCertificate(); err != nil {
			return nil, err
		}
		cfg := s.cfg
		cfg.Proxy.Listen, cfg.Proxy.Bind, cfg.Proxy.Admin = nil, "all", fmt.Sprintf(":%d", podAdmin)
		for _, p := range s.ports() {
			if p == podAdmin {
				return nil, fmt.Errorf("proxy.listen: found %d, which is the port of probes and metrics in the pod, expected another", p)
			}
			cfg.Proxy.Listen = append(cfg.Proxy.Listen, strconv.Itoa(p))
		}
		cfg.Proxy.Backends = nil
		for _, b := range s.backends { // by address: which port a node listens on is decided here, not in the pod
			cfg.Proxy.Backends = append(cfg.Proxy.Backends, b.Backend)
		}
		var notes []probes.Text
		if len(cfg.Proxy.TLS.Certificates) > 0 {
			cfg.Proxy.TLS.Certificates = nil
			notes = append(notes, probes.T("this has the first certificate alone: proxy.tls.certificates is left out"))
		}
		f := File{Name: "wsdoctor-proxy.yaml", Path: "wsdoctor-proxy.yaml", On: Elsewhere, Mode: 0o644}
		if s.tls() {
			cfg.Proxy.TLS.Cert, cfg.Proxy.TLS.Key = podTLS+"/tls.crt", podTLS+"/tls.key"
			f.Steps = append(f.Steps, Step{
				Do:   fmt.Sprintf("kubectl%s create secret tls wsdoctor-tls --cert=%s --key=%s", o.inNamespace(), shell(s.cfg.Proxy.TLS.Cert), shell(s.cfg.Proxy.TLS.Key)),
				Undo: fmt.Sprintf("kubectl%s delete secret wsdoctor-tls", o.inNamespace()),
			})
		}
		raw, err := cluster.Encode(cfg)
		if err != nil {
			return nil, err
		}
		f.Data = []byte(header("kubernetes", "#", notes...) + s.podManifests(o, string(raw)))
		f.Steps = append(f.Steps, o.kubectl(f.Path))
		return []File{f}, nil
	},
}

func (o Options) inNamespace() string {
	if o.Namespace == "" {
		return ""
	}
	return " -n " + o.Namespace
}

func (o Options) kubectl(file string) Step {
	return Step{Do: "kubectl" + o.inNamespace() + " apply -f " + shell(filepath.Base(file)), Undo: "kubectl" + o.inNamespace() + " delete -f " + shell(filepath.Base(file))}
}

// ports are the ports that clients come to, each once.
func (s setup) ports() []int {
	var out []int
	seen := map[int]bool{}
	for _, l := range s.listens {
		if !seen[l.Port] {
			seen[l.Port] = true
			out = append(out, l.Port)
		}
	}
	return out
}

// podManifests writes the objects. The settings stand in a block whose every line is indented, so that nothing in them
// can end it.
func (s setup) podManifests(o Options, settings string) string {
	var service, container strings.Builder
	lowest := 65535
	for i, p := range s.ports() {
		fmt.Fprintf(&service, "    - {name: ws-%d, port: %d, targetPort: ws-%d}\n", i+1, p, i+1)
		fmt.Fprintf(&container, "            - {name: ws-%d, containerPort: %d}\n", i+1, p)
		lowest = min(lowest, p)
	}
	sysctls, mounts, volumes := "", "", ""
	if lowest < 1024 {
		sysctls = fmt.Sprintf("        sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: \"%d\"}]\n", lowest)
	}
	if s.tls() {
		mounts = "            - {name: tls, mountPath: " + podTLS + ", readOnly: true}\n"
		volumes = "        - name: tls\n          secret: {secretName: wsdoctor-tls, defaultMode: 288} # 0440\n"
	}
	drain := s.cfg.Proxy.Timeouts.Drain
	return fmt.Sprintf(`apiVersion: v1
kind: ConfigMap
metadata:
  name: wsdoctor-proxy
data:
  wsdoctor.yaml: |
%[1]s---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: wsdoctor-proxy
  labels: {app.kubernetes.io/name: wsdoctor-proxy}
spec:
  replicas: 2 # all take a client to the same node, without talking to each other
  selector:
    matchLabels: {app.kubernetes.io/name: wsdoctor-proxy}
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  template:
    metadata:
      labels: {app.kubernetes.io/name: wsdoctor-proxy}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "%[2]d"
    spec:
      automountServiceAccountToken: false
      # until the pod is in no endpoints any more, then timeouts.drain, in which clients get a Close frame
      terminationGracePeriodSeconds: %[3]d
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels: {app.kubernetes.io/name: wsdoctor-proxy}
      securityContext:
        runAsNonRoot: true
        runAsUser: %[4]d
        runAsGroup: %[4]d
        fsGroup: %[4]d
        seccompProfile: {type: RuntimeDefault}
%[5]s      containers:
        - name: proxy
          image: %[6]q
          args: ["proxy", "--config", "%[7]s/wsdoctor.yaml"]
          ports:
%[8]s            - {name: admin, containerPort: %[2]d}
          startupProbe:
            httpGet: {path: /healthz, port: admin}
            periodSeconds: 1
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /healthz, port: admin}
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe: # fails while it drains, or no node is up
            httpGet: {path: /readyz, port: admin}
            periodSeconds: 3
            timeoutSeconds: 2
          lifecycle:
            preStop:
              sleep: {seconds: %[9]d}
          resources:
            requests: {cpu: 100m, memory: 64Mi}
            limits: {memory: %[10]dMi}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: ["ALL"]}
          volumeMounts:
            - {name: settings, mountPath: %[7]s, readOnly: true}
%[11]s      volumes:
        - name: settings
          configMap: {name: wsdoctor-proxy}
%[12]s---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: wsdoctor-proxy
spec:
  minAvailable: 1
  selector:
    matchLabels: {app.kubernetes.io/name: wsdoctor-proxy}
---
apiVersion: v1
kind: Service
metadata:
  name: wsdoctor-proxy
  labels: {app.kubernetes.io/name: wsdoctor-proxy}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local # the proxy sees each client's own address, by which it takes the node
  selector: {app.kubernetes.io/name: wsdoctor-proxy}
  ports:
%[13]s`, indent(settings, "    "), podAdmin, int((drain+leaveTime+stopSlack)/time.Second), podUser, sysctls, o.Image, podSettings,
		container.String(), int(leaveTime/time.Second), podMemory(s.clients()), mounts, volumes, service.String())
}

// podMemory is in MiB: what the program takes, and 64 KiB for each client, of which an idle tunnel takes half a KiB and
// the sockets' buffers the rest.
func podMemory(clients int) int { return 256 + clients/16 }
