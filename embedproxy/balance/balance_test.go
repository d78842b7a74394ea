package balance

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func set(t testing.TB, policy string, backends ...Backend) *Set {
	t.Helper()
	s, err := NewSet(policy, backends, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func three() []Backend {
	return []Backend{{Address: "a:1"}, {Address: "b:1"}, {Address: "c:1"}}
}

func client(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

func take(s *Set, c netip.Addr) string {
	n := s.Take(&Request{Client: c, Now: now})
	if n == nil {
		return ""
	}
	return n.Address
}

func TestEveryPolicyKeepsTheRules(t *testing.T) {
	for _, policy := range Names() {
		t.Run(policy, func(t *testing.T) {
			t.Run("backup only when the others are gone", func(t *testing.T) {
				s := set(t, policy, Backend{Address: "a:1"}, Backend{Address: "z:1", Backup: true})
				for i := range 50 {
					if got := take(s, client(i)); got != "a:1" {
						t.Fatalf("client %d went to %q, expected a:1", i, got)
					}
				}
				s.Node("a:1").SetSick(true, now)
				if got := take(s, client(1)); got != "z:1" {
					t.Errorf("with a:1 sick: %q, expected the backup", got)
				}
			})
			t.Run("down gets none", func(t *testing.T) {
				s := set(t, policy, Backend{Address: "a:1", Down: true})
				if got := take(s, client(1)); got != "" {
					t.Errorf("got %q, expected none", got)
				}
			})
			t.Run("draining gets none", func(t *testing.T) {
				s := set(t, policy, three()...)
				s.Node("b:1").SetDraining(true, now)
				for i := range 100 {
					if got := take(s, client(i)); got == "b:1" || got == "" {
						t.Fatalf("client %d went to %q", i, got)
					}
				}
			})
			t.Run("max_conns holds", func(t *testing.T) {
				s := set(t, policy, Backend{Address: "a:1", MaxConns: 3}, Backend{Address: "b:1", MaxConns: 4})
				for i := range 7 {
					if take(s, client(i)) == "" {
						t.Fatalf("client %d of 7 was refused", i)
					}
				}
				if got := take(s, client(8)); got != "" {
					t.Errorf("the eighth went to %q, expected none", got)
				}
				s.Node("a:1").Release()
				if got := take(s, client(9)); got != "a:1" {
					t.Errorf("after a release: %q, expected a:1", got)
				}
			})
			t.Run("what refused is not asked again", func(t *testing.T) {
				s := set(t, policy, three()...)
				r := Request{Client: client(1), Now: now}
				seen := map[*Node]bool{}
				for range 3 {
					n := s.Take(&r)
					if n == nil || seen[n] {
						t.Fatalf("got %v after %d tries", n, len(seen))
					}
					seen[n] = true
					r.Tried = append(r.Tried, n)
				}
				if n := s.Take(&r); n != nil {
					t.Errorf("got %v, expected none", n.Address)
				}
			})
			t.Run("no backend at all", func(t *testing.T) {
				if got := take(set(t, policy), client(1)); got != "" {
					t.Errorf("got %q", got)
				}
			})
			t.Run("a pick allocates nothing", func(t *testing.T) {
				s := set(t, policy, three()...)
				r := &Request{Client: client(1), Now: now, Header: []byte("k"), Cookie: []byte("0123456789abcdef")}
				if n := testing.AllocsPerRun(100, func() { s.Take(r) }); n != 0 {
					t.Errorf("%v allocations", n)
				}
			})
		})
	}
}

// TestShares takes 30,000 clients; 5 standard deviations around the expected share never fail by chance.
func TestShares(t *testing.T) {
	const clients = 30000
	for _, policy := range Names() {
		s := set(t, policy, Backend{Address: "a:1", Weight: 1}, Backend{Address: "b:1", Weight: 2}, Backend{Address: "c:1", Weight: 3})
		got := map[string]int{}
		for i := range clients {
			got[take(s, client(i))]++
		}
		for i, a := range []string{"a:1", "b:1", "c:1"} {
			p := float64(i+1) / 6
			if d := math.Abs(float64(got[a]) - p*clients); d > 5*math.Sqrt(clients*p*(1-p)) {
				t.Errorf("%s: %s has %d of %d, expected about %.0f", policy, a, got[a], clients, p*clients)
			}
		}
	}
}

func TestALostBackendMovesOnlyItsOwn(t *testing.T) {
	s := set(t, "ip-hash", three()...)
	const clients = 5000
	before := make([]string, clients)
	for i := range before {
		before[i] = take(s, client(i))
	}
	s.Node("b:1").SetSick(true, now)
	moved := map[string]int{}
	for i := range before {
		after := take(s, client(i))
		if before[i] != "b:1" && after != before[i] {
			t.Fatalf("client %d moved from %s to %s", i, before[i], after)
		}
		if before[i] == "b:1" {
			moved[after]++
		}
	}
	if moved["a:1"] < 600 || moved["c:1"] < 600 {
		t.Errorf("the moved clients went to %v, expected both about alike", moved)
	}
	s.Node("b:1").SetSick(false, now)
	for i := range before {
		if after := take(s, client(i)); after != before[i] {
			t.Fatalf("client %d is at %s after the recovery, expected %s", i, after, before[i])
		}
	}
}

func TestProxiesAgreeWhateverTheOrder(t *testing.T) {
	a := set(t, "ip-hash", Backend{Address: "a:1"}, Backend{Address: "b:1"}, Backend{Address: "c:1"})
	b := set(t, "ip-hash", Backend{Address: "c:1"}, Backend{Address: "a:1"}, Backend{Address: "b:1"})
	for i := range 1000 {
		if x, y := take(a, client(i)), take(b, client(i)); x != y {
			t.Fatalf("client %d: %s and %s", i, x, y)
		}
	}
	if x, y := take(a, netip.MustParseAddr("10.1.2.3")), take(a, netip.MustParseAddr("::ffff:10.1.2.3")); x != y {
		t.Errorf("one client as IPv4 and as mapped IPv6: %s and %s", x, y)
	}
}

func TestOneNetworkIsSpread(t *testing.T) {
	s := set(t, "ip-hash", three()...)
	got := map[string]int{}
	for i := range 254 {
		got[take(s, netip.AddrFrom4([4]byte{192, 168, 6, byte(i + 1)}))]++
	}
	if len(got) != 3 || got["a:1"] < 50 || got["b:1"] < 50 || got["c:1"] < 50 {
		t.Errorf("a /24 went to %v, expected about a third each", got)
	}
}

func TestSmooth(t *testing.T) {
	s := set(t, "round-robin", Backend{Address: "a:1", Weight: 5}, Backend{Address: "b:1"}, Backend{Address: "c:1"})
	var got strings.Builder
	for range 7 {
		got.WriteString(take(s, client(1))[:1])
	}
	if got.String() != "aabacaa" {
		t.Errorf("got %s, expected aabacaa", got.String())
	}
}

func TestLeastConn(t *testing.T) {
	s := set(t, "least-conn", three()...)
	for i := range 9 {
		take(s, client(i))
	}
	for range 3 {
		s.Node("b:1").Release()
	}
	for i := range 3 {
		if got := take(s, client(i)); got != "b:1" {
			t.Errorf("got %s, expected the emptied b:1", got)
		}
	}
}

func TestCookie(t *testing.T) {
	s := set(t, "cookie", three()...)
	for _, want := range []string{"a:1", "b:1", "c:1"} {
		v := AppendCookie(nil, s.Node(want))
		for range 5 {
			if n := s.Take(&Request{Now: now, Cookie: v}); n.Address != want {
				t.Errorf("the cookie of %s led to %s", want, n.Address)
			}
		}
	}
	v := AppendCookie(nil, s.Node("b:1"))
	s.Node("b:1").SetSick(true, now)
	if n := s.Take(&Request{Now: now, Cookie: v}); n == nil || n.Address == "b:1" {
		t.Errorf("the cookie of a sick backend led to %v", n)
	}
	if n := s.Take(&Request{Now: now, Cookie: []byte("zzzzzzzzzzzzzzzz")}); n == nil {
		t.Error("a forged cookie was refused, expected it to be ignored")
	}
	if !s.WantsCookie() || set(t, "ip-hash").WantsCookie() {
		t.Error("WantsCookie is true for the cookie policy alone")
	}
}

func TestHeader(t *testing.T) {
	s := set(t, "header", three()...)
	for i := range 50 {
		key := fmt.Appendf(nil, "session-%d", i)
		x, y := s.Take(&Request{Client: client(1), Header: key, Now: now}), s.Take(&Request{Client: client(2), Header: key, Now: now})
		if x != y {
			t.Errorf("%s: %s and %s", key, x.Address, y.Address)
		}
	}
}

func TestPassive(t *testing.T) {
	n := newNode("a:1")
	if n.Failed(now, 2, 10*time.Second) {
		t.Error("one failure of two took it out")
	}
	if !n.Failed(now.Add(time.Second), 2, 10*time.Second) || n.State(now.Add(2*time.Second)) != "out" {
		t.Error("two failures within the window did not take it out")
	}
	if !n.Available(now.Add(11 * time.Second)) {
		t.Error("it is not back after the window")
	}
	n = newNode("a:1")
	n.Failed(now, 2, 10*time.Second)
	if n.Failed(now.Add(11*time.Second), 2, 10*time.Second) {
		t.Error("two failures further apart than the window took it out")
	}
	if newNode("b:1").Failed(now, 0, time.Second) {
		t.Error("max_fails 0 does not switch it off")
	}
}

func TestSlowStart(t *testing.T) {
	s, err := NewSet("round-robin", []Backend{{Address: "a:1"}, {Address: "b:1"}}, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := s.Node("b:1")
	b.SetSick(true, now)
	b.SetSick(false, now)
	share := func(at time.Duration) (n int) {
		for range 1000 {
			if s.Take(&Request{Now: now.Add(at)}) == b {
				n++
			}
		}
		return n
	}
	if n := share(time.Second); n < 60 || n > 120 {
		t.Errorf("after 1 s of 10: %d of 1000, expected about 90", n)
	}
	if n := share(10 * time.Second); n < 490 || n > 510 {
		t.Errorf("after 10 s: %d of 1000, expected 500", n)
	}
}

func TestReloadKeepsNodes(t *testing.T) {
	s := set(t, "ip-hash", three()...)
	take(s, client(1))
	s.Node("a:1").SetSick(true, now)
	next, err := NewSet("least-conn", []Backend{{Address: "a:1"}, {Address: "d:1"}}, 0, s)
	if err != nil {
		t.Fatal(err)
	}
	if next.Node("a:1") != s.Node("a:1") || next.Node("b:1") != nil {
		t.Error("the node of a backend that stays is not the same, or one that left is still there")
	}
}

func TestNewSetRefuses(t *testing.T) {
	if _, err := NewSet("best", nil, 0, nil); err == nil {
		t.Error("an unknown policy was accepted")
	}
	if _, err := NewSet("ip-hash", []Backend{{Address: "a:1"}, {Address: "a:1"}}, 0, nil); err == nil {
		t.Error("one address twice was accepted")
	}
}

func BenchmarkPick(b *testing.B) {
	for _, policy := range Names() {
		b.Run(policy, func(b *testing.B) {
			s := set(b, policy, three()...)
			r := &Request{Client: client(1), Now: now}
			for b.Loop() {
				s.Take(r).Release()
			}
		})
	}
}
