package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"example.com/wsdoctor/probes/standin"
)

func standinCommand(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "standin [PORT|ADDR:PORT]…",
		Short: "a stand-in backend: echoes, names itself, shows the headers that reached it",
		Long: `Takes the place of a WebSocket service, so that the path through the balancer can be tested before the service is
started, or without it. It accepts every upgrade on every path, sends the request that reached it as its first message
(JSON), and echoes from then on. A plain GET is answered with the same JSON. One line is printed for each request.

Without a port it listens on the first of websocket.ports of the settings. A bare PORT means every address of this
host, as a service would listen. It runs until Ctrl-C.`,
		Example: `  wsdoctor standin
  wsdoctor standin 38888 39888
  wsdoctor standin 127.0.0.1:38888 --name node1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			addresses, err := a.standinAddresses(args)
			if err != nil {
				return err
			}
			return a.standin(cmd, addresses, name)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what it calls itself, such as the node's `name` (default: stand-in and the address)")
	return cmd
}

// standinAddresses turns the arguments into what net.Listen takes.
func (a *app) standinAddresses(args []string) ([]string, error) {
	if len(args) == 0 {
		cfg, _, err := a.settings()
		if err != nil {
			return nil, err
		}
		if len(cfg.WebSocket.Ports) == 0 {
			return nil, usagef("the settings name no websocket.ports, expected a port: wsdoctor standin PORT")
		}
		args = []string{strconv.Itoa(cfg.WebSocket.Ports[0])}
	}
	var out []string
	for _, arg := range args {
		address := arg
		if !strings.Contains(arg, ":") {
			address = ":" + arg
		}
		_, port, err := net.SplitHostPort(address)
		if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
			return nil, usagef("found %q, expected PORT or ADDR:PORT", arg)
		}
		out = append(out, address)
	}
	return out, nil
}

// standin listens on every address until the command's context ends; that is its regular end, and no error.
func (a *app) standin(cmd *cobra.Command, addresses []string, name string) (err error) {
	var mu sync.Mutex // of the output: requests come side by side
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(a.stdout, format+"\n", args...)
	}
	for _, address := range addresses {
		own := name
		if own == "" {
			own = "stand-in " + address
		}
		s, lerr := standin.Listen(cmd.Context(), address, standin.Options{Name: own, Seen: func(v standin.Visit) { say("%s", visitLine(time.Now(), v)) }})
		var op *net.OpError
		if errors.As(lerr, &op) {
			lerr = op.Err // which does not repeat the address
		}
		if lerr != nil {
			return fmt.Errorf("listening on %s: %w", address, lerr)
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		say("%s listens on %s", own, s.Addr())
	}
	<-cmd.Context().Done()
	return nil
}

// visitLine is one request on one line: who, what, and the headers that a balancer sets. Foreign text is quoted, so
// that it cannot drive the terminal.
func visitLine(now time.Time, v standin.Visit) string {
	var b strings.Builder
	kind := "plain"
	if v.WebSocket {
		kind = "websocket"
	}
	fmt.Fprintf(&b, "%s %s %s %q Host=%q", now.Format(time.TimeOnly), v.Remote, kind, v.Request, v.Host)
	for _, h := range []string{"Upgrade", "Connection", "X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Proto", "Origin"} {
		if vs := v.Headers[h]; len(vs) > 0 {
			fmt.Fprintf(&b, " %s=%q", h, strings.Join(vs, ", "))
		}
	}
	return b.String()
}
