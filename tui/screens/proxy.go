package screens

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes"
	tea "github.com/charmbracelet/bubbletea"
)

// lookEvery is how often a watched proxy is asked what it is doing.
const lookEvery = time.Second

// proxyFocus is the table that keys go to.
type proxyFocus int

// The tables.
const (
	onBackends proxyFocus = iota
	onTunnels
)

// proxyScreen shows a running proxy: its backends, its totals, its tunnels, its log. It can run one itself, and then
// drain backends and close tunnels; a proxy of another process is watched.
type proxyScreen struct {
	d      Deps
	source proxySource
	watch  int // the number of the present watching; 0: nothing is watched
	count  int // of watchings so far
	own    *task

	seen, before     embedproxy.Snapshot
	seenAt, beforeAt time.Time
	err              error

	only    filter // of backends, tunnels and the log
	focus   proxyFocus
	backend string // selected; "": the first
	tunnel  uint64 // selected; 0: the first
	sort    int    // index in tunnelColumns
	reverse bool
	showLog bool
	scroll  int // lines up from the end of the log
	log     []string

	asking proxyAsk
}

// proxyAsk is what is done when the operator says yes.
type proxyAsk struct {
	words probes.Text // empty: nothing is asked
	do    func(proxyScreen, State) (Screen, tea.Cmd)
}

func newProxy(d Deps) Screen {
	p := proxyScreen{d: d}
	if d.Attached != nil {
		p.source.own = d.Attached.Proxy
	}
	return p
}

func (p proxyScreen) Prompt() string { return p.only.prompt(p.d.Theme) }

func (p proxyScreen) Update(_ State, msg tea.Msg) (Screen, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg: // the first message of all
		if p.d.Attached == nil || p.count > 0 {
			return p, nil
		}
		var lines tea.Cmd
		if p.d.Attached.Log != nil {
			lines = p.d.Attached.Log.next(p.d)
		}
		return p.watching(lines)
	case loggedLines:
		p = p.logged(msg...)
		return p, p.d.Attached.Log.next(p.d)
	case proxyStatus:
		if msg.watch != p.watch || p.watch == 0 {
			return p, nil
		}
		if msg.err == nil {
			p.before, p.beforeAt, p.seen, p.seenAt = p.seen, p.seenAt, msg.seen, msg.at
		}
		p.err = msg.err
		if msg.err != nil && p.source.own == nil && p.seenAt.IsZero() {
			p.watch = 0 // nobody is there: asking on would only make noise
			return p, nil
		}
		watch := p.watch
		return p, p.d.After(p.d.pace(lookEvery), func(time.Time) tea.Msg { return proxyLook{watch} })
	case proxyLook:
		if msg.watch == p.watch && p.watch != 0 {
			return p, p.look()
		}
	case told:
		if msg.by == nil || msg.by != p.own {
			return p, nil
		}
		next := msg.by.next(p.d)
		switch m := msg.msg.(type) {
		case proxyServes:
			p.source = proxySource{own: m.own}
			return p.watching(next)
		case proxyEnded:
			p.err, p.watch = m.err, 0
			p.seen, p.seenAt, p.beforeAt, p.source = embedproxy.Snapshot{}, time.Time{}, time.Time{}, proxySource{}
		case proxyLine:
			p = p.logged(string(m))
		}
		return p, next
	case over:
		if msg.by != nil && msg.by == p.own {
			p.own = nil
		}
	case tea.KeyMsg:
		p.only, p.scroll = p.only.typed(p.d.Theme, msg), 0
	case EndNow:
		if own := p.source.own; own != nil {
			return p, p.act(own.Kill)
		}
	}
	return p, nil
}

// logged keeps the last lines of the log.
func (p proxyScreen) logged(lines ...string) proxyScreen {
	all := append(slices.Clip(p.log), lines...)
	p.log = all[max(len(all)-mostLog, 0):]
	return p
}

// watching begins to watch the source.
func (p proxyScreen) watching(also tea.Cmd) (Screen, tea.Cmd) {
	p.count++
	p.watch, p.err = p.count, nil
	p.seen, p.before, p.seenAt, p.beforeAt = embedproxy.Snapshot{}, embedproxy.Snapshot{}, time.Time{}, time.Time{}
	return p, tea.Batch(also, p.look())
}

// again asks at once, and goes on from there at the usual pace.
func (p proxyScreen) again() (Screen, tea.Cmd) {
	p.count++
	p.watch = p.count
	return p, p.look()
}

// look asks the source once.
func (p proxyScreen) look() tea.Cmd {
	source, watch := p.source, p.watch
	return p.d.Work(func(ctx context.Context) tea.Msg {
		seen, err := source.status(ctx)
		return proxyStatus{watch, time.Now(), seen, err}
	})
}

// tunnelColumn is a column by which tunnels can be sorted.
type tunnelColumn struct {
	title   probes.Text
	compare func(a, b embedproxy.TunnelStatus) int
}

var tunnelColumns = []tunnelColumn{
	{probes.T("id"), func(a, b embedproxy.TunnelStatus) int { return cmp.Compare(a.ID, b.ID) }},
	{probes.T("client"), func(a, b embedproxy.TunnelStatus) int { return cmp.Compare(a.Client, b.Client) }},
	{probes.T("backend"), func(a, b embedproxy.TunnelStatus) int { return cmp.Compare(a.Backend, b.Backend) }},
	{probes.T("open for"), func(a, b embedproxy.TunnelStatus) int { return cmp.Compare(b.Lifetime, a.Lifetime) }},
	{probes.T("idle"), func(a, b embedproxy.TunnelStatus) int { return cmp.Compare(b.Idle, a.Idle) }},
	{probes.T("sent"), func(a, b embedproxy.TunnelStatus) int { return cmp.Compare(b.Up, a.Up) }},
	{probes.T("received"), func(a, b embedproxy.TunnelStatus) int { return cmp.Compare(b.Down, a.Down) }},
}

// tunnels are those of the last look, as they are sorted.
func (p proxyScreen) tunnels() []embedproxy.TunnelStatus {
	out := slices.DeleteFunc(slices.Clone(p.seen.Tunnels), func(t embedproxy.TunnelStatus) bool {
		return !p.only.passes(strconv.FormatUint(t.ID, 10), t.Client, t.Backend)
	})
	by := tunnelColumns[p.sort].compare
	slices.SortStableFunc(out, func(a, b embedproxy.TunnelStatus) int {
		if p.reverse {
			return by(b, a)
		}
		return by(a, b)
	})
	return out
}

// backends are those that the filter lets through.
func (p proxyScreen) backends() []embedproxy.BackendStatus {
	return slices.DeleteFunc(slices.Clone(p.seen.Backends), func(b embedproxy.BackendStatus) bool { return !p.only.passes(b.Address, b.State) })
}

// selectedBackend returns the index of the selected backend among those shown; -1 where there is none.
func (p proxyScreen) selectedBackend() int {
	all := p.backends()
	if len(all) == 0 {
		return -1
	}
	return max(slices.IndexFunc(all, func(b embedproxy.BackendStatus) bool { return b.Address == p.backend }), 0)
}

// selectedTunnel returns the index of the selected tunnel among those sorted; -1 where there is none.
func (p proxyScreen) selectedTunnel(all []embedproxy.TunnelStatus) int {
	if len(all) == 0 {
		return -1
	}
	return max(slices.IndexFunc(all, func(t embedproxy.TunnelStatus) bool { return t.ID == p.tunnel }), 0)
}

func (p proxyScreen) moved(st State, by int) Screen {
	switch {
	case p.showLog:
		p.scroll = min(max(p.scroll-by, 0), max(len(p.logLines(st))-p.room(st), 0))
	case p.focus == onBackends:
		if i := p.selectedBackend(); i >= 0 {
			all := p.backends()
			p.backend = all[min(max(i+by, 0), len(all)-1)].Address
		}
	default:
		all := p.tunnels()
		if i := p.selectedTunnel(all); i >= 0 {
			p.tunnel = all[min(max(i+by, 0), len(all)-1)].ID
		}
	}
	return p
}

// rate is the bytes a second that went through a backend between the last two looks; -1: not known.
func (p proxyScreen) rate(b embedproxy.BackendStatus) float64 {
	i := slices.IndexFunc(p.before.Backends, func(o embedproxy.BackendStatus) bool { return o.Address == b.Address })
	took := p.seenAt.Sub(p.beforeAt).Seconds()
	if i < 0 || took <= 0 || p.beforeAt.IsZero() {
		return -1
	}
	was := p.before.Backends[i]
	return max(float64(b.Up+b.Down)-float64(was.Up+was.Down), 0) / took
}

// Leaving says what becomes of a proxy that this program runs when it is left.
func (p proxyScreen) Leaving(st State) probes.Text {
	if p.own == nil && (p.d.Attached == nil || !p.d.Attached.Drains) {
		return probes.Text{}
	}
	return probes.T("the proxy drains %d tunnels within %s", p.seen.Open, probes.Seconds(st.Config.Proxy.Timeouts.Drain))
}
