//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: the comparison reads /proc and pins processes to cores: it runs on Linux alone")
	os.Exit(1)
}
