package conf

import (
	"slices"
	"strings"
)

// guessLevel tells of which level a text is from the directives at its top; a name that opens a block carries a {.
func guessLevel(names []string) Level {
	blocks := false
	for _, n := range names {
		blocks = blocks || strings.HasSuffix(n, "{")
		switch n {
		case "http{", "events{", "stream{", "mail{":
			return Main
		}
	}
	order := []Level{Main, HTTP, Server, Location, Upstream, Events, Stream}
	if !blocks {
		// A handful of directives that may stand anywhere is a snippet for a location.
		order = []Level{Location, Main, HTTP, Server, Upstream, Events, Stream}
	}
	best, most := Main, 0
	for _, l := range order {
		n := 0
		for _, name := range names {
			if fits(name, l) {
				n++
			}
		}
		if n > most {
			best, most = l, n
		}
	}
	return best
}

// fits tells whether a directive is known and stands right at a level, with a block or without.
func fits(name string, l Level) bool {
	bare, block := strings.CutSuffix(name, "{")
	if bare == "include" {
		return false // it fits everywhere and tells nothing
	}
	return slices.ContainsFunc(theTable().forms[bare], func(f form) bool {
		return f.block == block && slices.Contains(f.levels, l)
	})
}
