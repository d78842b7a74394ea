package tui

import (
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/lang"
	"example.com/wsdoctor/tui/golden"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/tuitest"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// data is what the made-up host has on its screens in Latin letters that is no word of a language: names of programs,
// commands, keys, ids of checks, what was found in files.
const data = `wsdoctor wscat node service websocket balancer upgrade ports handshake portconfig firewall stickiness bindable
time-wait key-name ephemeral-range this-host /etc/wsdoctor/wsdoctor.yaml /opt/jdk/bin/java -Xmx4g -jar fine.jar tomcat.service
nginx.conf location proxy_pass proxy_set_header proxy_http_version Upgrade $http_upgrade Connection $connection_upgrade reload
HTTP/1.1 400 Bad Request 101 Switching Protocols GET body ws://HOST:PORT/socket.io/?EIO=3&transport=websocket'
check --only --deep --all --format markdown explain probe --ping --direct wait -- ./start.sh kill -TERM systemctl stop curl
status metrics ss -tanp 'sport = sysctl net.ipv4.ip_local_reserved_ports /proc/sys address already in use
setup --yes --answers FILE --undo export
esc tab pgup pgdn home end ctrl space srv upg other pid stand-in backend`

// Nothing on a screen is written in one language alone: in a language of other letters none of ours is left.
func TestEveryWordIsTranslated(t *testing.T) {
	t.Parallel()
	foreign := func(o *Options) { o.Translate = tuitest.Strange }
	for i, s := range scenes {
		d := scene(t, i, 250, 70, foreign)
		check := func(what string) {
			t.Helper()
			if words := tuitest.Untranslated(plainView(d.a), data); len(words) > 0 {
				t.Errorf("%s: %q went through no translation:\n%s", what, words, plainView(d.a))
			}
		}
		check(s.name)
		if s.name != "checks" {
			continue
		}
		for _, e := range screens.All {
			d.shows(e.Title)
			check(e.Title)
			for _, key := range []string{"?", "x", "!", ":"} {
				d.press(key)
				check(fmt.Sprintf("%s, %s", e.Title, key))
				d.press("esc")
			}
		}
	}
}

// In Chinese a character takes two cells: whatever the size, a view fills the terminal and never runs over its edge.
func TestChineseFits(t *testing.T) {
	t.Parallel()
	for i, s := range scenes {
		d := scene(t, i, 80, 24, func(o *Options) { o.Translate = lang.Translate("zh") })
		for _, w := range []int{60, 77, 80, 120} {
			for _, h := range []int{20, 40} {
				d.send(tea.WindowSizeMsg{Width: w, Height: h})
				golden.Fits(t, fmt.Sprintf("%s at %dx%d in Chinese", s.name, w, h), d.a.View(), w, h)
			}
		}
		if !strings.ContainsFunc(ansi.Strip(d.a.View()), func(r rune) bool { return r >= 0x4e00 && r < 0xa000 }) {
			t.Errorf("%s has no Chinese:\n%s", s.name, plainView(d.a))
		}
	}
}
