package sockdiag

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// littleEndian skips a test of text recorded on a little-endian host, which prints addresses in its own byte order.
func littleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the text was recorded on a little-endian host")
	}
}

func readRecorded(t *testing.T, file string, q Query) []Socket {
	t.Helper()
	littleEndian(t)
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []Socket
	if err := ParseProcNet(f, q, func(s *Socket) { out = append(out, *s) }); err != nil {
		t.Fatal(err)
	}
	return out
}

func line(s Socket) string {
	return fmt.Sprintf("%s %s %s", s.State, s.Local, s.Remote)
}

func TestParseProcNetRecorded(t *testing.T) {
	want := []string{ // as ss printed them at the same time
		"LISTEN 127.0.0.1:38888 0.0.0.0:0",
		"CLOSE-WAIT 127.0.0.1:58408 127.0.0.1:38889",
		"CLOSE-WAIT 127.0.0.1:38888 127.0.0.1:57412",
		"FIN-WAIT-2 127.0.0.1:57412 127.0.0.1:38888",
		"ESTAB 127.0.0.1:57418 127.0.0.1:38888",
		"ESTAB 127.0.0.1:38888 127.0.0.1:57418",
		"TIME-WAIT 127.0.0.1:40002 127.0.0.1:50440",
		"TIME-WAIT 127.0.0.1:40001 127.0.0.1:43814",
		"LISTEN [::]:38889 [::]:0",
		"FIN-WAIT-2 127.0.0.1:38889 127.0.0.1:58408",
	}
	all := append(readRecorded(t, "tcp.txt", Query{}), readRecorded(t, "tcp6.txt", Query{})...)
	var got []string
	for _, s := range all {
		got = append(got, line(s))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if s := all[0]; s.Queue != 1 || s.Inode != 106582 || s.Timed || s.IPv6 {
		t.Errorf("the listener reads %+v", s)
	}
	if s := all[6]; !s.Timed || s.Expires != 58980*time.Millisecond || s.Inode != 0 {
		t.Errorf("the TIME_WAIT reads %+v, want 58.98 s left", s)
	}
	if s := all[9]; !s.IPv6 || !s.Timed {
		t.Errorf("the FIN_WAIT2 of an orphan reads %+v, want it timed, on an IPv6 socket", s)
	}
}

func TestParseProcNetFilters(t *testing.T) {
	q := Query{States: []State{TimeWait}, Ports: []uint16{40001}}
	if got := readRecorded(t, "tcp.txt", q); len(got) != 1 || got[0].Local.Port() != 40001 {
		t.Errorf("got %v, want the one TIME_WAIT on 40001", got)
	}
}

func TestParseProcNetRefuses(t *testing.T) {
	const head = "  sl  local_address rem_address   st\n"
	for name, text := range map[string]string{
		"too few columns": "0: 0100007F:97E8",
		"no port":         "0: 0100007F 00000000:0000 0A 0:0 00:0 0 0 0 1 1",
		"odd address":     "0: 0100007:97E8 00000000:0000 0A 0:0 00:0 0 0 0 1 1",
		"unknown state":   "0: 0100007F:97E8 00000000:0000 FF 0:0 00:0 0 0 0 1 1",
		"no hex":          "0: 010000ZZ:97E8 00000000:0000 0A 0:0 00:0 0 0 0 1 1",
		"half a timer":    "0: 0100007F:97E8 00000000:0000 0A 0:0 00 0 0 0 1 1",
	} {
		err := ParseProcNet(strings.NewReader(head+text+"\n"), Query{}, func(*Socket) {})
		if err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: got error %v, want one that names line 2", name, err)
		}
	}
}

func FuzzParseProcNet(f *testing.F) {
	for _, file := range []string{"testdata/tcp.txt", "testdata/tcp6.txt"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("head\n0: 0100007F:97E8 00000000:0000 0A 0:0 00:0 0 0 0 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		_ = ParseProcNet(strings.NewReader(text), Query{}, func(s *Socket) {
			if s.State > BoundInactive || !s.Local.Addr().IsValid() || s.Expires < 0 {
				t.Errorf("made %+v of %q", *s, text)
			}
		})
	})
}
