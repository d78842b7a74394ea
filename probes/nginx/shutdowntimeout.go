package nginx

import (
	"example.com/wsdoctor/probes"
)

var shutdownTimeout = Rule{
	ID:    "nginx/shutdown-timeout",
	Title: "a reload ends the old workers some time",
	Why:   "After a reload the old workers live as long as their tunnels: with the old configuration, and memory for each reload. worker_shutdown_timeout ends them, without a Close frame for the clients",
	Docs:  "https://nginx.org/en/docs/ngx_core_module.html#worker_shutdown_timeout",
	Check: func(in *Input) []Finding {
		if !in.Conf.Whole() || len(in.sites) == 0 || in.Model.Main.Effective("worker_shutdown_timeout").Last() != nil {
			return nil
		}
		d := in.Conf.Top[0]
		line := "worker_shutdown_timeout 1h;"
		return []Finding{at(d, probes.Info, probes.T("no worker_shutdown_timeout: after a reload the old workers stay as long as a tunnel of theirs lives")).with(line).edit(insertBefore(d, line+"\n"))}
	},
}
