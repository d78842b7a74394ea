package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// crowd is many clients that send numbered messages all the time, want each of them back in order, and connect anew
// whenever they are told to go.
type crowd struct {
	t     *testing.T
	url   string
	http  *http.Client
	users []*user
	work  sync.WaitGroup
	gone  atomic.Bool  // who is closed from now on stays away
	again atomic.Int64 // handshakes that died with their backend

	mu    sync.Mutex
	ended []ending
}

// crowdPause is how long a client waits between two messages: at a few messages a second each, it is the number of
// clients that is tried and not the processor.
const crowdPause = 500 * time.Millisecond

// user is one client over all its connections.
type user struct{ now atomic.Pointer[visit] }

// visit is one connection of a client.
type visit struct {
	home      string // the backend, by its own word
	c         *websocket.Conn
	sent, got atomic.Int64
}

// ending is how a connection was closed.
type ending struct {
	home string
	code websocket.StatusCode
	err  error // of the last read
	at   time.Time
}

func newCrowd(t *testing.T, url string, n int) *crowd {
	tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	g := &crowd{t: t, url: url, http: &http.Client{Transport: tr}}
	t.Cleanup(func() {
		g.gone.Store(true)
		for _, u := range g.users {
			if v := u.now.Load(); v != nil {
				v.c.CloseNow()
			}
		}
		g.work.Wait()
	})
	g.join(n)
	return g
}

// join adds clients and returns when they are connected.
func (g *crowd) join(n int) []*user {
	g.t.Helper()
	var dialling sync.WaitGroup
	door := make(chan struct{}, 32) // so many at a time
	added := make([]*user, n)
	for i := range added {
		u := &user{}
		added[i] = u
		door <- struct{}{}
		dialling.Go(func() {
			defer func() { <-door }()
			if v := g.dial(); v != nil {
				u.now.Store(v)
				g.work.Go(func() { g.live(u) })
			}
		})
	}
	dialling.Wait()
	if g.t.Failed() {
		g.t.FailNow()
	}
	g.users = append(g.users, added...)
	return added
}

// dial connects. A backend that dies with a handshake in its hands makes that a 502, because the request may have had
// its effect: such a client asks again, as real ones do, and is counted.
func (g *crowd) dial() *visit {
	ctx, cancel := context.WithTimeout(context.Background(), crowdPatience)
	defer cancel()
	for {
		c, resp, err := websocket.Dial(ctx, g.url, &websocket.DialOptions{HTTPClient: g.http})
		if err == nil {
			var name []byte
			if _, name, err = c.Read(ctx); err == nil {
				return &visit{home: string(name), c: c}
			}
			c.CloseNow()
		}
		lost := websocket.CloseStatus(err) == websocket.StatusInternalError || resp != nil && resp.StatusCode == http.StatusBadGateway
		if !lost && !g.gone.Load() {
			g.t.Errorf("a client could not connect: %v", err)
		}
		if !lost || ctx.Err() != nil {
			return nil
		}
		g.again.Add(1)
	}
}

// live keeps a client talking until the crowd goes.
func (g *crowd) live(u *user) {
	for v := u.now.Load(); v != nil; {
		g.note(v.talk())
		v.c.CloseNow()
		u.now.Store(nil)
		if g.gone.Load() {
			return
		}
		if v = g.dial(); v != nil {
			u.now.Store(v)
		}
	}
}

// talk sends and reads until the connection is closed.
func (v *visit) talk() ending {
	ctx, cancel := context.WithCancel(context.Background())
	var writing sync.WaitGroup
	defer writing.Wait()
	defer cancel()
	writing.Go(func() {
		pause := rand.N(crowdPause)
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = crowdPause
			if v.c.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "%s %d", v.home, i)) != nil {
				return
			}
			v.sent.Add(1)
		}
	})
	for i := 0; ; i++ {
		_, b, err := v.c.Read(ctx)
		if err != nil {
			return ending{v.home, websocket.CloseStatus(err), err, time.Now()}
		}
		if want := fmt.Sprintf("%s %d", v.home, i); string(b) != want {
			return ending{v.home, 0, fmt.Errorf("got %q, expected %q", b, want), time.Now()}
		}
		v.got.Add(1)
	}
}

func (g *crowd) note(e ending) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.gone.Load() || e.code > 0 {
		g.ended = append(g.ended, e)
	}
}

// endings returns how connections have been closed since the last call.
func (g *crowd) endings() []ending {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := g.ended
	g.ended = nil
	return out
}

// crowdPatience is how long these tests wait for what must happen; only a failing test waits that long.
const crowdPatience = 60 * time.Second

// soon waits until ok says so.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(crowdPatience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("this never came: %s", what)
		}
	}
}

// on counts the clients by backend.
func (g *crowd) on() map[string]int {
	out := map[string]int{}
	for _, u := range g.users {
		if v := u.now.Load(); v != nil {
			out[v.home]++
		}
	}
	return out
}

// hears waits until every client whose backend is not among those named has had all answers that are due now, and
// one to a message that it sends later.
func (g *crowd) hears(what string, but ...string) {
	g.t.Helper()
	type mark struct {
		v   *visit
		due int64
	}
	var marks []mark
	for _, u := range g.users {
		soon(g.t, what+": every client is connected", func() bool { return u.now.Load() != nil })
		if v := u.now.Load(); v != nil && !slices.Contains(but, v.home) {
			marks = append(marks, mark{v, v.sent.Load() + 1})
		}
	}
	for _, m := range marks {
		soon(g.t, what+": an answer for a client of "+m.v.home, func() bool { return m.v.got.Load() >= m.due || g.t.Failed() })
	}
}

// told checks that so many connections have been closed since the last look, each with a Close frame of that code,
// and all on that backend ("": on any).
func (g *crowd) told(what string, n int, code websocket.StatusCode, home string) []ending {
	g.t.Helper()
	list := g.endings()
	wrong := map[string]int{}
	for _, e := range list {
		if e.code != code || home != "" && e.home != home {
			wrong[strings.TrimPrefix(fmt.Sprintf("%s: code %d, %v", e.home, e.code, e.err), "failed to ")]++
		}
	}
	if len(list) != n || len(wrong) > 0 {
		g.t.Fatalf("%s: %d connections were closed, expected %d, each with code %d; others: %v", what, len(list), n, code, wrong)
	}
	return list
}

// spread checks that the closing did not come all at once: without spreading, nearly all fall into one fifth of the
// time that it took; evenly spread, a fifth does.
func (g *crowd) spread(what string, list []ending, over time.Duration) {
	g.t.Helper()
	slices.SortFunc(list, func(a, b ending) int { return a.at.Compare(b.at) })
	whole := list[len(list)-1].at.Sub(list[0].at)
	most := 0
	for i, j := 0, 0; i < len(list); i++ {
		for list[i].at.Sub(list[j].at) > over/5 {
			j++
		}
		most = max(most, i-j+1)
	}
	if whole < over/2 || most > len(list)*6/10 {
		g.t.Errorf("%s: %d were closed within %s, %d of them within %s; expected them to be spread over %s", what, len(list), whole, most, over/5, over)
	}
}

// asEcho is the environment variable that makes the test binary run as an echo server on that address.
const asEcho = "WSDOCTOR_TEST_ECHO"

// echo serves until it is killed. Its first message to each client is its own address. Nothing in it has a deadline,
// so that it goes on where it was after a SIGSTOP.
func echo(address string) error {
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		ctx := context.WithoutCancel(r.Context())
		if c.Write(ctx, websocket.MessageText, []byte(address)) != nil {
			return
		}
		for {
			typ, b, err := c.Read(ctx)
			if err != nil || c.Write(ctx, typ, b) != nil {
				return
			}
		}
	}))
}
