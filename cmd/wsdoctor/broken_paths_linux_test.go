package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
	"github.com/creack/pty"
)

// brokenPathsFile is the document whose table is the expectation of TestBrokenPaths.
const brokenPathsFile = "../../docs/broken-paths.md"

const brokenPathsHead = `# What wscat, curl and wsdoctor say of a broken path

Each row is a test (` + "`go test -run TestBrokenPaths ./cmd/wsdoctor`" + `): the path is built for real, in a network namespace of
its own, from nginx, HAProxy, the embedded proxy, Node servers and the stand-in; wscat, curl and ` + "`wsdoctor --check`" + ` meet
it, and what they say is compared with the row. ` + "`-update`" + ` writes the table anew. Process ids, dates, measured times, line
numbers and the folder of a configuration are left out.

The service is on port 38888 and the balancer on 38889. wscat is version 6, on a terminal; where it is connected it says
hello, unless the row is about silence. curl asks for the upgrade as in
` + "`curl -iN -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: …'`" + `. Of
wsdoctor it is the first cause, with the number of others where there are any; the report has the evidence and the lines
to paste.

| what is broken | wscat | curl | wsdoctor |
| --- | --- | --- | --- |
`

// A brokenPath is a scenario that other tools meet too.
type brokenPath struct {
	scenario
	hangs bool // wscat and curl wait for ever
	ends  bool // what is connected is ended a while later
}

// said is one row of the table.
type said struct{ What, Wscat, Curl, Wsdoctor string }

func (s said) String() string {
	cell := func(text string) string { return strings.NewReplacer("|", `\|`).Replace(text) }
	return fmt.Sprintf("| %s | %s | %s | %s |\n", cell(s.What), cell(s.Wscat), cell(s.Curl), cell(s.Wsdoctor))
}

// rowsDir is where the copies of this test in their namespaces leave what they met.
const rowsDir = "WSDOCTOR_TEST_ROWS"

func TestBrokenPaths(t *testing.T) {
	probetest.Need(t, "curl")
	probetest.Node(t)
	inside := os.Getenv(rowsDir) != ""
	raw, err := os.ReadFile(brokenPathsFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := string(raw)
	if !inside {
		os.Setenv(rowsDir, t.TempDir()) // the copies have this environment
		defer os.Unsetenv(rowsDir)
	}
	file := func(name string) string {
		return filepath.Join(os.Getenv(rowsDir), strings.NewReplacer("/", "_", " ", "_").Replace(name)+".json")
	}
	var mu sync.Mutex
	met := map[string]said{}
	t.Run("rows", func(t *testing.T) {
		for _, p := range brokenPaths {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				if probetest.InNetns(t) {
					raw, err := json.Marshal(p.meet(t, want))
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file(p.name), raw, 0o600); err != nil {
						t.Fatal(err)
					}
					return
				}
				var row said
				raw, err := os.ReadFile(file(p.name))
				if err == nil {
					err = json.Unmarshal(raw, &row)
				}
				if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				met[p.name] = row
				mu.Unlock()
				if !*update && !strings.Contains(want, row.String()) {
					t.Errorf("%s has no such row (-update writes it anew):\n%s", brokenPathsFile, row)
				}
			})
		}
	})
	if inside || t.Failed() || len(met) < len(brokenPaths) { // -run chose some
		return
	}
	doc := brokenPathsHead
	for _, p := range brokenPaths {
		doc += met[p.name].String()
	}
	switch {
	case *update:
		if err := os.WriteFile(brokenPathsFile, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	case doc != want:
		t.Errorf("%s has other rows or another order than the test (-update writes it anew)", brokenPathsFile)
	}
	if len(brokenPaths) < 26 {
		t.Errorf("%d rows, expected 25 broken paths and one that is fine", len(brokenPaths))
	}
}

// meet builds the path and lets the three tools meet it.
func (p brokenPath) meet(t *testing.T, want string) said {
	p.setUp(t, services["standin"])
	text := cmp.Or(p.settings, settings)
	url := regexp.MustCompile(`url: "([^"]+)"`).FindStringSubmatch(text)[1]
	if strings.HasSuffix(url, "/") {
		path := regexp.MustCompile(`path: "?([^"}]+)"?\}`).FindStringSubmatch(text)[1]
		url = strings.TrimSuffix(url, "/") + path
	}
	row := said{What: p.name}
	var wg sync.WaitGroup
	wg.Go(func() { row.Wscat = p.wscat(t, url) })
	wg.Go(func() { row.Curl = p.curl(t, url) })
	wg.Wait()
	for try := 0; ; try++ {
		_, r := check(t, text, p.args...)
		row.Wsdoctor = firstCause(r)
		// An active test measures times: on a machine that stalls meanwhile it measures again.
		if try == 2 || !slices.Contains(p.args, "--deep") || strings.Contains(want, row.String()) {
			return row
		}
	}
}

const (
	// hangsFor is how long a tool is given to say something where it will not.
	hangsFor = 3 * time.Second
	// toolTimeout is for one that hangs where it should not.
	toolTimeout = time.Minute
)

// patience is how long a tool may take.
func (p brokenPath) patience() time.Duration {
	if p.hangs {
		return hangsFor
	}
	return toolTimeout
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// wscat runs it on a terminal, as people do, and says hello once it is connected.
func (p brokenPath) wscat(t *testing.T, url string) string {
	cmd := exec.Command(probetest.Need(t, "node"), filepath.Join(probetest.Node(t), "node_modules/wscat/bin/wscat"), "--no-color", "-c", url)
	cmd.Env = append(os.Environ(), "TERM=xterm")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 200})
	if err != nil {
		t.Error(err)
		return ""
	}
	defer tty.Close()
	late := time.AfterFunc(p.patience(), func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var out []string
	greeted := false
	raw := ""
	for buf := make([]byte, 4096); ; {
		n, err := tty.Read(buf)
		raw += string(buf[:n])
		out = spoken(raw)
		text := strings.Join(out, "\n")
		if !greeted && !p.ends && strings.Contains(text, "Connected") {
			greeted = true
			_, _ = tty.WriteString("hello\r")
		}
		if err != nil || strings.Contains(text, "< hello") {
			break
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(out) == 0 {
		return "(waits, and says nothing)"
	}
	return "`" + plainly(strings.Join(out, "` `")) + "`"
}

// spoken picks what wscat says out of what it draws.
func spoken(raw string) []string {
	var out []string
	for line := range strings.Lines(escapes.ReplaceAllString(raw, "")) {
		if !strings.HasSuffix(line, "\n") {
			break // there may be more of it
		}
		line = strings.TrimSpace(strings.ReplaceAll(line, "\r", ""))
		line = strings.TrimSpace(strings.TrimPrefix(line, ">"))
		for _, begin := range []string{"Connected", "< hello", "error:", "Disconnected"} {
			if strings.HasPrefix(line, begin) {
				out = append(out, strings.TrimSuffix(line, " (press CTRL+C to quit)"))
			}
		}
	}
	return out
}

// curl asks for the upgrade. What it says goes to stderr at once (-v); on stdout it would keep a head back until a body
// comes. It takes what comes after a 101 for a body without end, so it is stopped there.
func (p brokenPath) curl(t *testing.T, url string) string {
	cmd := exec.Command(probetest.Need(t, "curl"), "-sSv", "-N", "-o", os.DevNull, "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
		"-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "http"+strings.TrimPrefix(url, "ws"))
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return ""
	}
	late := time.AfterFunc(p.patience(), func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var parts []string
	upgraded := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		said, answer := strings.CutPrefix(line, "< ")
		switch {
		case answer && strings.HasPrefix(said, "HTTP/"), answer && strings.HasPrefix(strings.ToLower(said), "location:"), strings.HasPrefix(line, "curl: ("):
			parts = append(parts, "`"+plainly(strings.TrimPrefix(line, "< "))+"`")
			upgraded = upgraded || strings.HasPrefix(said, "HTTP/1.1 101")
		case line == "<" && upgraded: // the head is over
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if len(parts) == 0 {
		return "(waits, and says nothing)"
	}
	return strings.Join(parts, " ")
}

// firstCause is what a report says first.
func firstCause(r result) string {
	if len(r.Causes) == 0 {
		if e := r.errors(); len(e) > 0 {
			return "errors without a cause: " + strings.Join(e, ", ")
		}
		return "no cause, and no error"
	}
	c := r.Causes[0]
	out := "**" + c.ID + "**: " + plainly(c.Title)
	for _, check := range r.Checks {
		for _, f := range check.Findings {
			if check.ID == c.ID && f.Title == c.Title && f.Subject != "" && !strings.Contains(c.Title, f.Subject) {
				out = "**" + c.ID + "**: " + plainly(f.Subject+": "+c.Title)
			}
		}
	}
	if n := len(r.Causes) - 1; n > 0 {
		out += fmt.Sprintf(" (and %s)", probes.Counted(n, "1 other", "%d others"))
	}
	return out
}

// volatile is what differs from run to run.
var volatile = []struct {
	is    *regexp.Regexp
	shown string
}{
	// What differs between versions of the tools.
	{regexp.MustCompile(`write EPROTO .*(wrong version number).*`), "write EPROTO … $1 …"},
	{regexp.MustCompile(`curl: \(35\) .*(wrong version number)`), "curl: (35) … $1"},
	{regexp.MustCompile(`(Parse Error: Expected HTTP/).*`), "$1 …"},
	{regexp.MustCompile(`(curl: \(7\) Failed to connect to \S+ port \d+).*`), "$1 …"},
	// What a server that closes without reading looks like hangs on who was first.
	{regexp.MustCompile(`curl: \((52|56)\) .*`), "curl: (52) Empty reply from server, or (56) Connection reset by peer"},
	{regexp.MustCompile(`error: (socket hang up|read ECONNRESET)`), "error: socket hang up, or read ECONNRESET"},
	{regexp.MustCompile(`/tmp/[^\s:"]*/`), ""},
	{regexp.MustCompile(`(nginx\.conf|haproxy\.cfg):\d+`), "$1:N"}, // the test's own lines stand above
	{regexp.MustCompile(`pid \d+`), "pid N"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d UTC)?`), "DATE"},
	{regexp.MustCompile(`expected "[A-Za-z0-9+/]{27}="`), `expected "…"`}, // the key is a new one each time
	{regexp.MustCompile(`[\d.]+ m?s ± [\d.]+ m?s`), "N s"},
	{regexp.MustCompile(`\d+ s left`), "N s left"},
	{regexp.MustCompile(`(in|for|another) [\d.]+ m?s`), "$1 N s"},
}

func plainly(text string) string {
	text = strings.ReplaceAll(text, filepath.Base(os.Args[0])+" (pid", "wsdoctor.test (pid") // the test itself is a party at times
	for _, v := range volatile {
		text = v.is.ReplaceAllString(text, v.shown)
	}
	return probes.Printable(text)
}
