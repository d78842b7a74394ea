package handshake

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/proxy"
)

// proxyTimeout covers the proxy's own look-up and connect, for which it has the same patience as this program.
const proxyTimeout = resolveTimeout + connectTimeout

// proxyPorts are the ports of proxies whose URL names none, as curl has them.
var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// checkProxy says what is wrong with a proxy's URL.
func checkProxy(u *url.URL) error {
	if proxyPorts[u.Scheme] == "" || u.Hostname() == "" {
		return fmt.Errorf("found the proxy %q, expected a URL such as http://proxy:3128 or socks5://proxy:1080", u.Redacted())
	}
	return nil
}

func proxyAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = proxyPorts[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// throughProxy has the proxy at the other end of conn connect to address. The connection that it returns is conn, or
// TLS over it where the proxy itself wants that.
func throughProxy(ctx context.Context, conn net.Conn, t target, address string) (net.Conn, Cause) {
	ctx, cancel := context.WithTimeout(ctx, proxyTimeout)
	defer cancel()
	setDeadline(ctx, conn, proxyTimeout)
	defer conn.SetDeadline(time.Time{})
	var c Cause
	switch t.Proxy.Scheme {
	case "https":
		tc := tls.Client(conn, &tls.Config{ServerName: t.Proxy.Hostname(), RootCAs: t.RootCAs, NextProtos: []string{"http/1.1"}, InsecureSkipVerify: !t.Verify})
		if err := tc.HandshakeContext(ctx); err != nil {
			return conn, cause(ProxyError, Proxying, "TLS with the proxy %s: %s", t.Proxy.Redacted(), Escape([]byte(leaf(err).Error()), 200))
		}
		conn = tc
		c = connectThrough(ctx, conn, t, address)
	case "http":
		c = connectThrough(ctx, conn, t, address)
	default:
		c = socksThrough(ctx, conn, t, address)
	}
	return conn, c
}

// connectThrough asks an HTTP proxy for a tunnel (RFC 9110 9.3.6).
func connectThrough(ctx context.Context, conn net.Conn, t target, address string) Cause {
	head := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: wsdoctor\r\n"
	if u := t.Proxy.User; u != nil {
		password, _ := u.Password()
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)) + "\r\n"
	}
	_, werr := io.WriteString(conn, head+"\r\n")
	// Read byte by byte: what comes behind the head belongs to the tunnel.
	resp, _, err := readResponse(bufio.NewReaderSize(oneByte{conn}, 16))
	switch {
	case ctx.Err() == context.Canceled:
		return interrupted(Proxying)
	case err != nil && isTimeout(err):
		return cause(ProxyError, Proxying, "the proxy %s did not answer CONNECT %s within %s", t.Proxy.Redacted(), address, proxyTimeout)
	case err != nil:
		return cause(ProxyError, Proxying, "the proxy %s gave no HTTP answer to CONNECT %s: %s", t.Proxy.Redacted(), address, Escape([]byte(leaf(errors.Join(werr, err)).Error()), 200))
	case resp.StatusCode == http.StatusProxyAuthRequired:
		return cause(ProxyRefused, Proxying, "the proxy %s answers 407: it wants credentials, such as http://USER:PASSWORD@%s", t.Proxy.Redacted(), t.Proxy.Host)
	case resp.StatusCode/100 != 2:
		return cause(ProxyRefused, Proxying, "the proxy %s answers CONNECT %s with \"%s\"", t.Proxy.Redacted(), address, Escape([]byte(resp.Status), 100))
	}
	return Cause{}
}

// socksThrough asks a SOCKS5 proxy for a connection (RFC 1928, RFC 1929).
func socksThrough(ctx context.Context, conn net.Conn, t target, address string) Cause {
	var auth *proxy.Auth
	if u := t.Proxy.User; u != nil {
		password, _ := u.Password()
		auth = &proxy.Auth{User: u.Username(), Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", proxyAddress(t.Proxy), auth, made{conn})
	if err == nil {
		_, err = dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", address)
	}
	switch {
	case err == nil:
		return Cause{}
	case ctx.Err() == context.Canceled:
		return interrupted(Proxying)
	}
	// x/net tells a reply of the proxy from nonsense by its words alone.
	says, replied := strings.CutPrefix(leaf(err).Error(), "unknown error ")
	if replied || strings.Contains(says, "authentication") {
		return cause(ProxyRefused, Proxying, "the SOCKS5 proxy %s does not connect to %s: %s", t.Proxy.Redacted(), address, Escape([]byte(says), 200))
	}
	return cause(ProxyError, Proxying, "the proxy %s did not answer as SOCKS5 does when asked for %s: %s", t.Proxy.Redacted(), address, Escape([]byte(says), 200))
}

// oneByte reads one byte at a time.
type oneByte struct{ net.Conn }

func (o oneByte) Read(p []byte) (int, error) { return o.Conn.Read(p[:min(1, len(p))]) }

// made is a dialer whose connection is there already.
type made struct{ net.Conn }

func (m made) Dial(string, string) (net.Conn, error) { return m.Conn, nil }

func (m made) DialContext(context.Context, string, string) (net.Conn, error) { return m.Conn, nil }
