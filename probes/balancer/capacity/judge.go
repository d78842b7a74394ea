package capacity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// Kind names a verdict. The values are stable.
type Kind string

// The verdicts.
const (
	Unknown  Kind = "unknown"
	Enough   Kind = "enough"    // all that was asked for were held
	OwnLimit Kind = "own_limit" // the tester itself could not go further
	Ceiling  Kind = "ceiling"   // the path refused
	Patchy   Kind = "patchy"    // some were refused on the way, and others after them were not
)

// Verdict is what an Observation says.
type Verdict struct {
	Kind    Kind        `json:"kind"`
	Ceiling int         `json:"ceiling,omitempty"` // tunnels that were held when the refusals became lasting
	Text    probes.Text `json:"text"`
	// Explained says where a ceiling of this height comes from; the likeliest first.
	Explained []probes.Text `json:"explained,omitempty"`
}

// Judge explains where the ramp ended. It is pure.
func Judge(o Observation) Verdict {
	own := o.Own.Binding(o.Asked)
	switch {
	case o.Held == 0 && o.Refused > 0:
		return Verdict{Kind: Unknown, Text: probes.T("no connection came about: %s", o.Cause.Text)}
	case o.Refused == 0 && !own.IsZero():
		return Verdict{Kind: OwnLimit, Text: probes.T("%d tunnels were held without a refusal, and more cannot be tried from here: %s", o.Held, own)}
	case o.Refused == 0:
		return Verdict{Kind: Enough, Text: probes.T("%d tunnels were held at once, none was refused", o.Held)}
	case o.Kinds[string(handshake.ConnectError)] > o.Refused/2 || o.Kinds[string(handshake.Denied)] > o.Refused/2:
		return Verdict{Kind: OwnLimit, Text: probes.T("after %d tunnels this host itself made no more: %s", o.First, o.Cause.Text)}
	case o.Lasting:
		v := Verdict{Kind: Ceiling, Ceiling: o.Held}
		v.Text = probes.T("%d tunnels were held, expected %d; the next was refused: %s", o.Held, o.Asked, o.Cause.Text)
		v.Explained = explain(o)
		return v
	}
	v := Verdict{Kind: Patchy}
	v.Text = probes.T("%d tunnels were held, %d were refused on the way, the first after %d: %s", o.Held, o.Refused, o.First, o.Cause.Text)
	if o.Lost > 0 {
		v.Explained = []probes.Text{probes.T("%d of those held ended meanwhile and made room for others: the path ends tunnels by itself, see its idle limit and its maximum lifetime", o.Lost)}
	}
	return v
}

// explain lists the limits that fit the ceiling and the manner of the refusals.
func explain(o Observation) []probes.Text {
	var out []probes.Text
	nginx := strings.HasPrefix(strings.ToLower(o.Server), "nginx")
	kind := o.Cause.Kind
	abrupt := kind == handshake.Reset || kind == handshake.Closed || kind == handshake.OtherStatus // 500: no connection left for the upstream
	if connections, workers := workerConnections(o.Held); connections > 0 && (nginx || abrupt) {
		says := probes.T("nginx: worker_connections %d counts both sides of a tunnel, and (%d - 1 listener - 1) / 2 = %d", connections, connections, (connections-2)/2)
		if workers > 1 {
			says = probes.T("%s for each of %d workers", says, workers)
		}
		out = append(out, says)
	} else if nginx && abrupt {
		out = append(out, probes.T("nginx: worker_connections counts both sides of a tunnel, (worker_connections - listeners - 1) / 2 for each worker; other clients have their part of it"))
	}
	if f := openFiles(o.Held); f > 0 {
		out = append(out, probes.T("open files: a proxy with ulimit -n %d has room for %d tunnels, two descriptors each, beside its own", f, o.Held))
	}
	switch kind {
	case handshake.Unavailable, handshake.TooMany:
		out = append([]probes.Text{probes.T("a limit that answers by itself: limit_conn in nginx (all tunnels of one address count together), maxconn in HAProxy, or the service")}, out...)
	case handshake.BadGateway:
		out = append([]probes.Text{probes.T("the backend refuses: its own limit of connections or open files")}, out...)
	case handshake.ConnectTimeout, handshake.UpgradeTimeout, handshake.GatewayTimeout:
		out = append(out, probes.T("a full queue: listen backlog and net.core.somaxconn, conntrack that drops new connections (nf_conntrack_max), or maxconn in HAProxy, which lets clients wait"))
	}
	if len(out) == 0 {
		out = append(out, probes.T("a limit of the balancer or of the service: worker_connections, ulimit -n, maxconn, limit_conn"))
	}
	return out
}

// common are the values of worker_connections that are met; 512 is nginx's default, 768 and 1024 are packages'.
var common = []int{64, 128, 256, 512, 768, 1000, 1024, 2000, 2048, 4000, 4096, 8192, 10000, 10240, 16384, 20000, 20480, 32768, 65535}

// workerConnections returns the common value of worker_connections and the number of workers that give a ceiling; 0:
// none does. A number that fits exactly wins over one that a connection a worker has been taken from.
func workerConnections(held int) (connections, workers int) {
	for slack := range 2 {
		for workers := 1; workers <= 16; workers++ {
			for _, c := range common {
				// One listener, and the channel to the master.
				if most := workers * ((c - 2) / 2); held <= most && held >= most-workers*slack {
					return c, workers
				}
			}
		}
	}
	return 0, 0
}

// openFiles returns the common limit of open files that gives a ceiling; 0: none does. A proxy's own descriptors
// (listeners, logs, epoll) are up to twenty.
func openFiles(held int) int {
	for _, f := range []int{256, 1024, 2048, 4096, 8192, 10240, 65535, 65536} {
		if 2*held < f && 2*held >= f-20 {
			return f
		}
	}
	return 0
}

// curve cuts the handshake times into stretches.
func curve(times []time.Duration) []Step {
	var out []Step
	size := max(1, (len(times)+steps-1)/steps)
	for i := 0; i < len(times); i += size {
		part := slices.Sorted(slices.Values(times[i:min(i+size, len(times))]))
		out = append(out, Step{Held: i + len(part), Median: probes.Seconds(part[len(part)/2]), Slow: probes.Seconds(part[len(part)*95/100])})
	}
	return out
}

// String is one line of the curve.
func (s Step) String() string {
	return fmt.Sprintf("%6d held: median %s, p95 %s", s.Held, s.Median, s.Slow)
}
