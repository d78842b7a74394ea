package haproxy

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// defaultFile is where the packages of the distributions put the configuration.
const defaultFile = "/etc/haproxy/haproxy.cfg"

// named is where the name of the file comes from if the settings have it.
const named = "balancer.config"

// Observe reads the configuration: the file of the settings, else what the running process was started with, else the
// default place. The error is a probes.Reason where it does not apply or cannot be read.
func Observe(ctx context.Context, t probes.Target) (Observation, error) {
	return observe(ctx, t, runVersion)
}

func observe(ctx context.Context, t probes.Target, askVersion func(context.Context, probes.Target, process) Version) (Observation, error) {
	cfg := t.Config
	if cfg.Balancer.Kind != cluster.HAProxy {
		return Observation{}, probes.Skip("balancer.kind is %q, not %q", string(cfg.Balancer.Kind), string(cluster.HAProxy))
	}
	all := runningProcesses(t)
	paths, from, err := choose(ctx, t, all)
	if err != nil {
		return Observation{}, err
	}
	proc := with(all, paths)
	files, err := Load(paths, t.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && from == "default":
		return Observation{}, probes.Skip("no %s here, no haproxy runs, and balancer.config names no file", defaultFile)
	case errors.Is(err, fs.ErrPermission):
		return Observation{}, probes.CannotLook("%s: run wsdoctor as root", err.Error())
	case err != nil:
		return Observation{}, err
	case len(files) == 0:
		return Observation{}, probes.CannotLook("no .cfg file in %s", paths[0])
	}
	o := Options{Version: askVersion(ctx, t, proc), Env: proc.env}
	for _, p := range all {
		if r := p.running(); p.pid == proc.pid {
			o.Running = r
			o.Running.Changed = changed(t, files)
		} else {
			o.Others = append(o.Others, r)
		}
	}
	if from == named && t.Place(ctx).Balancer {
		o.Named = paths[0]
	}
	seen := observed(newModel(Parse(o, files...), o, AimOf(cfg)))
	seen.From, seen.PID, seen.files = from, proc.pid, files
	return seen, ctx.Err()
}

// changed returns when each file was last written.
func changed(t probes.Target, files []File) map[string]time.Time {
	out := map[string]time.Time{}
	for _, f := range files {
		if info, err := os.Stat(t.Path(f.Name)); err == nil {
			out[f.Name] = info.ModTime()
		}
	}
	return out
}

// with returns the process that runs with the given files; the zero process where none does.
func with(running []process, paths []string) process {
	for _, p := range running {
		if slices.Equal(p.files, paths) {
			return p
		}
	}
	return process{}
}

// choose returns the files to read and where their names come from.
func choose(ctx context.Context, t probes.Target, running []process) (paths []string, from string, err error) {
	if file := t.Config.Balancer.Config; file != "" {
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, "", err
		}
		return []string{path}, named, nil
	}
	if len(running) > 1 {
		return nil, "", probes.CannotLook("HAProxy runs %d times on this host (%s, %s …); name the balancer's file in balancer.config", len(running), running[0], running[1])
	}
	if len(running) == 1 && len(running[0].files) > 0 {
		return running[0].files, running[0].String(), nil
	}
	if place := t.Place(ctx); !place.Balancer {
		if len(place.Unsure) > 0 {
			return nil, "", probes.CannotLook("%s could not be resolved, so it is not known whether HAProxy runs here; name its file in balancer.config", place.Unsure[0])
		}
		return nil, "", probes.Skip("the balancer runs on another host, and balancer.config names no copy of its file")
	}
	return []string{defaultFile}, "default", nil
}
