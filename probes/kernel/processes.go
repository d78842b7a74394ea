package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// Role says what a process is in the settings.
type Role string

// The roles of a process.
const (
	Service Role = "service"
	Proxy   Role = "balancer"
)

// Process is a process that holds the connections.
type Process struct {
	PID   int    `json:"pid"`
	Name  string `json:"name"` // of /proc/PID/comm
	Role  Role   `json:"role"`
	Ports []int  `json:"ports"` // configured ports that it listens on, as far as its descriptors could be read
	Soft  int    `json:"soft"`  // open files that it may have; -1: no limit
	Hard  int    `json:"hard"`  // to which it may raise that itself
	Unit  string `json:"unit"`  // systemd service; "": none
}

// processNames are the names under which the balancers run.
var processNames = map[cluster.BalancerKind]string{
	cluster.Nginx: "nginx", cluster.HAProxy: "haproxy", cluster.Caddy: "caddy", cluster.Embedded: "wsdoctor",
}

// readProcesses finds who holds the listeners, by the inodes of their descriptors, and the balancer by its name where
// its descriptors cannot be read. The error says why open files cannot be judged, or not all of them.
func (o *Observation) readProcesses(ctx context.Context, t probes.Target) error {
	o.Files = readFiles(t)
	var err error
	if o.Listeners, err = readListeners(t, ports(t.Config, o.Node, o.Balancer)); err != nil {
		return err
	}
	pids, err := listPIDs(t)
	if err != nil {
		return err
	}
	wanted := map[uint64]int{} // port by inode
	for _, l := range o.Listeners {
		wanted[l.Inode] = l.Port
	}
	workers := o.workers(t, pids)
	s := search{t: t, wanted: wanted, found: map[int][]int{}, hidden: map[int]bool{}}
	// The balancer's processes share their listeners, so that each is asked; of the rest the first owner will do.
	s.ask(ctx, workers, false)
	s.ask(ctx, slices.DeleteFunc(pids, func(pid int) bool { return slices.Contains(workers, pid) }), true)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, pid := range workers {
		if s.hidden[pid] {
			s.found[pid] = nil // by its name alone
		}
	}
	for _, pid := range slices.Sorted(maps.Keys(s.found)) {
		if p, ok := o.describe(t, pid, s.found[pid], slices.Contains(workers, pid)); ok {
			o.Processes = append(o.Processes, p)
		}
	}
	left := slices.Compact(slices.Sorted(maps.Values(s.wanted)))
	return o.unseen(left, len(s.hidden) > 0)
}

// unseen says why open files cannot be judged, or not all of them. left are the ports whose listener has no known
// owner; hidden tells that some processes' descriptors could not be read.
func (o *Observation) unseen(left []int, hidden bool) error {
	// A balancer known by its name alone is what listens on the ports of a host that runs nothing else.
	byName := slices.ContainsFunc(o.Processes, func(p Process) bool { return p.Role == Proxy && p.Ports == nil })
	switch {
	case len(o.Listeners) == 0:
		return probes.Skip("nothing listens on the configured ports yet")
	case len(left) > 0 && hidden && !(byName && !o.Node):
		return probes.CannotLook("the process that listens on port %d belongs to another user: run wsdoctor as root", left[0])
	case len(o.Processes) == 0:
		return probes.CannotLook("no process was found that listens on port %d: it may run in a container's own process namespace", o.Listeners[0].Port)
	}
	return nil
}

// search looks for the owners of sockets.
type search struct {
	t      probes.Target
	wanted map[uint64]int // port by inode, of the sockets without an owner yet
	found  map[int][]int  // ports by process
	hidden map[int]bool   // processes whose descriptors cannot be read
}

// ask looks through the descriptors of some processes; with early, it ends with the last socket that is wanted.
func (s *search) ask(ctx context.Context, pids []int, early bool) {
	owned := map[uint64]bool{}
	for _, pid := range pids {
		if ctx.Err() != nil || len(s.wanted) == 0 || early && len(owned) == len(s.wanted) {
			break
		}
		inodes, err := sockets(s.t, pid)
		if errors.Is(err, fs.ErrPermission) {
			s.hidden[pid] = true
		}
		for _, inode := range inodes {
			port, ok := s.wanted[inode]
			if !ok || early && owned[inode] {
				continue
			}
			owned[inode] = true
			if !slices.Contains(s.found[pid], port) {
				s.found[pid] = append(s.found[pid], port)
			}
		}
	}
	for inode := range owned {
		delete(s.wanted, inode)
	}
}

// listPIDs returns the processes, youngest number first: services are started after the kernel's own threads.
func listPIDs(t probes.Target) ([]int, error) {
	dir, err := os.Open(t.Path("/proc"))
	if err != nil {
		return nil, readError(t, "/proc", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, readError(t, "/proc", err)
	}
	var out []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			out = append(out, pid)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out, nil
}

// sockets returns the inodes of the sockets that a process has open. Another user's need root: the error is then an
// fs.ErrPermission. A process that ended meanwhile has none.
func sockets(t probes.Target, pid int) ([]uint64, error) {
	path := t.Path(fmt.Sprintf("/proc/%d/fd", pid))
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, n := range names {
		link, err := os.Readlink(path + "/" + n)
		if err != nil {
			continue
		}
		if rest, ok := strings.CutPrefix(link, "socket:["); ok {
			if inode, err := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 64); err == nil {
				out = append(out, inode)
			}
		}
	}
	return out, nil
}

// workers returns the processes that carry the balancer's name, if it runs here and has a known one. nginx's master
// holds no tunnel, and its limit is not that of its workers.
func (o *Observation) workers(t probes.Target, pids []int) []int {
	name := processNames[o.BalancerKind]
	if !o.Balancer || name == "" {
		return nil
	}
	var out []int
	for _, pid := range pids {
		comm, err := readText(t, fmt.Sprintf("/proc/%d/comm", pid))
		if err != nil || strings.TrimSpace(comm) != name {
			continue
		}
		title, _ := readText(t, fmt.Sprintf("/proc/%d/cmdline", pid))
		if !strings.HasPrefix(title, "nginx: master process") {
			out = append(out, pid)
		}
	}
	return out
}

// describe reads what is to be known of one process; ok is false where it is none that matters or has ended.
func (o *Observation) describe(t probes.Target, pid int, ports []int, worker bool) (p Process, ok bool) {
	title, err := readText(t, fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || strings.HasPrefix(title, "nginx: master process") {
		return p, false
	}
	comm, _ := readText(t, fmt.Sprintf("/proc/%d/comm", pid))
	limits, err := readText(t, fmt.Sprintf("/proc/%d/limits", pid))
	soft, hard, read := parseLimits(limits)
	if err != nil || !read {
		return p, false
	}
	cgroup, _ := readText(t, fmt.Sprintf("/proc/%d/cgroup", pid))
	p = Process{PID: pid, Name: strings.TrimSpace(comm), Role: Service, Ports: ports, Soft: soft, Hard: hard, Unit: parseUnit(cgroup)}
	if worker || !o.Node {
		p.Role = Proxy
	}
	slices.Sort(p.Ports)
	return p, true
}
