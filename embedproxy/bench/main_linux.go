package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == "backend":
		err = backend(os.Args[2])
	case len(os.Args) > 1 && os.Args[1] == "load":
		err = loadMain(os.Args[2:])
	default:
		f := flag.NewFlagSet("bench", flag.ExitOnError)
		o := options{}
		f.StringVar(&o.binary, "wsdoctor", "bin/wsdoctor", "the program that is measured")
		f.IntVar(&o.rounds, "rounds", 5, "rounds")
		f.DurationVar(&o.each, "each", 3*time.Second, "time of each measurement")
		f.IntVar(&o.tunnels, "tunnels", 9500, "idle tunnels")
		f.StringVar(&o.only, "only", "", "run only the workloads whose names contain this")
		f.StringVar(&o.write, "write", "", "`file` whose figures are replaced")
		f.Parse(os.Args[1:])
		err = compare(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
