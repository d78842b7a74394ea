package nginx

import (
	"slices"

	"example.com/wsdoctor/probes"
)

var errorLogLevel = Rule{
	ID:    "nginx/error-log-level",
	Title: "the log shows why tunnels end",
	Why:   "A tunnel that proxy_read_timeout or a client cut is logged with the level info; the default level is error, so the log is silent about it",
	Docs:  "https://nginx.org/en/docs/ngx_core_module.html#error_log",
	Check: func(in *Input) []Finding {
		for _, s := range in.sites {
			d := s.Scope.Effective("error_log").Last()
			if d == nil || d.Arg(0) == "off" || slices.Contains([]string{"info", "debug"}, d.Arg(1)) {
				continue
			}
			level := d.Arg(1)
			if level == "" {
				level = "error"
			}
			line := "error_log " + d.Arg(0) + " info;"
			return []Finding{at(d, probes.Info, probes.T("error_log has the level %q; tunnels that end are logged with %q", level, "info")).with(line)}
		}
		return nil
	},
}
