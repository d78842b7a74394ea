package screens

import (
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/tui/widgets"
)

// Clicked selects the check at a line of the list.
func (c checks) Clicked(st State, x, y int) Screen {
	l, items := c.layout(st), c.items(st)
	if l.list == 0 || x >= l.list || y < 1 || y > l.lines || len(items) == 0 {
		return c
	}
	i, _ := c.at(items)
	rows, at := c.listRows(items, i)
	row := widgets.Top(at, len(rows), l.lines) + y - 1
	if row >= len(rows) || rows[row] < 0 {
		return c
	}
	if rows[row] == i {
		return c.open()
	}
	return c.pick(items[rows[row]].rule.ID)
}

// Clicked selects the port at a line of the table.
func (p portsScreen) Clicked(st State, _, y int) Screen {
	o, _ := p.observed(st)
	table, _ := p.split(st, o)
	i, _ := p.row(o)
	y -= 2 // the rule and the table's head
	row := widgets.Top(i, len(o.Ports), table) + y
	switch {
	case y < 0 || y >= table || row >= len(o.Ports) || !p.work.ask.IsZero():
	case row == i:
		p.detail = !p.detail
	default:
		p.selected, p.scroll, p.detail = o.Ports[row].Port, 0, false
	}
	return p
}

// Clicked selects the test at a line of the list.
func (b balancerScreen) Clicked(_ State, _, y int) Screen {
	if shown := b.shown(); y >= 1 && y <= len(shown) && shown[y-1] != b.selected {
		b.selected, b.scroll, b.asked = shown[y-1], 0, ""
	}
	return b
}

// Clicked goes to a line of the file.
func (c config) Clicked(st State, x, y int) Screen {
	if c.read == nil || c.mode != showFile {
		return c
	}
	l, shown := c.layout(st), c.visible()
	row := c.firstLine(shown, l.height) + y - 1
	if x >= l.width || y < 1 || y > l.height || row >= len(shown) {
		return c
	}
	c.line, c.scroll, c.want = shown[row], 0, ""
	return c
}

// Clicked selects the backend or the tunnel at a line of the tables.
func (p proxyScreen) Clicked(st State, _, y int) Screen {
	if p.seenAt.IsZero() || p.showLog || !p.asking.words.IsZero() {
		return p
	}
	y -= 1 + len(p.head(st)) + 2 // the rules and the table's head
	rows, backends := p.backendRows(st), p.backends()
	if y >= 0 && y < rows {
		p.focus, p.backend = onBackends, backends[widgets.Top(p.selectedBackend(), len(backends), rows)+y].Address
		return p
	}
	y -= rows + 2
	all := p.tunnels()
	row := widgets.Top(max(p.selectedTunnel(all), 0), len(all), p.tunnelRows(st)) + y
	if y >= 0 && row < len(all) {
		p.focus, p.tunnel = onTunnels, all[row].ID
	}
	return p
}

// Clicked selects the product at a line of the table.
func (c choose) Clicked(st State, _, y int) Screen {
	if row := y - len(c.head(st)) - 1; row >= 0 && row < len(cluster.Products) && !c.asking {
		c.selected, c.err = row, nil
	}
	return c
}
