//go:build !unix

package capacity

import "example.com/wsdoctor/probes"

// Limits knows none: Windows has no limit of open files for a process, and its range of ports is no file.
func Limits(probes.Target) OwnLimits { return OwnLimits{} }
