package tuitest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// RaceLog is the value of GORACE for a program on a terminal: its race detector, if it has one, writes to a file and not
// over the screen, and the exit code stays the program's own. A report fails the test when it ends, but for the one of
// bubbletea 1.3.10 itself, which closes the input at its end (cancelreader.Close) while its own read loop may still look
// at it.
func RaceLog(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "race")
	t.Cleanup(func() {
		logs, _ := filepath.Glob(path + "*") // the pattern is right
		for _, name := range logs {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Error(err)
			}
			for _, report := range strings.Split(string(raw), "WARNING: DATA RACE")[1:] {
				if !strings.Contains(report, "cancelreader.(*epollCancelReader).Close()") {
					t.Errorf("a data race:%s", report)
				}
			}
		}
	})
	return "log_path=" + path + " exitcode=0"
}
