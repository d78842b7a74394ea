package nginx

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

// defaultTimeout is nginx's own proxy_read_timeout and proxy_send_timeout.
const defaultTimeout = 60 * time.Second

// longIdle is beyond what applications let pass between two heartbeats: 25 s to a minute is usual, some take minutes.
const longIdle = 5 * time.Minute

// longTimeout is what is proposed where no heartbeat is known: an hour, as the examples of most products have it.
const longTimeout = "3600s"

var readTimeout = Rule{
	ID:    "nginx/read-timeout",
	Title: "idle tunnels outlive the time between two heartbeats",
	Why:   "After proxy_read_timeout without a byte in either direction nginx closes the tunnel without a Close frame: the client sees 1006, and the log line has the level info, so it is not seen by default",
	Docs:  "https://nginx.org/en/docs/http/websocket.html",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			e := s.Scope.Effective("proxy_read_timeout")
			timeout, anchor := defaultTimeout, in.anchor(s)
			d := e.Last()
			if d != nil {
				t, ok := duration(d.Arg(0))
				if !ok {
					continue
				}
				timeout, anchor = t, d
			}
			f, bad := in.judgeTimeout(s, timeout, anchor, e.Unsure)
			if !bad {
				continue
			}
			if d != nil {
				f = f.edit(replaceArg(d, 0, longTimeout))
			} else {
				f = f.edit(insertAfter(anchor, "proxy_read_timeout "+longTimeout+";")...)
			}
			out = append(out, f.with("proxy_read_timeout "+longTimeout+";"))
		}
		return append(out, in.cutStreams()...)
	},
}

// cutStreams reports a proxy_timeout of a stream server for the clients that is no longer than the heartbeat; it has
// the sense of proxy_read_timeout there, and is 10 minutes by default.
func (in *Input) cutStreams() []Finding {
	var out []Finding
	for _, srv := range in.streamServers(in.clientPorts()) {
		lines := srv.Find("proxy_timeout")
		if len(lines) == 0 && srv.Parent != nil {
			lines = srv.Parent.Find("proxy_timeout")
		}
		if len(lines) == 0 {
			continue
		}
		d := lines[len(lines)-1]
		if t, ok := duration(d.Arg(0)); ok && in.Cluster.Heartbeat > 0 && t <= in.Cluster.Heartbeat {
			f := at(d, probes.Error, probes.T("an idle tunnel through stream is cut after %s, sooner than the heartbeat of %s comes", seconds(t), seconds(in.Cluster.Heartbeat)))
			out = append(out, f.with("proxy_timeout "+longTimeout+";").edit(replaceArg(d, 0, longTimeout)))
		}
	}
	return out
}

func (in *Input) judgeTimeout(s Site, timeout time.Duration, anchor *conf.Directive, unsure []*conf.Directive) (Finding, bool) {
	if in.Cluster == nil {
		if timeout > longIdle {
			return Finding{}, false
		}
		sev := probes.Info
		if timeout < 30*time.Second {
			sev = in.grade(s, probes.Warning, unsure) // below what applications ping at
		}
		return at(anchor, sev, probes.T("an idle tunnel at %s is cut after %s; the application has to send something more often", s.Scope.Title(), seconds(timeout))), true
	}
	beat := in.Cluster.Heartbeat
	switch {
	case beat == 0 && timeout <= defaultTimeout:
		return at(anchor, in.grade(s, probes.Warning, unsure), probes.T("an idle tunnel at %s is cut after %s, and the settings say that the application sends no heartbeat", s.Scope.Title(), seconds(timeout))), true
	case beat > 0 && timeout <= beat:
		return at(anchor, in.grade(s, probes.Error, unsure), probes.T("an idle tunnel at %s is cut after %s, sooner than the heartbeat of %s comes", s.Scope.Title(), seconds(timeout), seconds(beat))), true
	}
	return Finding{}, false
}

// seconds writes a time as operators write it into the file.
func seconds(d time.Duration) string { return fmt.Sprintf("%gs", d.Seconds()) }

// duration reads a time of nginx: "60", "60s", "1h 30m", "500ms".
func duration(s string) (time.Duration, bool) {
	units := map[string]time.Duration{"": time.Second, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "M": 30 * 24 * time.Hour, "y": 365 * 24 * time.Hour}
	var total time.Duration
	for s != "" {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, err := strconv.Atoi(s[:i])
		if err != nil {
			return 0, false
		}
		j := i
		for j < len(s) && (s[j] < '0' || s[j] > '9') && s[j] != ' ' {
			j++
		}
		unit, ok := units[s[i:j]]
		if !ok {
			return 0, false
		}
		total += time.Duration(n) * unit
		s = strings.TrimLeft(s[j:], " ")
	}
	return total, true
}
