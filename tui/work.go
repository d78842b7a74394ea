package tui

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// work makes commands that the program waits for when it is left. bubbletea itself leaves its commands behind.
type work struct {
	ctx context.Context // done when the program is left

	mu   sync.Mutex
	left bool
	wg   sync.WaitGroup
}

// fault is the message of a command that has panicked. bubbletea would print the stack into the screen.
type fault struct {
	reason any
	stack  []byte
}

// do returns a command that calls f, unless the program has been left.
func (w *work) do(f func() tea.Msg) tea.Cmd {
	return func() (m tea.Msg) {
		w.mu.Lock()
		if w.left {
			w.mu.Unlock()
			return nil
		}
		w.wg.Add(1)
		w.mu.Unlock()
		defer w.wg.Done()
		defer func() {
			if r := recover(); r != nil {
				m = fault{r, debug.Stack()}
			}
		}()
		return f()
	}
}

// under is do for work that ends when the program is left.
func (w *work) under(f func(context.Context) tea.Msg) tea.Cmd {
	return w.do(func() tea.Msg { return f(w.ctx) })
}

// after returns a command that waits for d and then makes a message of the time it has become by now.
func (w *work) after(d time.Duration, now func() time.Time, msg func(time.Time) tea.Msg) tea.Cmd {
	return w.do(func() tea.Msg {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return msg(now())
		case <-w.ctx.Done():
			return nil
		}
	})
}

// wait returns when every command has ended. From then on none begins.
func (w *work) wait() {
	w.mu.Lock()
	w.left = true
	w.mu.Unlock()
	w.wg.Wait()
}
