package wizard

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/ports"
	"example.com/wsdoctor/wizard/finedb"
)

// usualPlaces are where the installers and the guides of the FineReport family put a product.
var usualPlaces = []string{
	"/opt/*", "/usr/local/*", "/home/*/*", "/data/*", "/root/*",
}

// maxPlaces bounds how many folders are looked at.
const maxPlaces = 500

// findInstall looks for a tree of the FineReport family: where Java servers run, and where one usually is.
func (f *Found) findInstall(t probes.Target, seen ports.Observation) {
	var places []string
	for _, l := range seen.Listeners {
		for _, p := range l.Processes {
			if p.Name == "java" {
				places = append(places, placesOf(t, p.PID)...)
			}
		}
	}
	for _, pattern := range usualPlaces {
		found, _ := filepath.Glob(t.Path(pattern))
		places = append(places, found...)
	}
	for i, place := range places {
		if i == maxPlaces {
			return
		}
		if in := installAt(place); in != nil {
			f.Install = in
			f.note(probes.T("%s is in %s: %s", productTitle(in.Product), in.Folder, in.Because))
			_, err := finedb.Find(in.Folder)
			if in.Table = err == nil; !in.Table {
				f.note(probes.T("not seen: the ports of the product (%s)", err.Error()))
			}
			return
		}
	}
}

// placesOf returns where a Java server has its files, by its command line and its working folder.
func placesOf(t probes.Target, pid int) []string {
	var out []string
	raw, _ := os.ReadFile(t.Path(fmt.Sprintf("/proc/%d/cmdline", pid)))
	for _, arg := range strings.Split(string(raw), "\x00") {
		for _, property := range []string{"-Dcatalina.base=", "-Dcatalina.home="} {
			if dir, ok := strings.CutPrefix(arg, property); ok {
				out = append(out, dir)
			}
		}
	}
	if dir, err := os.Readlink(t.Path(fmt.Sprintf("/proc/%d/cwd", pid))); err == nil {
		out = append(out, dir, filepath.Dir(dir))
	}
	return out
}

// jarName is a library of the family with the version in its name, such as fine-report-engine-11.0.jar.
var jarName = regexp.MustCompile(`^fine-([a-z0-9-]+?)-(\d+(?:\.\d+)*)\.jar$`)

// installAt returns the product whose web application is in folder or in its webapps; nil where there is none.
func installAt(folder string) *Install {
	apps, _ := filepath.Glob(filepath.Join(folder, "webapps", "*"))
	for _, app := range append([]string{folder}, apps...) {
		entries, err := os.ReadDir(filepath.Join(app, "WEB-INF", "lib"))
		if err != nil {
			continue
		}
		var in *Install
		for _, e := range entries {
			m := jarName.FindStringSubmatch(e.Name())
			if m == nil {
				continue
			}
			if in == nil {
				in = &Install{Product: cluster.FineReport, Folder: app, Version: m[2]}
			}
			switch part := m[1]; {
			case strings.HasPrefix(part, "bi-"):
				in.Product, in.Version = cluster.FineBI, m[2]
			case strings.HasPrefix(part, "datalink"), strings.HasPrefix(part, "fdl"), strings.HasPrefix(part, "dp-"):
				in.Product, in.Version = cluster.FineDataLink, m[2]
			case part == "core" || part == "report-engine":
				if v := manifestVersion(filepath.Join(app, "WEB-INF", "lib", e.Name())); strings.HasPrefix(v, m[2]+".") && in.Product == cluster.FineReport {
					in.Version = v
				}
			}
		}
		if in != nil {
			in.judgeNative()
			return in
		}
	}
	return nil
}

// judgeNative tells by the version whether the container-native WebSocket is there: FineReport has it from 11.0.2 on.
func (in *Install) judgeNative() {
	in.Because = probes.T("its libraries say version %s", in.Version)
	if in.Product != cluster.FineReport {
		return
	}
	var have []int
	for _, s := range strings.Split(in.Version, ".") {
		n, _ := strconv.Atoi(s)
		have = append(have, n)
	}
	want := []int{11, 0, 2}
	switch common := min(len(have), len(want)); {
	case slices.Compare(have[:common], want[:common]) != 0:
		in.Native = NativeNo
		if slices.Compare(have, want) > 0 {
			in.Native = NativeYes
		}
	case len(have) < len(want):
		in.Because = probes.T("its libraries say version %s and not which one of them", in.Version)
	default:
		in.Native = NativeYes
	}
}

// maxManifest bounds what is read of a manifest, in bytes.
const maxManifest = 64 << 10

// manifestVersion returns the Implementation-Version of a library; "" where it has none.
func manifestVersion(jar string) string {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return ""
	}
	defer z.Close()
	m, err := z.Open("META-INF/MANIFEST.MF")
	if err != nil {
		return ""
	}
	defer m.Close()
	for lines := bufio.NewScanner(io.LimitReader(m, maxManifest)); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "Implementation-Version:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
