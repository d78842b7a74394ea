package ports

import (
	"context"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/ports/sockdiag"
)

// fakeSystem is a host with the given sockets, all of pid 812, on which every bind succeeds.
func fakeSystem(list ...sockdiag.Socket) system {
	return system{
		sockets: func(context.Context, probes.Target, []int) (table, error) {
			tab := table{source: "made up", timers: true, on: map[int]*standing{}}
			for _, s := range list {
				if s.State == sockdiag.Listen {
					tab.listeners = append(tab.listeners, socket{Socket: s})
				}
			}
			for _, s := range list {
				if s.State != sockdiag.Listen {
					tab.add(&socket{Socket: s})
				}
			}
			return tab, nil
		},
		bind: func(netip.Addr, int, bool) error { return nil },
		present: func(context.Context, probes.Target, *table) *presenter {
			return &presenter{
				holders:  func(s socket) []int { return slices.DeleteFunc([]int{812}, func(int) bool { return s.Inode == 0 }) },
				describe: func(pid int) Process { return Process{PID: pid, Name: "java"} },
				all:      true,
			}
		},
	}
}

func listening(addr string) sockdiag.Socket {
	a := netip.MustParseAddrPort(addr)
	return sockdiag.Socket{State: sockdiag.Listen, Local: a, IPv6: a.Addr().Is6(), Inode: 900}
}

func TestObserveAsksEachListener(t *testing.T) {
	cfg := cluster.Default(cluster.FineReport)
	cfg.WebSocket.Path = "/ws?a=1"
	cfg.Balancer = cluster.Balancer{Kind: cluster.Other, URL: "wss://127.0.0.1:443/", SharesHost: true}
	var mu sync.Mutex
	var asked []string
	opts := Options{Upgrades: func(_ context.Context, url string) bool {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, url)
		return strings.Contains(url, "38888")
	}}
	o, err := observe(t.Context(), probes.Target{Config: cfg}, opts, fakeSystem(listening("0.0.0.0:38888"), listening("[::1]:39888"), listening("127.0.0.1:443"), listening("0.0.0.0:22")))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(asked)
	if want := []string{"ws://127.0.0.1:38888/ws?a=1", "ws://[::1]:39888/ws?a=1", "wss://127.0.0.1:443/ws?a=1"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	got := map[int]Belonging{}
	for _, p := range o.Ports {
		got[p.Port] = p.Belongs
	}
	if want := map[int]Belonging{38888: Service, 39888: LikelyOurs, 443: CannotTell, 38889: NothingThere}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(o.Listeners) != 4 || o.Listeners[0].Addr.Port() != 22 {
		t.Errorf("got listeners %v, want all four by port", o.Listeners)
	}
}

func TestObserveSortsWhatStandsOnAPort(t *testing.T) {
	local := netip.MustParseAddrPort("127.0.0.1:38888")
	sock := func(state sockdiag.State, remote string, inode uint32) sockdiag.Socket {
		return sockdiag.Socket{State: state, Local: local, Remote: netip.MustParseAddrPort(remote), Inode: inode}
	}
	sys := fakeSystem(listening("127.0.0.1:5432"),
		sock(sockdiag.CloseWait, "127.0.0.1:50000", 7), sock(sockdiag.Established, "127.0.0.1:50001", 7),
		sock(sockdiag.Established, "127.0.0.1:5432", 7), sock(sockdiag.TimeWait, "127.0.0.1:5432", 0))
	o, err := observe(t.Context(), probes.Target{Config: cluster.Default(cluster.FineReport)}, Options{Ports: []int{38888, 38888}}, sys)
	if err != nil || len(o.Ports) != 1 {
		t.Fatalf("got %v, %v, want one port", o.Ports, err)
	}
	p := o.Ports[0]
	if p.CloseWait.Count != 1 || p.Leftover.Established != 1 || len(p.Outgoing) != 2 || p.TimeWait.Outgoing != 1 || len(p.Leftover.Processes) != 1 {
		t.Errorf("got %+v", p)
	}
	if !slices.Equal(p.Roles, []Role{WebSocket}) || p.Need != Needed {
		t.Errorf("got roles %v and need %s, want those of the settings for a port that was asked about too", p.Roles, p.Need)
	}
}

func TestObserveAskedPort(t *testing.T) {
	o, err := observe(t.Context(), probes.Target{Config: cluster.Default(cluster.FineReport)}, Options{Ports: []int{22}}, fakeSystem(listening("0.0.0.0:22")))
	if err != nil {
		t.Fatal(err)
	}
	if p := o.Ports[0]; p.State != Held || p.Need != NotNeeded || !slices.Equal(p.Roles, []Role{Asked}) {
		t.Errorf("got %+v", p)
	}
	if o.NodeWouldTake != 38888 {
		t.Errorf("a node would take %d, want 38888", o.NodeWouldTake)
	}
}

func TestObserveFails(t *testing.T) {
	sys := fakeSystem()
	sys.sockets = func(context.Context, probes.Target, []int) (table, error) {
		return table{}, probes.CannotLook("no table")
	}
	if _, err := observe(t.Context(), probes.Target{}, Options{}, sys); err == nil {
		t.Error("got no error")
	}
}

func TestProbeOnAHostOfNobody(t *testing.T) {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes[0].Host = "192.0.2.1"
	target := probes.Target{Config: cfg, Local: func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("192.0.2.9")}, nil }}
	r := probes.Run(t.Context(), target, []probes.Probe{Probe(Options{})}, probes.Options{}, nil)
	for _, res := range r.Results {
		if res.Status != probes.Skipped || !strings.Contains(res.Reason.String(), "192.0.2.9") {
			t.Errorf("%s is %s: %s; want it skipped, naming this host's address", res.ID, res.Status, res.Reason)
		}
	}
	if _, ok := probes.Observed[Observation](r); !ok || len(r.Results) != 6 {
		t.Errorf("got %d results, want six and the observation", len(r.Results))
	}
}

func TestObservationJSON(t *testing.T) {
	o := node(inTimeWait(38888, Needed, Bindable), byOutgoing(39888, Backup, "ESTAB", java))
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Ports []struct {
			TimeWait struct {
				Left float64 `json:"left"`
			} `json:"time_wait"`
			Outgoing []struct {
				Remote string `json:"remote"`
			} `json:"outgoing"`
		} `json:"ports"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Ports[0].TimeWait.Left != 41.2 || got.Ports[1].Outgoing[0].Remote != "10.0.0.7:3306" {
		t.Errorf("got %s", raw)
	}
}
