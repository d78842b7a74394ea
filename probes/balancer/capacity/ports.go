package capacity

import (
	"fmt"
	"os"

	"example.com/wsdoctor/probes"
)

// sourcePorts reads how many ports Linux gives to outgoing connections (ip_local_port_range); 0 elsewhere.
func sourcePorts(t probes.Target) int {
	raw, err := os.ReadFile(t.Path("/proc/sys/net/ipv4/ip_local_port_range"))
	if err != nil {
		return 0
	}
	var low, high int
	if _, err := fmt.Sscan(string(raw), &low, &high); err != nil || high < low {
		return 0
	}
	return high - low + 1
}
