package netfilter

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// The lab: this process, in a network namespace of its own, is the host with the firewall. A second process in another
// namespace is the rest of the world; two veth pairs join them.

const (
	peerEnv = "WSDOCTOR_TEST_PEER"
	// connectWait tells a drop from the rest. A lost SYN is sent again after 1 s, so anything below sees no answer.
	connectWait = 300 * time.Millisecond
	// patientWait is for the second look at a disagreement: a busy machine may answer late.
	patientWait = 2 * time.Second
)

// trial is one connection attempt of the peer.
type trial struct {
	Src  netip.Addr    `json:"src"`
	Dst  netip.Addr    `json:"dst"`
	Port uint16        `json:"port"`
	Wait time.Duration `json:"wait"`
}

// TestMain runs the peer where the binary was started as such.
func TestMain(m *testing.M) {
	if os.Getenv(peerEnv) != "" {
		peer(os.Stdin, os.Stdout)
		return
	}
	os.Exit(m.Run())
}

// peer connects as told, a line of trials at a time, and answers with a line of verdicts.
func peer(in io.Reader, out io.Writer) {
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return
		}
		var ts []trial
		if err := json.Unmarshal(line, &ts); err != nil {
			return
		}
		got := make([]string, len(ts))
		var wg sync.WaitGroup
		for i, t := range ts {
			wg.Go(func() { got[i] = connect(t) })
		}
		wg.Wait()
		if err := json.NewEncoder(out).Encode(got); err != nil {
			return
		}
	}
}

func connect(t trial) string {
	d := net.Dialer{Timeout: t.Wait, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(t.Src, 0))}
	conn, err := d.Dial("tcp", netip.AddrPortFrom(t.Dst, t.Port).String())
	var timeout net.Error
	switch {
	case err == nil:
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
		return string(Accept)
	case errors.As(err, &timeout) && timeout.Timeout():
		return string(Drop)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return string(Reject)
	}
	return err.Error()
}

type lab struct {
	t     *testing.T
	in    io.WriteCloser
	out   *bufio.Reader
	links []Link
	tried int // connections that were compared
}

// The addresses of the lab.
var (
	labPorts = []uint16{22, 80, 443, 1024, 3000, 8080, 38888, 38889, 39888, 48888, 58888, 65000}
	labPaths = []struct {
		link     string
		src, dst netip.Addr
	}{
		{"fw0", netip.MustParseAddr("10.77.0.2"), netip.MustParseAddr("10.77.0.1")},
		{"fw0", netip.MustParseAddr("10.77.0.130"), netip.MustParseAddr("10.77.0.1")},
		{"fw1", netip.MustParseAddr("10.78.0.2"), netip.MustParseAddr("10.78.0.1")},
		{"fw0", netip.MustParseAddr("fd77::2"), netip.MustParseAddr("fd77::1")},
	}
)

func newLab(t *testing.T) *lab {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), peerEnv+"=1")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	pid := strconv.Itoa(cmd.Process.Pid)
	ip := probetest.Need(t, "ip")
	sh(t, "", strings.ReplaceAll(strings.ReplaceAll(`set -e
for f in net/ipv4/icmp_ratelimit=0 net/ipv6/icmp/ratelimit=0; do echo ${f#*=} >/proc/sys/${f%=*}; done
echo 100000 >/proc/sys/net/ipv4/icmp_msgs_per_sec || true
IP link add fw0 type veth peer name p0 netns PID
IP link add fw1 type veth peer name p1 netns PID
IP addr add 10.77.0.1/24 dev fw0; IP addr add fd77::1/64 dev fw0 nodad
IP addr add 10.78.0.1/24 dev fw1
IP link set fw0 up; IP link set fw1 up
nsenter -t PID -n sh -c 'set -e
IP link set lo up
for a in 10.77.0.2/24 10.77.0.130/24; do IP addr add $a dev p0; done
IP addr add fd77::2/64 dev p0 nodad; IP addr add 10.78.0.2/24 dev p1
IP link set p0 up; IP link set p1 up'`, "IP", ip), "PID", pid))
	l := &lab{t: t, in: in, out: bufio.NewReader(out)}
	for _, name := range []string{"fw0", "fw1"} {
		i, err := net.InterfaceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		link := Link{Name: name, Index: i.Index}
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addrs {
			link.Addrs = append(link.Addrs, netip.MustParsePrefix(a.String()))
		}
		l.links = append(l.links, link)
	}
	for _, p := range labPorts {
		ln, err := net.Listen("tcp", fmt.Sprintf("[::]:%d", p))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_ = c.Close()
			}
		})
		t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	}
	return l
}

// sh runs a script and fails the test where it fails.
func sh(t *testing.T, stdin, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s: %v\n%s", script, stdin, err, out)
	}
}

// connect asks the peer.
func (l *lab) connect(ts []trial) []string {
	l.t.Helper()
	if err := json.NewEncoder(l.in).Encode(ts); err != nil {
		l.t.Fatal(err)
	}
	line, err := l.out.ReadBytes('\n')
	if err != nil {
		l.t.Fatal(err)
	}
	var got []string
	if err := json.Unmarshal(line, &got); err != nil {
		l.t.Fatal(err)
	}
	return got
}

// agree compares what Evaluate says with what connections do, for every port and path of the lab. Answers of Unknown
// are counted and must be those that are expected.
func (l *lab) agree(name, ruleset string, unknowns int) {
	l.t.Helper()
	rs, err := Read(l.t.Context(), func(p string) string { return p })
	if err != nil {
		l.t.Fatalf("%s: %v", name, err)
	}
	var ts []trial
	var said []Result
	for _, path := range labPaths {
		var in Link
		for _, k := range l.links {
			if k.Name == path.link {
				in = k
			}
		}
		for _, port := range labPorts {
			ts = append(ts, trial{path.src, path.dst, port, connectWait})
			said = append(said, Evaluate(rs, l.links, Packet{Src: path.src, Dst: path.dst, Port: port, In: in}))
		}
	}
	got := l.connect(ts)
	var again []trial
	var which []int
	for i := range ts {
		if said[i].Verdict != Unknown && got[i] != said[i].Verdict.String() {
			ts[i].Wait = patientWait
			again, which = append(again, ts[i]), append(which, i)
		}
	}
	if len(again) > 0 {
		for j, v := range l.connect(again) {
			got[which[j]] = v
		}
	}
	open, shown := 0, false
	wrong := func(format string, args ...any) {
		l.t.Helper()
		l.t.Errorf(format, args...)
		if !shown {
			l.t.Logf("%s:\n%s", name, ruleset)
		}
		shown = true
	}
	for i, res := range said {
		l.tried++
		if res.Verdict == Unknown {
			open++
			if unknowns == 0 {
				wrong("%s: %v to %v: unknown: %q (a connection says %s)", name, ts[i].Src, ts[i].Port, res.Why, got[i])
			}
			continue
		}
		if got[i] != res.Verdict.String() {
			wrong("%s: %v to port %d: Evaluate says %s by %+v, a connection says %s", name, ts[i].Src, ts[i].Port, res.Verdict, res.By, got[i])
		}
	}
	if open != unknowns {
		wrong("%s: %d unknown, expected %d", name, open, unknowns)
	}
}

// seeds returns the generator of a test and says which seed it has; WSDOCTOR_TEST_SEED sets another.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(1)
	if s, err := strconv.ParseUint(os.Getenv("WSDOCTOR_TEST_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("WSDOCTOR_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }
