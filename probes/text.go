package probes

import (
	"encoding/json"
	"fmt"
)

// Text is what an operator reads: an English format and its arguments, rendered late, so that the same finding
// can be shown in another language. Machine formats are always English. The zero Text is empty.
type Text struct {
	Format string
	Args   []any // an argument may itself be a Text, or a Phrase
}

// T makes a Text from a fmt format and its arguments.
func T(format string, args ...any) Text {
	if false {
		_ = fmt.Sprintf(format, args...) // lets go vet check the calls of T as it checks Printf
	}
	return Text{Format: format, Args: args}
}

// Verbatim makes a Text that reads the same in every language: a command, a line of a file.
func Verbatim(line string) Text { return Text{Format: "%s", Args: []any{line}} }

// Phrase is a constant English sentence that is no format: a rule's title, the name of a state. As an argument of a
// Text it is translated as it stands.
type Phrase string

// Text makes a Text of a phrase.
func (p Phrase) Text() Text { return Text{Format: "%s", Args: []any{p}} }

// Because says why a rule exists: its reason, and where that stands, if it is known.
func Because(why, docs string) Text {
	if docs == "" {
		return Phrase(why).Text()
	}
	return T("%s (%s)", Phrase(why), docs)
}

// Counted is a number of things: one is said where there is one, more, a format for the number, elsewhere.
func Counted(n int, one, more string) Text {
	if n == 1 {
		return Text{Format: one}
	}
	return Text{Format: more, Args: []any{n}}
}

// String renders t in English.
func (t Text) String() string { return t.In(nil) }

// In renders t with its format replaced by translate's answer. A nil translate means English.
func (t Text) In(translate func(format string) string) string {
	if t.IsZero() {
		return "" // a catalogue is not asked about nothing
	}
	format := t.Format
	if translate != nil {
		format = translate(format)
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		switch inner := a.(type) {
		case Text:
			a = inner.In(translate)
		case Phrase:
			if a = string(inner); translate != nil {
				a = translate(string(inner))
			}
		}
		args[i] = a
	}
	return fmt.Sprintf(format, args...)
}

// IsZero tells whether t says nothing.
func (t Text) IsZero() bool { return t.Format == "" }

// MarshalJSON writes the English rendering: machine formats are not translated.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }
