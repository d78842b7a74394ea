package screens

import (
	"testing"

	_ "example.com/wsdoctor/tui/early"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
