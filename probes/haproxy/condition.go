package haproxy

import "strings"

// request is the handshake as far as it is known where a condition is evaluated.
type request struct {
	host       string // of the Host header; "": not known
	port       int    // that the client connected to; 0: not known
	path       string // "": not known
	query      string
	tls        truth
	parsed     bool // HAProxy has read it as HTTP: not in a TCP frontend
	plain      bool // it asks for no upgrade
	rewritten  bool // a rule before this place may have changed the path
	left       *int // tests that may still be made; nil: any number
	headersSet bool // a rule before this place may have changed the headers that an upgrade needs
}

// splitCondition cuts the "if" or "unless" with its condition off a line. unless is true for "unless"; cond is nil
// where the line has none.
func splitCondition(l Line) (words, cond []Word, unless bool) {
	for i := 1; i < len(l.Words); i++ {
		if w := l.Words[i]; (w.Text == "if" || w.Text == "unless") && !w.Quoted {
			return l.Words[:i], l.Words[i+1:], w.Text == "unless"
		}
	}
	return l.Words, nil, false
}

// holds evaluates the condition at the end of a line; a line without one always holds.
func (p *proxy) holds(l Line, r request) truth {
	_, cond, unless := splitCondition(l)
	value := yes
	if cond != nil {
		value = p.evaluate(cond, r)
	}
	if unless {
		value = value.not()
	}
	if l.Maybe {
		value = value.and(maybe)
	}
	return value
}

// evaluate evaluates a condition: terms side by side are all wanted, "or" or "||" parts alternatives (manual, section
// 7.2).
func (p *proxy) evaluate(cond []Word, r request) truth {
	value, group := no, yes
	negate := false
	for i := 0; i < len(cond); i++ {
		w := cond[i]
		text := w.Text
		for !w.Quoted && strings.HasPrefix(text, "!") {
			negate = !negate
			text = text[1:]
		}
		var term truth
		switch {
		case text == "":
			continue // a "!" with a space behind it
		case text == "or" || text == "||":
			value, group = value.or(group), yes
			continue
		case text == "{":
			end := i + 1
			for end < len(cond) && cond[end].Text != "}" {
				end++
			}
			term = p.test(cond[i+1:end], r)
			i = end
		case w.Unsure:
			term = maybe
		default:
			term = p.named(text, r)
		}
		if negate {
			term, negate = term.not(), false
		}
		group = group.and(term)
	}
	return value.or(group)
}

// predefined are the ACLs of section 7.4 that say something about a handshake, which is a GET of HTTP/1.1.
var predefined = map[string]truth{
	"TRUE": yes, "FALSE": no, "HTTP": yes, "HTTP_1.0": no, "HTTP_1.1": yes, "HTTP_2.0": no, "HTTP_3.0": no, "HTTP_CONTENT": no, "HTTP_URL_ABS": no,
	"HTTP_URL_SLASH": yes, "HTTP_URL_STAR": no, "LOCALHOST": maybe, "METH_CONNECT": no, "METH_DELETE": no, "METH_GET": yes,
	"METH_HEAD": no, "METH_OPTIONS": no, "METH_POST": no, "METH_PUT": no, "METH_TRACE": no, "RDP_COOKIE": no, "REQ_CONTENT": maybe,
	"WAIT_END": yes,
}

// named evaluates an ACL by its name: any one of its definitions is enough.
func (p *proxy) named(name string, r request) truth {
	lines, ok := p.acls[name]
	if !ok {
		value, is := predefined[name]
		if is && (r.parsed || name == "TRUE" || name == "FALSE") {
			return value
		}
		return maybe
	}
	value := no
	for _, l := range lines {
		t := p.test(l.Words[2:], r)
		if l.Maybe {
			t = t.and(maybe)
		}
		if value = value.or(t); value == yes || r.spent() {
			break
		}
	}
	return value
}

// spent tells whether no more tests are to be made.
func (r request) spent() bool { return r.left != nil && *r.left <= 0 }
