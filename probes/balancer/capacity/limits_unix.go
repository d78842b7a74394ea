//go:build unix

package capacity

import (
	"math"
	"os"
	"syscall"

	"example.com/wsdoctor/probes"
)

// Limits asks the system for this process's own limits. Go raises the soft limit of open files to the hard one at
// start, so what is seen is what can be used.
func Limits(t probes.Target) OwnLimits {
	var l OwnLimits
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) == nil && uint64(r.Cur) < math.MaxInt32 {
		l.OpenFiles = int(r.Cur)
	}
	if fds, err := os.ReadDir("/dev/fd"); err == nil {
		l.InUse = len(fds)
	}
	l.Ports = sourcePorts(t)
	return l
}
