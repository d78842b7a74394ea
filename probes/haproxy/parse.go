package haproxy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
)

// Section is what stands between one section keyword and the next.
type Section struct {
	Kind  string // "global", "defaults", "frontend", …
	Name  string // "" where it has none
	From  string // of "from NAME"
	Head  Line
	Lines []Line
}

// Config is a configuration as it is written: sections and lines, in order, of all files.
type Config struct {
	Files    []string
	Sections []*Section
	Faults   []Fault

	named map[string]*Section // defaults sections by their names; the first one of each
	marks map[mark]string     // lines that hold a comment which silences a problem
}

// mark is the place of a line.
type mark struct {
	file string
	line int
}

// ignoreReason returns the reason for which a problem of a line is to be ignored; "" where it is not.
func (c *Config) ignoreReason(id, file string, line int) string {
	return lint.IgnoreReason(id, c.marks[mark{file, line}], c.marks[mark{file, line - 1}])
}

// sectionKinds are the keywords that begin a section (manual, sections 3 and 4; the last ones since 3.0 to 3.2).
var sectionKinds = []string{
	"global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "mailers", "program", "http-errors", "ring",
	"log-forward", "resolvers", "cache", "fcgi-app", "crt-store", "traces", "log-profile", "acme",
}

// What is read of all files together.
const (
	maxLines    = 200_000
	maxSections = 20_000
)

// proxyKinds are the sections whose settings the model reads.
var proxyKinds = []string{"defaults", "frontend", "backend", "listen"}

// parser reads the files of one configuration.
type parser struct {
	cfg     *Config
	file    string
	line    int
	text    string // of the line, without the blanks around it
	version Version
	outer   map[string]string // the environment of the process, as far as it is known
	all     bool              // outer is the whole environment: what is not in it is not set
	set     map[string]*string
	blocks  []block
	section *Section
	read    int // lines so far, of all files
}

// Options says what is known of the HAProxy that reads the files.
type Options struct {
	Version Version           // the zero Version: not known
	Env     map[string]string // its environment, as far as it is known; nil: not known
	Running *Running          // nil: none is known to run with the files
	Named   string            // the file that the settings name, where it is this host's own; "": none
	Others  []*Running        // the HAProxy that run on this host with other files
}

// Running is the HAProxy that runs with the files.
type Running struct {
	PID     int                  `json:"pid"`             // of the master
	All     []int                `json:"all"`             // pids of it and its workers
	Files   []string             `json:"-"`               // of its command line
	Loaded  time.Time            `json:"loaded,omitzero"` // when it last read its files; zero: not known
	Changed map[string]time.Time `json:"-"`               // when each file was last written
}

// Parse reads files as one configuration. It does not end at a fault: each is reported, and what can be read is.
func Parse(o Options, files ...File) *Config {
	p := &parser{cfg: &Config{named: map[string]*Section{}, marks: map[mark]string{}}, version: o.Version, outer: o.Env, all: o.Env != nil, set: map[string]*string{}}
	for _, f := range files {
		p.parseFile(f)
	}
	return p.cfg
}

func (p *parser) fault(column int, text probes.Text, fix ...probes.Text) {
	p.cfg.Faults = append(p.cfg.Faults, Fault{File: p.file, Line: p.line, Column: column, Written: p.text, Text: text, Fix: fix, Maybe: p.maybe()})
}

func (p *parser) parseFile(f File) {
	p.cfg.Files = append(p.cfg.Files, f.Name)
	p.file, p.line, p.section, p.blocks = f.Name, 0, nil, nil
	var last string
	for text := range strings.Lines(f.Text) {
		last = text
		p.line++
		if p.read == maxLines {
			p.stop()
		}
		if p.read++; p.read > maxLines {
			return
		}
		p.text = strings.TrimSpace(text)
		if strings.Contains(text, lint.IgnoreMark) {
			p.cfg.marks[mark{p.file, p.line}] = text
		}
		p.parseLine(strings.TrimSuffix(text, "\n"))
	}
	if last != "" && !strings.HasSuffix(last, "\n") {
		// 1.x takes such a file; 2.4 and 2.6, which were looked at, do not.
		if !p.version.before(2, 4) {
			p.fault(len(last)+1, probes.T("missing LF on last line, file might have been truncated"), probes.T("# end the last line of %s with a line feed", p.file))
		}
	}
	for _, b := range p.blocks {
		p.line, p.text = b.line, b.text
		p.fault(b.column, probes.T("non-terminated '.if' block"), probes.Verbatim(".endif"))
	}
	p.blocks = nil
}

// stop ends the reading: the files are larger than anything that is run.
func (p *parser) stop() {
	if p.read <= maxLines {
		p.cfg.Faults = append(p.cfg.Faults, Fault{File: p.file, Line: p.line, Column: 1, Maybe: true,
			Text: probes.T("the configuration has more than %d lines or %d sections: from here on it was not looked at", maxLines, maxSections)})
	}
	p.read = maxLines + 1
}

func (p *parser) parseLine(text string) {
	if p.strange(text) {
		return
	}
	// HAProxy cuts the lines that it skips as well, and does not forgive a quote that is left open there.
	torn := false
	words := split(text, p.lookup, func(column int, what probes.Text) {
		torn = true
		p.fault(column, what)
	})
	switch {
	case len(words) == 0:
		return
	case strings.HasPrefix(words[0].Text, "."):
		if torn || p.directive(words) {
			return
		}
	}
	if p.skipped() {
		return
	}
	if len(words) > maxWords {
		p.fault(words[maxWords].Column, probes.T("line too long, truncating after word %d", maxWords))
		words = words[:maxWords]
	}
	line := Line{File: p.file, Number: p.line, Words: words, Maybe: p.maybe()}
	line.Raw = text[words[0].Column-1 : min(len(text), words[len(words)-1].End-1)]
	switch {
	case slices.Contains(sectionKinds, line.Word(0)):
		p.open(line)
	case p.section == nil:
		p.outside(line)
	default:
		p.section.Lines = append(p.section.Lines, line)
		if p.section.Kind == "global" {
			p.setenv(line)
		}
	}
}

// strange reports what people paste without seeing it, and what is no text.
func (p *parser) strange(text string) bool {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		p.fault(strings.IndexByte(text, 0)+1, probes.T("a NUL byte: this is no text file"))
		return true
	case p.line == 1 && strings.HasPrefix(text, "\ufeff"):
		p.fault(1, probes.T("the file begins with a byte order mark (U+FEFF), which HAProxy takes as part of the first word"),
			probes.Verbatim("sed -i '1s/^\\xef\\xbb\\xbf//' "+shellQuote(p.file)))
	case strings.Contains(text, "\u00a0"):
		at := strings.Index(text, "\u00a0")
		if hash := strings.IndexByte(text, '#'); hash >= 0 && hash < at {
			return false
		}
		p.fault(at+1, probes.T("a no-break space (U+00A0), which HAProxy takes as part of the word"),
			probes.Verbatim("sed -i 's/\\xc2\\xa0/ /g' "+shellQuote(p.file)))
		return true // whatever else is said of it has this cause
	}
	return false
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (p *parser) open(line Line) {
	s := &Section{Kind: line.Word(0), Head: line}
	rest := line.Words[1:]
	if len(rest) > 0 && rest[0].Text != "from" {
		s.Name = rest[0].Text
		rest = rest[1:]
	}
	if len(rest) > 1 && rest[0].Text == "from" {
		s.From = rest[1].Text
	}
	p.section = s
	if len(p.cfg.Sections) == maxSections {
		p.stop()
		return
	}
	p.cfg.Sections = append(p.cfg.Sections, s)
	if s.Kind == "defaults" && s.Name != "" && p.cfg.named[s.Name] == nil {
		p.cfg.named[s.Name] = s
	}
}

// outside reports a line in front of the first section of its file.
func (p *parser) outside(line Line) {
	word := strings.TrimPrefix(line.Word(0), "\ufeff")
	if word != line.Word(0) && slices.Contains(sectionKinds, word) {
		line.Words[0].Text = word // the mark is reported already
		p.open(line)
		return
	}
	if near, ok := probes.Nearest(word, sectionKinds); ok && line.Words[0].Column == 1 && len(word) > 3 {
		p.fault(1, probes.T("unknown keyword %q out of section; did you mean %q?", word, near))
		line.Words[0].Text = near
		p.open(line)
		return
	}
	p.fault(line.Words[0].Column, probes.T("unknown keyword %q out of section", word))
}

// lookup is the environment as the line that is being read sees it.
func (p *parser) lookup(name string) (value string, set, known bool) {
	switch name {
	case ".FILE":
		return p.file, true, true
	case ".LINE":
		return strconv.Itoa(p.line), true, true
	case ".SECTION":
		switch {
		case p.section == nil:
			return "", true, true
		case p.section.Name != "":
			return p.section.Name, true, true
		}
		return p.section.Kind, true, true
	}
	if v, ok := p.set[name]; ok {
		if v == nil {
			return "", false, true
		}
		return *v, true, true
	}
	value, set = p.outer[name]
	return value, set, set || p.all
}

// setenv follows the keywords of "global" that change the environment (manual, section 3.1).
func (p *parser) setenv(line Line) {
	name := line.Word(1)
	switch line.Word(0) {
	case "setenv", "presetenv":
		if line.Is("presetenv") {
			if _, set, known := p.lookup(name); set || !known {
				return // what the environment says wins, and that may not be known
			}
		}
		if len(line.Words) == 3 && line.sure() {
			value := line.Word(2)
			p.set[name] = &value
		}
	case "unsetenv":
		for _, w := range line.Words[1:] {
			p.set[w.Text] = nil
		}
	}
}
