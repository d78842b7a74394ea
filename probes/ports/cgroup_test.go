package ports

import (
	"strings"
	"testing"
)

const containerID = "4f1c09d3ab127fa0e1b2c3d4e5f60718293a4b5c6d7e8f900112233445566778"

func TestParseCgroup(t *testing.T) {
	for name, c := range map[string]struct{ text, unit, container string }{
		"a systemd service, v2":         {"0::/system.slice/tomcat.service\n", "tomcat.service", ""},
		"an instance of a template":     {"0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n", "postgresql@15-main.service", ""},
		"a service's own sub-group":     {"0::/system.slice/nginx.service/worker\n", "nginx.service", ""},
		"a login session":               {"0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope", ""},
		"a user's own service":          {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/bi.service\n", "bi.service of user 1000", ""},
		"a systemd service, v1":         {"12:pids:/system.slice/tomcat.service\n1:name=systemd:/system.slice/tomcat.service\n", "tomcat.service", ""},
		"v1 with another hierarchy":     {"4:memory:/batch/job.service\n1:name=systemd:/system.slice/tomcat.service\n", "tomcat.service", ""},
		"the hybrid of v1 and v2":       {"1:name=systemd:/system.slice/a.service\n0::/system.slice/a.service\n", "a.service", ""},
		"docker, systemd driver":        {"0::/system.slice/docker-" + containerID + ".scope\n", "", "docker 4f1c09d3ab12"},
		"docker, cgroupfs driver, v1":   {"5:memory:/docker/" + containerID + "\n1:name=systemd:/docker/" + containerID + "\n", "", "docker 4f1c09d3ab12"},
		"docker, cgroupfs driver, v2":   {"0::/docker/" + containerID + "\n", "", "docker 4f1c09d3ab12"},
		"systemd inside docker":         {"0::/system.slice/docker-" + containerID + ".scope/system.slice/nginx.service\n", "", "docker 4f1c09d3ab12"},
		"kubernetes, containerd":        {"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-" + containerID + ".scope\n", "", "containerd 4f1c09d3ab12"},
		"kubernetes, cri-o":             {"0::/kubepods.slice/kubepods-pod1.slice/crio-" + containerID + ".scope\n", "", "cri-o 4f1c09d3ab12"},
		"kubernetes, cgroupfs, v1":      {"3:cpu:/kubepods/besteffort/pod1/" + containerID + "\n", "", "kubernetes 4f1c09d3ab12"},
		"podman of root":                {"0::/machine.slice/libpod-" + containerID + ".scope/container\n", "", "podman 4f1c09d3ab12"},
		"podman without root":           {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + containerID + ".scope/container\n", "", "podman 4f1c09d3ab12"},
		"podman, cgroupfs driver":       {"0::/libpod_parent/libpod-" + containerID + "\n", "", "podman 4f1c09d3ab12"},
		"an lxc container":              {"0::/lxc.payload.web1/system.slice/nginx.service\n", "", "lxc web1"},
		"an lxc container, v1":          {"2:cpu:/lxc/web1\n", "", "lxc web1"},
		"an nspawn container":           {"0::/machine.slice/systemd-nspawn@web1.service/payload\n", "", "nspawn web1"},
		"the root group":                {"0::/\n", "", ""},
		"an init without systemd":       {"9:name=systemd:/\n4:memory:/\n", "", ""},
		"a folder that looks like none": {"0::/" + containerID + "\n", "", ""},
		"nothing":                       {"", "", ""},
		"no cgroup file at all":         {"garbage\n", "", ""},
	} {
		unit, container := parseCgroup(c.text)
		if unit != c.unit || container != c.container {
			t.Errorf("%s: got unit %q and container %q, want %q and %q", name, unit, container, c.unit, c.container)
		}
	}
}

func FuzzParseCgroup(f *testing.F) {
	f.Add("0::/system.slice/docker-" + containerID + ".scope\n")
	f.Add("1:name=systemd:/user.slice/user-1000.slice/user@1000.service/app.slice/bi.service\n")
	f.Add("0::/lxc/web1\n:::\n")
	f.Fuzz(func(t *testing.T, text string) {
		unit, container := parseCgroup(text)
		if strings.ContainsAny(unit+container, "\n/") {
			t.Errorf("got unit %q and container %q of %q", unit, container, text)
		}
	})
}
