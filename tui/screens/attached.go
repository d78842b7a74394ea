package screens

import (
	"context"
	"log/slog"
	"strings"

	"example.com/wsdoctor/embedproxy"
	tea "github.com/charmbracelet/bubbletea"
)

// Attached is a proxy that this program runs beside the screens, started before them by somebody else, who ends it.
type Attached struct {
	Proxy *embedproxy.Proxy
	Log   *Log // nil: its lines go elsewhere
	// Drains: it is drained when the screens are left, so that leaving asks first.
	Drains bool
}

// logQueue is how many lines wait for the screen before some are lost: a proxy must not wait for a terminal.
const logQueue = 256

// Log takes the lines of a proxy's log for the screen.
type Log struct{ lines chan string }

// NewLog makes an empty log.
func NewLog() *Log { return &Log{make(chan string, logQueue)} }

// Handler writes to the log, a line of text each.
func (l *Log) Handler() slog.Handler {
	return slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: shortTime})
}

// Write takes one line; it never waits.
func (l *Log) Write(b []byte) (int, error) {
	select {
	case l.lines <- strings.TrimRight(string(b), "\n"):
	default:
	}
	return len(b), nil
}

// loggedLines are those that came together.
type loggedLines []string

// next returns a command for the lines that come next.
func (l *Log) next(d Deps) tea.Cmd {
	return d.Work(func(ctx context.Context) tea.Msg {
		var out loggedLines
		select {
		case line := <-l.lines:
			out = append(out, line)
		case <-ctx.Done():
			return nil
		}
		for len(out) < logQueue {
			select {
			case line := <-l.lines:
				out = append(out, line)
			default:
				return out
			}
		}
		return out
	})
}
