package embedproxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// certLook is how often the files are looked at. Asking the file system costs nothing, and unlike a watch it sees
// through the renamed symbolic links with which Kubernetes and certbot replace certificates.
const certLook = 5 * time.Second

// certificates serves one pair of files and follows their changes.
type certificates struct {
	cert, key string
	now       atomic.Pointer[tls.Certificate]
	mu        sync.Mutex // reload
	seen      string
}

func loadCertificates(t cluster.TLS) (*certificates, error) {
	c := &certificates{cert: t.Cert, key: t.Key}
	if err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// reload reads the files. What does not load leaves the old certificate in place.
func (c *certificates) reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.mark()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the certificate %s and its key %s: %w", c.cert, c.key, err)
	}
	c.now.Store(&pair)
	c.seen = seen
	return nil
}

// mark is what changes when a file does.
func (c *certificates) mark() string {
	var s string
	for _, f := range []string{c.cert, c.key} {
		if info, err := os.Stat(f); err == nil {
			s += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), " ")
		}
	}
	return s
}

func (c *certificates) watch(ctx context.Context, log *slog.Logger) {
	t := time.NewTicker(certLook)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		c.mu.Lock()
		same := c.mark() == c.seen
		c.mu.Unlock()
		if same {
			continue
		}
		if err := c.reload(); err != nil {
			log.Warn("the certificate stays as it was", "error", err)
		} else {
			log.Info("certificate reloaded", "cert", c.cert)
		}
	}
}

func (c *certificates) config(minVersion string) *tls.Config {
	v := uint16(tls.VersionTLS12)
	if minVersion == "1.3" {
		v = tls.VersionTLS13
	}
	return &tls.Config{
		MinVersion:     v,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil },
	}
}
