//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/wsdoctor/embedproxy"
	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// handoverEnv holds the number of listening sockets that a predecessor passes on as descriptors from 3 on, and after
// them the pipe on which it waits for the word that the successor serves.
const handoverEnv = "WSDOCTOR_PROXY_SOCKETS"

// handoverTime is how long a successor may take to start; a program that reads its settings takes milliseconds.
const handoverTime = 10 * time.Second

// inheritedListeners returns the sockets of a predecessor or of systemd (LISTEN_FDS); none where there are none.
func inheritedListeners() ([]net.Listener, error) {
	var files []*os.File
	if n, err := strconv.Atoi(os.Getenv(handoverEnv)); err == nil {
		for i := range n {
			files = append(files, os.NewFile(uintptr(3+i), "listener"))
		}
	} else {
		files = activation.Files(true)
	}
	var out []net.Listener
	for _, f := range files {
		l, err := net.FileListener(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("taking over a listening socket: %w", err)
		}
		if _, ok := l.(*net.TCPListener); !ok {
			return nil, fmt.Errorf("taking over a listening socket: found one of %s, expected TCP", l.Addr().Network())
		}
		out = append(out, l)
	}
	return out, nil
}

// tellPredecessor says that this process serves, so that the one before may drain.
func tellPredecessor() {
	n, err := strconv.Atoi(os.Getenv(handoverEnv))
	if err != nil {
		return
	}
	os.Unsetenv(handoverEnv)
	f := os.NewFile(uintptr(3+n), "ready")
	f.Write([]byte{1}) //nolint:errcheck // a predecessor that is gone needs no word
	f.Close()
}

// signals serves until the proxy has ended.
func (s *supervisor) signals(context.Context) {
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, syscall.SIGHUP, syscall.SIGUSR2, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(ch)
	stopping := false
	for {
		var sig os.Signal
		select {
		case <-s.proxy.Done():
			return
		case sig = <-ch:
		}
		switch {
		case sig == syscall.SIGHUP:
			if !s.options.endsAtHangUp {
				s.reload()
			}
		case sig == syscall.SIGUSR2:
			if stopping {
				continue
			}
			if s.options.endsAtHangUp { // a successor would be another set-up on this terminal
				s.log.Error("no successor; this process goes on", "error", "it was launched by set-up")
				continue
			}
			if err := s.handOver(); err != nil {
				s.log.Error("no successor; this process goes on", "error", err)
			} else {
				stopping = true
			}
		case stopping:
			s.proxy.Kill()
		default:
			stopping = true
			daemon.SdNotify(false, daemon.SdNotifyStopping) //nolint:errcheck // not under systemd
			s.proxy.Drain(embedproxy.End{})
		}
	}
}

// handOver starts this program anew with the listening sockets, and drains once it serves.
func (s *supervisor) handOver() error {
	files, err := s.proxy.Files()
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("starting a successor: %w", err)
	}
	defer r.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting a successor: %w", err)
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(successorEnv(), handoverEnv+"="+strconv.Itoa(len(files)))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = append(files, w)
	s.proxy.ReleaseAdmin() // the successor binds it
	err = cmd.Start()
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	if err != nil {
		return fmt.Errorf("starting a successor: %w", err)
	}
	r.SetReadDeadline(time.Now().Add(handoverTime))
	if n, err := r.Read(make([]byte, 1)); n != 1 {
		cmd.Process.Kill()
		cmd.Wait() //nolint:errcheck // it was killed
		return fmt.Errorf("waiting for the successor to serve: %w", err)
	}
	daemon.SdNotify(false, "MAINPID="+strconv.Itoa(cmd.Process.Pid)) //nolint:errcheck // not under systemd
	s.log.Info("handed over", "successor", cmd.Process.Pid)
	cmd.Process.Release() //nolint:errcheck // it only frees memory
	s.proxy.Drain(embedproxy.End{Restart: true})
	return nil
}

// successorEnv is the environment without what systemd said to this process alone: with WATCHDOG_PID in it the successor
// would take the watchdog for another one's and be killed for its silence (sd_watchdog_enabled(3)).
func successorEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "WATCHDOG_PID=") })
}

// tellReloading and tellReady are what a service of Type=notify-reload owes systemd around a reload; the time tells
// it that the word is newer than its own request (sd_notify(3)).
func tellReloading() {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil {
		daemon.SdNotify(false, fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000)) //nolint:errcheck // not under systemd
	}
}

func tellReady() {
	daemon.SdNotify(false, daemon.SdNotifyReady) //nolint:errcheck // not under systemd
}

// notifySystemd says that the proxy serves, and feeds the watchdog where one is set.
func (s *supervisor) notifySystemd(ctx context.Context) {
	select {
	case <-s.proxy.Serving():
	case <-ctx.Done():
		return
	}
	tellPredecessor()
	tellReady()
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		return
	}
	t := time.NewTicker(every / 2)
	defer t.Stop()
	for {
		select {
		case <-s.proxy.Done():
			return
		case <-t.C:
			s.proxy.Turn()                                  // a loop that hangs keeps the word back
			daemon.SdNotify(false, daemon.SdNotifyWatchdog) //nolint:errcheck // systemd is going down too
		}
	}
}
