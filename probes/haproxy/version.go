package haproxy

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a version of HAProxy. The zero Version is one that is not known.
type Version struct{ Major, Minor, Patch int }

var versionText = regexp.MustCompile(`(\d+)\.(\d+)(?:-dev\d+|\.(\d+))?`)

// ParseVersion takes the version from a text such as the first line of "haproxy -v"; the zero Version where there is
// none.
func ParseVersion(text string) Version {
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		return Version{}
	}
	n := func(s string) int { i, _ := strconv.Atoi(s); return i } // the pattern lets digits through only
	return Version{n(m[1]), n(m[2]), n(m[3])}
}

// Known tells whether the version is known.
func (v Version) Known() bool { return v != Version{} }

func (v Version) String() string {
	if !v.Known() {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// MarshalText writes the version, or nothing where it is not known.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// atLeast tells whether v is known and not older than major.minor.
func (v Version) atLeast(major, minor int) bool {
	return v.Known() && (v.Major > major || v.Major == major && v.Minor >= minor)
}

// before tells whether v is known and older than major.minor.
func (v Version) before(major, minor int) bool { return v.Known() && !v.atLeast(major, minor) }
