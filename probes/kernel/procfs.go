package kernel

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/sysctl"
)

const (
	keySomaxconn    = "net.core.somaxconn"
	keyTimeWaitMax  = "net.ipv4.tcp_max_tw_buckets"
	keyConntrackMax = "net.netfilter.nf_conntrack_max"
	keyNrOpen       = "fs.nr_open"
	keyFileMax      = "fs.file-max"

	fileNetstat  = "/proc/net/netstat"
	fileSockstat = "/proc/net/sockstat"
)

// seqPage is what the kernel puts together for one read of a /proc/net table; asking for more than a page would make
// it walk further than the listeners, which come first.
const seqPage = 4096

// listenState is TCP_LISTEN as /proc/net/tcp writes it (kernel: include/net/tcp_states.h).
const listenState = "0A"

// readText reads a file of /proc; the error names it.
func readText(t probes.Target, path string) (string, error) {
	raw, err := os.ReadFile(t.Path(path))
	if err != nil {
		return "", readError(t, path, err)
	}
	return string(raw), nil
}

func readError(t probes.Target, path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("reading %s: %w", t.Path(path), err)
}

func readNetstat(t probes.Target) (map[string]uint64, error) {
	text, err := readText(t, fileNetstat)
	if err != nil {
		return nil, err
	}
	counters := parseNetstat(text, "TcpExt")
	if len(counters) == 0 {
		return nil, probes.CannotLook("%s has no line \"TcpExt\"", t.Path(fileNetstat))
	}
	return counters, nil
}

// parseNetstat reads one group of /proc/net/netstat: a line of names, then a line of values, both led by the group's
// name (kernel: net/ipv4/proc.c, netstat_seq_show).
func parseNetstat(text, group string) map[string]uint64 {
	var names []string
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, group+":")
		if !ok {
			continue
		}
		if names == nil {
			names = strings.Fields(rest)
			continue
		}
		out := map[string]uint64{}
		for i, v := range strings.Fields(rest) {
			if n, err := strconv.ParseUint(v, 10, 64); err == nil && i < len(names) {
				out[names[i]] = n
			}
		}
		return out
	}
	return nil
}

func readTimeWait(t probes.Target, counters map[string]uint64) (TimeWait, error) {
	limit, err := sysctl.Int(t, keyTimeWaitMax)
	if err != nil {
		return TimeWait{}, err
	}
	text, err := readText(t, fileSockstat)
	if err != nil {
		return TimeWait{}, err
	}
	now, ok := parseSockstat(text)
	if !ok {
		return TimeWait{}, probes.CannotLook("%s has no count of sockets in TIME_WAIT", t.Path(fileSockstat))
	}
	return TimeWait{Now: now, Max: limit, Overflow: counters["TCPTimeWaitOverflow"]}, nil
}

// parseSockstat takes the count of sockets in TIME_WAIT from "TCP: inuse 1 orphan 0 tw 1 alloc 1 mem 65". It covers IPv6
// too (kernel: net/ipv4/proc.c, sockstat_seq_show).
func parseSockstat(text string) (timeWait int, ok bool) {
	for line := range strings.Lines(text) {
		rest, isTCP := strings.CutPrefix(line, "TCP:")
		f := strings.Fields(rest)
		if i := slices.Index(f, "tw"); isTCP && i >= 0 && i+1 < len(f) {
			n, err := strconv.Atoi(f[i+1])
			return n, err == nil
		}
	}
	return 0, false
}

func readConntrack(t probes.Target) (Conntrack, error) {
	limit, err := sysctl.Int(t, keyConntrackMax)
	if errors.Is(err, fs.ErrNotExist) {
		return Conntrack{}, probes.Skip("connection tracking is not loaded (nf_conntrack)")
	}
	if err != nil {
		return Conntrack{}, err
	}
	count, err := sysctl.Int(t, "net.netfilter.nf_conntrack_count")
	return Conntrack{count, limit}, err
}

func readFiles(t probes.Target) Files {
	number := func(key string) uint64 {
		s, _ := sysctl.Read(t, key) // what is missing is 0, and 0 is not judged
		first, _, _ := strings.Cut(s, "\t")
		n, _ := strconv.ParseUint(first, 10, 64)
		return n
	}
	return Files{Open: number("fs.file-nr"), Max: number(keyFileMax), NrOpen: number(keyNrOpen)}
}

// readListeners returns the listeners on some ports, of both families. A host without IPv6 has no tcp6. The two are
// read side by side: behind its last listener the kernel walks on through a hash table of up to 524,288 chains, which
// takes milliseconds when few sockets are in them.
func readListeners(t probes.Target, ports []int) ([]Listener, error) {
	var (
		wg    sync.WaitGroup
		paths = [...]string{"/proc/net/tcp", "/proc/net/tcp6"}
		found [len(paths)][]Listener
		errs  [len(paths)]error
	)
	for i, path := range paths {
		wg.Go(func() { found[i], errs[i] = readTable(t, path, ports) })
	}
	wg.Wait()
	if errors.Is(errs[1], fs.ErrNotExist) {
		errs[1] = nil
	}
	return slices.Concat(found[0], found[1]), errors.Join(errs[:]...)
}

func readTable(t probes.Target, path string, ports []int) ([]Listener, error) {
	f, err := os.Open(t.Path(path))
	if err != nil {
		return nil, readError(t, path, err)
	}
	defer f.Close()
	found, err := parseListeners(f, ports)
	if err != nil {
		return nil, readError(t, path, err)
	}
	return found, nil
}

// parseListeners reads /proc/net/tcp up to its first socket that does not listen: the kernel shows listeners first
// (net/ipv4/tcp_ipv4.c, tcp_get_idx), and a host may have 100,000 others, which would cost a tenth of a second.
func parseListeners(r io.Reader, ports []int) ([]Listener, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, seqPage), seqPage)
	var out []Listener
	for header := true; sc.Scan(); header = false {
		f := strings.Fields(sc.Text())
		if header || len(f) < 10 {
			continue
		}
		if f[3] != listenState {
			break
		}
		_, portHex, _ := strings.Cut(f[1], ":")
		_, queueHex, _ := strings.Cut(f[4], ":")
		port, perr := strconv.ParseUint(portHex, 16, 16)
		queue, qerr := strconv.ParseUint(queueHex, 16, 32)
		inode, ierr := strconv.ParseUint(f[9], 10, 64)
		if perr == nil && qerr == nil && ierr == nil && slices.Contains(ports, int(port)) {
			out = append(out, Listener{int(port), int(queue), inode})
		}
	}
	return out, sc.Err()
}

// unlimited is the limit of a process that has none.
const unlimited = -1

// parseLimits takes the open files, soft and hard, from /proc/PID/limits.
func parseLimits(text string) (soft, hard int, ok bool) {
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, "Max open files")
		f := strings.Fields(rest)
		if !found || len(f) < 2 {
			continue
		}
		soft, sok := parseLimit(f[0])
		hard, hok := parseLimit(f[1])
		return soft, hard, sok && hok
	}
	return 0, 0, false
}

func parseLimit(s string) (int, bool) {
	if s == "unlimited" {
		return unlimited, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0
}

// parseUnit takes the systemd unit from /proc/PID/cgroup: the last part of the path that is a service. A user's own
// manager is left out, because its units are another's to change.
func parseUnit(text string) string {
	for line := range strings.Lines(text) {
		parts := strings.Split(strings.TrimSpace(line), "/")
		for _, p := range slices.Backward(parts[1:]) {
			if strings.HasPrefix(p, "user@") {
				break
			}
			if strings.HasSuffix(p, ".service") && !slices.ContainsFunc(parts, func(s string) bool { return strings.HasPrefix(s, "user@") }) {
				return p
			}
		}
	}
	return ""
}
