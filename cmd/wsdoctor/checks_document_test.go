package main

import (
	"os"
	"testing"
)

// TestChecksDocument: docs/checks.md says what the rules say.
func TestChecksDocument(t *testing.T) {
	const file = "../../docs/checks.md"
	code, want, stderr := command(t.Context(), "explain", "--markdown")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("docs/checks.md is not what the rules say (%v): go test ./cmd/wsdoctor -run TestChecksDocument -update", err)
	}
}
