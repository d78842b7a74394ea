package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"golang.org/x/net/html"
)

// A parser as browsers have it finds the page's own elements in it and no others, whatever a stranger sent; nothing
// that runs, nothing that is loaded, nowhere to go.
func TestHTMLHoldsItsOwnElementsOnly(t *testing.T) {
	elements := strings.Fields("html head meta title style body header h1 h2 h3 p span code pre section svg rect path text table thead tbody tr th td")
	attributes := strings.Fields("lang charset http-equiv content name class xmlns viewbox role aria-label x y d width height rx")
	for name, r := range cases {
		var b bytes.Buffer
		if err := writeHTML(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen := ""
		for n := range doc.Descendants() {
			switch n.Type {
			case html.TextNode:
				seen += n.Data
			case html.CommentNode:
				t.Errorf("%s: a comment: %s", name, n.Data)
			case html.ElementNode:
				if !slices.Contains(elements, n.Data) {
					t.Errorf("%s: an element %q", name, n.Data)
				}
				for _, a := range n.Attr {
					if !slices.Contains(attributes, strings.ToLower(a.Key)) {
						t.Errorf("%s: an attribute %s=%q of %s", name, a.Key, a.Val, n.Data)
					}
				}
			}
		}
		for _, res := range r.Results {
			if !strings.Contains(seen, res.ID) {
				t.Errorf("%s: %s is not shown", name, res.ID)
			}
			for _, f := range res.Findings {
				if !strings.Contains(seen, probes.Printable(f.Title.String())) {
					t.Errorf("%s: %q is not shown as it is", name, f.Title)
				}
			}
		}
		for _, word := range []string{"url(", "@import", "http-equiv=\"refresh\"", "javascript:"} {
			if strings.Contains(htmlText, word) {
				t.Errorf("the page holds %q", word)
			}
		}
	}
}

// Whatever is drawn stays inside the picture, and each hop is there, however many there are.
func TestHTMLPicture(t *testing.T) {
	for _, nodes := range []int{0, 1, 2, 40} {
		p := probes.Path{Balancer: &probes.Hop{Kind: "nginx"}, Nodes: make([]probes.Hop, nodes)}
		pic := htmlPrinter{}.picture(p)
		inside(t, *pic)
		var boxes []shape
		for _, s := range pic.Shapes {
			if strings.HasPrefix(s.Class, "box") {
				boxes = append(boxes, s)
			}
		}
		if len(boxes) != nodes+2 {
			t.Errorf("%d boxes, expected %d", len(boxes), nodes+2)
		}
		for i, b := range boxes {
			for _, other := range boxes[:i] {
				if b.X < other.X+other.Width && other.X < b.X+b.Width && b.Y < other.Y+other.Height && other.Y < b.Y+b.Height {
					t.Errorf("two boxes lie on each other: %+v, %+v", b, other)
				}
			}
		}
	}
	if (htmlPrinter{}).picture(probes.Path{}) != nil {
		t.Error("a picture of a path of nothing")
	}
}

// inside tells whether every shape lies in its picture.
func inside(t *testing.T, d drawing) {
	t.Helper()
	for _, s := range d.Shapes {
		if s.X < 0 || s.Y < -1 || s.X+s.Width > d.Width+0.1 || s.Y+s.Height > d.Height+0.1 {
			t.Errorf("%q: %+v lies outside of %gx%g", d.Label, s, d.Width, d.Height)
		}
	}
}

// Every kind of plot is drawn inside its picture; one that holds nothing is left out, and none has numbers that are none.
func TestHTMLPlots(t *testing.T) {
	for _, r := range []probes.Report{measured(), {Observed: map[string]any{"empty": plots{{Title: probes.T("nothing")}, {Curve: &probes.Curve{}}, {Lives: &probes.Lives{}}, {Grid: &probes.Grid{}}}}}} {
		for _, p := range (htmlPrinter{}).plots(r) {
			inside(t, p.Drawing)
			for _, s := range p.Drawing.Shapes {
				if strings.Contains(s.D, "NaN") || strings.Contains(s.D, "Inf") {
					t.Errorf("%s: %q", p.Title, s.D)
				}
			}
		}
	}
	if n := len((htmlPrinter{}).plots(measured())); n != 5 {
		t.Errorf("%d plots, expected each kind once", n)
	}
}
