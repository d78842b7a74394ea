// h2spec (https://github.com/summerwind/h2spec) asks an HTTP/2 server what its specification demands. It is a module of
// its own so that the program's own go.mod does not know it. Later versions than this cannot be had as Go modules.
module example.com/wsdoctor/embedproxy/testdata/h2spec

go 1.26.0

tool github.com/summerwind/h2spec/cmd/h2spec

require github.com/summerwind/h2spec v2.2.1+incompatible // indirect

require golang.org/x/net v0.59.0 // indirect

require github.com/spf13/cobra v1.10.2 // indirect

require (
	github.com/fatih/color v1.19.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
)
