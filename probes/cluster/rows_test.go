package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseRows(t *testing.T) {
	const key = "WebSocketConfig.port"
	for _, c := range []struct {
		name, in string
		want     []Row
	}{
		{"CSV with a header", "id,value\nWebSocketConfig.port,38888\n", []Row{{key, "38888", 2, ""}}},
		{"CSV without", "WebSocketConfig.port,38888", []Row{{key, "38888", 1, ""}}},
		{"CSV, columns the other way round, in capitals", "VALUE,classname,ID\n38888,x,WebSocketConfig.port\n", []Row{{key, "38888", 2, ""}}},
		{"quoted CSV", "\"id\",\"value\"\n\"WebSocketConfig.port\",\"[38888,39888]\"\n", []Row{{key, "[38888,39888]", 2, ""}}},
		{"CSV with quotes in it", "id,value\nWebSocketConfig.port,\"a \"\"b\"\", c\"\n", []Row{{key, `a "b", c`, 2, ""}}},
		{"CSV with a value over lines", "id,value\na,\"1\n2\"\nb,3\n", []Row{{"a", "1\n2", 2, ""}, {"b", "3", 4, ""}}},
		{"CSV that did not quote", "id,value\nWebSocketConfig.port,[\"38888\",\"39888\"]\n", []Row{{key, `["38888","39888"]`, 2, ""}}},
		{"spaces stay", "id,value\nWebSocketConfig.port ,38888 \n", []Row{{key + " ", "38888 ", 2, ""}}},
		{"TSV", "id\tvalue\nWebSocketConfig.port\t38888 , 39888 \n", []Row{{key, "38888 , 39888 ", 2, ""}}},
		{"TSV with a quote", "id\tvalue\na\tx\"y\"\n", []Row{{"a", `x"y"`, 2, ""}}},
		{"key=value", "WebSocketConfig.port=38888\nWebSocketConfig.requestPorts=38889 \n", []Row{{key, "38888", 1, ""}, {"WebSocketConfig.requestPorts", "38889 ", 2, ""}}},
		{"key = value", "WebSocketConfig.port = 38888\na = b = c\n", []Row{{key, "38888", 1, ""}, {"a", "b = c", 2, ""}}},
		{"one of them without spaces, so that spaces count", "a =1\nb = 2\n", []Row{{"a ", "1", 1, ""}, {"b ", " 2", 2, ""}}},
		{"key=value with commas", "WebSocketConfig.port=38888,39888\n", []Row{{key, "38888,39888", 1, ""}}},
		{"comments and blank lines", "# from production\n\nWebSocketConfig.port=38888\n\n# end\n", []Row{{key, "38888", 3, ""}}},
		{"a comment above CSV", "# a=b\nid,value\na,1\n", []Row{{"a", "1", 3, ""}}},
		{"an empty value", "id,value\na,\n", []Row{{"a", "", 2, ""}}},
		{"a byte order mark and Windows line ends", "\ufeffid,value\r\na,1\r\nb,2 \r\n", []Row{{"a", "1", 2, ""}, {"b", "2 ", 3, ""}}},
		{"key=value with Windows line ends", "\ufeffa=1\r\nb=2 \r\n", []Row{{"a", "1", 1, ""}, {"b", "2 ", 2, ""}}},
		{"a no-break space stays", "a\u00a0=1", []Row{{"a\u00a0", "1", 1, ""}}},
		{"a header alone", "id,value\n", nil},
	} {
		got, err := ParseRows("rows.csv", []byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(got.List, c.want) || got.File != "rows.csv" {
			t.Errorf("%s: %+v, expected %+v", c.name, got, c.want)
		}
	}
}

func TestParseRowsErrors(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "f: is empty, expected rows of fine_conf_entity (id and value)"},
		{"comments only", "# nothing\n\n", "f: is empty, expected rows of fine_conf_entity (id and value)"},
		{"binary", "PK\x03\x04\x00", "f: is not a text file in UTF-8, expected CSV or lines of key=value"},
		{"no UTF-8", "a=\xff", "f: is not a text file in UTF-8, expected CSV or lines of key=value"},
		{"prose", "WebSocketConfig.port is 38888", `f:1:1: found "WebSocketConfig.port is 38888", expected id and value`},
		{"a line without =", "a=1\nb 2\n", `f:2:1: found "b 2", expected key=value`},
		{"no value column", "id,valeu\na,1\n", `f:1:1: found no column "value", expected the columns id and value`},
		{"a row that is too short", "id,x,value\na,1\n", `f:2:1: found "a,1", expected id and value`},
		{"a quote without its end", "id,value\na,\"1\nb,2\n", `f:2:1: extraneous or missing " in quoted-field, expected CSV with the columns id and value`},
		{"unquoted, and a line without a comma", "id,value\na,[\"1\"]\nb\n", `f:3:1: found "b", expected id and value`},
	} {
		if got, err := ParseRows("f", []byte(c.in)); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n  says     %v (%v)\n  expected %s", c.name, err, got, c.want)
		}
	}
}

func TestLoadRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.txt")
	if err := os.WriteFile(path, []byte("a=1 "), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadRows(path); err != nil || got.File != path || !slices.Equal(got.List, []Row{{"a", "1 ", 1, ""}}) {
		t.Errorf("is %+v, %v", got, err)
	}
	missing := path + ".no"
	if _, err := LoadRows(missing); err == nil || !strings.HasPrefix(err.Error(), "reading "+missing+": ") || strings.Count(err.Error(), missing) != 1 {
		t.Errorf("a missing file says %v", err)
	}
}
