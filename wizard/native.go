package wizard

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var nativeStep = Step{
	ID:    "native",
	Title: probes.T("container-native WebSocket"),
	Why: probes.T("from 11.0.2 on the container-native WebSocket reuses the HTTP port: no port, no forwarding port and no " +
		"balancer entry of its own are needed"),
	Ask: func(d Draft) probes.Text {
		i := d.Found.Install
		if i.Native == NativeYes {
			return probes.T("%s is in %s and %s: it can serve its WebSocket on the HTTP port, and all of this is unnecessary; set it up nevertheless?", productTitle(i.Product), i.Folder, i.Because)
		}
		return probes.T("%s is in %s; %s: from 11.0.2 on it can serve its WebSocket on the HTTP port, and all of this is unnecessary; set it up nevertheless?", productTitle(i.Product), i.Folder, i.Because)
	},
	Choices: fixed([]Choice{
		{"yes", probes.T("go on: ports of its own")},
		{"no", probes.T("leave: use the container-native WebSocket")},
	}),
	Default: fixed("yes"),
	Skip: func(d Draft) bool {
		i := d.Found.Install
		return i == nil || i.Product != cluster.FineReport || i.Native == NativeNo
	},
	Apply: choose(func(d *Draft, answer string) { d.Stop = answer == "no" }),
}
