package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// Every port of the list is held: on a terminal the wizard asks for others, and what is chosen serves.
func TestProxyWithoutAPortAsksForOne(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	serviceOn(t, "127.0.0.2:18888")
	held(t, "0.0.0.0:18889")
	held(t, "0.0.0.0:18890")
	dir := t.TempDir()
	file := filepath.Join(dir, "wsdoctor.yaml")
	const settings = "version: 1\nproduct: generic\nnodes: [{host: 127.0.0.2}]\nwebsocket: {ports: [18888], forwarding_ports: [18889, 18890]}\n" +
		"proxy: {listen: [\"18889\", \"18890\"], admin: \"\", limits: {per_ip: 77}}\n"
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	s, cmd, _ := startOn(t, dir, "dumb", "proxy", "--quiet")
	s.see("no port for the proxy")
	s.see("forwarding ports")
	s.see("\r\nforwarding [18889, 18890]: ")
	s.press("\r")
	s.see("port 18889: held by ")
	s.see("none of these ports can be had now")
	s.see("free and within every rule: ")
	s.see("\r\nforwarding")
	s.press("18890, 18891\r")
	s.see("port 18891: free")
	s.see("[yes]: ")
	s.press("\r")
	s.see("serves until Ctrl-C")
	c, hello := dialProxy(t, "127.0.0.1:18891")
	c.CloseNow()
	if !strings.Contains(hello, "the service") {
		t.Errorf("the client got %s", hello)
	}
	cfg, err := cluster.Load(file)
	if err != nil || cfg.Proxy.Limits.PerIP != 77 || strings.Join(cfg.Proxy.Listen, " ") != "18890 18891" {
		t.Errorf("%v %+v", err, cfg.Proxy)
	}
	s.press("\x03")
	s.ends(cmd)
}

// As a service: the units are written, systemd is told, the proof comes through, and all of it is taken back. A systemd
// of the test's own starts the program as the unit says; /etc and /usr/local/bin are copies.
func TestSetupAsAService(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	firstTimeServices(t)
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put("systemctl", `#!/bin/sh
echo "$@" >> `+dir+`/log
case "$*" in
"enable --now "*)
	command=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/wsdoctor-proxy.service)
	$command > /dev/null 2> `+dir+`/proxy.log &
	echo $! > `+dir+`/pid
	until grep -q serving `+dir+`/proxy.log; do sleep 0.1; done ;;
"disable --now "*)
	kill $(cat `+dir+`/pid) ;;
esac
`)
	var answers strings.Builder
	for _, q := range firstTime {
		if q.answer != "" && q.step != "launch" {
			fmt.Fprintf(&answers, "%s: %q\n", q.step, q.answer)
		}
	}
	put("answers", answers.String()+"launch: service\ncommands: all\n")
	inner := wsdoctor(t, "setup")
	script := `set -e
mkdir etc bin work
cp -a /etc/. etc
mount --bind etc /etc
mount --bind bin /usr/local/bin
rm -f /etc/systemd/system/wsdoctor-proxy.*
PATH="$PWD:$PATH"
cd work
"$1" setup --yes --answers ../answers
ls /etc/systemd/system/wsdoctor-proxy.* /etc/wsdoctor/wsdoctor.yaml /usr/local/bin/wsdoctor
"$1" setup --undo --yes
ls -A . /etc/systemd/system/wsdoctor-proxy.* /etc/wsdoctor/* /usr/local/bin/* 2>/dev/null || true
`
	cmd := exec.Command(probetest.Need(t, "unshare"), "--mount", "--", "sh", "-c", script, "sh", inner.Path)
	cmd.Env, cmd.Dir = inner.Env, dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)
	_, left, _ := strings.Cut(text, "done\n")
	for _, want := range []string{"wrote /etc/systemd/system/wsdoctor-proxy.service", "101 Switching Protocols", "/usr/local/bin/wsdoctor\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.TrimSpace(left) != ".:" && strings.TrimSpace(left) != "" {
		t.Errorf("left behind: %s", left)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	units := "wsdoctor-proxy.socket wsdoctor-proxy.service\n"
	if want := "daemon-reload\nenable --now " + units + "disable --now " + units + "daemon-reload\n"; string(log) != want {
		t.Errorf("systemctl was told\n%s, expected\n%s", log, want)
	}
}
