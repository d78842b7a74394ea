package main

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the documents that are made from the program anew")

// TestMain lets the test binary be wsdoctor itself, for the tests that need it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	if address := os.Getenv(asEcho); address != "" {
		fmt.Fprintln(os.Stderr, echo(address))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// asMain is the environment variable that makes the test binary run as wsdoctor.
const asMain = "WSDOCTOR_TEST_MAIN"
