package embedproxy

import (
	"context"
	"sync"
	"time"

	"example.com/wsdoctor/embedproxy/balance"
	"example.com/wsdoctor/embedproxy/health"
)

// watchers are the active checks of one version's backends.
type watchers struct {
	mu     sync.Mutex
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// start begins checking the backends of the present version.
func (w *watchers) start(p *Proxy) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, cancel := context.WithCancel(p.ctx)
	w.cancel = cancel
	v := p.version.Load()
	h := v.cfg.ActiveHealth
	if h.Kind == "off" || h.Interval <= 0 {
		v.set.All(func(_ balance.Backend, n *balance.Node) { n.SetSick(false, time.Now()) })
		return
	}
	v.set.All(func(b balance.Backend, n *balance.Node) {
		if b.Down {
			return
		}
		c := health.Check{Kind: h.Kind, Address: b.Address, Path: v.healthPath, Interval: h.Interval, Timeout: h.Timeout, Rise: h.Rise, Fall: h.Fall}
		sick := n.State(time.Now()) == "sick"
		w.done.Go(func() {
			c.Run(ctx, sick, func(well bool, err error) {
				n.SetSick(!well, time.Now())
				if well {
					p.log.Info("backend is well again", "backend", n.Address)
				} else {
					p.log.Warn("backend is not well", "backend", n.Address, "error", err)
				}
			})
		})
	})
}

// stop ends the checks and waits for them.
func (w *watchers) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
	}
	w.done.Wait()
}
