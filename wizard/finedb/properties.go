package finedb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// maxProperties bounds db.properties, which has some thirty lines.
const maxProperties = 1 << 20

// readProperties reads the product's own WEB-INF/config/db.properties (Hibernate's keys). webInf is what ${ENV_HOME} in
// it stands for; "" means the folder above.
func readProperties(path, webInf string) (Source, error) {
	info, err := os.Stat(path)
	var raw []byte
	if err == nil && info.Size() > maxProperties {
		return Source{}, fmt.Errorf("reading %s: it has %d bytes, expected the db.properties of the product", path, info.Size())
	}
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return Source{}, fmt.Errorf("reading %s: %w", path, err)
	}
	p := parseProperties(string(raw))
	get := func(key string) string {
		if v := p["hibernate.connection."+key]; v != "" {
			return v
		}
		return p[key]
	}
	jdbc := strings.TrimPrefix(get("url"), "jdbc:")
	if jdbc == "" {
		return Source{}, fmt.Errorf("reading %s: found no hibernate.connection.url, expected the db.properties of the product", path)
	}
	if webInf == "" {
		webInf = filepath.Dir(filepath.Dir(path))
	}
	jdbc = strings.ReplaceAll(jdbc, "${ENV_HOME}", filepath.ToSlash(webInf))
	// A password may stand in the URL here: it is the product's own file, and no command line.
	jdbc, inURL := cutPassword(jdbc)
	s, err := parseURL(jdbc)
	if err != nil {
		return Source{}, fmt.Errorf("reading %s: hibernate.connection.url: %w", path, err)
	}
	s.Named = path
	if user := get("username"); user != "" {
		s.User = user
	}
	if schema := p["hibernate.default_schema"]; schema != "" && s.Schema == "" && s.Kind == PostgreSQL {
		s.Schema = schema
	}
	password := get("password")
	if password == "" {
		password = inURL
	}
	if s.Encrypted = encrypted(password); !s.Encrypted {
		s.Password = NewSecret(password)
	}
	return s, nil
}

var passwordParam = regexp.MustCompile(`(?i)[?&;]password=([^&;]*)`)

// cutPassword takes a password out of a JDBC URL.
func cutPassword(jdbc string) (rest, password string) {
	m := passwordParam.FindStringSubmatchIndex(jdbc)
	if m == nil {
		return jdbc, ""
	}
	password = jdbc[m[2]:m[3]]
	rest = jdbc[:m[0]] + jdbc[m[1]:]
	if jdbc[m[0]] == '?' && m[1] < len(jdbc) { // it was the first
		rest = jdbc[:m[0]] + "?" + jdbc[m[1]+1:]
	}
	return rest, password
}

var cipher = regexp.MustCompile(`^(ENC\(.*\)|[0-9A-Fa-f]{64,}|[0-9A-Za-z+/_-]{80,}={0,2})$`)

// encrypted tells a password that only the product can read: ENC(…), or far more hex or base64 than anybody types. The
// product's algorithms and keys are its own.
func encrypted(password string) bool { return cipher.MatchString(password) }

// hsqldbPath takes the path out of hsqldb:file:/opt/…/db;property=value. Two and three slashes mean one.
func hsqldbPath(jdbc string) string {
	path := strings.TrimPrefix(strings.TrimPrefix(jdbc, "hsqldb:"), "file:")
	path, _, _ = strings.Cut(path, ";")
	if strings.HasPrefix(path, "//") {
		path = "/" + strings.TrimLeft(path, "/")
	}
	if len(path) > 2 && path[0] == '/' && path[2] == ':' { // file:///C:/…
		path = path[1:]
	}
	return filepath.FromSlash(path)
}

// parseProperties reads a Java properties file (java.util.Properties.load): comments, continued lines, escapes, and "=",
// ":" or a blank between key and value. Its bytes are ISO-8859-1.
func parseProperties(text string) map[string]string {
	out := map[string]string{}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimLeft(lines[i], " \t\f")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		for continued(line) && i+1 < len(lines) {
			i++
			line = line[:len(line)-1] + strings.TrimLeft(lines[i], " \t\f")
		}
		end := keyEnd(line)
		value := strings.TrimLeft(line[end:], " \t\f")
		if value != "" && (value[0] == '=' || value[0] == ':') {
			value = strings.TrimLeft(value[1:], " \t\f")
		}
		out[unescape(line[:end])] = unescape(value)
	}
	return out
}

// continued tells whether an odd number of backslashes ends the line.
func continued(line string) bool {
	n := len(line) - len(strings.TrimRight(line, `\`))
	return n%2 == 1
}

func keyEnd(line string) int {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '=', ':', ' ', '\t', '\f':
			return i
		}
	}
	return len(line)
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := rune(s[i])
		if c == '\\' && i+1 < len(s) {
			i++
			switch c = rune(s[i]); c {
			case 't':
				c = '\t'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 'f':
				c = '\f'
			case 'u':
				if i+4 < len(s) {
					if n, err := strconv.ParseUint(s[i+1:i+5], 16, 16); err == nil {
						c = rune(n)
						i += 4
					}
				}
			}
		}
		b.WriteRune(c)
	}
	return b.String()
}
