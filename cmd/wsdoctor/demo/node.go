package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"example.com/wsdoctor/probes/standin"
)

const (
	// nodeStart is how long a node may take to say that it listens; it takes milliseconds.
	nodeStart = 30 * time.Second
	// nodeEnd is how long it may take to say goodbye to its clients, before it is killed.
	nodeEnd = 5 * time.Second
)

// listens is what a node says when it can be connected to; anything else is why it cannot.
const listens = "listens"

// withoutReuse is how the process is told to bind as most servers outside Unix's tradition do.
const withoutReuse = "without-reuseaddr"

// Node is the process of one node: it serves until its standard input ends, which it does with the demo, whatever
// becomes of that. args are its address, its name, and withoutReuse where it is to bind so.
func Node(ctx context.Context, in io.Reader, out io.Writer, args []string) error {
	if len(args) < 2 {
		return errors.New("starting a node: expected an address and a name")
	}
	o := standin.Options{Name: args[1]}
	if len(args) > 2 && args[2] == withoutReuse {
		o.Control = clearReuse
	}
	s, err := standin.Listen(ctx, args[0], o)
	if err != nil {
		fmt.Fprintln(out, err)
		return nil
	}
	fmt.Fprintln(out, listens)
	_, _ = io.Copy(io.Discard, in)
	return s.Close()
}

// node is one process.
type node struct {
	command       []string
	address, name string

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.Closer
	gone  chan struct{} // closed when the process has ended
}

// start starts the process; the error is why it cannot listen. Nothing happens where it runs already.
func (n *node) start(ctx context.Context, reuse bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.runs() {
		return nil
	}
	args := append(append([]string{}, n.command[1:]...), n.address, n.name)
	if !reuse {
		args = append(args, withoutReuse)
	}
	cmd := exec.Command(n.command[0], args...)
	ownGroup(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting %s: %w", n.name, err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", n.name, err)
	}
	gone := make(chan struct{})
	said := make(chan string, 1)
	go func() {
		defer close(gone)
		line, _ := bufio.NewReader(out).ReadString('\n') // its end says as much as an error
		said <- strings.TrimSpace(line)
		_ = cmd.Wait() // how it ended is the demo's own doing
	}()
	late := time.NewTimer(nodeStart)
	defer late.Stop()
	var why error
	select {
	case line := <-said:
		if line == listens {
			n.cmd, n.stdin, n.gone = cmd, in, gone
			return nil
		}
		why = fmt.Errorf("starting %s: %s", n.name, line)
	case <-late.C:
		why = fmt.Errorf("starting %s: it does not say that it listens", n.name)
	case <-ctx.Done():
		why = ctx.Err()
	}
	in.Close()
	_ = cmd.Process.Kill() // or it has ended already
	<-gone
	return why
}

// runs tells whether the process is there; n.mu is held.
func (n *node) runs() bool {
	if n.gone == nil {
		return false
	}
	select {
	case <-n.gone:
		return false
	default:
		return true
	}
}

// kill ends the process at once, as a crash does.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.runs() {
		_ = n.cmd.Process.Kill() // or it has ended already
		<-n.gone
	}
}

// end tells the process to end: it closes its clients' connections first, and so is the side whose port stays in
// TIME_WAIT.
func (n *node) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.runs() {
		return
	}
	_ = freeze(n.cmd.Process, false) // a frozen one hears nothing
	n.stdin.Close()
	late := time.AfterFunc(nodeEnd, func() { _ = n.cmd.Process.Kill() })
	defer late.Stop()
	<-n.gone
}

// freeze stops the process where it is, or lets it go on.
func (n *node) freeze(on bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.runs() {
		return fmt.Errorf("freezing %s: it does not run", n.name)
	}
	return freeze(n.cmd.Process, on)
}
