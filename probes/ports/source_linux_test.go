package ports

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/sysctl"
)

// TestOtherRoot reads a recorded host: the tables and the processes are its own, and no trial is made on this one.
func TestOtherRoot(t *testing.T) {
	tcp, err := os.ReadFile("sockdiag/testdata/tcp.txt")
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(nginxRoot)
	files["proc/net/tcp"] = strings.Replace(string(tcp), " 106582 ", " 900 ", 1) // the listener on 127.0.0.1:38888
	files["proc/sys/net/ipv4/ip_local_port_range"] = "32768\t60999\n"
	files["proc/sys/net/ipv4/ip_local_reserved_ports"] = "8080\n"
	root, _ := fakeRoot(t, files)
	o, err := Observe(t.Context(), probes.Target{Root: root, Config: cluster.Default(cluster.FineReport)}, Options{Ports: []int{38888, 40001}})
	if err != nil {
		t.Fatal(err)
	}
	if o.Source != "/proc/net/tcp" || !o.Timers || len(o.Unseen) == 0 || o.Ephemeral != (sysctl.Range{Low: 32768, High: 60999}) || !slices.Equal(o.Reserved, sysctl.Ports{{Low: 8080, High: 8080}}) {
		t.Errorf("got source %s, unseen %v, ranges %v and %v", o.Source, o.Unseen, o.Ephemeral, o.Reserved)
	}
	p := o.Ports[0]
	if p.State != Held || p.CloseWait.Count != 1 || len(p.Listeners[0].Processes) != 2 || p.Listeners[0].Processes[0].Unit != "nginx.service" {
		t.Errorf("got %+v", p)
	}
	if tw := o.Ports[1]; tw.TimeWait.Accepted != 1 || tw.TimeWait.Left.String() != "59.0 s" || tw.May.WithReuse {
		t.Errorf("got %+v", tw)
	}
	for _, trial := range p.Trials {
		if trial.Outcome != Impossible {
			t.Errorf("a trial was made: %+v", trial)
		}
	}
	if status, reason := triable(o); status != probes.Unknown || reason.IsZero() {
		t.Errorf("bindable is %s: %s; want unknown, with the reason", status, reason)
	}
}

func TestNoProc(t *testing.T) {
	_, err := Observe(t.Context(), probes.Target{Root: t.TempDir()}, Options{Ports: []int{1}})
	var reason *probes.Reason
	if !errors.As(err, &reason) || reason.Status != probes.Unknown || !strings.Contains(err.Error(), "/proc/net/tcp") {
		t.Errorf("got error %v, want unknown, naming the file", err)
	}
}
