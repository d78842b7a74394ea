package wizard

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/ports"
)

// Detect finds out what it can about this host without asking and without changing anything. It returns no error: what
// could not be seen is not in it. t.Config and settings are those that were there already; "" means there were none.
func Detect(ctx context.Context, t probes.Target, settings string) Found {
	ctx, cancel := context.WithTimeout(ctx, 2*lookTimeout)
	defer cancel()
	f := Here(t.Config, settings)
	seen, err := ports.Observe(ctx, t, ports.Options{Ports: []int{}})
	if err != nil {
		f.note(probes.T("not seen: the sockets of this host (%s)", err.Error()))
	}
	f.findBalancers(ctx, t, seen)
	f.findInstall(t, seen)
	f.findPairs(t)
	_, err = os.Lstat(t.Path("/run/systemd/system")) // sd_booted(3)
	f.NoSystemd = errors.Is(err, fs.ErrNotExist)
	var why *probes.Reason
	if walls, err := firewall.Observe(ctx, t); errors.As(err, &why) && why.Status == probes.Skipped {
		// Nothing has to come in with the settings as they are; the steps about ports look again.
	} else if err != nil {
		f.note(probes.T("not seen: the firewall (%s)", err.Error()))
	} else if len(walls.Managers) > 0 && walls.Managers[0] != firewall.NoManager {
		var names []string
		for _, m := range walls.Managers {
			names = append(names, string(m))
		}
		f.note(probes.T("a firewall has rules here: %s", strings.Join(names, ", ")))
	}
	return f
}

// Here is what is known without looking far: this host's name and addresses, and the settings.
func Here(cfg cluster.Config, settings string) Found {
	f := Found{Settings: settings, Config: cfg, Addrs: ownAddresses()}
	f.Hostname, _ = os.Hostname()
	return f
}

func (f *Found) note(t probes.Text) { f.Notes = append(f.Notes, t) }

// ownAddresses lists the addresses of this host, loopback last.
func ownAddresses() []netip.Addr {
	list, _ := net.InterfaceAddrs()
	var out, loop []netip.Addr
	for _, a := range list {
		ipn, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if addr, ok := netip.AddrFromSlice(ipn.IP); ok && addr.Unmap().IsLoopback() {
			loop = append(loop, addr.Unmap())
		} else if ok {
			out = append(out, addr.Unmap())
		}
	}
	return append(out, loop...)
}

// findBalancers asks the areas that know nginx and HAProxy what runs, and takes Caddy from the listeners.
func (f *Found) findBalancers(ctx context.Context, t probes.Target, seen ports.Observation) {
	as := func(kind cluster.BalancerKind) probes.Target {
		t := t
		t.Config.Balancer = cluster.Balancer{Kind: kind}
		return t
	}
	rep := probes.Run(ctx, as(cluster.Nginx), []probes.Probe{nginx.Probe()}, probes.Options{}, nil)
	if n, ok := probes.Observed[nginx.Seen](rep); ok && n.Running != nil {
		r := Running{Kind: cluster.Nginx, PID: n.Running.PID, Config: n.Config, Ways: nginx.Ways(n.Source.Conf), Reload: "kill -HUP " + strconv.Itoa(n.Running.PID)}
		if words := commandLine(t, r.PID); slices.Contains(words, "-p") {
			r.Prefix = words[min(slices.Index(words, "-p")+1, len(words)-1)]
		}
		f.Balancers = append(f.Balancers, r)
		f.note(probes.T("nginx runs here (pid %d) with %s", r.PID, r.Config))
	}
	if h, err := haproxy.Observe(ctx, as(cluster.HAProxy)); err == nil && h.PID != 0 && len(h.Files) > 0 {
		r := Running{Kind: cluster.HAProxy, PID: h.PID, Config: h.Files[0], Ways: h.Ways("")}
		if slices.ContainsFunc(commandLine(t, r.PID), func(w string) bool { return w == "-W" || w == "-Ws" }) {
			r.Reload = "kill -USR2 " + strconv.Itoa(r.PID) // a master starts itself anew and keeps its number
		}
		f.Balancers = append(f.Balancers, r)
		f.note(probes.T("HAProxy runs here (pid %d) with %s", r.PID, r.Config))
	}
	for _, l := range seen.Listeners {
		for _, p := range l.Processes {
			if _, known := f.Runs(cluster.Caddy); p.Name == "caddy" && !known {
				f.Balancers = append(f.Balancers, Running{Kind: cluster.Caddy, PID: p.PID})
				f.note(probes.T("Caddy runs here (pid %d)", p.PID))
			}
		}
	}
}

// commandLine returns the words with which a process was started; nil where it cannot be read. nginx writes its own as one
// text.
func commandLine(t probes.Target, pid int) []string {
	raw, _ := os.ReadFile(t.Path("/proc/" + strconv.Itoa(pid) + "/cmdline"))
	return strings.FieldsFunc(string(raw), func(r rune) bool { return r == 0 || r == ' ' })
}

// findPairs looks where certificates usually are.
func (f *Found) findPairs(t probes.Target) {
	live, _ := filepath.Glob(t.Path("/etc/letsencrypt/live/*/fullchain.pem"))
	for _, cert := range live {
		f.pair(cert, filepath.Join(filepath.Dir(cert), "privkey.pem"))
	}
	for _, dir := range []string{"/etc/nginx/ssl", "/etc/nginx/certs", "/etc/haproxy/certs", "/etc/wsdoctor"} {
		for _, ext := range []string{".crt", ".pem"} {
			certs, _ := filepath.Glob(t.Path(dir) + "/*" + ext)
			for _, cert := range certs {
				f.pair(cert, strings.TrimSuffix(cert, ext)+".key")
			}
		}
	}
}

func (f *Found) pair(cert, key string) {
	if _, err := os.Stat(key); err == nil {
		f.Pairs = append(f.Pairs, Pair{cert, key})
	}
}
