//go:build unix

package probetest

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Chromium prepares a browser without a window that talks to nobody on its own account. It has a profile of its own,
// and is ended, with its helpers, when the test is over.
func Chromium(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	program := Need(t, "chromium")
	home, err := os.MkdirTemp("", "chromium") // not t.TempDir: its helpers may still write there when it is removed
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(home + ".log")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server", "--user-data-dir=" + home}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = log
	t.Cleanup(func() {
		if cmd.Process != nil {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			cmd.Wait()
		}
		log.Close()
		if b, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("chromium wrote:\n%s", b)
		}
		os.Remove(log.Name())
		os.RemoveAll(home)
	})
	return cmd
}
