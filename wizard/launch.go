package wizard

import "example.com/wsdoctor/probes"

// The values of the step "launch".
const (
	LaunchForeground = "foreground"
	LaunchService    = "service"
	LaunchNo         = "no"
)

var launchStep = Step{
	ID:    "launch",
	Title: probes.T("launch"),
	Why:   probes.T("at the end a handshake goes through what was launched: \"101 Switching Protocols\" is the proof"),
	Ask:   fixed(probes.T("how is the embedded proxy to run, once everything is written?")),
	Choices: fixed([]Choice{
		{LaunchForeground, probes.T("here in the foreground: it ends at Ctrl-C, and with this terminal")},
		{LaunchService, probes.T("as a service of systemd: it stays")},
		{LaunchNo, probes.T("not now")},
	}),
	Default: fixed(LaunchForeground),
	Skip:    func(d Draft) bool { return noneStands(d) || !d.Embedded() || !d.Here },
	Apply:   choose(func(d *Draft, answer string) { d.Launch = answer }),
}
