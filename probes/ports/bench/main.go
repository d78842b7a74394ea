//go:build linux

// Command bench measures the area ports on real sockets, in a network namespace of its own, so that no socket of the
// host is touched and none stays behind. It needs root.
//
//	bench                       100,000 sockets in TIME_WAIT: this project's reader against ss, gopsutil and /proc/net/tcp
//	bench -wait wsdoctor        5 sockets in TIME_WAIT: when `wsdoctor wait` starts its command, against the first
//	                            moment at which a bind without SO_REUSEADDR works; takes a minute
//
// It is no test: it judges figures by a bar only where -bar is given.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// inside marks the copy of this program that runs in the namespace.
const inside = "WSDOCTOR_BENCH_NETNS"

func main() {
	n := flag.Int("n", 100_000, "sockets in TIME_WAIT")
	rounds := flag.Int("rounds", 7, "interleaved rounds")
	bar := flag.Float64("bar", 0, "exit with 1 where the reader's CPU time is above this share of ss's; 0: never")
	wait := flag.String("wait", "", "measure the wait of this wsdoctor `program` instead")
	method := flag.String("method", "", "run one method and end; used by the program itself")
	flag.Parse()
	if *method != "" {
		exit(runMethod(*method))
	}
	if os.Getenv(inside) == "" {
		exit(again())
	}
	if err := exec.Command("ip", "link", "set", "lo", "up").Run(); err != nil {
		exit(fmt.Errorf("setting lo up: %w", err))
	}
	if *wait != "" {
		exit(measureWait(*wait))
	}
	exit(compare(*n, *rounds, *bar))
}

func exit(err error) {
	if err != nil {
		var code *exec.ExitError
		if errors.As(err, &code) {
			os.Exit(code.ExitCode()) // the copy has said what was wrong
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// again runs this program once more in a network namespace of its own.
func again() error {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	return cmd.Run()
}
