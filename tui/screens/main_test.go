package screens

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"

	_ "example.com/wsdoctor/tui/early"
	"go.uber.org/goleak"
)

// holdEnv makes the test binary a program that holds the address it names. A second word says that it does not end at
// SIGTERM.
const holdEnv = "WSDOCTOR_TEST_HOLD"

func TestMain(m *testing.M) {
	if address, ok := os.LookupEnv(holdEnv); ok {
		hold(address)
		return
	}
	goleak.VerifyTestMain(m)
}

func hold(address string) {
	if os.Getenv(holdEnv+"_STUBBORN") != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("holds", l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		c.Close()
	}
}
