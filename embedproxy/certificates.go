package embedproxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// certLook is how often the files are looked at.
const certLook = 5 * time.Second

// certificates serves pairs of files by the name that a client asks for, and follows the files' changes.
type certificates struct {
	now   atomic.Pointer[[]tls.Certificate]
	mu    sync.Mutex // load
	files cluster.TLS
}

// load reads the files. What does not load leaves the old certificates in place.
func (c *certificates) load(t cluster.TLS) error {
	var list []tls.Certificate
	for _, f := range t.Pairs() {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return fmt.Errorf("reading the certificate %s and its key %s: %w", f.Cert, f.Key, err)
		}
		list = append(list, pair)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files = t
	c.now.Store(&list)
	return nil
}

func (c *certificates) paths() (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.files.Pairs() {
		out = append(out, f.Cert, f.Key)
	}
	return out
}

func (c *certificates) watch(ctx context.Context, log *slog.Logger) {
	WatchFiles(ctx, certLook, c.paths, func() {
		c.mu.Lock()
		files := c.files
		c.mu.Unlock()
		if err := c.load(files); err != nil {
			log.Warn("the certificates stay as they were", "error", err)
		} else {
			log.Info("certificates reloaded", "cert", files.Cert)
		}
	})
}

// choose returns the first certificate that fits the name asked for and what the client can verify, else the first of
// all: a client that checks names then sees which it got, one that does not is served.
func (c *certificates) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	list := *c.now.Load()
	for i := range list {
		if hello.SupportsCertificate(&list[i]) == nil {
			return &list[i], nil
		}
	}
	return &list[0], nil
}

func (c *certificates) config(minVersion string) *tls.Config {
	v := uint16(tls.VersionTLS12)
	if minVersion == "1.3" {
		v = tls.VersionTLS13
	}
	return &tls.Config{MinVersion: v, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: c.choose}
}
