package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes/handshake"
)

// probeRequest makes the request of the flags; whatever is wrong with them is a usageError.
func (a *app) probeRequest(f *probeFlags, raw string) (handshake.Request, error) {
	var req handshake.Request
	if f.format != "text" && f.format != "json" {
		return req, usagef("--format: found %q, expected text or json", f.format)
	}
	uses := map[string]bool{"--connect-only": f.connectOnly, "--ping": f.pings != 0, "--execute": len(f.messages) > 0, "--direct": f.direct != ""}
	maps.DeleteFunc(uses, func(_ string, given bool) bool { return !given })
	if len(uses) > 1 {
		return req, usagef("found %s, expected one of them: each says what to do once connected", strings.Join(slices.Sorted(maps.Keys(uses)), " and "))
	}
	if f.pings < 0 {
		return req, usagef("--ping: found %d, expected 1 or more", f.pings)
	}
	if !strings.Contains(raw, "://") {
		raw = "ws://" + raw // as wscat does
	}
	u, err := url.Parse(raw)
	var ue *url.Error
	switch {
	case errors.As(err, &ue):
		return req, usagef("the URL %q: %w", raw, ue.Err)
	case u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "wss" && u.Scheme != "http" && u.Scheme != "https":
		return req, usagef("the URL %q: expected ws://HOST[:PORT]/PATH or wss://…", u.Redacted())
	}
	if u.User != nil { // must not show in what is printed
		if f.auth == "" {
			password, _ := u.User.Password()
			f.auth = u.User.Username() + ":" + password
		}
		u.User = nil
	}
	u.Fragment = "" // RFC 6455 3: a WebSocket URL has none
	req = handshake.Request{
		URL: u.String(), Host: f.host, Origin: f.origin, Subprotocols: f.subprotocols,
		Verify: !f.insecure, ServerName: hostOnly(f.host), HTTP2: f.http2,
	}
	if t := a.timeout; t > 0 {
		req.Limits = handshake.Limits{Resolve: t, Connect: t, TLS: t, Upgrade: t, Ping: t}
	}
	if err := f.addHeaders(&req); err != nil {
		return req, err
	}
	if err := f.addTLS(&req); err != nil {
		return req, err
	}
	if f.proxy != "" {
		if req.Proxy, err = url.Parse(f.proxy); err != nil || req.Proxy.Host == "" {
			return req, usagef("--proxy: found no URL, expected one such as http://proxy:3128 or socks5://proxy:1080")
		}
	}
	if err := req.Valid(); err != nil {
		return req, usageError{err}
	}
	return req, nil
}

// hostOnly returns a Host header without its port.
func hostOnly(host string) string { return (&url.URL{Host: host}).Hostname() }

func (f *probeFlags) addHeaders(req *handshake.Request) error {
	for _, h := range f.headers {
		name, value, ok := strings.Cut(h, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || name == "":
			return usagef("--header: found %q, expected 'Name: value'", h)
		case strings.EqualFold(name, "Host"):
			req.Host, req.ServerName = value, hostOnly(value)
			continue
		case strings.EqualFold(name, "Sec-WebSocket-Key"):
			return usagef("--header: Sec-WebSocket-Key is made anew for each request, or the answer could not be judged")
		}
		req.Header = append(req.Header, handshake.Header{Name: name, Value: value})
	}
	if f.auth != "" && f.bearer != "" {
		return usagef("found both --auth and --bearer, expected one: a request has one Authorization header")
	}
	authorization := ""
	if f.auth != "" {
		auth, err := secret("--auth", f.auth)
		if err != nil {
			return err
		}
		if !strings.Contains(auth, ":") {
			return usagef("--auth: found no colon, expected USER:PASSWORD")
		}
		authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(auth))
	}
	if f.bearer != "" {
		token, err := secret("--bearer", f.bearer)
		if err != nil {
			return err
		}
		authorization = "Bearer " + token
	}
	if authorization != "" {
		req.Header = append(req.Header, handshake.Header{Name: "Authorization", Value: authorization})
	}
	return nil
}

func (f *probeFlags) addTLS(req *handshake.Request) error {
	if f.key != "" && f.cert == "" {
		return usagef("found --key without --cert, expected both")
	}
	if f.cert != "" {
		key := f.key
		if key == "" {
			key = f.cert
		}
		pair, err := tls.LoadX509KeyPair(f.cert, key)
		if err != nil {
			return usagef("--cert: %w", err)
		}
		req.Certificates = []tls.Certificate{pair}
	}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return usagef("--ca: %w", err)
		}
		req.RootCAs = x509.NewCertPool()
		if !req.RootCAs.AppendCertsFromPEM(pem) {
			return usagef("--ca: found no certificate in %s, expected PEM", f.ca)
		}
	}
	return nil
}

// directRequest is the request to the backend itself: the same, but for where it goes and, unless a URL says
// otherwise, without TLS, which ends at the balancer.
func directRequest(f *probeFlags, req handshake.Request) (handshake.Request, error) {
	to := f.direct
	if !strings.Contains(to, "://") {
		to = "ws://" + to
	}
	u, err := url.Parse(to)
	if err != nil || u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return req, usagef("--direct: found %q, expected HOST:PORT, ws://HOST:PORT or wss://HOST:PORT", f.direct)
	}
	own, err := url.Parse(req.URL)
	if err != nil {
		return req, usageError{err}
	}
	if req.Host == "" {
		req.Host = own.Host // as a balancer passes it on
	}
	if u.Path == "" {
		u.Path, u.RawPath, u.RawQuery = own.Path, own.RawPath, own.RawQuery
	}
	req.URL, req.Proxy, req.HTTP2 = u.String(), nil, false // what comes by HTTP/2 goes on by HTTP/1.1
	return req, nil
}

// firstMessage is how long --direct waits for a greeting, which shows what reached a stand-in; it is on its way
// before the pong is.
const firstMessage = 500 * time.Millisecond
