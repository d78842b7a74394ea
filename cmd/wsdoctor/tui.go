package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/probes/report"
	"example.com/wsdoctor/tui"
)

// tuiRun is what the terminal interface is to show.
type tuiRun struct {
	target   probes.Target
	probes   []probes.Probe
	options  probes.Options
	settings string // the settings file that was read; "" where there is none
	save     func(probes.Report) (path string, err error)
}

// screens opens the terminal interface on the checks that the flags select.
func (a *app) screens(ctx context.Context, f *checkFlags) error {
	f.rows.mayAsk = true
	p, err := a.plan(ctx, f)
	if err != nil {
		return err
	}
	return a.runTUI(ctx, tuiRun{
		target: p.target, probes: catalog.All(), options: p.options, settings: p.source, save: a.saveReport,
	})
}

// saveReport writes a report as markdown, ready for a ticket, into the working folder under a name of its own.
func (a *app) saveReport(r probes.Report) (path string, err error) {
	markdown, _ := report.Lookup("markdown")
	return saveAs("wsdoctor-"+r.Started.Format("20060102-150405")+".md", func(w io.Writer) error {
		return markdown.Write(w, r, report.Options{Translate: a.translate()})
	})
}

// saveScreen writes what is on a screen into the working folder.
func saveScreen(name, text string) (path string, err error) {
	return saveAs("wsdoctor-"+name+"-"+time.Now().Format("20060102-150405")+".txt", func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// saveAs writes a file of the working folder, whole or not at all, and returns its path.
func saveAs(name string, write func(io.Writer) error) (path string, err error) {
	path, err = filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("finding the working folder: %w", err)
	}
	out, err := openReport(nil, path)
	if err != nil {
		return "", err
	}
	defer out.discard()
	if err := write(out); err != nil {
		return "", fmt.Errorf("writing %s: %w", path, err)
	}
	return path, out.commit()
}

// notifyHangUp ends a context also at SIGHUP, which a terminal that is closed sends to the session that it controls.
func notifyHangUp(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}

// tuiOptions are those of the screens on this terminal.
func (a *app) tuiOptions(r tuiRun) tui.Options {
	o := tui.Options{
		Target: r.target, Probes: r.probes, RunOptions: r.options, SaveReport: r.save, SaveScreen: saveScreen, SettingsPath: r.settings, Globals: a.globals(),
		Output: a.stdout, NoColor: a.noColor || a.env("TERM") == "dumb", ASCII: a.ascii(), Translate: a.translate(), Clipboard: clipboard(a.env), SlowLine: slowLine(a.stdout),
	}
	if _, terminal := a.stdin.(*os.File); !terminal {
		o.Input = a.stdin
	}
	return o
}

// globals are the flags of this call that a command typed by hand needs, to meet the same settings.
func (a *app) globals() string {
	switch {
	case a.config != "":
		return "--config " + shellWords([]string{a.config})
	case a.product != "":
		return "--product " + a.product
	}
	return ""
}

// runTUI shows the checks on the terminal until the operator leaves. Where there is no settings file and no product
// was named, it begins with the first-time choice.
func (a *app) runTUI(ctx context.Context, r tuiRun) error {
	// A terminal that is closed sends SIGHUP; what runs is to end as cleanly as at ctrl+c.
	outer := ctx
	ctx, stop := a.hangUp(ctx)
	defer stop()
	o := a.tuiOptions(r)
	o.Session = a.session
	if r.settings == "" && a.product == "" {
		path, err := filepath.Abs(a.settingsPlaces()[0])
		if err != nil {
			return fmt.Errorf("finding the folder for the settings: %w", err)
		}
		o.Choose, o.SettingsPath = true, path
	}
	err := tui.Run(ctx, o)
	if errors.Is(err, tui.ErrSetUp) {
		return a.setup(outer, setupFlags{})
	}
	return err
}

// asciiOnly tells whether the terminal takes characters below 0x80 only: by the locale, of which the first of LC_ALL,
// LC_CTYPE and LANG that is set counts (POSIX, section 8.2; none means the locale C), and by TERM: the Linux console
// has no glyphs for the marks. Windows terminals have no locale in the environment and take Unicode.
func asciiOnly(goos string, env func(string) string) bool {
	if term := env("TERM"); term == "dumb" || term == "linux" {
		return true
	}
	if goos == "windows" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(env(name)); locale != "" {
			return !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
		}
	}
	return true
}

// clipboard tells what stands between the program and the terminal.
func clipboard(env func(string) string) tui.Clipboard {
	switch {
	case env("TMUX") != "":
		return tui.ThroughTmux
	case env("STY") != "":
		return tui.ThroughScreen
	}
	return tui.Direct
}
