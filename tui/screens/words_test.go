package screens

import (
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/lang"
	drawn "example.com/wsdoctor/tui/golden"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/tuitest"
	"github.com/charmbracelet/x/ansi"
)

// data is what the recorded screens have in Latin letters that is no word of a language: names of programs, commands,
// keys, ids of checks, what was found in files and what peers sent.
const data = `nginx HAProxy node handshake balancer ports upgrade upgrade-header read-timeout connect holder ip-hash
finereport single generic FineReport FineBI FineDataLink Socket.IO WebSocket haproxy.cfg postgres://user@host/finedb mysql:// CSV fine_conf_entity
nginx.conf /etc/nginx/sites/bi.conf server listen server_name bi.example.com location proxy_pass http://websocket; timeout
proxy_set_header Host $http_host proxy_read_timeout Upgrade $http_upgrade Connection $connection_upgrade max_fails
ws://192.168.6.181:38889/socket.io/?EIO=3&transport=websocket wss://ws.example.com/live GET /live Connection: close X-Odd
HTTP/1.1 400 Bad Request 101 Switching Protocols ABABAB BBBBBB {"hello":"世界"} "failed"
a message from here that is long enough to be wrapped where the terminal is narrow, and longer
msg="tunnel opened" client backend asking the proxy: dial tcp 127.0.0.1:9380: connect: connection refused` + said

// said is what the talk with a server was told in, when it came: in the language of the program, which was English.
const said = "ping of the server, answered; pong after; pong that nobody asked for; bytes; closed by the server after, idle: going away (Close frame)"

// inOtherWords draws a screen in a language of other letters, in which none of ours may be left that is no data, and in
// Chinese, where a character takes two cells.
func inOtherWords(t *testing.T, name string, s Screen, st State) {
	t.Helper()
	st.Width, st.Height = 250, 70
	view := ansi.Strip(themed(t, s, theme.New(theme.Options{Translate: tuitest.Strange})).View(st))
	if words := tuitest.Untranslated(view, data); len(words) > 0 {
		t.Errorf("%s: %q went through no translation:\n%s", name, words, view)
	}
	chinese := themed(t, s, theme.New(theme.Options{Translate: lang.Translate("zh")}))
	for _, size := range sizes {
		st.Width, st.Height = size.w, size.h
		view := chinese.View(st)
		drawn.Fits(t, fmt.Sprintf("%s at %dx%d in Chinese", name, size.w, size.h), view+strings.Repeat("\n", max(size.h-strings.Count(view, "\n")-1, 0)), size.w, size.h)
	}
}
