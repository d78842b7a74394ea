package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/creack/pty"
)

// ticks is USER_HZ, in which /proc/PID/stat counts processor time; it is 100 on every architecture that Go runs on.
const ticks = 100

func main() {
	rounds := flag.Int("rounds", 15, "starts to take the median of")
	idle := flag.Duration("idle", 20*time.Second, "time to watch it idle")
	most := flag.Duration("start", 0, "fail where the quickest first screen takes longer, which other load disturbs least; 0: never")
	cpu := flag.Float64("cpu", 0, "fail where it idles at more than so many percent of a core; 0: never")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: bench [flags] WSDOCTOR")
		os.Exit(2)
	}
	if err := measure(flag.Arg(0), *rounds, *idle, *most, *cpu); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(program string, rounds int, idle, most time.Duration, cpu float64) error {
	var starts, keys []time.Duration
	for range rounds {
		s, err := start(program)
		if err != nil {
			return err
		}
		first, err := s.until("1 Overview", time.Time{})
		if err != nil {
			return err
		}
		key, err := s.key("2", "checks ")
		if err != nil {
			return err
		}
		if err := s.leave(); err != nil {
			return err
		}
		starts, keys = append(starts, first), append(keys, key)
	}
	fmt.Printf("first screen   %s\n", spread(starts))
	fmt.Printf("key to screen  %s (while the checks run)\n", spread(keys))

	s, err := start(program)
	if err != nil {
		return err
	}
	if _, err := s.until("mat ", time.Time{}); err != nil {
		return err
	}
	time.Sleep(time.Second) // what the end of the run still draws
	used, sent := s.used(), s.sent()
	time.Sleep(idle)
	percent := float64(s.used()-used) / ticks / idle.Seconds() * 100
	fmt.Printf("idle           %.2f %% of a core, %d bytes sent in %s\n", percent, s.sent()-sent, idle)
	if err := s.leave(); err != nil {
		return err
	}
	if m := slices.Min(starts); most > 0 && m > most {
		return fmt.Errorf("the first screen took %s at best, expected %s at most", m, most)
	}
	if cpu > 0 && percent > cpu {
		return fmt.Errorf("idling took %.2f %% of a core, expected %.2f %% at most", percent, cpu)
	}
	return nil
}

func median(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

func spread(all []time.Duration) string {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("median %6.1f ms (%.1f to %.1f)", ms(median(all)), ms(slices.Min(all)), ms(slices.Max(all)))
}

// session is wsdoctor on a pseudo-terminal.
type session struct {
	cmd     *exec.Cmd
	tty     *os.File
	started time.Time

	mu    sync.Mutex
	seen  bytes.Buffer
	total int
	news  chan struct{}
}

// patience bounds each wait; what takes so long has failed.
const patience = 30 * time.Second

// start runs wsdoctor in a folder of its own with settings that name this host, so that it opens on the overview.
func start(program string) (*session, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "wsdoctor-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	settings := filepath.Join(dir, "wsdoctor.yaml")
	if err := os.WriteFile(settings, []byte("version: 1\nproduct: finereport\nnodes: [{name: node1, host: 127.0.0.1}]\n"), 0o600); err != nil {
		return nil, err
	}
	s := &session{cmd: exec.Command(program, "--config", settings), news: make(chan struct{}, 1)}
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	s.started = time.Now()
	if s.tty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		return nil, err
	}
	go s.read()
	_, err = s.until("Overview", s.started) // by then the settings were read, and may go
	return s, err
}

func (s *session) read() {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.tty.Read(buf)
		s.mu.Lock()
		s.seen.Write(buf[:n])
		s.total += n
		s.mu.Unlock()
		select {
		case s.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// until waits for a text and returns how long it took since from; the zero time is the start.
func (s *session) until(text string, from time.Time) (time.Duration, error) {
	if from.IsZero() {
		from = s.started
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		s.mu.Lock()
		found := bytes.Contains(s.seen.Bytes(), []byte(text))
		s.mu.Unlock()
		if found {
			return time.Since(from), nil
		}
		select {
		case <-s.news:
		case <-limit.C:
			return 0, fmt.Errorf("waiting for %q: it showed\n%s", text, s.seen.String())
		}
	}
}

// key presses a key and waits for what it shows.
func (s *session) key(name, shows string) (time.Duration, error) {
	s.mu.Lock()
	s.seen.Reset()
	s.mu.Unlock()
	from := time.Now()
	if _, err := s.tty.WriteString(name); err != nil {
		return 0, err
	}
	return s.until(shows, from)
}

func (s *session) sent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// used is the processor time of the program, in ticks.
func (s *session) used() int {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11]) // proc(5): utime is the 14th field, and f begins with the third
	system, _ := strconv.Atoi(f[12])
	return user + system
}

// leave ends the program as an operator does.
func (s *session) leave() error {
	defer s.tty.Close()
	if _, err := s.tty.WriteString("q"); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		return errors.Join(errors.New("it does not end"), s.cmd.Process.Kill())
	}
}
