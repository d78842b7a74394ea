package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/ports"
	"example.com/wsdoctor/probes/report"
	"github.com/spf13/cobra"
)

const (
	// logEnd is how much of a log's end is taken: some hundred lines, which cover the minutes of a failed test.
	logEnd = 64 << 10
	// mostOfFile bounds any other file.
	mostOfFile = 4 << 20
	// toolTime bounds one program that prints firewall rules; with tens of thousands of rules they take seconds.
	toolTime = 10 * time.Second
)

// firewallTools print rules and change nothing.
var firewallTools = [][]string{
	{"nft", "list", "ruleset"},
	{"iptables-save"},
	{"ip6tables-save"},
	{"ufw", "status", "verbose"},
	{"firewall-cmd", "--list-all-zones"},
}

func bundleCommand(a *app) *cobra.Command {
	var (
		output string
		yes    bool
	)
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "put everything that support asks for into one file, without secrets",
		Long: `Bundle makes one tar.gz of the report, the settings, the balancer's configuration and the end of its log, the ports and
the firewall's rules. Passwords, tokens, cookies and private keys are taken out. It says what is in it before it writes,
and reads only; look into it before you send it: host names, addresses and paths stay in.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.bundle(cmd.Context(), output, yes) },
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `file` to write (default: wsdoctor-HOST-TIME.tar.gz here)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask before it is written")
	return cmd
}

// piece is one file of a bundle.
type piece struct {
	name     string
	data     []byte
	redacted int    // how often something was taken out
	missing  string // why there is no data; "": there is
}

func (a *app) bundle(ctx context.Context, output string, yes bool) error {
	now := time.Now()
	host, _ := os.Hostname() // an unknown name is shown as none
	name := fmt.Sprintf("wsdoctor-%s-%s", host, now.Format("20060102-150405"))
	if output == "" {
		output = name + ".tar.gz"
	}
	if _, err := os.Lstat(output); err == nil {
		return usagef("--output: %s exists, expected the name of a new file", output)
	}
	pieces, err := a.gather(ctx)
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, p := range pieces {
		switch {
		case p.missing != "":
			fmt.Fprintf(&list, "%-40s not there: %s\n", p.name, p.missing)
		case p.redacted > 0:
			fmt.Fprintf(&list, "%-40s %d bytes, %s taken out\n", p.name, len(p.data), probes.Counted(p.redacted, "1 secret", "%d secrets"))
		default:
			fmt.Fprintf(&list, "%-40s %d bytes\n", p.name, len(p.data))
		}
	}
	fmt.Fprint(a.stdout, list.String())
	if !yes && a.stdinTTY && a.stderrTTY {
		if err := a.confirm(ctx, probes.T("write %s?", output)); err != nil {
			return err
		}
	}
	packed, err := pack(name, append(pieces, piece{name: "contents.txt", data: []byte(list.String())}), now)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usagef("writing %s: %w", output, errors.Unwrap(err))
	}
	_, err = f.Write(packed)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(output)
		return fmt.Errorf("writing %s: %w", output, err)
	}
	fmt.Fprintln(a.stdout, a.voice().say("written: %s, %d bytes", output, len(packed)))
	return nil
}

// gather runs the checks and reads what they looked at.
func (a *app) gather(ctx context.Context) ([]piece, error) {
	cfg, source, err := a.settings()
	if err != nil {
		return nil, err
	}
	target := probes.Target{Config: cfg}
	watch := newProgress(a)
	rep := probes.Run(ctx, target, catalog.All(), a.runOptions(), watch.event)
	watch.clear()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	pieces := []piece{{name: "version.txt", data: []byte(versionLine())}}
	for _, f := range []string{"json", "text"} {
		format, _ := report.Lookup(f)
		var b bytes.Buffer
		if err := format.Write(&b, rep, report.Options{}); err != nil {
			return nil, fmt.Errorf("writing the report: %w", err)
		}
		p := piece{name: "report.txt"}
		if f == "json" {
			p.name = "report.json"
			if p.data, p.redacted, err = redactJSON(b.Bytes()); err != nil {
				return nil, err
			}
		} else {
			p.data, p.redacted = redact(b.Bytes())
		}
		pieces = append(pieces, p)
	}
	if source != "" {
		pieces = append(pieces, filePiece("settings/wsdoctor.yaml", source, false))
	}
	if seen, ok := probes.Observed[ports.Observation](rep); ok {
		var b bytes.Buffer
		if err := writePorts(&b, seen, nil); err != nil {
			return nil, err
		}
		pieces = append(pieces, piece{name: "ports.txt", data: b.Bytes()})
	}
	pieces = append(pieces, balancerPieces(rep)...)
	for _, tool := range firewallTools {
		pieces = append(pieces, toolPiece(ctx, tool))
	}
	return pieces, ctx.Err()
}

// balancerPieces are the files that the balancer reads, and the ends of nginx's error logs.
func balancerPieces(rep probes.Report) []piece {
	var out []piece
	taken := map[string]bool{}
	add := func(path string, end bool) {
		if !taken[path] && filepath.IsAbs(path) {
			taken[path] = true
			out = append(out, filePiece("files"+path, path, end))
		}
	}
	if seen, ok := probes.Observed[nginx.Seen](rep); ok {
		for _, f := range seen.Files {
			add(f, false)
		}
		if seen.Source != nil {
			conf.Walk(seen.Source.Conf.Top, func(d *conf.Directive) bool {
				if d.Name == "error_log" {
					add(d.Arg(0), true)
				}
				return true
			})
		}
		add("/var/log/nginx/error.log", true)
	}
	if seen, ok := probes.Observed[haproxy.Observation](rep); ok {
		for _, f := range seen.Files {
			add(f, false)
		}
	}
	return out
}

// filePiece reads a file, or only its end.
func filePiece(name, path string, end bool) piece {
	p := piece{name: name}
	f, err := os.Open(path)
	if err != nil {
		p.missing = errors.Unwrap(err).Error()
		return p
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		p.missing = err.Error()
		return p
	case !info.Mode().IsRegular():
		p.missing = "it is no regular file"
		return p
	case end && info.Size() > logEnd:
		_, err = f.Seek(-logEnd, io.SeekEnd)
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(f, mostOfFile))
	}
	if err != nil {
		p.missing = err.Error()
		return p
	}
	p.data, p.redacted = redact(data)
	return p
}

// toolPiece holds what a program prints.
func toolPiece(ctx context.Context, tool []string) piece {
	p := piece{name: "firewall/" + strings.Join(tool, "_") + ".txt"}
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool[0], tool[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		p.missing = tool[0] + " is not installed"
		return p
	case err != nil && len(out) == 0:
		p.missing = err.Error()
		return p
	case err != nil:
		out = append(out, "\n("+err.Error()+")\n"...)
	}
	p.data, p.redacted = redact(out)
	return p
}

// pack makes the tar.gz; everything in it lies in one folder.
func pack(folder string, pieces []piece, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	out := tar.NewWriter(zip)
	for _, p := range pieces {
		if p.missing != "" {
			continue
		}
		head := &tar.Header{Name: folder + "/" + p.name, Mode: 0o600, Size: int64(len(p.data)), ModTime: at, Format: tar.FormatPAX}
		if err := out.WriteHeader(head); err != nil {
			return nil, fmt.Errorf("packing %s: %w", p.name, err)
		}
		if _, err := out.Write(p.data); err != nil {
			return nil, fmt.Errorf("packing %s: %w", p.name, err)
		}
	}
	if err := errors.Join(out.Close(), zip.Close()); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return b.Bytes(), nil
}
