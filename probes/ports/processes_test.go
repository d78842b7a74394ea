package ports

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeRoot makes a root folder with the given files; a value "-> X" makes a symbolic link.
func fakeRoot(t *testing.T, files map[string]string) (root string, path func(string) string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		err := error(nil)
		if target, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(target, file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root, func(abs string) string { return filepath.Join(root, abs) }
}

// nginxRoot is a host on which a master and a worker of nginx hold the socket 900.
var nginxRoot = map[string]string{
	"proc/812/fd/6":    "-> socket:[900]",
	"proc/812/fd/7":    "-> socket:[901]",
	"proc/812/fd/8":    "-> /dev/null",
	"proc/812/comm":    "nginx\n",
	"proc/812/cmdline": "nginx: master process\x00/usr/sbin/nginx\x00-g\x00daemon off;\x00",
	"proc/812/status":  "Name:\tnginx\nUid:\t0\t0\t0\t0\n",
	"proc/812/cgroup":  "0::/system.slice/nginx.service\n",
	"proc/813/fd/6":    "-> socket:[900]",
	"proc/813/comm":    "nginx\n",
	"proc/813/status":  "Name:\tnginx\nUid:\t33\t33\t33\t33\n",
	"proc/900/fd/1":    "-> pipe:[900]",
	"proc/self/fd/1":   "-> socket:[900]",
	"proc/net/tcp":     "",
	"etc/passwd":       "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/:\nwww-data:x:33:33::/:\n",
}

func TestHolders(t *testing.T) {
	_, path := fakeRoot(t, nginxRoot)
	p := newProcFS(path)
	pids, all := p.holders(t.Context(), map[uint32]bool{0: true, 900: true})
	if !all || len(pids) != 1 || !slices.Equal(pids[900], []int{812, 813}) {
		t.Fatalf("got %v, all %v; want 812 and 813 for 900 alone", pids, all)
	}
	want := Process{PID: 812, Name: "nginx", Cmdline: "nginx: master process /usr/sbin/nginx -g daemon off;", User: "root", Unit: "nginx.service"}
	if got := p.process(812); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := p.process(813); got.User != "www-data" || got.Cmdline != "" {
		t.Errorf("got %+v, want the user www-data and no command line", got)
	}
	if got := p.process(4711); got.Name != "" || got.User != "" {
		t.Errorf("a process that is gone reads %+v", got)
	}
}

func TestHoldersWithoutProc(t *testing.T) {
	_, path := fakeRoot(t, nil)
	if pids, all := newProcFS(path).holders(t.Context(), map[uint32]bool{900: true}); all || len(pids) > 0 {
		t.Errorf("got %v, all %v; want nothing, and to know it", pids, all)
	}
}

func TestOneLine(t *testing.T) {
	for raw, want := range map[string]string{
		"java\x00-jar\x00a.jar\x00": "java -jar a.jar",
		"sh\x00-c\x00a\nb\x1b[2J":   "sh -c a b [2J",
		"":                          "",
		"a\xffb":                    "a?b",
	} {
		if got := oneLine(strings.TrimRight(raw, "\x00")); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
	if got := oneLine(strings.Repeat("x", 1000)); len([]rune(got)) != maxCmdline+1 || !strings.HasSuffix(got, "…") {
		t.Errorf("a long command line has %d characters", len([]rune(got)))
	}
}

func FuzzProcTexts(f *testing.F) {
	f.Add("Name:\tnginx\nUid:\t33\t33\t33\t33\n", "root:x:0:0:root:/root:/bin/bash\n", "socket:[900]")
	f.Add("Uid:\n", "::\n:x:0\n", "socket:[99999999999]")
	f.Fuzz(func(t *testing.T, status, passwd, link string) {
		if uid := uidOf(status); strings.ContainsAny(uid, " \t\n") {
			t.Errorf("got user %q", uid)
		}
		for uid, name := range parsePasswd(passwd) {
			if name == "" {
				t.Errorf("the user %q has no name", uid)
			}
		}
		if inode, ok := socketInode(link); ok && !strings.Contains(link, fmt.Sprint(inode)) {
			// A number may be written with leading zeros, and then still holds its digits.
			t.Errorf("got inode %d of %q", inode, link)
		}
	})
}
