package model_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// site is a server with most of what a walk can meet.
const site = `map $http_upgrade $connection_upgrade { default upgrade; '' close; }
upstream nodes { server 10.0.0.1:80; }
server {
  listen 8080;
  server_name a.test;
  proxy_set_header Host $host;
  rewrite ^/old/(.*)$ /new/$1 last;
  error_page 418 = @tea;
  location / { proxy_pass http://nodes; }
  location = /exact { return 204; }
  location /ws/ { proxy_pass http://nodes/app/; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }
  location /new/ { proxy_pass http://nodes; }
  location ^~ /files/ { root /srv; }
  location ~ \.php$ { fastcgi_pass unix:/run/php.sock; }
  location ~ ^/(?!keep)[a-z]+/only$ { return 403; }
  location ~ (a)\1 { return 410; }
  location /spa/ { try_files $uri @spa; }
  location @spa { proxy_pass http://10.0.0.9; }
  location /tea { if ($http_upgrade) { return 418; } proxy_pass http://nodes; }
  location @tea { proxy_pass http://10.0.0.8; }
  location /var { set $to 10.0.0.7; proxy_pass http://$to/fixed$is_args$args; }
  location /late { break; set $to x; proxy_pass http://$to; }
  location /loop { rewrite ^ /loop; }
  location /inner { internal; proxy_pass http://nodes; }
  location /br { rewrite ^/br/(.*)$ /cut/$1 break; proxy_pass http://nodes/ignored; }
}
`

func TestWalk(t *testing.T) {
	c, err := conf.Parse("site.conf", []byte(site), conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := model.New(c)
	for path, want := range map[string]string{
		"/":                "proxied http://nodes asked / in location /",
		"/exact":           "returned 204 in location = /exact",
		"/exact/more?x=1":  "proxied http://nodes asked /exact/more?x=1 in location /",
		"/ws/chat?t=1":     "proxied http://nodes asked /app/chat?t=1 in location /ws/",
		"/ws":              "redirect 301 to /ws/ in location /ws/",
		"/ws?t=1":          "redirect 301 to /ws/?t=1 in location /ws/",
		"/ws//./a/../chat": "proxied http://nodes asked /app/chat in location /ws/",
		"/ws/%41%20b":      "proxied http://nodes asked /app/A%20b in location /ws/",
		"/old/x":           "proxied http://nodes asked /new/x in location /new/",
		"/files/x.php":     "static in location ^~ /files/",
		"/x.php":           "gateway in location ~ \\.php$",
		"/some/only":       "returned 403 in location ~ ^/(?!keep)[a-z]+/only$",
		"/keep/only":       "proxied http://nodes asked /keep/only in location /",
		"/spa/x":           "proxied http://10.0.0.9 asked /spa/x in location @spa",
		"/tea":             "proxied http://10.0.0.8 asked /tea in location @tea",
		"/var?b=2":         "proxied http://10.0.0.7 asked /fixed?b=2 in location /var",
		"/late":            "nowhere 500 in location /late",
		"/loop":            "nowhere 500 in location /loop",
		"/inner":           "returned 404 in location /inner",
		"/br/x":            "proxied http://nodes asked /cut/x in location /br",
		"/%zz":             "returned 400",
	} {
		out := m.Walk(model.Request{Host: "A.test:8080", Port: 8080, Path: path})
		got := out.Kind.String()
		switch out.Kind {
		case model.Proxied:
			got += fmt.Sprintf(" %s://%s asked %s", out.Scheme, out.Address, out.UpstreamURI)
		case model.Redirect:
			got += fmt.Sprintf(" %d to %s", out.Status, out.To)
		case model.Returned, model.Nowhere:
			got += fmt.Sprintf(" %d", out.Status)
		}
		if out.Location != nil {
			got += " in " + out.Location.Title()
		}
		if got != strings.ReplaceAll(want, `\\`, `\`) {
			t.Errorf("%s\n  found    %s\n  expected %s\n  %v", path, got, want, out.Steps)
		}
	}
	// A regex with a back reference cannot be evaluated here: the walk goes on and says so.
	if out := m.Walk(model.Request{Host: "a.test", Path: "/aa"}); len(out.Doubts) != 1 || out.Kind != model.Proxied {
		t.Errorf("found %v with doubts about %v", out.Kind, out.Doubts)
	}
}

func TestHeaders(t *testing.T) {
	c, err := conf.Parse("site.conf", []byte(site), conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := model.New(c)
	for _, x := range []struct {
		path, want string
		header     map[string]string
	}{
		{"/", "Host: a.test, Connection: close", nil},
		{"/ws/", "Upgrade: websocket, Connection: upgrade, Host: nodes", nil},
		{"/ws/", "Connection: close, Host: nodes", model.Plain},
	} {
		var got []string
		for _, h := range m.Walk(model.Request{Host: "A.test:8080", Path: x.path, Header: x.header}).Headers {
			got = append(got, h.Name+": "+h.Value)
		}
		if s := strings.Join(got, ", "); s != x.want {
			t.Errorf("%s: found %s, expected %s", x.path, s, x.want)
		}
	}
}
