//go:build unix

package report

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// attack is what a host, a header or a page may hold to run or load something in the reader's browser.
const attack = `"><script>document.title='ran'</script><img src=http://evil.test/img onerror="document.title='ran'">` +
	`<script src=http://evil.test/js></script></style><style>@import 'http://evil.test/css'; svg{fill:url(http://evil.test/url)}</style>` +
	`</title></svg><svg onload="document.title='ran'"><iframe src=http://evil.test/frame> ' ]]> --> javascript:alert(1) ` + "`${1}` {{.}} \u202eexe.txt\u2066 中文"

// The page is opened in a real browser: nothing in it runs, nothing is loaded, and all is there to be read. The page's
// own ban on scripts is taken out first, so that it is the escaping that keeps them from running.
func TestHTMLInChromium(t *testing.T) {
	t.Parallel()
	r := saying(attack)
	var page bytes.Buffer
	if err := writeHTML(&page, r, Options{}); err != nil {
		t.Fatal(err)
	}
	before, after, ok := strings.Cut(page.String(), `<meta http-equiv="Content-Security-Policy"`)
	_, after, closed := strings.Cut(after, ">")
	if !ok || !closed {
		t.Fatal("the page has no policy")
	}
	var mu sync.Mutex
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Host+r.URL.Path)
		mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(before + after))
	}))
	defer s.Close()
	address := strings.TrimPrefix(s.URL, "http://")
	var dom bytes.Buffer
	browser := probetest.Chromium(t, "--host-resolver-rules=MAP *.test "+address+",MAP * ~NOTFOUND", "--dump-dom", "http://report.test/page")
	browser.Stdout = &dom
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- browser.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(2 * time.Minute): // its first start writes a profile
		t.Fatal("the browser does not end")
	}
	mu.Lock()
	defer mu.Unlock()
	// A browser asks for an icon on its own account.
	asked = slices.DeleteFunc(asked, func(what string) bool { return what == "report.test/favicon.ico" })
	if !slices.Equal(asked, []string{"report.test/page"}) {
		t.Errorf("the page loads %q", asked)
	}
	doc, err := html.Parse(&dom)
	if err != nil {
		t.Fatal(err)
	}
	title, text := "", ""
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data == "title" && n.Parent.Parent.Data == "head":
			title = n.Data
		case n.Type == html.TextNode:
			text += n.Data + "\n"
		case n.Type == html.ElementNode && slices.Contains([]string{"script", "img", "iframe", "link", "object", "embed", "base", "a", "form"}, n.Data):
			t.Errorf("the page has an element %s", n.Data)
		}
	}
	if !strings.HasPrefix(title, "wsdoctor on ") {
		t.Errorf("a script ran: the title is %q", title)
	}
	seen := probes.Printable(attack)
	if n := strings.Count(text, seen); n < 10 {
		t.Errorf("what was seen stands %d times on the page, expected it in the causes, the findings, the plots and the table:\n%s", n, text)
	}
}
