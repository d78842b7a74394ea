package finedb

import (
	"fmt"
	"log/slog"
)

// Secret is a password. It shows itself as *** however it is printed, logged or encoded; Reveal returns it.
type Secret struct{ text string }

// NewSecret keeps a password.
func NewSecret(password string) Secret { return Secret{password} }

// Reveal returns the password.
func (s Secret) Reveal() string { return s.text }

// IsZero tells that there is none.
func (s Secret) IsZero() bool { return s.text == "" }

func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return "***"
}

// Format keeps %#v and %x from looking inside.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText is what encoders take.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is what log/slog takes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
