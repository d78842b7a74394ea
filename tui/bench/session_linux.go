package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// ticks is USER_HZ, in which /proc/PID/stat counts processor time; it is 100 on every architecture that Go runs on.
const ticks = 100

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

// start runs wsdoctor in a folder of its own with settings that name this host, so that it opens on the overview. Slow
// puts a line of 9,600 baud between it and its terminal.
func start(program string, slow bool) (*session, error) {
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
	tty, err := s.terminal(slow)
	if err != nil {
		return nil, err
	}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = s.cmd.Start()
	tty.Close()
	if err != nil {
		return nil, err
	}
	var from io.Reader = s.tty
	if slow {
		from = &line{tty: s.tty}
	}
	go s.read(from)
	_, err = s.until("Overview", s.started) // by then the settings were read, and may go
	return s, err
}

// terminal opens a pseudo-terminal of 80x24, whose speed is that of the line behind it.
func (s *session) terminal(slow bool) (*os.File, error) {
	master, tty, err := pty.Open()
	if err != nil {
		return nil, err
	}
	s.tty = master
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 80, Rows: 24}); err != nil || !slow {
		return tty, err
	}
	mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		return nil, err
	}
	mode.Cflag = mode.Cflag&^unix.CBAUD | unix.B9600
	return tty, unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, mode)
}

func (s *session) read(from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
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

// press presses a key; what was seen before it is forgotten.
func (s *session) press(name string) error {
	s.mu.Lock()
	s.seen.Reset()
	s.mu.Unlock()
	_, err := s.tty.WriteString(name)
	return err
}

// key presses a key and waits for what it shows.
func (s *session) key(name, shows string) (time.Duration, error) {
	from := time.Now()
	if err := s.press(name); err != nil {
		return 0, err
	}
	return s.until(shows, from)
}

// checked waits for the end of the first run, and for what it still draws.
func (s *session) checked() error {
	_, err := s.until("at ", time.Time{})
	s.settles()
	return err
}

func (s *session) sent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// settles waits until nothing has come for a while.
func (s *session) settles() {
	const still = 300 * time.Millisecond
	for {
		select {
		case <-s.news:
		case <-time.After(still):
			return
		}
	}
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
