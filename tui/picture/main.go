// Command picture writes what a terminal shows as SVG: from `tmux capture-pane -e -p` on standard input to standard output. It
// knows the look that the screens use (bold, faint, reverse, 16 colours) and no cursor movement: a capture has none.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	in, err := io.ReadAll(os.Stdin)
	if err == nil {
		_, err = os.Stdout.WriteString(SVG(string(in)))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "picture: %v\n", err)
		os.Exit(1)
	}
}
