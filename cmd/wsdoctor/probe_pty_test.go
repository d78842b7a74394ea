//go:build !windows

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// patience is how long the terminal may take to show something before a test gives up.
const patience = 20 * time.Second

// screen is a terminal with an operator in front of it.
type screen struct {
	t        *testing.T
	keyboard *os.File

	mu    sync.Mutex
	shown bytes.Buffer
	read  int
	more  chan struct{}

	end func() error // waits for the process, where it is one of its own
}

// operate runs wsdoctor on a pseudo-terminal, which has to be left as it was; the exit code arrives on the channel.
func operate(t *testing.T, termName string, args ...string) (*screen, <-chan int) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	s := watch(t, master)
	var wg sync.WaitGroup
	env := map[string]string{"TERM": termName, "LANG": "C.UTF-8"}
	a := &app{stdin: tty, stdout: tty, stderr: tty, stdinTTY: true, stdoutTTY: true, stderrTTY: true, env: func(k string) string { return env[k] }}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	wg.Go(func() {
		got := a.main(ctx, args)
		if after, err := term.GetState(int(tty.Fd())); err != nil || *after != *before {
			t.Errorf("the terminal is not as it was: %v", err)
		}
		code <- got
	})
	t.Cleanup(func() {
		cancel()
		tty.Close()
		master.Close()
		wg.Wait()
	})
	return s, code
}

// watch reads what is shown on the terminal whose other end is keyboard, until that is closed or the test ends.
func watch(t *testing.T, keyboard *os.File) *screen {
	s := &screen{t: t, keyboard: keyboard, more: make(chan struct{}, 1)}
	done := make(chan struct{})
	t.Cleanup(func() { keyboard.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := keyboard.Read(buf)
			s.mu.Lock()
			s.shown.Write(buf[:n])
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// text is all that was shown.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// see waits until the terminal shows text behind what was seen before.
func (s *screen) see(text string) {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		all := s.shown.String()
		i := strings.Index(all[s.read:], text)
		if i >= 0 {
			s.read += i + len(text)
		}
		s.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-s.more:
		case <-late:
			s.t.Fatalf("%q is not on the terminal:\n%q", text, all)
		}
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.keyboard.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func exits(t *testing.T, code <-chan int, want int) {
	t.Helper()
	select {
	case got := <-code:
		if got != want {
			t.Errorf("exit code %d, expected %d", got, want)
		}
	case <-time.After(patience):
		t.Fatal("it does not leave")
	}
}

func TestProbeDialogue(t *testing.T) {
	ws := "ws://" + probetest.NodeServer(t, scripted)
	s, code := operate(t, "xterm", "probe", ws+"/json")
	s.see("101 Switching Protocols")
	s.see(`< {`)
	s.see("\r\n                 \"a\": [") // set out
	s.see(`\u009b1m`)
	s.press("hello\r")
	s.see("< hello")
	s.press("\x1b[A\r") // the last line once more
	s.see("< hello")
	s.press("//slash\r")
	s.see("< /slash")
	s.press("/binary 01 0Ff\r")
	s.see("expected bytes in hexadecimal")
	s.press("/binary 01 0f\r")
	s.see("< binary, 2 bytes: 01 0f")
	s.press("/ping\r")
	s.see("pong after")
	s.press("/pong x\r")
	s.press("/pign\r")
	s.see(`did you mean "ping"?`)
	s.press("/help\r")
	s.see("/reconnect")
	s.press("/headers\r")
	s.see("> GET /json HTTP/1.1")
	s.see("< Upgrade: websocket")
	s.press("/close 99 x\r")
	s.see("expected a code from 1000 to 4999")
	s.press("/close 4001 bye\r")
	s.see("closed by this side (4001")
	s.see("answered by the server")
	s.press("lost\r")
	s.see("not connected")
	s.press("/reconnect\r")
	s.see("101 Switching Protocols")
	s.press("\x1b[200~pasted\x1b[201~\r")
	s.see("< pasted")
	s.press("/quit\r")
	s.see("closed by this side (1000")
	exits(t, code, 0)
}

func TestProbeDialogueEnds(t *testing.T) {
	ws := "ws://" + probetest.NodeServer(t, scripted)
	for _, tc := range []struct {
		name, term, path string
		keys, see        string
		code             int
	}{
		{"Ctrl-D", "xterm", "/", "\x04", "closed by this side (1000", 0},
		{"Ctrl-C", "xterm", "/", "\x03", "closed by this side (1000", 130},
		{"the server ended it", "xterm", "/kill", "/quit\r", "not connected", 1},
		{"a terminal that cannot move its cursor", "dumb", "/", "hello\n\x04", "< hello", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, code := operate(t, tc.term, "probe", ws+tc.path)
			s.see("ready")
			if tc.path == "/kill" {
				s.see("bare FIN")
			}
			s.press(tc.keys)
			if tc.path != "/kill" {
				s.see(tc.see)
			}
			exits(t, code, tc.code)
		})
	}
	t.Run("a ping that nobody answers", func(t *testing.T) {
		t.Parallel()
		s, code := operate(t, "xterm", "probe", ws+"/deaf")
		s.see("ready")
		s.press("/ping\r")
		s.see("no pong within 3s")
		s.press("/quit\r")
		exits(t, code, 0)
	})
	t.Run("no connection", func(t *testing.T) {
		s, code := operate(t, "xterm", "probe", "ws://"+probetest.ClosedPort(t))
		s.see("no connection")
		exits(t, code, 1)
	})
}
