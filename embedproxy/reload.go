package embedproxy

import (
	"errors"
	"slices"

	"example.com/wsdoctor/probes/cluster"
)

var (
	errDraining  = errors.New("reloading: the proxy drains, so nothing is taken over any more")
	errTLSSwitch = errors.New("reloading proxy.tls: to switch TLS on or off needs a restart, because connections are taken in another way with it")
)

// Reload takes over new settings. What cannot be taken over changes nothing and is returned as an error. Tunnels stay
// where they are, also those whose port is closed because the settings no longer name it. A new port is bound before an
// old one is closed.
func (p *Proxy) Reload(cfg cluster.Config) error {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	if p.state.Load() == draining {
		return errDraining
	}
	old := p.version.Load()
	v, err := newVersion(cfg, p.opts, old)
	if err != nil {
		return err
	}
	if (cfg.Proxy.TLS.Cert != "") != (p.certs != nil) {
		return errTLSSwitch
	}
	opened, closing, err := p.rebinding(p.ctx, cfg)
	if err != nil {
		return err
	}
	admin := p.adminNow()
	if cfg.Proxy.Admin != old.cfg.Admin {
		if admin, err = newAdmin(p.ctx, p, cfg.Proxy.Admin); err != nil {
			closeAll(opened)
			return err
		}
	}
	if p.certs != nil {
		if err := p.certs.load(cfg.Proxy.TLS); err != nil {
			closeAll(opened)
			if admin != p.adminNow() {
				admin.stop()
			}
			return err
		}
		p.tls.Store(p.certs.config(cfg.Proxy.TLS.MinVersion))
	}
	p.version.Store(v)
	p.resolveNow(p.ctx)
	if p.front != nil {
		p.front.Set(v.tunnels())
	}
	p.pairs.Set(v.tunnels())
	p.health.stop()
	p.health.start(p)
	p.exchangeAdmin(admin)
	p.wanted, p.wantedAll = ListenAddresses(cfg), cfg.Proxy.Bind == "all"
	err = p.exchangeSockets(opened, closing)
	p.log.Info("settings reloaded", "backends", len(v.targets), "policy", v.cfg.Policy, "addresses", p.Addresses())
	return err
}

// exchangeSockets serves the sockets opened and closes the others. The error is a socket that cannot be served for want
// of descriptors or memory; it is closed.
func (p *Proxy) exchangeSockets(opened, closing []*bound) error {
	var failed error
	left := p.sockets()
	for _, b := range opened {
		if err := p.serve(b); err != nil {
			failed = errors.Join(failed, err)
			b.Close()
			continue
		}
		left = append(left, b)
	}
	if failed != nil && len(left) == len(closing) {
		closing = nil // better an old port than none
	}
	p.unserve(closing)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners = nil
	for _, b := range left {
		if !slices.Contains(closing, b) {
			p.listeners = append(p.listeners, b)
		}
	}
	return failed
}

func (p *Proxy) adminNow() *admin {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.admin
}

func (p *Proxy) exchangeAdmin(a *admin) {
	p.mu.Lock()
	old := p.admin
	p.admin = a
	p.mu.Unlock()
	if old != a {
		a.start(&p.work)
		old.stop()
	}
}
