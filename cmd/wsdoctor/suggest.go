package main

import (
	"fmt"

	"example.com/wsdoctor/probes"
)

// didYouMean ends an error about a name that does not exist with the one that was meant, if there is one.
func didYouMean(word string, known []string) string {
	if near, ok := probes.Nearest(word, known); ok {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
