package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"url: ws://admin:hunter2@10.0.0.1/", "url: ws://<redacted>@10.0.0.1/"},
		{`proxy_set_header Authorization "Basic aHVudGVyMg==";`, `proxy_set_header Authorization <redacted>;`},
		{"Authorization: Bearer hunter2", "Authorization: <redacted>"},
		{"Set-Cookie: io=hunter2; Path=/", "Set-Cookie: <redacted>; Path=/"},
		{"GET /ws?access_token=hunter2&EIO=4 HTTP/1.1", "GET /ws?access_token=<redacted>&EIO=4 HTTP/1.1"},
		{"  user admin insecure-password hunter2", "  user admin insecure-password <redacted>"},
		{"db.password = hunter2", "db.password = <redacted>"},
		{"-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----", "<redacted> private key"},
		{"ssl_certificate_key /etc/ssl/key.pem;", "ssl_certificate_key /etc/ssl/key.pem;"},
		{"cookie SRV insert indirect", "cookie SRV insert indirect"},
		{"tcp dport 38889 accept", "tcp dport 38889 accept"},
	} {
		if got, _ := redact([]byte(c.in)); string(got) != c.want {
			t.Errorf("%q: got %q, expected %q", c.in, got, c.want)
		}
	}
	report := `{"saw":"Authorization: Basic hunter2","token":"hunter2","n":[{"password":"x\"hunter2","pid":12345678901234567890}]}`
	got, n, err := redactJSON([]byte(report))
	if err != nil || n != 3 || !json.Valid(got) || strings.Contains(string(got), "hunter2") || !strings.Contains(string(got), "12345678901234567890") {
		t.Errorf("%d taken, %v: %s", n, err, got)
	}
}
