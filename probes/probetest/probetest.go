// Package probetest holds what tests of several areas need: real programs, a network namespace of the test's own.
// Only tests import it.
package probetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// apt names the Debian package of each program that tests meet for real.
var apt = map[string]string{
	"nginx": "nginx-light", "haproxy": "haproxy", "ip": "iproute2", "ss": "iproute2", "nft": "nftables",
	"iptables": "iptables", "iptables-nft": "iptables", "iptables-legacy": "iptables",
	"iptables-nft-restore": "iptables", "ip6tables-nft-restore": "iptables", "iptables-legacy-restore": "iptables", "ip6tables-legacy-restore": "iptables", "ufw": "ufw", "firewalld": "firewalld",
	"tmux": "tmux", "sshd": "openssh-server", "ssh": "openssh-client", "ssh-keygen": "openssh-client", "patch": "patch", "conntrack": "conntrack", "prove": "perl", "node": "nodejs",
	"unshare": "util-linux", "sysctl": "procps", "pgrep": "procps", "groff": "groff-base", "chromium": "chromium", "caddy": "caddy",
	"promtool": "prometheus", "ansible-playbook": "ansible-core",
	"systemd-analyze": "systemd", "systemd-socket-activate": "systemd", "initdb": "postgresql", "postgres": "postgresql", "psql": "postgresql",
	"mariadbd": "mariadb-server-core", "mariadb-install-db": "mariadb-server-core", "mariadb": "mariadb-client-core", "java": "default-jre-headless",
}

// Need ends the test where a program is missing: as a failure in CI, as a skip on a developer's machine. It returns
// the program's path.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	dirs := []string{"/usr/sbin", "/sbin"}
	versions, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	for _, dir := range append(dirs, versions...) {
		if err != nil {
			path, err = exec.LookPath(filepath.Join(dir, program))
		}
	}
	if err != nil {
		Lacks(t, program, "apt-get install -y "+apt[program])
	}
	return path
}

// NeedRoot ends the test where it does not run as root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Lacks(t, "root", "sudo -E make test")
	}
}

// Lacks ends the test for want of something, naming the line that provides it.
func Lacks(t testing.TB, what, install string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("this test needs %s: %s", what, install)
	}
	t.Skipf("this test needs %s: %s", what, install)
}

// netnsEnv marks the copy of the test binary that runs inside the namespace.
const netnsEnv = "WSDOCTOR_TEST_NETNS"

// InNetns runs the calling test once more in a network namespace of its own, in a process of its own, and reports
// whether this is that process. Use it as the first line:
//
//	if !probetest.InNetns(t) {
//		return
//	}
//
// A process is used rather than a locked thread because the code under test starts goroutines, and those run on
// threads that stay in the old namespace.
func InNetns(t *testing.T) bool {
	t.Helper()
	if os.Getenv(netnsEnv) == t.Name() {
		if out, err := exec.Command(Need(t, "ip"), "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Fatalf("setting lo up: %v\n%s", err, out)
		}
		return true
	}
	NeedRoot(t)
	parts := strings.Split(t.Name(), "/") // go test matches a subtest's name part by part
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	cmd := exec.Command(os.Args[0], "-test.run="+strings.Join(parts, "/"), "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), netnsEnv+"="+t.Name())
	cmd.SysProcAttr = newNetns
	out, err := cmd.CombinedOutput()
	t.Logf("in a namespace of its own:\n%s", out)
	if err != nil {
		t.Errorf("in a namespace of its own: %v", err)
	}
	return false
}
