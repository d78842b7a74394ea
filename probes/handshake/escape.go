package handshake

import "example.com/wsdoctor/probes"

// Escape makes foreign bytes safe for a terminal, as probes.Printable does. Everything that a peer sends passes through
// here once, when evidence is made. At most limit bytes of raw are used.
func Escape(raw []byte, limit int) string {
	if len(raw) <= limit {
		return probes.Printable(string(raw))
	}
	return probes.Printable(string(raw[:limit])) + "…"
}
