package haproxy

import (
	"math"
	"strconv"
	"time"
)

// maxTimer is the longest time that HAProxy takes: a signed 32-bit count of milliseconds (manual, section 2.5).
const maxTimer = math.MaxInt32 * time.Millisecond

// units of section 2.5.
var units = map[string]time.Duration{
	"": time.Millisecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// parseTime reads a time as section 2.5 has it: a whole number and a unit, milliseconds where there is none. What
// follows the unit is left in rest: versions up to 2.6 warn of it and go on.
func parseTime(s string) (d time.Duration, rest string, ok bool) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	value, err := strconv.ParseInt(s[:n], 10, 64)
	if err != nil {
		return 0, s[n:], false
	}
	for _, length := range []int{2, 1, 0} {
		if length > len(s)-n {
			continue
		}
		unit, isUnit := units[s[n:n+length]]
		if !isUnit || length == 0 && n < len(s) {
			continue
		}
		if value > int64(maxTimer/unit) {
			return 0, "", false
		}
		// HAProxy counts in milliseconds and rounds up.
		d = time.Duration(value) * unit
		return (d + time.Millisecond - 1).Truncate(time.Millisecond), s[n+length:], true
	}
	return 0, s[n:], false
}

// timeout is a timeout in effect.
type timeout struct {
	set  bool // it is set to more than 0, which stands for none
	d    time.Duration
	line Line // where it is set, to 0 at times; the zero Line where it is not
	sure bool
}

// timeout returns what "timeout NAME" is in effect.
func (p *proxy) timeout(name string) timeout {
	l, found, sure := p.last("timeout", name)
	if !found {
		return timeout{sure: true}
	}
	d, _, ok := parseTime(l.Word(2))
	return timeout{set: ok && d > 0, d: d, line: l, sure: sure && ok}
}

// shorter returns the one of two timeouts that ends first.
func shorter(a, b timeout) timeout {
	if !a.set || b.set && b.d < a.d {
		return b
	}
	return a
}

// clock writes a duration the way the configuration does.
func clock(d time.Duration) string {
	for _, u := range []string{"d", "h", "m", "s"} {
		if d%units[u] == 0 && d >= units[u] {
			return strconv.FormatInt(int64(d/units[u]), 10) + u
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
