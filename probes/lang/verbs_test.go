package lang_test

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// verb is one of a format: %-*[2]s, %%.
var verb = regexp.MustCompile(`%[-+# 0]*(?:\[(\d+)\])?(\*)?\d*(?:\.(?:\[(\d+)\])?(\*)?\d*)?(?:\[(\d+)\])?([%a-zA-Z])`)

// needsWords tells whether a format holds anything that a language could say in another way.
func needsWords(format string) bool {
	return strings.ContainsFunc(verb.ReplaceAllString(format, ""), unicode.IsLetter)
}

// verbs says which argument each verb of a format prints and how, apart from the order in which they stand.
func verbs(format string) map[string]int {
	out := map[string]int{}
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		arg := func(index string) string {
			if n, err := strconv.Atoi(index); err == nil {
				next = n
			}
			next++
			return strconv.Itoa(next - 1)
		}
		if m[6] == "%" {
			out["%%"]++
			continue
		}
		if m[2] != "" {
			out["* of "+arg(m[1])]++
			m[1] = ""
		}
		if m[4] != "" {
			out[".* of "+arg(m[3])]++
		}
		index := m[5]
		if index == "" {
			index = m[1]
		}
		out["%"+m[6]+" of "+arg(index)]++
	}
	return out
}

// differ says in what a translation is not the same to its arguments and its neighbours. "" means in nothing.
func differ(english, translated string, phrase bool) string {
	if phrase {
		if strings.Contains(english, "%") != strings.Contains(translated, "%") {
			return "a % in one of them only"
		}
	} else if was, is := verbs(english), verbs(translated); !maps.Equal(was, is) {
		return fmt.Sprintf("the verbs %v became %v", was, is)
	}
	if strings.Count(english, "\n") != strings.Count(translated, "\n") {
		return "the number of lines differs"
	}
	blanks := func(s string) string {
		kept := strings.TrimSpace(s)
		if kept == "" {
			return s
		}
		from := strings.Index(s, kept)
		return s[:from] + "|" + s[from+len(kept):]
	}
	if blanks(english) != blanks(translated) {
		return "the blanks at its ends differ"
	}
	return ""
}

func TestDiffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		english, translated string
		phrase, same        bool
	}{
		{"%s of %d", "%[2]d 个中的 %[1]s", false, true},
		{"%s of %d", "%d 个中的 %s", false, false},
		{"%s of %s", "%[2]s 的 %[1]s", false, true},
		{"%d ports", "端口", false, false},
		{"%d ports", "%s 个端口", false, false},
		{"%-*s now", "%-*s 现在", false, true},
		{"%d %% used", "已用 %d%%", false, true},
		{"%d %% used", "已用 %d%", false, false},
		{"at %q twice", "%[1]q 两次，即 %[1]q", false, false},
		{"at least 80 % of it", "至少 80 %", true, true},
		{"at least 80 % of it", "至少八成", true, false},
		{"one\ntwo", "一\n二", false, true},
		{"one\ntwo", "一二", false, false},
		{"name: ", "名称: ", false, true},
		{"name: ", "名称:", false, false},
	} {
		if diff := differ(c.english, c.translated, c.phrase); (diff == "") != c.same {
			t.Errorf("%q and %q: got %q, expected the same: %v", c.english, c.translated, diff, c.same)
		}
	}
}

func TestNeedsWords(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]bool{"%s": false, "%s: %s": false, "%d/%d": false, "%.1f ms": true, "%-*s": false, "ok": true, "%[2]s (%[1]d)": false} {
		if got := needsWords(format); got != want {
			t.Errorf("%q: got %v, expected %v", format, got, want)
		}
	}
}
