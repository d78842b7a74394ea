package portconfig

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

// maxDigits bounds the digits of a number that is still read as a port, so that 388888 is told as out of range
// rather than as no number.
const maxDigits = 9

// Malformed says where a value stops being a list of ports.
type Malformed struct {
	Char     int         `json:"char"`     // of the value, counted from 1 in characters; one past the end where something is missing
	Found    probes.Text `json:"found"`    // such as "，" (U+FF0C, a full-width comma)
	Expected probes.Text `json:"expected"` // such as "," or "]"
}

func (m *Malformed) Error() string {
	return m.text().String()
}

func (m *Malformed) text() probes.Text {
	return probes.T("found %s at character %d, expected %s", m.Found, m.Char, m.Expected)
}

// ParseValue reads the value of a port row: ["38888","39888"] as the vendor writes it, [38888, 39888], one port, or
// ports with commas between them. The error is a *Malformed. Numbers beyond 65535 are returned as they stand.
func ParseValue(value string) ([]int, error) {
	p := valueParser{runes: []rune(value)}
	list := p.list()
	if p.err != nil {
		return nil, p.err
	}
	return list, nil
}

type valueParser struct {
	runes []rune
	at    int
	err   *Malformed
}

func (p *valueParser) peek() rune {
	if p.at < len(p.runes) {
		return p.runes[p.at]
	}
	return -1
}

// blanks skips what JSON allows between tokens (RFC 8259, section 2); a no-break space is none of it.
func (p *valueParser) blanks() {
	for p.at < len(p.runes) && strings.ContainsRune(" \t\r\n", p.runes[p.at]) {
		p.at++
	}
}

func (p *valueParser) wrong(expected probes.Text) {
	if p.err != nil {
		return
	}
	found := probes.T("the end")
	if p.at < len(p.runes) {
		found = describe(p.runes[p.at])
	}
	p.err = &Malformed{p.at + 1, found, expected}
}

func (p *valueParser) list() []int {
	p.blanks()
	bracket := p.peek() == '['
	if bracket {
		p.at++
	}
	var out []int
	for p.err == nil {
		p.blanks()
		switch {
		case bracket && len(out) == 0 && p.peek() == ']':
			p.wrong(probes.T("a port"))
			return nil
		case !bracket && len(out) == 0 && p.peek() == -1:
			p.wrong(probes.T(`ports such as ["38888","39888"]`))
			return nil
		}
		out = append(out, p.port())
		p.blanks()
		if p.peek() != ',' {
			break
		}
		p.at++
	}
	if bracket {
		p.expect(']', probes.T(`"," or "]"`))
		p.blanks()
	}
	if p.err == nil && p.at < len(p.runes) {
		if bracket {
			p.wrong(probes.T(`nothing after "]"`))
		} else {
			p.wrong(probes.T(`a digit or ","`))
		}
	}
	return out
}

func (p *valueParser) expect(want rune, expected probes.Text) {
	if p.peek() != want {
		p.wrong(expected)
		return
	}
	p.at++
}

func (p *valueParser) port() int {
	quoted := p.peek() == '"'
	if quoted {
		p.at++
	}
	start := p.at
	for p.peek() >= '0' && p.peek() <= '9' && p.at-start < maxDigits {
		p.at++
	}
	digits := string(p.runes[start:p.at])
	switch {
	case digits == "" && quoted:
		p.wrong(probes.T("a digit"))
	case digits == "":
		p.wrong(probes.T(`a port, such as 38888 or "38888"`))
	case quoted:
		p.expect('"', probes.T(`a digit or the closing quote '"'`))
	}
	n, _ := strconv.Atoi(digits)
	return n
}

// FormatValue writes ports as the vendor does: the WebSocket ports as an array of strings, one forwarding port as a
// bare number.
func FormatValue(key string, ports []int) string {
	if key != KeyPort && len(ports) == 1 {
		return strconv.Itoa(ports[0])
	}
	quoted := make([]string, len(ports))
	for i, p := range ports {
		quoted[i] = strconv.Quote(strconv.Itoa(p))
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// salvage returns the numbers that a malformed value holds, full-width digits included; what the operator most likely
// meant.
func salvage(value string) []int {
	var out []int
	for _, digits := range strings.FieldsFunc(narrow(value), func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && n <= 65535 {
			out = append(out, n)
		}
	}
	return out
}
