package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
)

// redacted stands in place of what a support file must not hold.
const redacted = "<redacted>"

// secrets are the shapes in which passwords and keys stand in settings, configurations, logs and headers. Too much is
// better than too little: who reads the file sees that something stood there.
var secrets = []struct {
	shape *regexp.Regexp
	with  string
}{
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----`), redacted + " private key"},
	{regexp.MustCompile(`(://)[^/@\s"']+@`), "${1}" + redacted + "@"},
	// A header or an assignment: Authorization: Basic x, Set-Cookie: a=b, password = x, "token": "x", ?access_token=x
	{regexp.MustCompile(`(?i)([\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|credential|authorization|cookie)[\w-]*["']?\s*[:=]\s*)("[^"\n]*"|'[^'\n]*'|(?:basic|bearer|digest)\s+[^\s"',;&]+|[^\s"',;&]+)`), "${1}" + redacted},
	// A directive: proxy_set_header Authorization "Basic x"; password x (HAProxy's userlist); requirepass x
	{regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|(?:insecure-)?password|requirepass|x-api-key)(\s+)("[^"\n]*"|'[^'\n]*'|[^\s"';=:][^\s"';]*)`), "${1}${2}" + redacted},
}

// redact takes passwords, tokens, cookies and private keys out of a text. n counts what was taken.
func redact(text []byte) (clean []byte, n int) {
	for _, s := range secrets {
		n += len(s.shape.FindAllIndex(text, -1))
		text = s.shape.ReplaceAll(text, []byte(s.with))
	}
	return text, n
}

// secretName matches the keys whose values are secrets.
var secretName = regexp.MustCompile(`(?i)passw(or)?d|passphrase|secret|token|api[-_]?key|credential|^(proxy-)?authorization$|^(set-)?cookie$`)

// redactJSON is redact for a document whose strings are escaped; the order of keys is not kept.
func redactJSON(text []byte) (clean []byte, n int, err error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var doc any
	if err := in.Decode(&doc); err != nil {
		return nil, 0, fmt.Errorf("reading the report: %w", err)
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			clean, k := redact([]byte(v))
			n += k
			return string(clean)
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			for k := range v {
				if _, ok := v[k].(string); ok && secretName.MatchString(k) {
					v[k], n = redacted, n+1
				} else {
					v[k] = walk(v[k])
				}
			}
		}
		return v
	}
	clean, err = json.MarshalIndent(walk(doc), "", "  ")
	return append(clean, '\n'), n, err
}
