package screens

import "example.com/wsdoctor/probes"

// proxyStates are the states of a proxy and of its backends, as the proxy reports them.
var proxyStates = map[string]string{
	"serving":  "serving",
	"draining": "draining",
	"up":       "up",
	"down":     "down",
	"sick":     "sick",
	"out":      "out",
}

// causeWords are what ended a tunnel, as the proxy reports it.
var causeWords = map[string]string{
	"client":        "client",
	"backend":       "backend",
	"client-error":  "client error",
	"backend-error": "backend error",
	"idle":          "idle",
	"lifetime":      "lifetime",
	"drain":         "drain",
	"operator":      "operator",
	"shutdown":      "shutdown",
}

// proxyWord says a state to people; one of another version of the proxy as it stands.
func proxyWord(state string) probes.Text { return wordOf(proxyStates, state) }

func causeWord(cause string) probes.Text { return wordOf(causeWords, cause) }

func wordOf(words map[string]string, name string) probes.Text {
	if english, known := words[name]; known {
		return probes.Phrase(english).Text()
	}
	return probes.Verbatim(name)
}
