package wizard

import (
	"strconv"

	"example.com/wsdoctor/probes"
)

// maxClients bounds the answer: more connections than one host has room for are a typing error.
const maxClients = 10_000_000

var clientsStep = Step{
	ID:      "clients",
	Title:   probes.T("clients"),
	Why:     probes.T("limits of the kernel, of open files and of the balancer are judged against it"),
	Ask:     fixed(probes.T("how many clients are connected at once, at most?")),
	Default: func(d Draft) string { return strconv.Itoa(d.Config.Clients) },
	Skip:    stopped,
	Apply: func(d *Draft, answer string) probes.Text {
		n, err := strconv.Atoi(answer)
		if err != nil || n < 1 || n > maxClients {
			return probes.T("found %q, expected a whole number from 1 to %d", answer, maxClients)
		}
		d.Config.Clients = n
		return probes.Text{}
	},
	Keys: []string{"clients"},
}
