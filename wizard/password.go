package wizard

import "example.com/wsdoctor/probes"

var passwordStep = Step{
	ID:     "password",
	Title:  probes.T("password of the database"),
	Why:    probes.T("the ports are read in a transaction that cannot write; the password is neither shown nor kept, and enter alone goes on without the database"),
	Secret: true,
	Ask: func(d Draft) probes.Text {
		return probes.T("which password has the user of %s? (%s)", d.Taken.Locked, d.Taken.Why)
	},
	Skip:  func(d Draft) bool { return d.Stop || d.Taken.Locked == "" },
	Apply: func(*Draft, string) probes.Text { return probes.Text{} },
}
