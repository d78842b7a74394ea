package haproxy

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sample is what a fetch method gives.
type sample struct {
	state  truth // yes: value is known; no: there is none; maybe: it cannot be known
	value  string
	number bool // an integer or a boolean ("0", "1")
}

func text(s string) sample { return sample{state: yes, value: s} }
func integer(n int) sample { return sample{state: yes, value: strconv.Itoa(n), number: true} }
func boolean(t truth) sample {
	return sample{state: yes, value: map[truth]string{yes: "1", no: "0"}[t], number: true}
}
func (s sample) decided() bool {
	return s.state != maybe && !(s.state == yes && s.number && s.value == "")
}
func (s sample) isTrue() truth { return known(s.value != "" && s.value != "0") }
func (s sample) asNumber() int { n, _ := strconv.Atoi(s.value); return n } // the constructors write digits only
func unknownIf(b bool) sample  { return sample{state: map[bool]truth{true: maybe, false: no}[b]} }

// matchers are the endings by which an ACL's own criteria name how they match: "path_beg".
var matchers = []string{"_beg", "_end", "_sub", "_dir", "_dom", "_reg", "_len", "_str", "_found"}

// test evaluates one test: CRITERION [flags] [operator] [values] (manual, section 7.1).
func (p *proxy) test(words []Word, r request) truth {
	if len(words) == 0 || words[0].Unsure {
		return maybe
	}
	if r.spent() {
		return maybe
	}
	if r.left != nil {
		*r.left--
	}
	fetch, converters, _ := strings.Cut(words[0].Text, ",")
	name, arg, _ := strings.Cut(strings.TrimSuffix(fetch, ")"), "(")
	method := ""
	for _, m := range matchers {
		if base, ok := strings.CutSuffix(name, m); ok {
			name, method = base, m[1:]
		}
	}
	fold := false
	i := 1
	for ; i < len(words) && strings.HasPrefix(words[i].Text, "-"); i++ {
		switch words[i].Text {
		case "-i":
			fold = true
		case "-m":
			i++
			if i < len(words) {
				method = words[i].Text
			}
		case "-n":
		case "--":
			i++
			goto values
		default: // -f and -M read a file, -u takes an id
			return maybe
		}
	}
values:
	var patterns []string
	for _, w := range words[min(i, len(words)):] {
		if w.Unsure {
			return maybe
		}
		patterns = append(patterns, w.Text)
	}
	s := r.fetch(strings.ToLower(name), strings.Trim(arg, `"'`))
	if converters != "" {
		if converters != "lower" || s.number {
			return maybe
		}
		s.value = strings.ToLower(s.value)
	}
	if !s.decided() {
		return maybe
	}
	return match(s, method, patterns, fold)
}

// fetch returns a sample of the handshake (manual, section 7.3). A name that is not here is not known.
func (r request) fetch(name, arg string) sample {
	switch name {
	case "always_true":
		return boolean(yes)
	case "always_false":
		return boolean(no)
	case "ssl_fc":
		return boolean(r.tls)
	case "dst_port":
		if r.port != 0 {
			return integer(r.port)
		}
		return sample{}
	}
	if !r.parsed {
		return sample{}
	}
	switch name {
	case "path", "pathq", "url", "base":
		return r.target(name)
	case "query":
		if r.path != "" && !r.rewritten {
			return text(r.query)
		}
	case "urlp", "url_param":
		return r.parameter(arg)
	case "method":
		return text("GET")
	case "req.ver", "req_ver":
		return text("1.1")
	case "req.proto_http", "req_proto_http":
		return boolean(yes)
	case "hdr", "req.hdr", "req.fhdr", "fhdr":
		return r.header(arg)
	case "hdr_cnt", "req.hdr_cnt", "req.fhdr_cnt", "hdr_val", "req.hdr_val":
		if h := r.header(arg); strings.HasSuffix(name, "cnt") && h.state == yes {
			return integer(1)
		}
	}
	return sample{}
}

func (r request) target(name string) sample {
	if r.path == "" || r.rewritten {
		return sample{}
	}
	whole := r.path
	if r.query != "" {
		whole += "?" + r.query
	}
	switch {
	case name == "path":
		return text(r.path)
	case name != "base":
		return text(whole)
	case r.host == "":
		return sample{}
	}
	return text(r.authority() + r.path)
}

// authority is the Host header: browsers leave a scheme's default port out.
func (r request) authority() string {
	if r.port == 0 || r.port == 80 || r.port == 443 {
		return r.host
	}
	return net.JoinHostPort(r.host, strconv.Itoa(r.port))
}

// header returns a header of a handshake (RFC 6455, section 4.1). Of others it is not known whether they are there.
func (r request) header(arg string) sample {
	name, _, _ := strings.Cut(strings.ToLower(arg), ",")
	switch name {
	case "upgrade", "connection", "sec-websocket-version", "sec-websocket-key":
		if r.headersSet {
			return sample{}
		}
		if r.plain && name != "connection" {
			return sample{state: no}
		}
		if r.plain {
			return text("keep-alive")
		}
	}
	switch name {
	case "upgrade":
		return text("websocket")
	case "connection":
		return text("Upgrade")
	case "sec-websocket-version":
		return text("13")
	case "host":
		if r.host != "" {
			return text(r.authority())
		}
	case "content-length", "transfer-encoding":
		return sample{state: no}
	}
	return sample{}
}

// parameter returns a parameter of the query.
func (r request) parameter(arg string) sample {
	if r.path == "" || r.rewritten {
		return sample{}
	}
	name, _, _ := strings.Cut(arg, ",")
	for _, pair := range strings.Split(r.query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return text(value)
		}
	}
	return unknownIf(strings.Contains(arg, ","))
}

// match applies a matching method (manual, sections 7.1.1 to 7.1.4). Any one pattern is enough.
func match(s sample, method string, patterns []string, fold bool) truth {
	if method == "found" {
		return known(s.state == yes)
	}
	if s.state == no {
		return no
	}
	if s.number && (method == "" || method == "bool" || method == "int") {
		if method == "bool" || len(patterns) == 0 {
			return s.isTrue()
		}
		return numbers(s.asNumber(), patterns)
	}
	if method == "len" {
		return numbers(len(s.value), patterns)
	}
	value := s.value
	result := no
	for _, pattern := range patterns {
		if fold && method != "reg" {
			value, pattern = strings.ToLower(value), strings.ToLower(pattern)
		}
		result = result.or(matchText(value, method, pattern, fold))
	}
	return result
}

func matchText(value, method, pattern string, fold bool) truth {
	switch method {
	case "", "str":
		return known(value == pattern)
	case "beg":
		return known(strings.HasPrefix(value, pattern))
	case "end":
		return known(strings.HasSuffix(value, pattern))
	case "sub":
		return known(strings.Contains(value, pattern))
	case "dir":
		return known(delimited(value, pattern, "/?"))
	case "dom":
		return known(delimited(value, pattern, "/?.:"))
	case "reg":
		if fold {
			pattern = "(?i)" + pattern
		}
		re, err := regexp.Compile(pattern) // what PCRE has and Go has not is not decided here
		if err != nil {
			return maybe
		}
		return known(re.MatchString(value))
	}
	return maybe
}

// delimited tells whether pattern stands in s between delimiters or an end of s. Delimiters at the ends of the
// pattern do not count.
func delimited(s, pattern, delimiters string) bool {
	pattern = strings.Trim(pattern, delimiters)
	if pattern == "" {
		return false
	}
	edge := func(i int) bool { return i < 0 || i >= len(s) || strings.IndexByte(delimiters, s[i]) >= 0 }
	for from := 0; ; {
		i := strings.Index(s[from:], pattern)
		if i < 0 {
			return false
		}
		i += from
		if edge(i-1) && edge(i+len(pattern)) {
			return true
		}
		from = i + 1
	}
}

// numbers matches an integer against values, ranges and an operator (manual, section 7.1.2).
func numbers(n int, patterns []string) truth {
	op := "eq"
	if len(patterns) > 0 && slices.Contains([]string{"eq", "ge", "gt", "le", "lt"}, patterns[0]) {
		op, patterns = patterns[0], patterns[1:]
	}
	result := no
	for _, pattern := range patterns {
		first, last, isRange := strings.Cut(pattern, ":")
		low, err := strconv.Atoi(first)
		high := low
		if isRange && err == nil {
			high, err = strconv.Atoi(last)
		}
		if err != nil {
			return maybe
		}
		var hit bool
		switch op {
		case "eq":
			hit = low <= n && n <= high
		case "ge":
			hit = n >= low
		case "gt":
			hit = n > low
		case "le":
			hit = n <= high
		case "lt":
			hit = n < high
		}
		result = result.or(known(hit))
	}
	return result
}
