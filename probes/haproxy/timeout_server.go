package haproxy

var timeoutServer = rule{
	id:    "timeout-server",
	title: "timeout server is set, and does not cut tunnels before the heartbeat comes",
	why: "Where no timeout tunnel is set, timeout server holds for tunnels, too, and the shorter of it and timeout client cuts an idle " +
		"one. Where it is not set at all, a backend that hangs holds its clients for ever; HAProxy warns of it when it starts " +
		"(\"missing timeouts\").",
	source: "HAProxy configuration manual, 4.2 \"timeout server\"; shown with 2.6",
	check: func(m *model) verdict {
		var v verdict
		backs, lines := map[*proxy]bool{}, map[string]bool{}
		for _, l := range m.lives() {
			if !l.server.sure {
				continue // timeout-tunnel says so
			}
			if !l.server.set && !backs[l.back] {
				backs[l.back] = true
				v.problems = append(v.problems, m.missing(l.back, "server", "30s"))
			}
			if l.known() && !l.tunnel.set && (!l.client.set || l.server.d < l.client.d) && !lines[l.server.line.where()] {
				lines[l.server.line.where()] = true
				v.problems = append(v.problems, m.cutting(l, "server", l.server)...)
			}
		}
		return v
	},
}
