package screens

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// ConfigScreen is the title of the screen that goes to a Place.
const ConfigScreen = "Config"

// configMode is what the configuration screen shows.
type configMode int

// The modes.
const (
	showFile configMode = iota
	showDiff
	showWalk
)

// config shows the balancer's configuration: its files with marked lines and the finding of the line beside it, what
// --fix would change, and what happens to a request.
type config struct {
	d    Deps
	read *reading // nil: there is none
	busy bool
	err  error // of the last file that was asked for

	file, line int    // where the cursor is; lines count from 1
	want       string // the check whose finding of the line comes first; "": the worst
	scroll     int    // of the finding's text
	only       filter // of the file's lines, or of those of the diff or the walk
	mode       configMode
	top        int // of the diff or the walk
	walk       []lint.Walk
	walkPath   string // "": the walks of the settings' paths

	asking configAsk
	text   string
}

// configAsk is what is being typed.
type configAsk int

const (
	askNothing configAsk = iota
	askFile
	askPath
)

// Messages of the configuration screen.
type (
	configRead struct {
		r    *reading
		err  error
		hand bool // the operator named the file
	}
	configWalked struct {
		of    *reading
		path  string
		walks []lint.Walk
	}
)

func newConfig(d Deps) Screen { return config{d: d, line: 1} }

func (c config) Prompt() string {
	if c.only.typing {
		return c.only.prompt(c.d.Theme)
	}
	hint := probes.T("%s opens it, esc leaves", c.d.Theme.Marks.Enter)
	switch c.asking {
	case askFile:
		return Typing(c.d.Theme, c.d.Theme.Say(probes.T("file: ")), c.text, hint)
	case askPath:
		return Typing(c.d.Theme, c.d.Theme.Say(probes.T("path: ")), c.text, probes.T("%s walks it, esc leaves", c.d.Theme.Marks.Enter))
	}
	return ""
}

func (c config) Update(st State, msg tea.Msg) (Screen, tea.Cmd) {
	switch msg := msg.(type) {
	case RunFinished:
		if slices.Contains(msg.Areas, "nginx") || slices.Contains(msg.Areas, "haproxy") {
			return c.observed(st)
		}
	case configRead:
		return c.took(msg), nil
	case configWalked:
		if msg.of == c.read {
			c.walk, c.walkPath, c.top = msg.walks, msg.path, 0
		}
	case Place:
		if c.read != nil {
			if i := c.read.find(msg.File); i >= 0 {
				c.mode, c.scroll = showFile, 0
				c.want = msg.Check
				c.file, c.line = i, min(max(msg.Line, 1), max(len(c.read.files[i].lines), 1))
				c = c.uncovered()
			}
		}
	case tea.KeyMsg:
		if c.only.typing {
			return c.filtered(c.only.typed(c.d.Theme, msg)), nil
		}
		return c.typed(st, msg)
	}
	return c, nil
}

// observed reads what a run saw of the balancer's configuration. A file that the operator opened stays.
func (c config) observed(st State) (Screen, tea.Cmd) {
	if c.read != nil && c.read.chosen.Format == handChosen.Format {
		return c, nil
	}
	if seen, ok := probes.Observed[nginx.Seen](st.Report); ok && seen.Source != nil {
		c.busy = true
		return c, c.d.Do(func() tea.Msg { return configRead{r: readNginx(seen.Source, chosenWords(seen.Chosen))} })
	}
	if seen, ok := probes.Observed[haproxy.Observation](st.Report); ok && len(seen.Source()) > 0 {
		c.busy = true
		aim := haproxy.AimOf(st.Config)
		return c, c.d.Do(func() tea.Msg {
			return configRead{r: readHAProxy(seen.Source(), seen.Problems(), aim, chosenWords(seen.From))}
		})
	}
	return c, nil
}

// took takes a reading, and keeps to the line where the cursor was if the file is still there.
func (c config) took(msg configRead) config {
	c.busy, c.err = false, msg.err
	if msg.err != nil {
		return c
	}
	was := ""
	if c.read != nil && c.file < len(c.read.files) && !msg.hand {
		was = c.read.files[c.file].name
	}
	c.read, c.walk, c.walkPath = msg.r, msg.r.walks, ""
	if i := slices.IndexFunc(msg.r.files, func(f configFile) bool { return f.name == was }); was != "" && i >= 0 {
		c.file, c.line = i, min(c.line, max(len(msg.r.files[i].lines), 1))
		return c
	}
	c.mode, c.scroll, c.top = showFile, 0, 0
	c.file, c.line = msg.r.worst()
	return c
}

// typed takes a key as text of a file's name or of a path.
func (c config) typed(st State, k tea.KeyMsg) (Screen, tea.Cmd) {
	switch k.Type {
	case tea.KeyEsc:
		c.asking, c.text = askNothing, ""
		return c, nil
	case tea.KeyEnter:
		what, text := c.asking, strings.TrimSpace(c.text)
		c.asking, c.text = askNothing, ""
		if text == "" {
			return c, nil
		}
		if what == askPath {
			return c.walking(text)
		}
		return c.open(st, text)
	}
	c.text = Edited(c.d.Theme, c.text, k)
	return c, nil
}

func (c config) open(st State, name string) (Screen, tea.Cmd) {
	c.busy, c.err = true, nil
	var cfg *cluster.Config
	var paths []string
	if st.Settings != "" {
		known := st.Config
		cfg, paths = &known, []string{known.WebSocket.Path}
	}
	return c, c.d.Do(func() tea.Msg {
		r, err := readFile(name, cfg, paths)
		return configRead{r, err, true}
	})
}

func (c config) walking(path string) (Screen, tea.Cmd) {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	c.mode, c.top = showWalk, 0
	r := c.read
	return c, c.d.Work(func(context.Context) tea.Msg { return configWalked{r, path, r.walk(path)} })
}

// moved moves the cursor, or the text that is shown instead of the file.
func (c config) moved(st State, by int) Screen {
	if c.read == nil {
		return c
	}
	if c.mode != showFile {
		c.top = min(max(c.top+by, 0), max(len(c.lines(st))-c.room(st), 0))
		return c
	}
	if lines := c.visible(); len(lines) > 0 {
		i, _ := slices.BinarySearch(lines, c.line)
		c.line = lines[min(max(i+by, 0), len(lines)-1)]
	}
	c.scroll, c.want = 0, ""
	return c
}

// marks are the findings at the cursor, the one that is wanted first.
func (c config) marks() []configMark {
	out := slices.Clone(c.read.at(c.file, c.line))
	slices.SortStableFunc(out, func(a, b configMark) int {
		switch c.want {
		case a.id:
			return -1
		case b.id:
			return 1
		}
		return 0
	})
	return out
}

// jumped goes to the next or the previous finding.
func (c config) jumped(by int) Screen {
	file, line, ok := c.read.next(c.file, c.line, by)
	if ok {
		c.mode, c.scroll, c.want = showFile, 0, ""
		c.file, c.line = file, line
		c = c.uncovered()
	}
	return c
}

// turned shows another file.
func (c config) turned(by int) Screen {
	n := len(c.read.files)
	c.file, c.line, c.scroll, c.mode = (c.file+by+n)%n, 1, 0, showFile
	return c.filtered(c.only)
}

// toggled shows a mode, or the file again.
func (c config) toggled(m configMode) Screen {
	if c.mode == m {
		m = showFile
	}
	c.mode, c.top = m, 0
	return c
}

// fix returns what can be pasted for the line, or the diff while that is shown.
func (c config) fix() []string {
	if c.read == nil {
		return nil
	}
	if c.mode == showDiff {
		return c.read.diff
	}
	var out []string
	for _, m := range c.read.at(c.file, c.line) {
		for _, line := range m.finding.Fix {
			out = append(out, strings.Split(strings.TrimRight(c.d.Theme.Pasteable(line), "\n"), "\n")...)
		}
	}
	return out
}

// base is the last part of a file's name.
func (c config) base() string { return filepath.Base(c.read.files[c.file].name) }

// nothing says why there is no file.
func (c config) nothing(st State) probes.Text {
	switch {
	case c.busy:
		return probes.T("reading the configuration")
	case st.Busy() && len(st.Report.Results) == 0:
		return probes.T("looking for the balancer's configuration")
	}
	for _, area := range []string{"nginx", "haproxy"} {
		for _, r := range st.Report.Results {
			if r.Area == area && !r.Reason.IsZero() && (area == string(st.Config.Balancer.Kind) || st.Config.Balancer.Kind == "") {
				return probes.T("%s: %s", area, r.Reason)
			}
		}
	}
	return probes.T("the settings name %q as the balancer, which has no file that wsdoctor reads", string(st.Config.Balancer.Kind))
}

func (c config) View(st State) string {
	t := c.d.Theme
	if c.read == nil {
		lines := []string{rule(t, pane{t.Say(probes.T("configuration")), true, false}, pane{}, st.Width, 0), ""}
		text := []probes.Text{c.nothing(st), probes.T("o opens a file: nginx.conf, a folder of sites, or haproxy.cfg")}
		if c.err != nil {
			text[0] = probes.Verbatim(c.err.Error())
		}
		for _, p := range text {
			for _, line := range widgets.Wrap(t.Say(p), min(st.Width-2, widestText), "") {
				lines = append(lines, " "+t.Faint.Render(line))
			}
		}
		return strings.Join(widgets.Window(lines, 0, st.Height), "\n")
	}
	if c.mode != showFile {
		return c.otherView(st)
	}
	return c.fileView(st)
}
