package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestSVG(t *testing.T) {
	got := SVG("\x1b[1m\x1b[36m a <b> & \x1b[0m│\x1b[2m──\x1b[0m\n\x1b[7m\x1b[36m tab \x1b[0m  节点  x\n\x1b[31m█▄ \x1b[39mend\n")
	for _, want := range []string{
		`<text x="24.4" y="28.8" textLength="58.8" lengthAdjust="spacingAndGlyphs" fill="#5cc8d8" font-weight="700">a &lt;b&gt; &amp;</text>`,
		`<path d="M95.8 24.5L95.8 16M95.8 24.5L95.8 33" stroke="#d5d8de"`,
		`opacity=".62"/>`,
		`<rect x="16" y="33" width="42" height="17" fill="#5cc8d8"/>`, // reverse
		`fill="#16181d">tab</text>`,
		`textLength="33.6" lengthAdjust="spacingAndGlyphs">节点</text>`, // wide characters take two cells
		`>x</text>`,
		`<rect x="16" y="50" width="8.4" height="17" fill="#ff6b68"/>`,
		`>end</text>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(got)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, got)
		}
	}
}
