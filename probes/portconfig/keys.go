package portconfig

import (
	"strings"
	"unicode"

	"example.com/wsdoctor/probes"
)

// The keys of fine_conf_entity that hold ports. They are case-sensitive (vendor: "Configuring WebSocket Port in Cluster
// Environment", notes 6 to 8).
const (
	KeyPort         = "WebSocketConfig.port"
	KeyRequestPorts = "WebSocketConfig.requestPorts" // builds dated 2019-11-08 and later
	KeyRequestPort  = "WebSocketConfig.requestPort"  // builds dated before
)

// buildDate separates the builds that read requestPort from those that read requestPorts.
const buildDate = "2019-11-08"

// keys is in the order in which a tie of NearestKey is settled: today's keys first.
var keys = []string{KeyPort, KeyRequestPorts, KeyRequestPort}

// NearestKey returns the key that id is, or was most likely meant to be: the same letters in another case, with blanks
// in it, in full-width forms, or with at most two letters wrong. ok is false for the id of some other setting.
func NearestKey(id string) (key string, ok bool) {
	return probes.Nearest(unspaced(narrow(id)), keys)
}

func roleOf(key string) Role {
	if key == KeyPort {
		return WebSocket
	}
	return Forwarding
}

// narrow turns full-width letters, digits and signs (U+FF01 to U+FF5E) into the ASCII ones that they look like.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xFF01 && r <= 0xFF5E {
			return r - 0xFF01 + '!'
		}
		return r
	}, s)
}

// isBlank tells the characters that take up room or none and are not seen: blanks, controls, zero-width and other
// format characters (a byte order mark among them).
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Zs, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

func unspaced(s string) string {
	return strings.Map(func(r rune) rune {
		if isBlank(r) {
			return -1
		}
		return r
	}, s)
}
