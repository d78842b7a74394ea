package probes

import "testing"

func TestText(t *testing.T) {
	german := func(format string) string {
		words := map[string]string{
			"port %d is held by %s": "Port %d gehört %s", "%s (pid %d)": "%s (PID %d)", "%d%% full": "zu %d%% voll",
			"%s before %s": "%[2]s nach %[1]s", "": "must not be asked for",
		}
		if w, ok := words[format]; ok {
			return w
		}
		return format
	}
	for _, c := range []struct {
		text            Text
		english, german string
	}{
		{Text{}, "", ""},
		{T("plain"), "plain", "plain"},
		{T("port %d is held by %s", 80, T("%s (pid %d)", "nginx", 7)), "port 80 is held by nginx (pid 7)", "Port 80 gehört nginx (PID 7)"},
		{T("%d%% full", 3), "3% full", "zu 3% voll"},
		{T("100%%"), "100%", "100%"},
		{T("%s before %s", "a", "b"), "a before b", "b nach a"},
		{Verbatim("printf '%s\\n' 100%"), `printf '%s\n' 100%`, `printf '%s\n' 100%`},
		{Verbatim(""), "", ""},
		{T("%q", "a\nb"), `"a\nb"`, `"a\nb"`},
	} {
		if got := c.text.String(); got != c.english {
			t.Errorf("%+v in English is %q, expected %q", c.text, got, c.english)
		}
		if got := c.text.In(german); got != c.german {
			t.Errorf("%+v in German is %q, expected %q", c.text, got, c.german)
		}
	}
	if !(Text{}).IsZero() || T("x").IsZero() {
		t.Error("IsZero is wrong")
	}
	// Rendering leaves the arguments as they were, or the second language would see the first.
	inner := T("%s (pid %d)", "nginx", 7)
	outer := T("port %d is held by %s", 80, inner)
	_ = outer.In(german)
	if got := outer.String(); got != "port 80 is held by nginx (pid 7)" {
		t.Errorf("is %q after it was German", got)
	}
}
