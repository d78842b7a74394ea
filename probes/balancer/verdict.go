package balancer

import (
	"net/url"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
)

// Kind names a verdict. The values are stable: scripts and the diagnosis branch on them.
type Kind string

// The verdicts.
const (
	BothFine     Kind = "both_fine"
	PathFine     Kind = "path_fine"     // shown with a stand-in: only the service is missing
	BalancerOnly Kind = "balancer_only" // it works through the balancer, no node answers directly
	NodesDown    Kind = "nodes_down"    // the nodes do not answer, and the balancer cannot
	NodesRefuse  Kind = "nodes_refuse"  // the nodes themselves refuse the upgrade
	// NodesElsewhere: a node took another port of its listen order, and the balancer does not look there.
	NodesElsewhere Kind = "nodes_elsewhere"
	NothingUp      Kind = "nothing_up" // neither the nodes nor the balancer can be reached

	BalancerName        Kind = "balancer_name" // its name does not resolve, or the URL is wrong
	BalancerRefused     Kind = "balancer_refused"
	BalancerUnreachable Kind = "balancer_unreachable"
	BalancerTLS         Kind = "balancer_tls"

	BalancerDropsUpgrade Kind = "balancer_drops_upgrade"
	BalancerServesPage   Kind = "balancer_serves_page"
	BalancerRedirects    Kind = "balancer_redirects"
	BalancerNoPath       Kind = "balancer_no_path" // 404
	BalancerDenies       Kind = "balancer_denies"  // 401, 403, 429
	BalancerNoUpstream   Kind = "balancer_no_upstream"
	BalancerTimesOut     Kind = "balancer_times_out"
	BalancerSilent       Kind = "balancer_silent"
	BalancerNotHTTP      Kind = "balancer_not_http"
	BalancerBreaksAnswer Kind = "balancer_breaks_answer" // a 101 with the wrong headers
	BalancerCutsTunnel   Kind = "balancer_cuts_tunnel"   // a 101, and then nothing passes
	BalancerOther        Kind = "balancer_other"
)

// Verdict says who is at fault.
type Verdict struct {
	Kind Kind        `json:"kind"`
	Text probes.Text `json:"text"`
	Lost []string    `json:"lost,omitempty"` // what a stand-in behind the balancer missed: "Upgrade", "Connection", "HTTP/1.1"
}

// Balancers tells whether the balancer is at fault.
func (v Verdict) Balancers() bool {
	return strings.HasPrefix(string(v.Kind), "balancer_") && v.Kind != BalancerOnly
}

// independent lists the answers that a balancer gives whether or not its backends are up.
var independent = map[Kind]bool{
	BalancerDropsUpgrade: true, BalancerServesPage: true, BalancerRedirects: true, BalancerNoPath: true,
	BalancerDenies: true, BalancerNotHTTP: true, BalancerBreaksAnswer: true,
}

// judge compares the nodes with the balancer. seen.Balancer is not nil.
func judge(seen handshake.Observation, at *Arrived) Verdict {
	bal := seen.Balancer
	var up, pong, answers, same, elsewhere *handshake.Trace
	for i := range seen.Nodes {
		n := &seen.Nodes[i]
		switch {
		case n.Upgraded():
			up = n
			if n.Cause.Kind == handshake.None {
				pong = n
			}
		case n.AnswersOn != 0:
			elsewhere = n
		case n.Code() != 0:
			answers = n
			if n.Cause.Kind == bal.Cause.Kind {
				same = n
			}
		}
	}
	own := blame(bal)
	unreached := own == BalancerName || own == BalancerRefused || own == BalancerUnreachable
	switch {
	case bal.Upgraded() && bal.Cause.Kind != handshake.None && pong != nil:
		return Verdict{Kind: BalancerCutsTunnel, Text: probes.T("a ping to %s directly is answered, through the balancer it is not: %s", pong.Name, bal.Cause.Text)}
	case bal.Upgraded() && up == nil:
		return Verdict{Kind: BalancerOnly, Text: probes.T("it works through the balancer, though no node answers an upgrade directly from here")}
	case bal.Upgraded():
		return Verdict{Kind: BothFine, Text: probes.T("the nodes and the balancer answer the upgrade alike")}
	case up == nil && unreached:
		return Verdict{Kind: NothingUp, Text: probes.T("neither the nodes nor the balancer answer; see handshake")}
	case up == nil && same != nil:
		return Verdict{Kind: NodesRefuse, Text: probes.T("the nodes themselves refuse the upgrade (%s), and the balancer passes that on; see handshake", same.Cause.Text)}
	case up == nil && !independent[own] && elsewhere != nil:
		return Verdict{Kind: NodesElsewhere, Text: probes.T("%s listens on %d, where the balancer is not expected to look; see handshake", elsewhere.Name, elsewhere.AnswersOn)}
	case up == nil && !independent[own] && answers != nil:
		return Verdict{Kind: NodesRefuse, Text: probes.T("the nodes themselves refuse the upgrade (%s); see handshake", answers.Cause.Text)}
	case up == nil && !independent[own]:
		return Verdict{Kind: NodesDown, Text: probes.T("the nodes themselves do not answer; see handshake")}
	}
	v := Verdict{Kind: own, Text: text(own, up, bal)}
	if own == BalancerDropsUpgrade && at != nil {
		v.Lost = at.lost()
		if len(v.Lost) > 0 {
			v.Text = probes.T("the balancer drops the upgrade: at the backend behind it, %s did not arrive", strings.Join(v.Lost, ", "))
		}
	}
	return v
}

// blame says what a balancer that does not upgrade does, judged by its trace alone.
func blame(bal *handshake.Trace) Kind {
	switch k := bal.Cause.Kind; k {
	case handshake.BadRequest, handshake.NameNotFound, handshake.NameTimeout, handshake.NameError:
		return BalancerName
	case handshake.Refused:
		return BalancerRefused
	case handshake.ConnectTimeout, handshake.Unreachable, handshake.Denied, handshake.ConnectError:
		return BalancerUnreachable
	case handshake.PlainOnTLS, handshake.TLSAlert, handshake.TLSTimeout, handshake.TLSError, handshake.TLSOnPlain:
		return BalancerTLS
	case handshake.UpgradeLost:
		return BalancerDropsUpgrade
	case handshake.BadRequest400:
		// A backend that took the direct request and calls this one bad misses something in it; nginx says 400 on
		// its own account only to heads that it cannot read.
		if ownPage(bal) {
			return BalancerOther
		}
		return BalancerDropsUpgrade
	case handshake.Page:
		return BalancerServesPage
	case handshake.Redirect:
		return BalancerRedirects
	case handshake.NotFound:
		if plainRouting(bal) {
			return BalancerDropsUpgrade
		}
		return BalancerNoPath
	case handshake.Unauthorized, handshake.Forbidden, handshake.TooMany:
		return BalancerDenies
	case handshake.BadGateway, handshake.Unavailable:
		return BalancerNoUpstream
	case handshake.GatewayTimeout, handshake.ClientClosed:
		return BalancerTimesOut
	case handshake.UpgradeTimeout:
		return BalancerSilent
	case handshake.NotHTTP, handshake.Malformed:
		return BalancerNotHTTP
	case handshake.HTTP10, handshake.NoUpgradeHeader, handshake.NoConnection, handshake.Unasked, handshake.AcceptMissing, handshake.AcceptWrong:
		return BalancerBreaksAnswer
	case handshake.Reset, handshake.Closed:
		switch bal.Cause.Phase {
		case handshake.Connecting:
			return BalancerUnreachable
		case handshake.Securing:
			return BalancerTLS
		}
		return BalancerSilent
	}
	return BalancerOther
}

// ownPage tells whether an error page is the balancer's own and not a backend's: nginx and its kin sign theirs.
func ownPage(tr *handshake.Trace) bool {
	return strings.Contains(body(tr), "<center>nginx") || strings.Contains(body(tr), "<center>openresty")
}

// plainRouting tells whether a 404 comes from an application that routes plain requests and upgrades apart: it got a
// plain one. The words are those of Express.
func plainRouting(tr *handshake.Trace) bool { return strings.Contains(body(tr), "Cannot GET ") }

func body(tr *handshake.Trace) string {
	if b := tr.Best(); b != nil && b.Response != nil {
		return string(b.Response.RawBody)
	}
	return ""
}

// text says the verdict on a balancer. up is a node that works directly; nil: none can be seen to.
func text(k Kind, up, bal *handshake.Trace) probes.Text {
	says := func() probes.Text {
		switch k {
		case BalancerName:
			return probes.T("the balancer's name leads nowhere")
		case BalancerRefused:
			return probes.T("nothing listens on the balancer's port")
		case BalancerUnreachable:
			return probes.T("the balancer cannot be reached")
		case BalancerTLS:
			return probes.T("TLS with the balancer fails")
		case BalancerDropsUpgrade:
			return probes.T("the balancer drops Upgrade, so the backend answers %d", bal.Code())
		case BalancerServesPage:
			return probes.T("the balancer answers %d with a page: the path is not passed on, or is passed on without Upgrade", bal.Code())
		case BalancerRedirects:
			return probes.T("the balancer redirects to %s (%d)", bal.Best().Response.Get("Location"), bal.Code())
		case BalancerNoPath:
			return probes.T("the balancer answers 404: it does not pass this path on")
		case BalancerDenies:
			return probes.T("the balancer answers %d and lets the request not through", bal.Code())
		case BalancerNoUpstream:
			return probes.T("the balancer answers %d: its upstream does not point to a backend that works", bal.Code())
		case BalancerTimesOut:
			return probes.T("the balancer answers %d: the backend that it points to does not answer it", bal.Code())
		case BalancerSilent:
			return probes.T("the balancer accepts the connection and gives no answer")
		case BalancerNotHTTP:
			return probes.T("what listens on the balancer's port is no HTTP balancer")
		case BalancerBreaksAnswer:
			return probes.T("the balancer changes the backend's 101")
		}
		return probes.T("the balancer does not pass the upgrade on")
	}()
	if up == nil {
		return probes.T("%s (%s)", says, bal.Cause.Text)
	}
	return probes.T("%s upgrades directly, but %s", up.Name, says)
}

// kindOf returns the kind of the settings, or the one that the balancer names itself where they leave it open.
func kindOf(cfg cluster.Config, bal *handshake.Trace) cluster.BalancerKind {
	kind := cfg.Balancer.Kind
	if b := bal.Best(); b != nil && (kind == cluster.Other || kind == "") {
		server := strings.ToLower(b.Response.Get("Server"))
		for _, k := range []cluster.BalancerKind{cluster.Nginx, cluster.Caddy} {
			if strings.HasPrefix(server, string(k)) {
				return k
			}
		}
	}
	return kind
}

// split returns the authority, the host without its port and the path of a URL.
func split(raw string) (authority, host, path string) {
	u, err := url.Parse(raw)
	if err != nil {
		return raw, raw, "/"
	}
	return u.Host, u.Hostname(), u.EscapedPath()
}
