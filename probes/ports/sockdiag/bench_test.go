package sockdiag

import (
	"slices"
	"testing"
)

// BenchmarkMessages decodes what the kernel puts into one datagram of 32 KiB.
func BenchmarkMessages(b *testing.B) {
	one := message(tcpDiagGetSock, 0, diag(familyIPv4, TimeWait, timerTimeWait, here, there, 41250))
	datagram := slices.Repeat(one, bufferLen/len(one))
	var s Socket
	n := 0
	for b.Loop() {
		if _, _, err := messages(datagram, &s, func(s *Socket) { n += int(s.Local.Port()) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(datagram)/len(one)), "ns/socket")
}
