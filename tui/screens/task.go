package screens

import (
	"context"
	"sync"

	tea "github.com/charmbracelet/bubbletea"
)

// task is work that a screen has begun, that tells of itself while it goes on and that can be stopped. What it tells
// waits in a queue: work that serves a connection must never wait for the screen.
type task struct {
	stop func() // may be called more than once

	mu    sync.Mutex
	queue []tea.Msg
	ended bool
	wake  chan struct{} // holds a token while there is something in the queue, or nothing more will come
}

// told is what a task has told of; a screen passes over those of other tasks.
type told struct {
	by  *task
	msg tea.Msg
}

// over is the last message of a task.
type over struct{ by *task }

// begin starts f. What f tells comes as told messages, each asked for by next; over follows when f has returned. With
// instead, a message takes the place of the one before it if the screen has not had that yet: progress, of which only
// the newest counts. f's context is done when the task is stopped or the program is left.
func (d Deps) begin(f func(ctx context.Context, tell func(msg tea.Msg, instead bool))) (*task, tea.Cmd) {
	stopped := make(chan struct{})
	t := &task{wake: make(chan struct{}, 1), stop: sync.OnceFunc(func() { close(stopped) })}
	run := d.Work(func(ctx context.Context) tea.Msg {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		var watch sync.WaitGroup
		watch.Go(func() {
			select {
			case <-stopped:
				cancel()
			case <-ended:
			}
		})
		defer func() {
			close(ended)
			cancel()
			watch.Wait()
			t.put(nil, false)
		}()
		f(ctx, t.put)
		return nil
	})
	return t, tea.Batch(run, t.next(d))
}

// put adds a message; nil says that no more will come.
func (t *task) put(msg tea.Msg, instead bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch n := len(t.queue); {
	case msg == nil:
		t.ended = true
	case instead && n > 0 && isProgress(t.queue[n-1]):
		t.queue[n-1] = progress{msg}
	case instead:
		t.queue = append(t.queue, progress{msg})
	default:
		t.queue = append(t.queue, msg)
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// progress marks a message in the queue that a newer one may replace.
type progress struct{ tea.Msg }

func isProgress(m tea.Msg) bool { _, is := m.(progress); return is }

// next returns the command for the next message.
func (t *task) next(d Deps) tea.Cmd {
	return d.Work(func(ctx context.Context) tea.Msg {
		for {
			if msg := t.take(); msg != nil {
				return msg
			}
			select {
			case <-t.wake:
			case <-ctx.Done():
				return nil
			}
		}
	})
}

// take returns the first message of the queue; nil where there is none yet.
func (t *task) take() tea.Msg {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		if t.ended {
			return over{t}
		}
		return nil
	}
	msg := t.queue[0]
	t.queue = t.queue[1:]
	if p, is := msg.(progress); is {
		msg = p.Msg
	}
	return told{t, msg}
}
