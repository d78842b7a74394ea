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
	elements := strings.Fields("html head meta title style body h1 h2 h3 p span code pre section svg line rect text tspan g table thead tbody tr th td")
	attributes := strings.Fields("lang charset http-equiv content name class xmlns viewbox role aria-label x y x1 y1 x2 y2 width height rx")
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

// Boxes and lines stay inside the picture, and each hop is there, however many there are.
func TestHTMLPicture(t *testing.T) {
	for _, nodes := range []int{0, 1, 2, 40} {
		p := probes.Path{Balancer: &probes.Hop{Name: "balancer"}, Nodes: make([]probes.Hop, nodes)}
		pic := htmlPrinter{}.picture(p)
		if len(pic.Boxes) != nodes+1 || len(pic.Lines) != nodes+1 {
			t.Errorf("%d boxes and %d lines, expected %d of each", len(pic.Boxes), len(pic.Lines), nodes+1)
		}
		for i, b := range append(pic.Boxes, pic.Clients) {
			if b.X < 0 || b.Y < 0 || b.X+b.Width > pic.Width || b.Y+b.Height > pic.Height {
				t.Errorf("box %d of %d lies outside: %+v of %dx%d", i, nodes, b, pic.Width, pic.Height)
			}
			for _, other := range pic.Boxes[:min(i, len(pic.Boxes))] {
				if b.X < other.X+other.Width && other.X < b.X+b.Width && b.Y < other.Y+other.Height && other.Y < b.Y+b.Height {
					t.Errorf("two boxes lie on each other: %+v, %+v", b, other)
				}
			}
		}
	}
	if (htmlPrinter{}).picture(probes.Path{}) != nil {
		t.Error("a picture of a path at which nobody looked")
	}
	if pic := (htmlPrinter{}).picture(probes.Path{Nodes: make([]probes.Hop, 2)}); len(pic.Boxes) != 2 || pic.Lines[0].X1 != pic.Clients.X+pic.Clients.Width {
		t.Errorf("without a balancer clients reach the nodes: %+v", pic)
	}
}
