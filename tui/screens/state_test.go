package screens

import (
	"slices"
	"testing"

	"example.com/wsdoctor/probes"
)

func TestClosure(t *testing.T) {
	st := State{Areas: []Area{{Name: "ports"}, {Name: "handshake", Needs: []string{"ports", "gone"}}, {Name: "balancer", Needs: []string{"handshake"}}, {Name: "kernel"}}}
	for _, c := range []struct{ areas, want []string }{
		{nil, []string{"ports", "handshake", "balancer", "kernel"}},
		{[]string{"kernel"}, []string{"kernel"}},
		{[]string{"balancer"}, []string{"ports", "handshake", "balancer"}},
		{[]string{"nothing"}, nil},
	} {
		if got := st.Closure(c.areas); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.areas, got, c.want)
		}
	}
}

// A state that was handed out never changes behind its reader's back.
func TestStatesAreCopies(t *testing.T) {
	before := State{Areas: []Area{{Name: "a"}}}.Started([]string{"a"})
	running := before.With(probes.Event{Area: "a"})
	done := running.With(probes.Event{Area: "a", Finished: true, Results: []probes.Result{{ID: "a/b"}}})
	if before.Phases["a"] != Waiting || running.Phases["a"] != Running || done.Phases["a"] != Done || len(running.Results) != 0 || len(done.Results) != 1 {
		t.Errorf("got %v, %v, %v", before.Phases, running.Phases, done.Phases)
	}
	if d, n := done.Progress(); d != 1 || n != 1 {
		t.Errorf("progress %d of %d", d, n)
	}
	if end := done.Finished(probes.Report{}); end.Busy() || len(end.Results) != 0 {
		t.Error("a finished run is still busy")
	}
}
