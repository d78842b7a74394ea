package standin

import (
	"io"
	"log"
	"net/http"
	"strings"
)

// discard swallows what net/http says about clients that send nonsense; Options.Seen tells of those who make sense.
var discard = log.New(io.Discard, "", 0)

// tokens returns the comma-separated elements of a header (RFC 9110 5.6.1).
func tokens(h http.Header, name string) []string {
	var out []string
	for _, v := range h.Values(name) {
		for t := range strings.SplitSeq(v, ",") {
			if t = strings.TrimSpace(t); t != "" {
				out = append(out, t)
			}
		}
	}
	return out
}

func token(h http.Header, name, want string) bool {
	for _, t := range tokens(h, name) {
		if strings.EqualFold(t, want) {
			return true
		}
	}
	return false
}
