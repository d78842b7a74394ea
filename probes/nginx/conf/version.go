package conf

import (
	"fmt"
	"strconv"
	"strings"
)

// Version of nginx. The zero Version is unknown.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads "1.22.1", also out of `nginx -v`'s "nginx version: nginx/1.22.1 (Debian)".
func ParseVersion(s string) (Version, error) {
	found := s
	if _, after, ok := strings.Cut(s, "nginx/"); ok {
		found = after
	}
	if i := strings.IndexFunc(found, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); i >= 0 {
		found = found[:i]
	}
	parts := strings.Split(found, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return Version{}, fmt.Errorf("found %q, expected a version such as 1.22.1", s)
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil {
			return Version{}, fmt.Errorf("found %q, expected a version such as 1.22.1", s)
		}
		n[i] = v
	}
	return Version{n[0], n[1], n[2]}, nil
}

// Known tells whether v is a version at all.
func (v Version) Known() bool { return v != Version{} }

// Before tells whether v is known and lower than major.minor.patch.
func (v Version) Before(major, minor, patch int) bool {
	return v.Known() && v.less(Version{major, minor, patch})
}

// AtLeast tells whether v is known and not lower than major.minor.patch.
func (v Version) AtLeast(major, minor, patch int) bool {
	return v.Known() && !v.less(Version{major, minor, patch})
}

func (v Version) less(o Version) bool {
	if v.Major != o.Major {
		return v.Major < o.Major
	}
	if v.Minor != o.Minor {
		return v.Minor < o.Minor
	}
	return v.Patch < o.Patch
}

func (v Version) String() string {
	if !v.Known() {
		return "unknown"
	}
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// MarshalText writes the version as String does.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
