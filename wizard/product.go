package wizard

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var productStep = Step{
	ID:    "product",
	Title: probes.T("product"),
	Why:   probes.T("each product has ports, a path and a heartbeat of its own, which become the suggestions of the steps that follow"),
	Ask:   fixed(probes.T("which WebSocket service is it?")),
	Choices: func(Draft) []Choice {
		var out []Choice
		for _, p := range cluster.Products {
			out = append(out, Choice{string(p.Name), probes.Phrase(p.Title).Text()})
		}
		return out
	},
	Default: func(d Draft) string {
		likely := d.Taken.product()
		switch {
		case d.Found.Install != nil:
			return string(d.Found.Install.Product)
		case likely != "":
			return string(likely)
		case d.Found.Settings != "":
			return string(d.Found.Config.Product)
		}
		return string(cluster.FineReport)
	},
	From: func(d Draft) probes.Text {
		if in := d.Found.Install; in != nil {
			return fromPlace(in.Folder)
		}
		return fromServers(d)
	},
	Skip: stopped,
	Apply: choose(func(d *Draft, answer string) {
		cfg := cluster.Default(cluster.Product(answer))
		if had := d.Found.Config; d.Found.Settings != "" && had.Product == cfg.Product {
			cfg = had
		}
		d.Config = d.Taken.onto(cfg, d.Found)
	}),
	Keys: []string{"product"},
}

// stopped is the Skip of a step that is asked unless there is nothing to set up.
func stopped(d Draft) bool { return d.Stop }

func productTitle(p cluster.Product) probes.Phrase {
	info, _ := p.Info()
	return probes.Phrase(info.Title)
}
