package model

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// variables.txt lists the variables of nginx's own modules, https://nginx.org/en/docs/varindex.html.
//
//go:embed variables.txt
var variablesText string

var builtins = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for n := range strings.FieldsSeq(variablesText) {
		out[n] = true
	}
	return out
})

// families are the variables whose names go on freely.
var families = []string{"http_", "arg_", "cookie_", "upstream_http_", "upstream_cookie_", "upstream_trailer_", "sent_http_", "sent_trailer_", "jwt_header_", "jwt_claim_", "date_", "geoip", "proxy_protocol_tlv_"}

// Builtin tells whether nginx itself makes a variable of that name.
func Builtin(name string) bool {
	name = strings.ToLower(name)
	if len(name) == 1 && name[0] >= '0' && name[0] <= '9' {
		return true // a capture
	}
	return builtins()[name] || slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(name, f) })
}
