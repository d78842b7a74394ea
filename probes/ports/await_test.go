//go:build unix

package ports

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
)

// scripted is a host whose ports stay in use for a number of trials each.
type scripted struct {
	left   map[int]int
	looks  int
	binds  int
	reuses []bool
}

func (s *scripted) bind(_ netip.Addr, port int, reuse bool) error {
	s.binds++
	s.reuses = append(s.reuses, reuse)
	if s.left[port] == 0 {
		return nil
	}
	s.left[port]--
	return os.NewSyscallError("bind", syscall.EADDRINUSE)
}

func (s *scripted) look(_ context.Context, list []int) (Observation, error) {
	s.looks++
	o := Observation{At: time.Now()}
	for _, p := range list {
		o.Ports = append(o.Ports, Port{Port: p, State: Held})
	}
	return o, nil
}

func TestWaitReturnsWhenAllAreFree(t *testing.T) {
	s := &scripted{left: map[int]int{1: 0, 2: 5, 3: 3}}
	var reported [][]int
	w := Wait{Ports: []int{1, 2, 3}, bind: s.bind, look: s.look, Report: func(list []Port) {
		var ports []int
		for _, p := range list {
			ports = append(ports, p.Port)
		}
		reported = append(reported, ports)
	}}
	if left, err := w.Until(t.Context()); err != nil || left != nil {
		t.Errorf("got %v, %v", left, err)
	}
	if s.left[2] != 0 || s.left[3] != 0 {
		t.Errorf("returned while %v trials were to fail", s.left)
	}
	if want := [][]int{{2, 3}, {2}}; !slices.EqualFunc(reported, want, slices.Equal) {
		t.Errorf("reported %v, want %v", reported, want)
	}
	if slices.Contains(s.reuses, true) {
		t.Error("tried with SO_REUSEADDR unasked")
	}
}

func TestWaitWithReuse(t *testing.T) {
	s := &scripted{}
	w := Wait{Ports: []int{1}, ReuseAddr: true, bind: s.bind, look: s.look}
	if _, err := w.Until(t.Context()); err != nil || slices.Contains(s.reuses, false) || s.looks != 0 {
		t.Errorf("got error %v, trials with reuse %v, %d looks; want trials with SO_REUSEADDR and no look", err, s.reuses, s.looks)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &scripted{left: map[int]int{1: 1 << 30}}
	w := Wait{Ports: []int{1}, bind: s.bind, look: s.look, Report: func([]Port) { cancel() }}
	if left, err := w.Until(ctx); !errors.Is(err, context.Canceled) || len(left) != 1 || left[0].Port != 1 {
		t.Errorf("got %v, %v; want what stood in the way, and context.Canceled", left, err)
	}
}

func TestWaitGivesUpWhereNoTrialCanSucceed(t *testing.T) {
	w := Wait{Ports: []int{80}, bind: func(netip.Addr, int, bool) error { return os.NewSyscallError("bind", syscall.EACCES) }}
	if _, err := w.Until(t.Context()); !errors.Is(err, syscall.EACCES) {
		t.Errorf("got error %v, want EACCES", err)
	}
}

func TestWaitOnAHostThatCannotBeSeen(t *testing.T) {
	s := &scripted{left: map[int]int{1: 3}}
	w := Wait{Ports: []int{1}, bind: s.bind, look: func(context.Context, []int) (Observation, error) {
		return Observation{}, errors.New("no /proc")
	}}
	if _, err := w.Until(t.Context()); err != nil {
		t.Errorf("got error %v, want the trials to decide", err)
	}
}

func TestNextPoll(t *testing.T) {
	now := time.Now()
	in := func(d time.Duration) Port { return Port{May: May{In: probes.Seconds(d)}} }
	for name, c := range map[string]struct {
		ports []Port
		want  time.Duration
	}{
		"long before the moment":           {[]Port{in(40 * time.Second)}, farPoll},
		"just before it":                   {[]Port{in(nearBefore + 30*time.Millisecond)}, 30 * time.Millisecond},
		"about then":                       {[]Port{in(nearBefore)}, nearPoll},
		"a process decides":                {[]Port{in(0)}, untimedPoll},
		"the last port decides":            {[]Port{in(nearBefore), in(40 * time.Second)}, farPoll},
		"a timer, and a process meanwhile": {[]Port{in(0), in(40 * time.Second)}, farPoll},
	} {
		if got := nextPoll(Observation{At: now, Ports: c.ports}, now); got != c.want {
			t.Errorf("%s: pauses %s, want %s", name, got, c.want)
		}
	}
}

func TestTimersNeedNoSecondLook(t *testing.T) {
	at := time.Now()
	seen := Observation{At: at, Ports: []Port{{Port: 1, May: May{In: probes.Seconds(40 * time.Second)}}}}
	for after, want := range map[time.Duration]bool{0: true, 40 * time.Second: true, 46 * time.Second: false} {
		if got := goesByTimers(seen, at.Add(after)); got != want {
			t.Errorf("after %s: got %v", after, got)
		}
	}
	held := seen
	held.Ports = append(slices.Clone(seen.Ports), Port{Port: 2, State: Held})
	if goesByTimers(held, at) {
		t.Error("a port that a process holds goes by no timer")
	}
	if got := aged(held, at.Add(30*time.Second)); got[0].May.In != probes.Seconds(10*time.Second) || got[1].May.In != 0 {
		t.Errorf("after 30 s: got %+v", got)
	}
	if got := aged(seen, at.Add(time.Minute)); got[0].May.In <= 0 {
		t.Errorf("a timer that runs late reads %+v, want something left", got)
	}
}
