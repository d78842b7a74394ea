package haproxy

import (
	"iter"
	"slices"
	"strings"
)

// What is modelled of a configuration, so that no file can cost more than some tens of milliseconds. Far more than anyone
// runs: the largest generated files known have some ten thousand lines.
const (
	maxInherited = 1000    // lines of one chain of defaults sections
	maxRoutes    = 10_000  // ways that the handshake can take
	maxProblems  = 100     // of one rule: nobody reads more
	maxTests     = 200_000 // single tests of conditions; what is left then stays undecided
)

// model is what the files say, as HAProxy would hold it: each proxy with what it inherits.
type model struct {
	cfg       *Config
	opts      Options
	aim       Aim
	proxies   []*proxy
	byName    map[string]*proxy // those that hold servers
	globals   map[string]Line   // of the global sections, the last one by its first word
	routes    []route
	reached   []reached
	pairs     []life
	home      *proxy // the first backend that has the nodes of the settings; nil: none certainly does
	away      bool   // the clients' port is known, and nothing here listens on it
	testsLeft int
}

// proxy is a frontend, a backend or a listen section with the settings of its defaults section.
type proxy struct {
	keyword   string // "frontend", "backend" or "listen"
	name      string
	head      Line
	front     bool // it accepts connections: frontend, listen
	back      bool // it holds servers: backend, listen
	inherited *lines
	own       *lines
	mode      string // "http", "tcp", …; "" where it cannot be told
	binds     []bind
	servers   []server
	acls      map[string][]Line
}

// lines are the lines of one section, or of a chain of defaults sections, so that a kind is found without a search.
type lines struct {
	all   []Line
	last  map[string]int   // the last line that begins with one or two words, by these
	kinds map[string][]int // the lines that begin with a word
}

func newLines(all []Line) *lines {
	out := &lines{all: all, last: map[string]int{}, kinds: map[string][]int{}}
	for i, l := range all {
		out.kinds[l.Word(0)] = append(out.kinds[l.Word(0)], i)
		out.last[l.Word(0)] = i
		if len(l.Words) > 1 {
			out.last[l.Word(0)+" "+l.Word(1)] = i
		}
		if l.Is("no", "option") || l.Is("default", "option") {
			out.last["no option "+l.Word(2)] = i
		}
	}
	return out
}

// newModel puts the parsed files together.
func newModel(cfg *Config, opts Options, aim Aim) *model {
	m := &model{cfg: cfg, opts: opts, aim: aim, byName: map[string]*proxy{}, globals: map[string]Line{}, testsLeft: maxTests}
	inherited := map[*Section]*lines{nil: newLines(nil)}
	var last *Section // the defaults section that holds for sections that name none
	for _, s := range cfg.Sections {
		switch s.Kind {
		case "global":
			for _, l := range s.Lines {
				m.globals[l.Word(0)] = l
			}
		case "defaults":
			last = s
		case "frontend", "backend", "listen":
			from := last
			if s.From != "" {
				from = cfg.defaults(s.From)
			}
			if inherited[from] == nil {
				inherited[from] = newLines(cfg.inherited(from))
			}
			p := newProxy(s, inherited[from])
			m.proxies = append(m.proxies, p)
			if p.back && m.byName[p.name] == nil {
				m.byName[p.name] = p
			}
		}
	}
	if i := slices.IndexFunc(m.proxies, func(p *proxy) bool { return p.back && m.nodes(p) == yes }); i >= 0 {
		m.home = m.proxies[i]
	}
	m.away = m.elsewhere()
	m.routes = m.walk()
	m.reached = m.reach()
	m.pairs = m.pair()
	return m
}

func newProxy(s *Section, inherited *lines) *proxy {
	p := &proxy{keyword: s.Kind, name: s.Name, head: s.Head, front: s.Kind != "backend", back: s.Kind != "frontend", acls: map[string][]Line{}}
	p.inherited, p.own = inherited, newLines(s.Lines)
	p.mode = p.readMode()
	for l := range p.kind("acl") {
		if len(l.Words) > 2 {
			p.acls[l.Word(1)] = append(p.acls[l.Word(1)], l)
		}
	}
	for _, i := range p.own.kinds["bind"] {
		p.binds = append(p.binds, readBind(p.own.all[i])...)
	}
	p.servers = p.readServers()
	return p
}

// kind goes through the lines in effect that begin with one of the words, word by word: first those of the defaults
// sections, the outermost first, then its own.
func (p *proxy) kind(words ...string) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for _, word := range words {
			for _, part := range []*lines{p.inherited, p.own} {
				for _, i := range part.kinds[word] {
					if !yield(part.all[i]) {
						return
					}
				}
			}
		}
	}
}

// defaults returns the defaults section of a name; nil where there is none.
func (c *Config) defaults(name string) *Section { return c.named[name] }

// inherited returns the lines of a defaults section behind those of the ones it is made from. A defaults section that
// names none begins with nothing: what an earlier one set is gone (manual, section 4).
func (c *Config) inherited(s *Section) []Line {
	var chain []*Section
	total := 0
	for s != nil && total <= maxInherited && !slices.Contains(chain, s) {
		chain = append(chain, s)
		total += 1 + len(s.Lines)
		if s.From == "" {
			break
		}
		s = c.defaults(s.From)
	}
	var out []Line
	for _, s := range slices.Backward(chain) {
		out = append(out, s.Lines...)
	}
	return out[:min(len(out), maxInherited)]
}

// last returns the last line that begins with one or two words: a later setting replaces an earlier one. sure is false
// where it, or the lack of it, hangs on a condition or a variable that is not known.
func (p *proxy) last(words ...string) (line Line, found, sure bool) {
	_, line, found = p.rank(strings.Join(words, " "))
	return line, found, !found || line.sure()
}

// readMode returns the mode of the proxy; tcp is HAProxy's own default.
func (p *proxy) readMode() string {
	l, found, sure := p.last("mode")
	switch {
	case !sure:
		return ""
	case !found, l.Word(1) == "health":
		return "tcp"
	}
	return l.Word(1)
}

// option returns the line of "option NAME" where it is set, and whether that is certain. "no option" and "default
// option" take it back.
func (p *proxy) option(name string) (line Line, set, sure bool) {
	on, line, set := p.rank("option " + name)
	off, no, taken := p.rank("no option " + name)
	if taken && (!set || off > on) {
		return no, false, !no.Maybe
	}
	return line, set, !set || !line.Maybe
}

// global returns the last line of the global sections that begins with a word.
func (m *model) global(word string) (line Line, found bool) {
	line, found = m.globals[word]
	return line, found
}

// backend returns the backend or listen section of a name; nil where there is none.
func (m *model) backend(name string) *proxy { return m.byName[name] }

// String names the proxy as messages do: backend "app".
func (p *proxy) String() string { return p.keyword + " " + p.name }

// rank returns where the last line of a kind stands among those in effect; found is false where there is none.
func (p *proxy) rank(key string) (rank int, line Line, found bool) {
	if i, ok := p.own.last[key]; ok {
		return len(p.inherited.all) + i, p.own.all[i], true
	}
	if i, ok := p.inherited.last[key]; ok {
		return i, p.inherited.all[i], true
	}
	return 0, Line{}, false
}

// actionName returns what a rule does, without an argument in parentheses: "set-var" of "set-var(txn.a)".
func actionName(l Line) string {
	name, _, _ := strings.Cut(l.Word(1), "(")
	return name
}
