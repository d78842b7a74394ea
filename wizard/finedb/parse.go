package finedb

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// schemes are the URLs that Parse takes, with the port of each.
var schemes = map[string]struct {
	kind Kind
	port int
}{
	"postgres": {PostgreSQL, 5432}, "postgresql": {PostgreSQL, 5432},
	"mysql": {MySQL, 3306}, "mariadb": {MySQL, 3306},
	"oracle": {Oracle, 1521}, "sqlserver": {SQLServer, 1433}, "db2": {DB2, 50000},
}

// Parse reads what an operator names: a file (CSV, TSV, key=value), the script of an HSQLDB or the folder that holds it,
// the product's db.properties, or a URL such as postgres://fine@10.0.0.5:5432/finedb?schema=public&tls=verify-full. A
// password in it is refused: every user of a host can read a command line.
func Parse(spec string) (Source, error) {
	if strings.Contains(spec, "://") || strings.HasPrefix(spec, "jdbc:") {
		return parseURL(strings.TrimPrefix(spec, "jdbc:"))
	}
	return parsePath(spec)
}

var errPassword = errors.New("found a password in a URL, expected it in the environment variable " + PasswordEnv + " or at a prompt: every user of a host can read a command line")

// firstHost is the beginning of a URL with several servers, of which the first is asked.
var firstHost = regexp.MustCompile(`^(\w+://[^/,]*),[^/]*`)

// parseOracle takes the host out of oracle:thin:@host:1521:SID and oracle:thin:@//host:1521/service.
func parseOracle(text string) Source {
	s := Source{Kind: Oracle, Port: schemes["oracle"].port}
	address := strings.TrimPrefix(text[strings.LastIndexByte(text, '@')+1:], "//")
	parts := strings.FieldsFunc(address, func(r rune) bool { return r == ':' || r == '/' })
	for i, p := range parts {
		switch n, err := strconv.Atoi(p); {
		case i == 0:
			s.Host = p
		case i == 1 && err == nil:
			s.Port = n
		default:
			s.Database = p
		}
	}
	return s
}

// parseURL never puts the URL into an error: a password may stand in it.
func parseURL(text string) (Source, error) {
	if strings.HasPrefix(text, "oracle:thin:") {
		return parseOracle(text), nil
	}
	if strings.HasPrefix(text, "hsqldb:") {
		return Source{Kind: HSQLDB, Path: hsqldbPath(text) + ".script"}, nil
	}
	if passwordParam.MatchString(text) {
		return Source{}, errPassword
	}
	text, params, server := strings.Cut(text, ";") // jdbc:sqlserver://host:1433;databaseName=finedb
	text = firstHost.ReplaceAllString(text, "$1")
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" {
		return Source{}, errors.New("found a URL that cannot be read, expected one such as postgres://fine@10.0.0.5:5432/finedb")
	}
	scheme, ok := schemes[u.Scheme]
	if !ok {
		return Source{}, fmt.Errorf("found the scheme %q, expected postgres or mysql (or a file)", u.Scheme)
	}
	if _, has := u.User.Password(); has {
		return Source{}, errPassword
	}
	s := Source{Kind: scheme.kind, Host: u.Hostname(), Port: scheme.port, User: u.User.Username(), Database: strings.Trim(u.Path, "/")}
	if s.Host == "" {
		s.Host = "localhost"
	}
	if u.Port() != "" {
		if s.Port, err = strconv.Atoi(u.Port()); err != nil || s.Port < 1 || s.Port > 65535 {
			return Source{}, fmt.Errorf("found the port %s, expected one from 1 to 65535", u.Port())
		}
	}
	if server {
		for _, p := range strings.Split(params, ";") {
			if k, v, _ := strings.Cut(p, "="); strings.EqualFold(k, "databaseName") {
				s.Database = v
			}
		}
	}
	return s, s.options(u.Query())
}

// options takes what a URL says behind its "?": ours, and those of the JDBC drivers and of libpq that mean the same.
// Others are about pools and encodings.
func (s *Source) options(q url.Values) error {
	for key, list := range q {
		value := list[len(list)-1]
		on := strings.EqualFold(value, "true")
		switch strings.ToLower(key) {
		case "user", "username":
			if s.User == "" {
				s.User = value
			}
		case "host": // the folder of PostgreSQL's socket
			if s.Kind == PostgreSQL {
				s.Host = value
			}
		case "schema", "currentschema":
			s.Schema, _, _ = strings.Cut(value, ",")
		case "tls", "sslmode":
			tls, ok := tlsWords[strings.ToLower(strings.ReplaceAll(value, "_", "-"))]
			if !ok {
				return fmt.Errorf("found %s=%q, expected one of disable, prefer, require, verify-full", key, value)
			}
			s.TLS = tls
		case "ssl", "usessl", "requiressl":
			switch {
			case on && key == "ssl" && s.Kind == PostgreSQL: // pgjdbc since 42.2.5
				s.TLS = Verified
			case on:
				s.TLS = Required
			case strings.EqualFold(key, "useSSL"):
				s.TLS = Plain
			}
		}
	}
	return nil
}

var tlsWords = map[string]TLS{
	"disable": Plain, "disabled": Plain, "allow": Preferred, "prefer": Preferred, "preferred": Preferred, "require": Required, "required": Required,
	"verify-ca": Verified, "verify-full": Verified, "verify-identity": Verified,
}

// parsePath looks at what lies there.
func parsePath(path string) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return Source{}, fmt.Errorf("reading %s: %w", path, err)
	}
	if info.IsDir() {
		scripts, _ := filepath.Glob(filepath.Join(escape(path), "*.script")) // the pattern is well-formed
		if len(scripts) != 1 {
			return Source{}, fmt.Errorf("reading %s: found %d files *.script in the folder, expected the one of an HSQLDB database (for the folder of a whole product there is --fine-home)", path, len(scripts))
		}
		return Source{Kind: HSQLDB, Path: scripts[0]}, nil
	}
	switch filepath.Ext(path) {
	case ".script":
		return Source{Kind: HSQLDB, Path: path}, nil
	case ".log", ".lck", ".data", ".lobs":
		if script := strings.TrimSuffix(path, filepath.Ext(path)) + ".script"; isFile(script) {
			return Source{Kind: HSQLDB, Path: script}, nil
		}
	case ".properties":
		if script := strings.TrimSuffix(path, filepath.Ext(path)) + ".script"; isFile(script) {
			return Source{Kind: HSQLDB, Path: script}, nil
		}
		return readProperties(path, "")
	}
	return Source{Kind: File, Path: path}, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// escape keeps the signs of a pattern in a folder's name from being one.
func escape(path string) string {
	if os.PathSeparator == '\\' {
		return path // Windows has no escape in patterns, and allows neither * nor ? in names
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
