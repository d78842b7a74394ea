package nginx

import (
	"strconv"

	"example.com/wsdoctor/probes"
)

// usualLimit is the soft limit of open files that a service has where nobody raised it.
const usualLimit = 1024

var openFiles = Rule{
	ID:    "nginx/open-files",
	Title: "workers may open as many files as they have connections",
	Why:   "Each connection is a file descriptor: below worker_connections the limit is reached first, and accept fails with `Too many open files`",
	Docs:  "https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile",
	Check: func(in *Input) []Finding {
		c, ok := in.capacity()
		if !ok || c.dir == nil {
			return nil
		}
		if d := in.Model.Main.Effective("worker_rlimit_nofile").Last(); d != nil {
			n, err := strconv.Atoi(d.Arg(0))
			if err != nil || n >= c.connections {
				return nil
			}
			want := strconv.Itoa(roundUp(c.connections + fewConnections))
			return []Finding{at(d, probes.Warning, probes.T("worker_rlimit_nofile is %d, below the %d worker_connections", n, c.connections)).saw(c.dir).
				with("worker_rlimit_nofile " + want + ";").edit(replaceArg(d, 0, want))}
		}
		limit, sev := usualLimit, probes.Info
		title := probes.T("%d worker_connections and no worker_rlimit_nofile: where the service's limit is the usual %d, files run out first", c.connections, limit)
		if in.Running != nil && in.Running.OpenFiles > 0 {
			limit, sev = in.Running.OpenFiles, probes.Warning
			title = probes.T("nginx may open %d files, below its %d worker_connections", limit, c.connections)
		}
		if c.connections <= limit {
			return nil
		}
		line := "worker_rlimit_nofile " + strconv.Itoa(roundUp(c.connections+fewConnections)) + ";"
		f := at(c.dir, sev, title).with(line)
		if in.Model.Events.Dir != nil {
			f = f.edit(insertBefore(in.Model.Events.Dir, line+"\n"))
		}
		return []Finding{f}
	},
}
