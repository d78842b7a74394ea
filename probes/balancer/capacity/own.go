package capacity

import (
	"net"
	"net/netip"
	"net/url"
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// reserve is how many descriptors are left for everything else: the standard streams, the resolver, a log.
const reserve = 32

// OwnLimits is how many connections this host can make. The zero value means that nothing is known to limit it.
type OwnLimits struct {
	OpenFiles int `json:"open_files,omitempty"` // RLIMIT_NOFILE of this process; 0: unknown or unlimited
	InUse     int `json:"open_files_in_use,omitempty"`
	Ports     int `json:"source_ports,omitempty"` // ephemeral ports towards one address and port; 0: unknown
}

// Most returns how many connections this host can hold; 0: not known.
func (l OwnLimits) Most() int {
	most := l.Ports
	if l.OpenFiles > 0 {
		if files := max(l.OpenFiles-l.InUse-reserve, 1); most == 0 || files < most {
			most = files
		}
	}
	return most
}

// Binding says which of the own limits is below n; the zero Text: none.
func (l OwnLimits) Binding(n int) probes.Text {
	if most := l.Most(); most == 0 || n <= most {
		return probes.Text{}
	}
	if l.Ports > 0 && l.Most() == l.Ports {
		return probes.T("this host has %d source ports towards one address (net.ipv4.ip_local_port_range), expected %d", l.Ports, n)
	}
	return probes.T("this process may open %d files (ulimit -n) and has %d open, so it can hold %d connections, expected %d", l.OpenFiles, l.InUse, l.Most(), n)
}

// Own tells whether a URL leads to this host, or to the balancer of the settings: what may be loaded without asking.
func Own(raw string, cfg cluster.Config, place probes.Place) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	if b, err := url.Parse(cfg.BalancerURL()); err == nil && b.Host != "" && b.Host == u.Host {
		return true
	}
	if u.Hostname() == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && (a.IsLoopback() || slices.Contains(place.Addrs, a.Unmap()))
}

// Authority returns the host and port of a URL, for a sentence.
func Authority(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return raw
	}
	if u.Port() == "" {
		return u.Hostname()
	}
	return net.JoinHostPort(u.Hostname(), u.Port())
}
