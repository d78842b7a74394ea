package firewall

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/firewall/netfilter"
	"example.com/wsdoctor/probes/probetest"
)

// node is the host of these tests: a node behind a balancer elsewhere, in a network namespace of its own.
type node struct {
	t    *testing.T
	root string // holds proc, sys, etc and run
	cfg  cluster.Config
}

func newNode(t *testing.T) *node {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"proc", "sys"} {
		if err := os.Symlink("/"+dir, filepath.Join(root, dir)); err != nil {
			t.Fatal(err)
		}
	}
	n := &node{t: t, root: root, cfg: cluster.Default(cluster.FineReport)}
	n.cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.168.6.171"}}
	n.cfg.WebSocket.Ports = []int{38888}
	n.cfg.Balancer.URL = "ws://192.168.6.181:38889/"
	n.sh(`set -e
ip link add eth0 type veth peer name eth9
ip addr add 192.168.6.171/24 dev eth0
ip link set eth0 up; ip link set eth9 up`, "")
	return n
}

// sh runs a script; firewall-cmd finds the bus of the test.
func (n *node) sh(script, stdin string) {
	n.t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+n.root+"/run/dbus/system_bus_socket", "XTABLES_LOCKFILE="+n.root+"/lock")
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("%s\n%s: %v\n%s", script, stdin, err, out)
	}
}

func (n *node) target() probes.Target { return probes.Target{Config: n.cfg, Root: n.root} }

// inbound observes and returns the result of the first rule.
func (n *node) inbound() (Observation, []probes.Finding) {
	n.t.Helper()
	o, err := Observe(n.t.Context(), n.target())
	if err != nil {
		n.t.Fatal(err)
	}
	if status, why := inbound.Applies(o); status != probes.OK {
		n.t.Fatalf("%v: %v", status, why)
	}
	return o, inbound.Check(o)
}

// commands are the lines of a fix that do something, and those that take it back.
func commands(fix []probes.Text) (do, undo []string) {
	for _, line := range fix {
		s := line.String()
		if back, ok := strings.CutPrefix(s, "# to take it back: "); ok {
			undo = append(undo, back)
		} else if !strings.HasPrefix(s, "#") {
			do = append(do, s)
		}
	}
	return do, undo
}

// opensAndCloses tells that the port is stopped by the given manager's rule, that the lines of the fix open it, and
// that the lines that take them back stop it again.
func (n *node) opensAndCloses(manager Manager, rule string, run func(lines []string)) {
	n.t.Helper()
	o, found := n.inbound()
	if len(found) != 1 || found[0].Severity != probes.Error || found[0].Subject != "38888" {
		n.t.Fatalf("found %+v in %+v, expected one error of port 38888", found, o)
	}
	if p := o.Ports[0]; p.Manager != manager || !strings.Contains(p.Rule, rule) {
		n.t.Errorf("manager %s, rule %q, expected %s, %q", p.Manager, p.Rule, manager, rule)
	}
	do, undo := commands(found[0].Fix)
	if len(do) == 0 || len(undo) == 0 {
		n.t.Fatalf("fix %v", found[0].Fix)
	}
	n.t.Logf("%s: %s\n\t%s", found[0].Title, o.Ports[0].Where, strings.Join(append(do, undo...), "\n\t"))
	run(do)
	if o, found := n.inbound(); len(found) != 0 || o.Ports[0].Verdict != netfilter.Accept {
		n.t.Errorf("after %q: %+v", do, found)
	}
	run(undo)
	if _, found := n.inbound(); len(found) != 1 {
		n.t.Errorf("after %q: %+v, expected the error back", undo, found)
	}
}

func (n *node) shell(lines []string) { n.t.Helper(); n.sh("set -e\n"+strings.Join(lines, "\n"), "") }

func TestFixOpensThePort(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	for _, program := range []string{"nft", "iptables-nft", "iptables-legacy", "iptables"} {
		probetest.Need(t, program)
	}
	n := newNode(t)
	if o, found := n.inbound(); len(found) != 0 || o.Ports[0].Manager != NoManager {
		t.Errorf("no rules: %+v", o)
	}
	n.sh("nft -f -", "table inet filter { chain input { type filter hook input priority 0; policy drop; ct state established accept; }\n}")
	n.opensAndCloses(NFT, "policy drop", n.shell)
	n.sh("nft flush ruleset; nft -f -", "table inet filter { chain input { type filter hook input priority 0; tcp dport 38000-39000 ip saddr 192.168.0.0/16 drop; }\n}")
	n.opensAndCloses(NFT, "drop", n.shell)
	n.sh("nft flush ruleset; iptables -A INPUT -p tcp --dport 38888 -j REJECT", "")
	n.opensAndCloses(Iptables, "-A INPUT -p tcp -m tcp --dport 38888 -j REJECT", n.shell)
	n.sh("nft flush ruleset; iptables-legacy -P INPUT DROP", "")
	n.opensAndCloses(IptablesLegacy, ":INPUT DROP", n.shell)
}

func TestFixOpensThePortUFW(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	n := newNode(t)
	ufw := probetest.UFW(t, n.root)
	run := func(lines []string) { n.t.Helper(); n.sh(ufw, strings.Join(lines, "\n")) }
	run([]string{"ufw allow 22/tcp"})
	n.opensAndCloses(UFW, "INPUT DROP", run)
	run([]string{"ufw deny 38888/tcp"})
	n.opensAndCloses(UFW, "-A ufw-user-input -p tcp -m tcp --dport 38888 -j DROP", run)
}

// busConfig lets everybody do everything on a bus of the test's own.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=ROOT/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow send_type="method_call"/></policy></busconfig>`

// startFirewalld runs firewalld on a bus of its own, with /run and its configuration below root.
func (n *node) startFirewalld() {
	n.t.Helper()
	probetest.Need(n.t, "firewalld")
	for _, dir := range []string{"run/dbus", "etc/firewalld"} {
		if err := os.MkdirAll(filepath.Join(n.root, dir), 0o755); err != nil {
			n.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(n.root, "bus.conf"), []byte(strings.ReplaceAll(busConfig, "ROOT", n.root)), 0o600); err != nil {
		n.t.Fatal(err)
	}
	start := func(script string) {
		cmd := exec.Command("unshare", "-m", "--propagation", "private", "sh", "-ec", "mount --bind ROOT/run /run\n"+strings.ReplaceAll(script, "ROOT", n.root))
		cmd.Args[len(cmd.Args)-1] = strings.ReplaceAll(cmd.Args[len(cmd.Args)-1], "ROOT", n.root)
		cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+n.root+"/run/dbus/system_bus_socket")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			n.t.Fatal(err)
		}
		n.t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() })
	}
	start("exec dbus-daemon --config-file=ROOT/bus.conf --nofork --nopidfile")
	socket := filepath.Join(n.root, "run/dbus/system_bus_socket")
	deadline := time.Now().Add(30 * time.Second)
	var conn *dbus.Conn
	for conn == nil {
		var err error
		if conn, err = dbus.Connect("unix:path=" + socket); err != nil {
			if time.Now().After(deadline) {
				n.t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond) // a socket that does not exist yet cannot be waited for
		}
	}
	defer conn.Close()
	if err := conn.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, busName)); err != nil {
		n.t.Fatal(err)
	}
	up := make(chan *dbus.Signal, 8)
	conn.Signal(up)
	start("exec firewalld --nofork --nopid --system-config ROOT/etc/firewalld --log-target file --log-file ROOT/firewalld.log")
	select {
	case <-up:
	case <-time.After(time.Until(deadline)):
		text, _ := os.ReadFile(filepath.Join(n.root, "firewalld.log"))
		n.t.Fatalf("firewalld does not come up:\n%s", text)
	}
	n.sh("firewall-cmd --state", "") // answers once the rules are loaded
}

func TestFirewalld(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	n := newNode(t)
	n.startFirewalld()
	n.opensAndCloses(FirewallD, "reject with icmpx admin-prohibited", n.shell)

	differing := func(want int) Observation {
		t.Helper()
		o, _ := n.inbound()
		found := runtimePermanent.Check(o)
		if len(found) != want {
			t.Fatalf("found %+v, expected %d, in %+v", found, want, o.Firewalld)
		}
		if want > 0 {
			t.Logf("%s: %v", found[0].Title, found[0].Fix)
			do, undo := commands(found[0].Fix)
			n.shell(do)
			if o, _ := n.inbound(); len(runtimePermanent.Check(o)) != 0 {
				t.Errorf("after %q: %+v", do, o.Firewalld)
			}
			n.shell(undo)
		}
		return o
	}
	if status, why := runtimePermanent.Applies(differing(0)); status != probes.OK {
		t.Error(status, why)
	}
	n.sh("firewall-cmd --add-port=38888/tcp", "")
	differing(1)
	n.sh("firewall-cmd --remove-port=38888/tcp; firewall-cmd --permanent --zone=public --add-port=38000-39000/tcp", "")
	o := differing(1)
	if do, _ := commands(inbound.Check(o)[0].Fix); len(do) != 1 || do[0] != "firewall-cmd --reload" {
		t.Errorf("fix %q, expected a reload to be enough", do)
	}
	n.sh("firewall-cmd --reload", "")
	differing(0)
	n.sh(`firewall-cmd --add-rich-rule='rule family="ipv4" source address="192.168.6.181" port port="38888" protocol="tcp" drop'`, "")
	o, found := n.inbound()
	if len(found) != 1 || !strings.HasSuffix(o.Ports[0].Paths[0].By.Chain, "_deny") {
		t.Errorf("a rich rule that drops: %+v", o.Ports)
	}
}
