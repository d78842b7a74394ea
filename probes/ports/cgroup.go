package ports

import (
	"regexp"
	"strings"
)

// shortID is how many digits of a container's id its own tools print.
const shortID = 12

// containerScopes recognises a container in one element of a cgroup path, by the name that its runtime gives it with
// the systemd driver ("docker-<id>.scope") or the cgroupfs driver ("libpod-<id>").
var containerScopes = []struct {
	runtime string
	element *regexp.Regexp
}{
	{"docker", regexp.MustCompile(`^docker-([0-9a-f]{12,64})(?:\.scope)?$`)},
	{"podman", regexp.MustCompile(`^libpod-([0-9a-f]{12,64})(?:\.scope)?$`)},
	{"containerd", regexp.MustCompile(`^cri-containerd-([0-9a-f]{12,64})(?:\.scope)?$`)},
	{"cri-o", regexp.MustCompile(`^crio-([0-9a-f]{12,64})(?:\.scope)?$`)},
	{"containerd", regexp.MustCompile(`^nerdctl-([0-9a-f]{12,64})(?:\.scope)?$`)},
	{"lxc", regexp.MustCompile(`^lxc\.payload\.(.+)$`)},
	{"nspawn", regexp.MustCompile(`^systemd-nspawn@(.+)\.service$`)},
}

// bareID is a container's id without a prefix, as the cgroupfs driver of Docker and Kubernetes writes it below a
// folder of its own.
var bareID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseCgroup reads /proc/PID/cgroup (cgroups(7)): one line "0::PATH" with version 2, one line per hierarchy with
// version 1, both with the hybrid. It returns the systemd unit ("x.service of user 1000" where a user's own manager
// runs it) and the container that the process runs in, "" for neither.
func parseCgroup(text string) (unit, container string) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		u, c := fromCgroupPath(parts[2])
		// Of version 1, only systemd's own hierarchy is sure to hold the unit; any hierarchy may hold the container.
		if unit == "" && (parts[1] == "" || parts[1] == "name=systemd") {
			unit = u
		}
		if container == "" {
			container = c
		}
	}
	return unit, container
}

func fromCgroupPath(path string) (unit, container string) {
	elements := strings.Split(path, "/")
	owner := "" // the user whose own manager runs what stands below
	for i, e := range elements {
		if c := containerOf(elements[:i], e); c != "" {
			container = c
			continue
		}
		// The innermost unit: a service of a user's own manager stands below user@1000.service. What stands below a
		// container's scope belongs to the container.
		if container == "" && (strings.HasSuffix(e, ".service") || strings.HasSuffix(e, ".scope")) {
			unit = e
			if owner != "" {
				unit += " of user " + owner
			}
			if uid, ok := strings.CutPrefix(e, "user@"); ok {
				owner = strings.TrimSuffix(uid, ".service")
			}
		}
	}
	if container != "" && owner != "" {
		unit = "" // the manager of a rootless container's user says nothing about the container
	}
	return unit, container
}

func containerOf(above []string, element string) string {
	for _, s := range containerScopes {
		if m := s.element.FindStringSubmatch(element); m != nil {
			return s.runtime + " " + clipID(m[1])
		}
	}
	if len(above) == 0 {
		return ""
	}
	parent := above[len(above)-1]
	if parent == "lxc" {
		return "lxc " + element
	}
	if !bareID.MatchString(element) {
		return ""
	}
	switch {
	case parent == "docker":
		return "docker " + clipID(element)
	case strings.Contains(strings.Join(above, "/"), "kubepods"):
		return "kubernetes " + clipID(element)
	}
	return ""
}

func clipID(id string) string {
	if bareID.MatchString(id) {
		return id[:shortID]
	}
	return id
}
