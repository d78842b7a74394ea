package export

import (
	"net"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// listeners are sockets on free ports for a server of the test's own process.
func listeners(t *testing.T) []net.Listener {
	t.Helper()
	return []net.Listener{probetest.Listen(t)}
}
