package wizard

import (
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// Mend returns the step that can mend a handshake through the balancer that did not connect, and why it is that one.
// behind are the handshakes with the backends themselves.
func Mend(through handshake.Trace, behind []handshake.Trace) (step string, why probes.Text) {
	kind := through.Cause.Kind
	switch {
	case slices.Contains([]handshake.Kind{handshake.NameNotFound, handshake.NameTimeout, handshake.NameError}, kind):
		return balancerHostStep.ID, probes.T("the name of the balancer does not lead to it")
	case slices.Contains([]handshake.Kind{handshake.Unreachable, handshake.ConnectTimeout}, kind):
		return balancerHostStep.ID, probes.T("nothing answers at the balancer's address, or a firewall stands between")
	case through.Cause.Phase == handshake.Connecting:
		return forwardingStep.ID, probes.T("nothing listens at the balancer's address and port")
	case kind == handshake.CertificateFault:
		return certStep.ID, probes.T("clients will not take the certificate")
	case through.Cause.Phase == handshake.Securing, kind == handshake.TLSOnPlain:
		return tlsStep.ID, probes.T("one side speaks TLS and the other does not")
	case kind == handshake.NotFound, kind == handshake.EngineProtocol, kind == handshake.Page:
		return pathStep.ID, probes.T("the service does not take WebSockets on this path")
	}
	for _, b := range behind {
		switch {
		case b.Cause.Kind == handshake.None:
		case b.Cause.Phase == handshake.Resolving, b.Cause.Kind == handshake.ConnectTimeout, b.Cause.Kind == handshake.Unreachable:
			return nodesStep.ID, probes.T("the node %s cannot be reached: %s", b.URL, b.Cause.Text)
		case b.Cause.Phase == handshake.Connecting:
			return portsStep.ID, probes.T("nothing listens at %s: %s", b.URL, b.Cause.Text)
		default:
			return pathStep.ID, probes.T("the node itself does not upgrade at %s: %s", b.URL, b.Cause.Text)
		}
	}
	return balancerStep.ID, probes.T("the nodes answer and the balancer does not pass it on")
}

// complaints are what balancers say of a configuration, and the step that can mend it.
var complaints = []struct {
	says string // a part of it, lower case
	step *Step
	why  probes.Text
}{
	{"host not found", &nodesStep, probes.T("a host of the configuration cannot be resolved")},
	{"could not resolve address", &nodesStep, probes.T("a host of the configuration cannot be resolved")},
	{"certificate key", &keyStep, probes.T("the private key cannot be taken")},
	{"private key", &keyStep, probes.T("the private key cannot be taken")},
	{"key values mismatch", &keyStep, probes.T("the private key is not that of the certificate")},
	{"certificate", &certStep, probes.T("the certificate cannot be taken")},
	{"address already in use", &forwardingStep, probes.T("another program holds a port of the balancer")},
	{"cannot bind", &forwardingStep, probes.T("another program holds a port of the balancer")},
}

// MendCheck returns the step that can mend a configuration of which its own program says output, and why it is that one.
func MendCheck(output string) (step string, why probes.Text) {
	output = strings.ToLower(output)
	for _, c := range complaints {
		if strings.Contains(output, c.says) {
			return c.step.ID, c.why
		}
	}
	return balancerConfigStep.ID, probes.T("the balancer does not take its configuration with what was written")
}
