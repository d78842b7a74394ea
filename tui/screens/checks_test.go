package screens

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	tea "github.com/charmbracelet/bubbletea"
)

// many is a state with n areas of n checks each, of which every third has failed with long evidence.
func many(n int) State {
	st := State{Width: 80, Height: 20}
	var r probes.Report
	for i := range n {
		a := Area{Name: fmt.Sprintf("area%02d", i)}
		for j := range n {
			id := fmt.Sprintf("area%02d/check%02d", i, j)
			a.Rules = append(a.Rules, probes.RuleInfo{ID: id, Title: "check " + id + " is fine", Why: "because"})
			res := probes.Result{ID: id, Area: a.Name, Status: probes.OK, Took: 12 * time.Millisecond}
			if j%3 == 1 {
				res.Status = probes.Failed
				f := probes.Finding{Severity: probes.Error, Title: probes.T("line %d", 0)}
				for k := range 40 {
					f.Evidence = append(f.Evidence, probes.Evidence{Saw: probes.T("line %d", k)})
				}
				res.Findings = []probes.Finding{f}
			}
			r.Results = append(r.Results, res)
		}
		st.Areas = append(st.Areas, a)
	}
	return st.Finished(r)
}

// screen is a screen that keys are pressed on.
type screen struct {
	t  *testing.T
	s  Screen
	st State

	asked []tea.Msg // of the frame
}

func (d *screen) press(names ...string) {
	d.t.Helper()
	for _, name := range names {
		found := false
		for _, k := range d.s.Keys(d.st) {
			for _, n := range k.Names {
				if n == name && !found && k.Off.IsZero() {
					found = true
					var cmd tea.Cmd
					d.s, cmd = k.Do()
					d.do(cmd)
				}
			}
		}
		if !found {
			d.t.Fatalf("%s is no key now", name)
		}
	}
}

func (d *screen) shows(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if v := view(d.s, d.st); !strings.Contains(v, text) {
			d.t.Errorf("the view lacks %q:\n%s", text, v)
		}
	}
}

func newScreen(t *testing.T, st State) *screen {
	d := onScreen(t, newChecks, st)
	d.s, _ = d.s.Update(st, RunFinished{})
	return d
}

func TestMovingThroughALongList(t *testing.T) {
	d := newScreen(t, many(9))
	d.shows("81 checks", "─ area00/check01 ─", "▌ ✗ check area00/check01")
	d.press("end")
	d.shows("─ area08/check08 ─", "▌ ✓ check area08/check08", "12 ms")
	d.press("down", "pgdown", "pgup", "pgup")
	d.shows("▌ ✓ check area04/check08")
	d.press("home", "up")
	d.shows("─ area00/check00 ─")
	d.press("j", "j", "k")
	d.shows("─ area00/check01 ─")
}

func TestDetailsScroll(t *testing.T) {
	d := newScreen(t, many(3))
	d.shows("line 13", "↕")
	d.press("J", "J", "K")
	d.shows("line 14")
	d.press("enter", "end")
	d.shows("line 39", "because", "─ area00/check01 ─")
	d.press("pgup", "up")
	d.shows("line 20")
	d.st.Height = 60 // all of it fits now, so that there is nothing to scroll
	d.s, _ = d.s.Update(d.st, tea.WindowSizeMsg{})
	d.shows("✗ failed", "line 39", "because")
	d.press("esc", "j")
	d.shows("─ area00/check02 ─")
}

func TestNarrowShowsOnePaneAtATime(t *testing.T) {
	st := many(3)
	st.Width = 60
	d := newScreen(t, st)
	d.shows("▌ ✗ check area00/check01 is fine")
	if strings.Contains(view(d.s, st), "line 3") {
		t.Error("the details are shown beside the list")
	}
	d.press("enter")
	d.shows("─ area00/check01 ─", "line 3")
	d.press("left", "down")
	d.shows("▌ ✓ check area00/check02 is fine")
}

// What the diagnosis explains steps back, and what it names as the cause comes first.
func TestTheForemostCheck(t *testing.T) {
	results := []probes.Result{{ID: "a/skipped", Status: probes.Skipped}, {ID: "a/unknown", Status: probes.Unknown}, {ID: "a/warned", Status: probes.Warned}, {ID: "a/failed", Status: probes.Failed}}
	for n, want := range []string{"", "", "a/unknown", "a/warned", "a/failed"} {
		if got := foremost(State{Report: probes.Report{Results: results[:n]}}); got != want {
			t.Errorf("of %d: got %q, want %q", n, got, want)
		}
	}
	if got := foremost(State{Report: probes.Report{Results: results, Causes: []probes.Cause{{ID: "a/warned"}}}}); got != "a/warned" {
		t.Errorf("got %q, want the cause", got)
	}
}

func TestAnotherRunDimsWhatIsOld(t *testing.T) {
	st := many(2)
	d := newScreen(t, st)
	d.st = st.Started([]string{"area00"}).With(probes.Event{Area: "area00"})
	d.shows("area00                           ⠋", "✗ 1") // running; the other area keeps its sum
	if old, now := d.s.View(st), d.s.View(d.st); old == now {
		t.Error("a run changes nothing")
	}
	if got := len(d.st.InPhase(Running)); got != 1 {
		t.Errorf("%d areas run", got)
	}
}

func TestHistoryOfACheck(t *testing.T) {
	st := many(2)
	d := newScreen(t, st)
	if strings.Contains(view(d.s, d.st), "last runs") {
		t.Error("one run is no history")
	}
	again := func(status probes.Status) {
		r := d.st.Report
		r.Started = at.Add(time.Duration(len(d.st.Past["area00/check01"])) * time.Minute)
		r.Results = append([]probes.Result(nil), r.Results...)
		r.Results[1].Status, r.Results[1].Findings = status, nil
		if status == probes.Unknown {
			r.Results[1].Reason = probes.T("the rules need root")
		}
		d.st = d.st.Started([]string{"area00"}).Finished(r)
	}
	again(probes.OK)
	again(probes.Unknown)
	d.shows("last runs ✗ ✓ ?")
	d.press("enter", "end")
	d.shows("15:06:05  ? unknown  the rules need root\n   15:05:05  ✓ ok\n", "✗ failed  line 0")
	if past := d.st.Past["area01/check00"]; len(past) != 1 {
		t.Errorf("a check of another area has run %d times", len(past))
	}
	for range 2 * mostPast {
		again(probes.OK)
	}
	if n := len(d.st.Past["area00/check01"]); n != mostPast {
		t.Errorf("%d runs are remembered", n)
	}
}
