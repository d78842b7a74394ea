package netfilter

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// legacyPriorities are where the tables of iptables-legacy hook in (linux/netfilter_ipv4.h, iptable_*.c).
var legacyPriorities = map[string]int{"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}

// natSourcePriority is where the nat table hooks into input and postrouting.
const natSourcePriority = 100

// ParseSave reads what iptables-legacy-save or ip6tables-legacy-save printed; family is FamilyIP or FamilyIP6. An option
// that it does not know leaves its rule undecided. The error names the line that makes no sense.
func ParseSave(text []byte, family string) ([]Table, error) {
	var out []Table
	var t *Table
	n := 0
	for line := range bytes.Lines(text) {
		n++
		s := strings.TrimSpace(string(line))
		switch {
		case s == "" || s[0] == '#':
			continue
		case s[0] == '*':
			out = append(out, Table{Stack: IptablesLegacy, Family: family, Name: s[1:]})
			t = &out[len(out)-1]
			continue
		case t == nil:
			return nil, fmt.Errorf("reading the rules of iptables-legacy: line %d: found %q, expected the name of a table", n, s)
		case s == "COMMIT":
			t = nil
			continue
		case s[0] == ':':
			words := strings.Fields(s[1:])
			if len(words) < 2 {
				return nil, fmt.Errorf("reading the rules of iptables-legacy: line %d: found %q, expected a chain and its policy", n, s)
			}
			t.Chains = append(t.Chains, legacyChain(t.Name, words[0], words[1]))
			continue
		}
		if s[0] == '[' { // counters, of -c
			_, s, _ = strings.Cut(s, "] ")
		}
		words, err := splitWords(s)
		if err != nil || len(words) < 2 || words[0] != "-A" {
			return nil, fmt.Errorf("reading the rules of iptables-legacy: line %d: found %q, expected -A and a chain", n, s)
		}
		c := t.chain(words[1])
		if c == nil {
			return nil, fmt.Errorf("reading the rules of iptables-legacy: line %d: the chain %q is not declared", n, words[1])
		}
		c.Rules = append(c.Rules, saveRule(s, words[2:], uint64(len(c.Rules)+1), family == FamilyIP6))
	}
	return out, nil
}

func legacyChain(table, name, policy string) Chain {
	c := Chain{Name: name}
	if policy == "-" {
		return c
	}
	c.Hook, c.Type, c.Priority, c.Policy = strings.ToLower(name), "filter", legacyPriorities[table], Accept
	if policy == "DROP" {
		c.Policy = Drop
	}
	if table == "nat" {
		c.Type = "nat"
		if c.Hook == "input" || c.Hook == "postrouting" {
			c.Priority = natSourcePriority
		}
	}
	return c
}

// splitWords splits a line as iptables-save quotes it: words with blanks stand in double quotes, with a backslash
// before a quote or a backslash.
func splitWords(s string) ([]string, error) {
	var out []string
	var word strings.Builder
	in, quoted := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && quoted && i+1 < len(s):
			i++
			word.WriteByte(s[i])
		case c == '"':
			quoted, in = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if in {
				out = append(out, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("splitting %q: a quote is not closed", s)
	}
	if in {
		out = append(out, word.String())
	}
	return out, nil
}

// option is one option of a rule with its words.
type option struct {
	not  bool
	name string
	args []string
}

func (o option) arg(i int) string {
	if i < len(o.args) {
		return o.args[i]
	}
	return ""
}

// group is a match or a target with the options that follow it; the first group, without a name, holds -s, -d, -i, -o
// and -p.
type group struct {
	kind, name string // kind: "-m", "-j", "-g"
	opts       []option
}

func (g group) find(name string) (option, bool) {
	i := slices.IndexFunc(g.opts, func(o option) bool { return o.name == name })
	if i < 0 {
		return option{}, false
	}
	return g.opts[i], true
}

// headOptions are those of the rule itself, wherever they stand.
var headOptions = []string{"-s", "-d", "-i", "-o", "-p", "-f"}

func groups(words []string) []group {
	out := []group{{}}
	invert := false
	head := false // the last option was one of the rule itself
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "!":
			invert = true
			continue
		case w == "-m" || w == "-j" || w == "-g":
			if i+1 < len(words) {
				i++
				out = append(out, group{kind: w, name: words[i]})
			}
			head = false
		case len(w) > 1 && w[0] == '-' && (w[1] < '0' || w[1] > '9'):
			head = slices.Contains(headOptions, w)
			g := &out[len(out)-1]
			if head {
				g = &out[0]
			}
			g.opts = append(g.opts, option{not: invert, name: w})
		default:
			g := &out[len(out)-1]
			if head {
				g = &out[0]
			}
			if n := len(g.opts); n > 0 {
				g.opts[n-1].args = append(g.opts[n-1].args, w)
			}
		}
		invert = false
	}
	return out
}

// saveRule makes a rule of its words; line is kept as its text.
func saveRule(line string, words []string, at uint64, v6 bool) Rule {
	r := Rule{Handle: at, Line: line}
	var last []Step
	for _, g := range groups(words) {
		switch g.kind {
		case "":
			r.Steps = append(r.Steps, headSteps(g, v6)...)
		case "-m":
			if g.name == "comment" {
				o, _ := g.find("--comment")
				r.Comment = o.arg(0)
				continue
			}
			r.Steps = append(r.Steps, saveMatch(g)...)
		case "-g":
			last = append(last, Step{Do: Goto, Chain: g.name})
		case "-j":
			last = append(last, saveTarget(g))
		}
	}
	r.Steps = append(r.Steps, last...)
	return r
}

func undecidedOption(name string) Step {
	return Step{Do: Undecided, Why: "the option " + name + " is not understood"}
}

// protocolNumber reads a protocol by name or number.
func protocolNumber(s string) (byte, bool) {
	for n, name := range protocols {
		if name == s {
			return n, true
		}
	}
	if n, ok := otherProtocols[s]; ok {
		return n, true
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return byte(n), err == nil
}

func headSteps(g group, v6 bool) []Step {
	var out []Step
	for _, o := range g.opts {
		st := undecidedOption(o.name)
		switch o.name {
		case "-s", "-d":
			if p, mask, ok := parseNetwork(o.arg(0), v6); ok {
				st = xtPrefix(o.name == "-s", o.not, p)
			} else if mask != nil {
				st = xtMasked(o.name == "-s", o.not, p.Addr(), mask)
			}
		case "-i", "-o":
			st = xtIface(o.name == "-o", o.not, o.arg(0))
		case "-p":
			if n, ok := protocolNumber(o.arg(0)); ok {
				st = xtProto(n, o.not)
			}
		case "-f": // a fragment other than the first; a SYN is none
			if o.not {
				continue
			}
			st = never()
		}
		out = append(out, st)
	}
	return out
}
