package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/wsclient"
	"golang.org/x/term"
)

const (
	prompt = "> "
	// editorLimit is where golang.org/x/term stops to take characters, without a word.
	editorLimit = 4096
)

// dialogue is a connection with an operator at the keyboard.
type dialogue struct {
	req     handshake.Request
	out     *textOutput
	session *wsclient.Session // nil: not connected
	trace   handshake.Trace
	end     *wsclient.End // of the last connection; nil: there was none yet

	late <-chan time.Time // when a ping counts as unanswered; nil: none is out
}

// probeInteractive runs the dialogue until the operator leaves. The exit code is that of the last connection.
func (a *app) probeInteractive(ctx context.Context, f *probeFlags, req handshake.Request) (err error) {
	d := &dialogue{req: req, out: &textOutput{notes: a.stdout, messages: a.stdout, terminal: true, ascii: a.ascii(), voice: a.voice(), verbose: f.verbose, now: time.Now}}
	d.connect(ctx)
	if d.session == nil {
		return refusal(ctx)
	}
	defer func() {
		if d.session != nil {
			d.session.Stop()
		}
	}()
	input, restore, err := a.editor(d.out)
	if err != nil {
		return err
	}
	defer restore()
	defer input.stop()
	// Behind the editor: a Ctrl-C or Ctrl-D that is typed before it has the terminal is the driver's, and lost.
	d.out.phase(probes.T("ready"), "type a message, /help for commands, Ctrl-D to leave")
	return d.run(ctx, input)
}

// errInterrupted is Ctrl-C at the line editor, which takes the key from the terminal's driver.
var errInterrupted = errors.New("interrupted")

// editor returns the operator's lines. On a terminal that can move its cursor they come from a line editor, through
// which all output then has to go; restore gives the terminal back.
func (a *app) editor(out *textOutput) (input *lineReader, restore func(), err error) {
	file, ok := a.stdin.(*os.File)
	if !ok || a.env("TERM") == "dumb" {
		return readLines(a.stdin), func() {}, nil
	}
	fd := int(file.Fd())
	old, err := term.MakeRaw(fd)
	if err != nil {
		return nil, nil, fmt.Errorf("setting up the terminal: %w", err)
	}
	in := newCancelable(file)
	keys := &keyboard{Reader: in}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{keys, a.stdout}, prompt)
	resize := func() {
		if w, h, err := term.GetSize(fd); err == nil && w > 0 {
			_ = t.SetSize(w, h) // errs where the terminal is gone, as the next read does
		}
	}
	resize()
	t.SetBracketedPasteMode(true)
	out.notes, out.messages = t, t
	input = in.lines(func() (string, error) {
		resize()
		line, err := t.ReadLine()
		switch {
		case errors.Is(err, term.ErrPasteIndicator):
			err = nil
		case errors.Is(err, io.EOF) && keys.interrupted.Load():
			err = errInterrupted
		}
		return line, err
	})
	return input, func() {
		t.SetBracketedPasteMode(false)
		_ = term.Restore(fd, old) // nothing is left to do where it fails
		fmt.Fprintln(a.stdout)
	}, nil
}

// keyboard notes a Ctrl-C, which the line editor does not tell from the end of the input.
type keyboard struct {
	io.Reader
	interrupted atomic.Bool
}

func (k *keyboard) Read(p []byte) (int, error) {
	n, err := k.Reader.Read(p)
	if n > 0 {
		k.interrupted.Store(p[n-1] == 3)
	}
	return n, err
}

// run serves the keyboard and the connection until the operator leaves.
func (d *dialogue) run(ctx context.Context, input *lineReader) error {
	lines, done := input.lines, ctx.Done()
	leaving := error(nil)
	leave := func(why error) {
		lines, done, leaving = nil, nil, why
		if d.session != nil {
			_ = d.session.Close(1000, "")
		}
	}
	for lines != nil || d.session != nil {
		var events <-chan wsclient.Event
		if d.session != nil {
			events = d.session.Events()
		}
		select {
		case e := <-events:
			d.out.event(e)
			if e.RTT > 0 {
				d.late = nil
			}
			if e.End != nil {
				d.ended(e.End, lines != nil)
			}
		case <-d.late:
			d.late = nil
			d.out.note("no pong within %s: the tunnel passes no frames any more, or the server answers no pings", pongTimeout)
		case line, ok := <-lines:
			switch {
			case ok && !d.line(ctx, line):
				leave(nil)
			case !ok && errors.Is(input.err, errInterrupted):
				leave(context.Canceled)
			case !ok && input.err != nil:
				leave(fmt.Errorf("reading the terminal: %w", input.err))
			case !ok:
				leave(nil)
			}
		case <-done:
			leave(ctx.Err())
		}
	}
	switch {
	case leaving != nil:
		return leaving
	case d.end == nil || !d.end.Normal():
		return exitError(probes.ExitFindings)
	}
	return nil
}

func (d *dialogue) connect(ctx context.Context) {
	d.session, d.trace = wsclient.Open(ctx, d.req)
	d.out.opened(d.trace)
}

// ended takes leave of a connection.
func (d *dialogue) ended(e *wsclient.End, stays bool) {
	d.session.Stop()
	d.session, d.end, d.late = nil, e, nil
	if stays {
		d.out.note("not connected; /reconnect opens the connection again, /quit leaves")
	}
}

// line does what one line says; false: the operator leaves.
func (d *dialogue) line(ctx context.Context, line string) bool {
	name, rest, isCommand := parseCommand(line)
	switch {
	case !isCommand && line == "":
		return true
	case !isCommand && utf8.RuneCountInString(line) >= editorLimit:
		d.out.note("not sent: the line editor takes %d characters and cut the line off; send it from a file: wsdoctor probe URL < FILE", editorLimit)
		return true
	case !isCommand:
		if d.connected() {
			d.sent("", rest, d.session.Send(false, []byte(rest)))
		}
		return true
	}
	for _, c := range slashCommands() {
		if c.name == name {
			if c.offline || d.connected() {
				return c.run(d, ctx, rest)
			}
			return true
		}
	}
	var names []string
	for _, c := range slashCommands() {
		names = append(names, c.name)
	}
	d.out.note("unknown command /%s%s; //… sends a message that begins with a slash", name, didYouMean(name, names))
	return true
}

// parseCommand takes a line apart: "/name rest" is a command, "//text" the message "/text".
func parseCommand(line string) (name, rest string, isCommand bool) {
	if !strings.HasPrefix(line, "/") || strings.HasPrefix(line, "//") {
		return "", strings.TrimPrefix(line, "/"), false
	}
	name, rest, _ = strings.Cut(line[1:], " ")
	return name, strings.TrimSpace(rest), true
}

func (d *dialogue) connected() bool {
	if d.session == nil {
		d.out.note("not connected; /reconnect opens the connection again")
	}
	return d.session != nil
}

// sent tells what became of a frame; what was typed stands on the screen already.
func (d *dialogue) sent(kind, text string, err error) {
	switch {
	case err != nil:
		how, _ := handshake.EndOf(err)
		d.out.note("not sent: the connection is at its end (%s)", how.Words())
	case kind != "":
		d.out.sent(kind, text)
	}
}

// slashCommand is one command of the dialogue.
type slashCommand struct {
	name, args, help string
	offline          bool // works without a connection
	run              func(d *dialogue, ctx context.Context, rest string) bool
}

// slashCommands lists the commands; /help reads it.
func slashCommands() []slashCommand {
	return []slashCommand{
		{"ping", "[TEXT]", "send a ping and show its round trip", false, (*dialogue).ping},
		{"pong", "[TEXT]", "send a pong that nobody asked for", false, (*dialogue).pong},
		{"binary", "HEX", "send a binary message, such as /binary 01 ff", false, (*dialogue).binary},
		{"close", "[CODE [REASON]]", "send a Close frame, such as /close 1000 bye", false, (*dialogue).closeFrame},
		{"headers", "", "show the request and the response of the handshake", true, (*dialogue).headers},
		{"reconnect", "", "close, and open the connection again", true, (*dialogue).reconnect},
		{"quit", "", "close and leave (also Ctrl-D)", true, func(*dialogue, context.Context, string) bool { return false }},
		{"help", "", "show this list", true, (*dialogue).help},
	}
}

func (d *dialogue) help(context.Context, string) bool {
	for _, c := range slashCommands() {
		d.out.note("/%-26s %s", strings.TrimSpace(c.name+" "+c.args), probes.Phrase(c.help))
	}
	d.out.note("%-27s %s", "//…", probes.T("send a message that begins with a slash"))
	return true
}

func (d *dialogue) ping(_ context.Context, rest string) bool {
	var text []byte
	if rest != "" {
		text = []byte(rest)
	}
	d.sent("ping", rest, d.session.Ping(text))
	d.late = time.After(pongTimeout)
	return true
}

func (d *dialogue) pong(_ context.Context, rest string) bool {
	d.sent("pong", rest, d.session.Pong([]byte(rest)))
	return true
}

func (d *dialogue) binary(_ context.Context, rest string) bool {
	data, err := hex.DecodeString(strings.Join(strings.Fields(rest), ""))
	if err != nil {
		d.out.note("/binary: found \"%s\", expected bytes in hexadecimal, such as 01 ff", rest)
		return true
	}
	d.sent("binary", d.out.voice.say("%s: % x", probes.Counted(len(data), "1 byte", "%d bytes"), data), d.session.Send(true, data))
	return true
}

func (d *dialogue) closeFrame(_ context.Context, rest string) bool {
	word, reason, _ := strings.Cut(rest, " ")
	code := 1000
	if word != "" {
		var err error
		// RFC 6455 7.4.2: codes below 1000 and above 4999 have no meaning.
		if code, err = strconv.Atoi(word); err != nil || code < 1000 || code > 4999 {
			d.out.note("/close: found \"%s\", expected a code from 1000 to 4999", word)
			return true
		}
	}
	d.sent("close", strings.TrimSpace(fmt.Sprintf("%d %s", code, reason)), d.session.Close(code, reason))
	return true
}

func (d *dialogue) headers(context.Context, string) bool {
	for _, a := range d.trace.Attempts {
		d.out.headers(a)
	}
	return true
}

func (d *dialogue) reconnect(ctx context.Context, _ string) bool {
	if d.session != nil {
		_ = d.session.Close(1000, "")
		for e := range d.session.Events() {
			d.out.event(e)
			d.end = e.End
		}
		d.session.Stop()
	}
	d.connect(ctx)
	if d.session == nil {
		d.end = &wsclient.End{By: "server", How: handshake.ByError}
	}
	return true
}
