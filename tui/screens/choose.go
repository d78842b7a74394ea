package screens

import (
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// choose is what stands there where no settings file was found: which product runs on this host, so that its
// defaults are checked. It is no tab; it ends with Chosen.
type choose struct {
	d        Deps
	selected int
	asking   bool // whether to write the settings
	writing  bool
	err      error // of the last try to write them
}

// written is the outcome of writing the settings.
type written struct {
	cfg cluster.Config
	err error
}

// NewChoose makes the first-time choice with product selected.
func NewChoose(d Deps, product cluster.Product) Screen {
	at := slices.IndexFunc(cluster.Products, func(p cluster.ProductInfo) bool { return p.Name == product })
	return choose{d: d, selected: max(at, 0)}
}

func (c choose) Prompt() string { return "" }

func (c choose) Update(_ State, msg tea.Msg) (Screen, tea.Cmd) {
	if w, ok := msg.(written); ok {
		c.writing, c.err = false, w.err
		if w.err == nil {
			return c, ask(Chosen{Config: w.cfg, Settings: c.d.SettingsPath})
		}
	}
	return c, nil
}

func (c choose) View(st State) string {
	t := c.d.Theme
	width := min(st.Width, 100) - 2
	lines := c.head(st)
	say := func(style func(...string) string, text probes.Text) {
		for _, line := range widgets.Wrap(t.Say(text), width, "") {
			lines = append(lines, " "+style(line))
		}
	}
	for _, line := range c.table(width) {
		lines = append(lines, " "+line)
	}
	lines = append(lines, "")
	switch {
	case c.asking:
		say(t.Warn.Render, probes.T("Write the defaults of %s to this file? y writes it, n does not.", probes.Phrase(c.product().Title)))
		say(t.Strong.Render, probes.Verbatim(c.d.SettingsPath))
	case c.writing:
		say(t.Faint.Render, probes.T("writing %s", c.d.SettingsPath))
	case c.err != nil:
		say(t.Fail.Render, probes.Verbatim(c.err.Error()))
		say(t.Faint.Render, probes.T("%s checks without a file.", t.Marks.Enter))
	default:
		say(t.Plain.Render, probes.T("u is the guided set-up: it asks, writes, and proves."))
		say(t.Plain.Render, probes.T("%s checks this host with the product's defaults. It only looks: nothing is changed, nothing is written.", t.Marks.Enter))
		if c.d.SettingsPath == "" {
			break
		}
		say(t.Faint.Render, probes.T("w writes them to %s first, for you to edit.", c.d.SettingsPath))
	}
	return strings.Join(widgets.Window(lines, 0, st.Height), "\n")
}

// head is what stands above the table.
func (c choose) head(st State) []string {
	t := c.d.Theme
	lines := []string{rule(t, pane{t.Say(probes.T("first time here")), true, false}, pane{}, st.Width, 0), ""}
	for _, line := range widgets.Wrap(t.Say(probes.T("There is no settings file yet. What runs on this host?")), min(st.Width, 100)-2, "") {
		lines = append(lines, " "+t.Strong.Render(line))
	}
	return append(lines, "")
}

func (c choose) product() cluster.ProductInfo { return cluster.Products[c.selected] }

func (c choose) table(width int) []string {
	t := c.d.Theme
	cols := []widgets.Column{{Title: " "}, {Title: t.Say(probes.T("product")), Min: 12, Shrink: true}, {Title: t.Say(probes.T("ports"))}, {Title: t.Say(probes.T("forwarding"))}}
	var rows [][]widgets.Cell
	for i, info := range cluster.Products {
		cursor, style := " ", t.Plain
		if i == c.selected {
			cursor, style = t.Accent.Render(t.Marks.Cursor), t.Selected
		}
		forwarding := list(info.ForwardingPorts)
		if forwarding == "" {
			forwarding = strings.TrimSpace(t.Marks.Skipped)
		}
		rows = append(rows, []widgets.Cell{{Text: cursor, Style: t.Plain}, {Text: t.Phrase(info.Title), Style: style}, {Text: list(info.Ports), Style: t.Faint}, {Text: forwarding, Style: t.Faint}})
	}
	return widgets.Table(cols, t.Faint, rows, width, t.Marks.Ellipsis)
}

// list writes ports as they stand in the settings.
func list(ports []int) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(p)
	}
	return strings.Join(words, ", ")
}

// Keys lists what can be pressed at the first-time choice.
func (c choose) Keys(State) []Key {
	t := c.d.Theme
	if c.asking {
		return []Key{
			{Names: []string{"y", "Y"}, Label: "y", Hint: probes.T("write"), Help: probes.T("write the file and start checking"), Do: c.write},
			{Names: []string{"n", "N", "esc"}, Label: "n", Hint: probes.T("do not"), Help: probes.T("do not write it"), Do: func() (Screen, tea.Cmd) {
				c.asking = false
				return c, nil
			}},
		}
	}
	move := func(by int) func() (Screen, tea.Cmd) {
		return func() (Screen, tea.Cmd) {
			c.selected = min(max(c.selected+by, 0), len(cluster.Products)-1)
			c.err = nil
			return c, nil
		}
	}
	var off, offWrite probes.Text
	if c.writing {
		off = probes.T("the settings are being written")
	}
	if c.d.SettingsPath == "" {
		offWrite = probes.T("there is no place for a settings file")
	}
	return []Key{
		{Names: []string{"up", "k"}, Label: t.Marks.UpDown, Hint: probes.T("move"), Help: probes.T("one line up and down (also k and j)"), Do: move(-1)},
		{Names: []string{"down", "j"}, Do: move(1)},
		{Names: []string{"home", "g"}, Label: "home/end", Help: probes.T("to the first and the last (also g and G)"), Do: move(-len(cluster.Products))},
		{Names: []string{"end", "G"}, Do: move(len(cluster.Products))},
		{Names: []string{"enter"}, Label: t.Marks.Enter, Hint: probes.T("check this host"), Help: probes.T("check this host with the defaults of the product"), Off: off,
			Do: func() (Screen, tea.Cmd) { return c, ask(Chosen{Config: cluster.Default(c.product().Name)}) }},
		{Names: []string{"u"}, Label: "u", Hint: probes.T("set up"), Help: probes.T("the guided set-up: from nothing to a set-up that is proven"), Off: off,
			Do: func() (Screen, tea.Cmd) { return c, ask(SetUp{}) }},
		{Names: []string{"w"}, Label: "w", Hint: probes.T("write settings"), Help: probes.T("write the defaults to a settings file, after asking"), Off: First(off, offWrite),
			Do: func() (Screen, tea.Cmd) { c.asking, c.err = true, nil; return c, nil }},
	}
}

// write saves the defaults of the selected product.
func (c choose) write() (Screen, tea.Cmd) {
	c.asking, c.writing = false, true
	cfg, path := cluster.Default(c.product().Name), c.d.SettingsPath
	return c, c.d.Do(func() tea.Msg {
		return written{cfg, cluster.Save(path, cfg)}
	})
}
