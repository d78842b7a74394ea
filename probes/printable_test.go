package probes

import "testing"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain – 中文":      "plain – 中文",
		"a\x1b[31m\n\t":   `a\x1b[31m\n\t`,
		"a\u00a0b":        `a\u00a0b`,
		"\xff\ufffd":      `\xff�`,
		"\u202egnp.exe":   `\u202egnp.exe`,
		"\x7f\u0085":      `\x7f\u0085`,
		"tag \U000e0041":  `tag \U000e0041`,
		`back\slash "q"'`: `back\slash "q"'`,
	} {
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, expected %q", in, got, want)
		}
		if again := Printable(Printable(in)); again != Printable(in) {
			t.Errorf("Printable changes its own output %q to %q", Printable(in), again)
		}
	}
	if got, want := ASCII("…–é\x1b"), `...-\u00e9\x1b`; got != want {
		t.Errorf("ascii gave %q, expected %q", got, want)
	}
}
