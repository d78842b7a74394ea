package tui

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"go.uber.org/goleak"
)

// terminalEnv makes the test binary be the program on the terminal it is started in, so that tests can drive it in
// tmux. Its words say how: choose=PATH, ascii, nocolor, tmux, left=DURATION (of the TIME_WAIT), and tour=LANGUAGE for
// the host of the tour, whose clock stands still.
const terminalEnv = "WSDOCTOR_TUI_TEST"

func TestMain(m *testing.M) {
	if how, ok := os.LookupEnv(terminalEnv); ok {
		os.Exit(onTerminal(strings.Fields(how)))
	}
	goleak.VerifyTestMain(m)
}

func onTerminal(how []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	o := madeUpOptions()
	o.Target.Now = nil
	left := 42 * time.Second
	for _, word := range how {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "choose":
			o.Choose, o.SettingsPath = true, value
		case "ascii":
			o.ASCII = true
		case "nocolor":
			o.NoColor = true
		case "tmux":
			o.Clipboard = ThroughTmux
		case "tour":
			if err := Run(ctx, tourOptions(value)); err != nil {
				fmt.Println("ended:", err)
				return probes.ExitInterrupted
			}
			fmt.Println("ended well")
			return 0
		case "left":
			left, _ = time.ParseDuration(value)
		}
	}
	// What is left of the TIME_WAIT shrinks from the first look to the next, as on a real host.
	end := sync.OnceValue(func() time.Time { return time.Now().Add(left) })
	o.Probes = madeUp(time.Now, func() time.Duration { return time.Until(end()) })
	if err := Run(ctx, o); err != nil {
		fmt.Println("ended:", err)
		return probes.ExitInterrupted
	}
	fmt.Println("ended well")
	return 0
}
