package probes

import (
	"encoding/json"
	"fmt"
	"time"
)

// Severity says how much a Finding matters. The zero value is Info.
type Severity int

// The severities, in rising order.
const (
	Info    Severity = iota // advice, or a fact worth knowing; leaves the check ok
	Warning                 // breaks in some set-ups, or soon
	Error                   // connections fail, or the service cannot start
)

func (s Severity) String() string { return [...]string{"info", "warning", "error"}[s] }

// MarshalText writes the name used in CONTRACT's report.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Evidence is one thing that was seen.
type Evidence struct {
	Where string // a file and line, a command, a table, an address: where one can look oneself
	Saw   Text   // what stood there
}

// Finding is something a rule holds against what was observed.
type Finding struct {
	Severity Severity
	Subject  string     // what it is about, so that findings of several areas can be matched: a port, a key, a URL
	Title    Text       // what was seen and what was expected, with the values quoted
	Evidence []Evidence // nil: the title says all
	Fix      []Text     // lines that can be pasted into a shell or a file; what is not a command is a # comment
}

// Status says how a check ended. The zero value is Unknown, so that nothing forgotten reads as healthy.
type Status int

// The statuses of a check.
const (
	Unknown Status = iota // wsdoctor could not look; the reason says what was missing
	OK                    // looked, nothing above Info
	Warned                // the worst finding is a Warning
	Failed                // the worst finding is an Error
	Skipped               // does not apply here; the reason says why
)

func (s Status) String() string {
	return [...]string{"unknown", "ok", "warning", "failed", "skipped"}[s]
}

// MarshalText writes the name used in CONTRACT's report.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reason is the error by which an area says why it could not be judged.
type Reason struct {
	Status Status // Unknown or Skipped
	Text   Text
}

func (r *Reason) Error() string { return r.Text.String() }

// Skip is the error of an area that does not apply here.
func Skip(format string, args ...any) error { return &Reason{Skipped, T(format, args...)} }

// CannotLook is the error of an area that lacks something (root, a file, a kernel feature). The text names it.
func CannotLook(format string, args ...any) error { return &Reason{Unknown, T(format, args...)} }

// Seconds is a duration that marshals as a JSON number of seconds; observations use it for their wire form.
type Seconds time.Duration

// MarshalJSON writes seconds with as many digits as it takes.
func (s Seconds) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).Seconds()) }

// Duration converts s back.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// String prints milliseconds below a second and tenths of a second above.
func (s Seconds) String() string {
	d := time.Duration(s)
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
