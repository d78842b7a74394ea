//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes/ports/sockdiag"
	psnet "github.com/shirou/gopsutil/v3/net"
)

// tally is what each of our own readers makes of the sockets: what the area ports needs to know.
type tally struct {
	byPort [1 << 16]int32
	left   time.Duration
}

func (t *tally) add(s *sockdiag.Socket) {
	t.byPort[s.Local.Port()]++
	t.left = max(t.left, s.Expires)
}

// methods are what is compared; each runs as a process of its own, from start to end. "nothing" is the start alone.
var methods = []struct {
	name string
	run  func() (int, error) // nil: ss itself
}{
	{"wsdoctor", func() (int, error) { return netlink() }},
	{"wsdoctor, one port", func() (int, error) { return netlink(benchPort) }},
	{ssName, nil},
	{"/proc/net/tcp{,6}", procNet},
	{"gopsutil Connections", gopsutil},
	{"nothing", func() (int, error) { return 0, nil }},
}

func netlink(ports ...uint16) (int, error) {
	q := sockdiag.Query{States: []sockdiag.State{sockdiag.TimeWait}, Ports: ports}
	t, err := sockdiag.Read(context.Background(), q, func(t **tally, s *sockdiag.Socket) {
		if *t == nil {
			*t = &tally{}
		}
		(*t).add(s)
	})
	if err != nil || t == nil {
		return 0, err
	}
	return int(t.byPort[benchPort]), nil
}

func procNet() (int, error) {
	var t tally
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			return 0, err
		}
		err = sockdiag.ParseProcNet(f, sockdiag.Query{States: []sockdiag.State{sockdiag.TimeWait}}, t.add)
		f.Close()
		if err != nil {
			return 0, err
		}
	}
	return int(t.byPort[benchPort]), nil
}

func gopsutil() (int, error) {
	all, err := psnet.Connections("tcp")
	n := 0
	for _, c := range all {
		if c.Status == "TIME_WAIT" && c.Laddr.Port == benchPort {
			n++
		}
	}
	return n, err
}

func runMethod(name string) error {
	for _, m := range methods {
		if m.name == name {
			n, err := m.run()
			fmt.Println(n, peakMemory("self"))
			return err
		}
	}
	return fmt.Errorf("there is no method %q", name)
}

// cost is what one process took.
type cost struct {
	cpu, wall time.Duration
	peakKiB   int64
}

const ssName = "ss -tan state time-wait"

// measure runs one method and returns what it took and how many sockets it counted.
func measure(name string) (c cost, n int, err error) {
	cmd := exec.Command("/proc/self/exe", "-method", name)
	if name == ssName {
		cmd = exec.Command("ss", strings.Fields(name)[1:]...)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return c, 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return c, 0, err
	}
	if name == ssName {
		n, err = lines(out, nil)
		n-- // the header
	} else {
		_, err = fmt.Fscan(out, &n, &c.peakKiB)
	}
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	c.cpu, c.wall = cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), time.Since(start)
	return c, n, err
}

// peakMemory returns VmHWM in KiB: unlike ru_maxrss it does not begin with what the starting process had.
func peakMemory(pid string) int64 {
	text, _ := os.ReadFile("/proc/" + pid + "/status")
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var n int64
	fmt.Sscan(rest, &n)
	return n
}

// ssPeak runs ss once more, not timed, and looks at its memory between its writes: it does not tell itself.
func ssPeak() (peak int64, err error) {
	cmd := exec.Command("ss", strings.Fields(ssName)[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	_, err = lines(out, func() { peak = max(peak, peakMemory(strconv.Itoa(cmd.Process.Pid))) })
	return peak, errors.Join(err, cmd.Wait())
}

// lines counts the lines of r; each, if not nil, is called between the reads.
func lines(r io.Reader, each func()) (n int, err error) {
	buf := make([]byte, 64<<10)
	for {
		k, err := r.Read(buf)
		if each != nil {
			each()
		}
		for _, b := range buf[:k] {
			if b == '\n' {
				n++
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// compare runs every method once a round, in random order, and prints medians over the rounds. Each ratio is that of
// one round, so that what disturbs the machine disturbs both sides.
func compare(n, rounds int, bar float64) error {
	if err := makeTimeWait(n); err != nil {
		return err
	}
	costs := make([][]cost, len(methods))
	counts := make([]int, len(methods))
	for range rounds {
		for _, i := range rand.Perm(len(methods)) {
			c, count, err := measure(methods[i].name)
			if err != nil {
				return fmt.Errorf("measuring %s: %w", methods[i].name, err)
			}
			costs[i] = append(costs[i], c)
			counts[i] = count
		}
	}
	peak, err := ssPeak()
	if err != nil {
		return fmt.Errorf("measuring the memory of ss: %w", err)
	}
	const reader, ss = 0, 2
	for i := range costs[ss] {
		costs[ss][i].peakKiB = peak
	}
	if have := countTimeWait(); have < n {
		return fmt.Errorf("%d sockets were left at the end, expected %d: the machine is too slow for so many rounds", have, n)
	}
	fmt.Printf("%d sockets in TIME_WAIT, %d rounds interleaved, whole processes; medians; ss writes into a pipe, as for a script\n\n", n, rounds)
	fmt.Printf("%-26s %9s %9s %9s %10s %22s %12s\n", "method", "counted", "CPU ms", "wall ms", "peak MiB", "CPU / ss (range)", "peak / ss")
	var verdict float64
	for i, m := range methods {
		cpu := ratios(costs[i], costs[ss], func(c cost) float64 { return float64(c.cpu) })
		peak := ratios(costs[i], costs[ss], func(c cost) float64 { return float64(c.peakKiB) })
		if i == reader {
			verdict = median(cpu)
		}
		fmt.Printf("%-26s %9d %9.1f %9.1f %10.1f %8.3f (%.3f-%.3f) %12.2f\n", m.name, counts[i],
			median(each(costs[i], func(c cost) float64 { return c.cpu.Seconds() * 1e3 })),
			median(each(costs[i], func(c cost) float64 { return c.wall.Seconds() * 1e3 })),
			median(each(costs[i], func(c cost) float64 { return float64(c.peakKiB) / 1024 })),
			median(cpu), slices.Min(cpu), slices.Max(cpu), median(peak))
	}
	if bar > 0 && verdict > bar {
		return fmt.Errorf("the reader took %.3f of ss's CPU time, expected %.2f or less", verdict, bar)
	}
	return nil
}

func each(list []cost, f func(cost) float64) []float64 {
	out := make([]float64, len(list))
	for i, c := range list {
		out[i] = f(c)
	}
	return out
}

func ratios(a, b []cost, f func(cost) float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = f(a[i]) / f(b[i])
	}
	return out
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
