package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// version is set by the linker from the Makefile.
var version = "0.1.0"

// app is what the commands share: the streams, the environment and the global flags. Commands reach the outside
// world through it alone, so that tests run them in memory.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	stdinTTY       bool
	stdoutTTY      bool // stdout is a terminal that can be drawn on
	stderrTTY      bool

	config  string        // --config
	product string        // --product
	lang    language      // --lang
	noColor bool          // --no-color or NO_COLOR
	timeout time.Duration // --timeout; 0: each command's own default
}

// exitError ends the program with a code, after what had to be said was said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError is an error for which nothing was checked: the call or a file that it names is wrong.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// settingsPlaces lists where settings are looked for when --config is not given.
func (a *app) settingsPlaces() []string {
	xdg := a.env("XDG_CONFIG_HOME")
	if xdg == "" {
		if home := a.env("HOME"); home != "" {
			xdg = filepath.Join(home, ".config")
		}
	}
	out := []string{"wsdoctor.yaml"}
	if xdg != "" {
		out = append(out, filepath.Join(xdg, "wsdoctor", "wsdoctor.yaml"))
	}
	return append(out, "/etc/wsdoctor/wsdoctor.yaml")
}

// settings loads the settings. Where there is no file and none was named, it returns the defaults of --product
// (finereport unless told otherwise) and an empty path. The error is a usageError.
func (a *app) settings() (cfg cluster.Config, path string, err error) {
	product := cluster.Product(a.product)
	if product != "" {
		if _, ok := product.Info(); !ok {
			var names []string
			for _, p := range cluster.Products {
				names = append(names, string(p.Name))
			}
			return cfg, "", usagef("--product: found %q, expected one of %s", product, strings.Join(names, ", "))
		}
	}
	if a.config != "" {
		cfg, err = cluster.Load(a.config)
		if err != nil {
			return cfg, a.config, usageError{err}
		}
		return cfg, a.config, nil
	}
	for _, path := range a.settingsPlaces() {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		cfg, err := cluster.Load(path)
		if err != nil {
			return cfg, path, usageError{err}
		}
		return cfg, path, nil
	}
	if product == "" {
		product = cluster.FineReport
	}
	return cluster.Default(product), "", nil
}
