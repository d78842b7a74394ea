package ports

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"example.com/wsdoctor/probes"
)

// maxCmdline bounds how much of a command line is kept: a Java server's class path runs to many kilobytes.
const maxCmdline = 300

// procFS reads /proc for the processes behind sockets.
type procFS struct {
	path  func(abs string) string
	known map[int]Process
	users map[string]string // names by uid
}

func newProcFS(path func(string) string) *procFS {
	return &procFS{path: path, known: map[int]Process{}}
}

// holders returns the processes that hold each of the sockets, by inode, and whether every process could be looked
// into, as far as any was sought. A socket may be held by several: a master and its workers.
func (p *procFS) holders(ctx context.Context, inodes map[uint32]bool) (pids map[uint32][]int, all bool) {
	pids, all = map[uint32][]int{}, true
	delete(inodes, 0) // sockets that no process owns
	if len(inodes) == 0 {
		return pids, true
	}
	dir, err := os.Open(p.path("/proc"))
	if err != nil {
		return pids, false
	}
	names, _ := dir.Readdirnames(-1)
	dir.Close()
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || ctx.Err() != nil {
			continue
		}
		if !p.sockets(pid, func(inode uint32) {
			if inodes[inode] && !slices.Contains(pids[inode], pid) {
				pids[inode] = append(pids[inode], pid)
			}
		}) {
			all = false
		}
	}
	for _, list := range pids {
		slices.Sort(list) // a master has, as a rule, the lowest
	}
	return pids, all && ctx.Err() == nil
}

// sockets calls fn with the inode of each socket that pid has open. It returns false where it may not look; a process
// that has ended meanwhile has nothing to show.
func (p *procFS) sockets(pid int, fn func(inode uint32)) bool {
	folder := p.path("/proc/" + strconv.Itoa(pid) + "/fd")
	dir, err := os.Open(folder)
	if err != nil {
		return !os.IsPermission(err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	for _, fd := range names {
		link, lerr := os.Readlink(folder + "/" + fd)
		if lerr != nil {
			if os.IsPermission(lerr) {
				return false
			}
			continue
		}
		if inode, ok := socketInode(link); ok {
			fn(inode)
		}
	}
	return !os.IsPermission(err)
}

// socketInode reads the link of a socket's descriptor, "socket:[12345]".
func socketInode(link string) (uint32, bool) {
	digits, ok := strings.CutPrefix(link, "socket:[")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(digits, "]"), 10, 32)
	return uint32(n), err == nil
}

// process describes one process; what cannot be read stays empty.
func (p *procFS) process(pid int) Process {
	if known, ok := p.known[pid]; ok {
		return known
	}
	folder := "/proc/" + strconv.Itoa(pid)
	read := func(name string) []byte {
		b, _ := os.ReadFile(p.path(folder + "/" + name))
		return b
	}
	unit, container := parseCgroup(string(read("cgroup")))
	out := Process{
		PID:       pid,
		Name:      oneLine(strings.TrimSpace(string(read("comm")))),
		Cmdline:   oneLine(strings.TrimRight(string(read("cmdline")), "\x00")),
		User:      p.user(uidOf(string(read("status")))),
		Unit:      oneLine(unit),
		Container: oneLine(container),
	}
	p.known[pid] = out
	return out
}

// oneLine makes what a process says of itself fit for a terminal: the NULs between arguments become blanks, and so
// does every control character, because any user can put escape sequences there.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > maxCmdline {
		s = string(r[:maxCmdline]) + "…"
	}
	return s
}

// uidOf returns the effective user of /proc/PID/status: the second number of "Uid:"; "" where there is none.
func uidOf(status string) string {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "Uid:"); ok {
			if f := strings.Fields(rest); len(f) > 1 {
				return f[1]
			}
		}
	}
	return ""
}

// user returns the name of a uid as /etc/passwd has it, else "uid N".
func (p *procFS) user(uid string) string {
	if uid == "" {
		return ""
	}
	if p.users == nil {
		text, _ := os.ReadFile(p.path("/etc/passwd"))
		p.users = parsePasswd(string(text))
	}
	if name, ok := p.users[uid]; ok {
		return name
	}
	return "uid " + uid
}

// parsePasswd reads passwd(5) into names by uid; the first name of a uid wins, as getpwuid has it.
func parsePasswd(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if f := strings.Split(line, ":"); len(f) > 2 && f[0] != "" {
			if _, again := out[f[2]]; !again {
				out[f[2]] = f[0]
			}
		}
	}
	return out
}

// hidden says why a socket has no process to show.
func hidden(all bool) probes.Text {
	switch {
	case all:
		return probes.T("no process of this host or container: another container's, or the kernel's own")
	case os.Geteuid() == 0:
		return probes.T("unknown: root here lacks capabilities (CAP_SYS_PTRACE) to look into every process")
	}
	return probes.T("unknown: needs root to look into other users' processes")
}
