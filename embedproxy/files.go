package embedproxy

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// WatchFiles calls changed when one of the files has another size or time than before, until ctx ends. While one is
// missing it waits: it is being replaced. It looks at them every so often: asking the file system costs nothing, and
// unlike a watch it sees through the renamed symbolic links with which Kubernetes and certbot replace files.
func WatchFiles(ctx context.Context, every time.Duration, files func() []string, changed func()) {
	seen := mark(files())
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if now := mark(files()); now != "" && now != seen {
			seen = now
			changed()
		}
	}
}

// mark is what changes when a file does; "" where one is missing.
func mark(files []string) string {
	var b strings.Builder
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return ""
		}
		fmt.Fprintln(&b, f, info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}
