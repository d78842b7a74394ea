// Package nginx judges an nginx configuration by what WebSocket connections need: what makes the handshake fail, cuts
// or misleads tunnels, or runs out under load. Lint judges a file on its own; Probe is the area nginx of a check, which
// also compares the file with the settings and with the nginx that is running.
//
// It sends no request and resolves no name, so it does not know whether a backend answers or what path it serves, and
// it does not judge what has nothing to do with WebSocket.
package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// Rule judges a configuration for one kind of fault.
type Rule struct {
	ID    string // "nginx/<what>"
	Title string // the healthy state
	Why   string // what goes wrong otherwise
	Docs  string // where the fact stands

	// Applies is that of probes.Rule; nil means always.
	Applies func(*Input) (probes.Status, probes.Text)
	Check   func(*Input) []Finding
}

// Rules lists every rule in the order of a report: what keeps nginx from loading first, then the handshake, the way
// through the locations, the life of a tunnel, the load, the rest.
var Rules = []Rule{
	syntaxRule, swallowedDirective, moduleDirective, undefinedVariable, proxyPassScheme, undefinedUpstream,
	httpVersion, upgradeHeader, connectionHeader, headerInheritance, duplicateHeader, proxyPassMissing, http2Assumed,
	pathNotCovered, locationOrder, redirectRule, staticShadow, uriRewrite,
	hostHeader, originHeader, forwardedProto, connectionUnconditional, upgradeAnyProtocol,
	readTimeout, stickiness, backupWithHash, upstreamEjection, singleServerFails, nonIdempotentRetry,
	limitConn, workerConnections, openFiles, shutdownTimeout, errorLogLevel, tlsProtocols,
	listenPort, upstreamPort, notReloaded, runningFile, answerRule,
}

// Finding is one fault at one place.
type Finding struct {
	ID       string
	Severity probes.Severity
	Title    probes.Text
	File     *conf.File
	Offset   int // in File
	End      int // of what the caret points at
	Evidence []probes.Evidence
	Fix      []probes.Text // lines to paste
	Edits    []conf.Edit   // the same as edits of the files, for --fix
	Subject  string        // what other areas call it, such as a port; "" means the place
	Ignored  string        // the reason of a `# wsdoctor:ignore ID reason` at the place; "" where there is none
}

// Place returns where the finding is.
func (f Finding) Place() conf.Place { return f.File.Place(f.Offset) }

// Input is what the rules judge.
type Input struct {
	Conf    *conf.Config
	Model   *model.Model
	Version conf.Version    // of nginx; zero: unknown
	Paths   []string        // the WebSocket paths, if they were named
	Cluster *cluster.Config // the settings; nil: none
	CPUs    int             // of the host that nginx runs on; 0: unknown
	Local   bool            // the files are where their nginx reads them: a file that is missing here is missing
	Running *Running        // the nginx that runs on this host with these files; nil: not looked at, or none does
	Others  []*Running      // the nginx that run on this host with other files

	sites   []Site
	siteOf  map[*model.Scope]int // index in sites
	reaches []Reach
	tests   int      // see maxTests
	whole   int      // of someWhole; 0: not asked yet
	targets []string // of target: those of the whole configuration, two at most; nil: not asked yet
}

// at makes a finding that points at a directive's head.
func at(d *conf.Directive, sev probes.Severity, title probes.Text) Finding {
	end := d.End
	if d.HasBlock {
		end = d.Open
	}
	return Finding{Severity: sev, Title: title, File: d.File, Offset: d.Start, End: end}
}

// with adds lines to paste.
func (f Finding) with(lines ...string) Finding {
	for _, l := range lines {
		f.Fix = append(f.Fix, probes.Verbatim(l))
	}
	return f
}

// edit adds edits of the files.
func (f Finding) edit(edits ...conf.Edit) Finding {
	f.Edits = append(f.Edits, edits...)
	return f
}

// saw adds evidence: a directive elsewhere that belongs to the finding.
func (f Finding) saw(d *conf.Directive) Finding {
	if d != nil {
		p := d.Place()
		f.Evidence = append(f.Evidence, probes.Evidence{Where: where(p), Saw: probes.Verbatim(d.Head())})
	}
	return f
}
