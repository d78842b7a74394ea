# wsdoctor. `make help` lists what can be made.

GO         ?= go
# As the program ships; the race detector alone needs cgo. One setting for all that is made compiles each package once.
export CGO_ENABLED = 0
LDFLAGS    := -s -w $(if $(VERSION),-X main.version=$(VERSION))
BIN        := bin/wsdoctor
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
NFPM       := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.44.1
FUZZTIME   ?= 30s
PREFIX     ?= /usr/local
STAGE      := dist/stage
# Tests make network namespaces and meet real firewalls: those need root, and only those.
# Many tests wait, for silence, for a firewall, for a database: with as many packages at once as there are processors half
# of the time nobody computes. Vet is lint's.
TESTFLAGS  := -vet=off -timeout 15m -p $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2) -parallel 4
NOTUNDERRACE = $(shell awk '!/^\#/ { i = index($$2 "/", "/"); printf "%s^%s$$%s", sep, substr($$2, 1, i-1), substr($$2, i); sep = "|" }' .ci/not-under-race)
TESTEXEC   := $(if $(filter 0,$(shell id -u)),,-exec "sudo -E")

.DEFAULT_GOAL := help
.PHONY: help run build test testdeps check lint race fuzz bench bench-screens bench-proxy bench-capacity screenshots cross imports install uninstall dist packages

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build wsdoctor and open it
	@./$(BIN)

build: ## build bin/wsdoctor, one static binary
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/wsdoctor

testdeps: ## install what the tests meet for real (apt, npm), where it is missing
	@.ci/testdeps

test: testdeps ## all tests, against real nginx, HAProxy, firewalls, terminals
	CI=1 $(GO) test $(TESTEXEC) $(TESTFLAGS) ./...

race: testdeps ## the tests again under the race detector, but for those in .ci/not-under-race
	CI=1 CGO_ENABLED=1 $(GO) test $(TESTEXEC) $(TESTFLAGS) -race -skip '$(NOTUNDERRACE)' ./...

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l . | grep -v node_modules)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

imports: ## which package may import which
	$(GO) test -count=1 -run '^TestImports$$' ./cmd/wsdoctor

check: lint test race cross ## everything CI runs

fuzz: ## every fuzz target for FUZZTIME each
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; \
	done

bench: build ## TIME_WAIT reader against ss, gopsutil and /proc; start, check and lint times; `wait` (needs root, 3 minutes)
	$(GO) run $(TESTEXEC) ./probes/ports/bench -bar 0.25
	$(GO) run $(TESTEXEC) ./probes/ports/bench -wait $(BIN)
	.ci/bench-start $(BIN)
	.ci/bench-lint $(BIN)

bench-screens: build ## first screen, answer to a key, idle CPU of each screen, and what a line of 9,600 baud makes of them (Linux; 4 minutes)
	$(GO) run ./tui/bench -start 100ms -key 50ms -cpu 2 $(BIN)

bench-proxy: build ## the embedded proxy against nginx and HAProxy, pinned, interleaved (Linux; about 7 minutes)
	$(GO) run ./embedproxy/bench -wsdoctor $(BIN)

bench-capacity: build ## memory of 15,000 held tunnels, below 200 MB (Linux; a minute)
	.ci/bench-capacity $(BIN)

# Vet for Linux is lint's. Without -trimpath and the debugger's tables: what vet has compiled serves here too.
screenshots: ## the pictures of the README as SVG, from the real program in a terminal (needs root)
	docs/pictures/make.sh

cross: ## compile for linux, darwin and windows
	@for os in linux darwin windows; do \
	  [ $$os = linux ] || GOOS=$$os $(GO) vet ./... || exit 1; \
	  for arch in amd64 arm64; do \
	    echo "$$os/$$arch"; \
	    GOOS=$$os GOARCH=$$arch $(GO) build -ldflags '-s -w' -o /dev/null ./cmd/wsdoctor || exit 1; \
	  done; \
	done

install: build ## the program, its manual pages and completions below $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/wsdoctor
	mkdir -p $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	./$(BIN) man $(DESTDIR)$(PREFIX)/share/man/man1
	./$(BIN) completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/wsdoctor
	./$(BIN) completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_wsdoctor
	./$(BIN) completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/wsdoctor.fish

uninstall: ## take back what install wrote
	rm -f $(DESTDIR)$(PREFIX)/bin/wsdoctor $(DESTDIR)$(PREFIX)/share/man/man1/wsdoctor.1 $(DESTDIR)$(PREFIX)/share/man/man1/wsdoctor-*.1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/wsdoctor $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_wsdoctor \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/wsdoctor.fish

dist: ## one binary for each system, and SHA256SUMS, in dist/ (VERSION=1.2.3 sets the version)
	mkdir -p dist
	@for t in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do \
	  os=$${t%/*}; arch=$${t#*/}; out=dist/wsdoctor-$$os-$$arch; [ $$os = windows ] && out=$$out.exe; \
	  echo $$out; GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $$out ./cmd/wsdoctor || exit 1; \
	done
	cd dist && sha256sum wsdoctor-* >SHA256SUMS

packages: dist ## .deb and .rpm for amd64 and arm64 in dist/ (VERSION=1.2.3)
	@test -n "$(VERSION)" || { echo "say which version: make packages VERSION=1.2.3"; exit 1; }
	@for arch in amd64 arm64; do \
	  rm -rf $(STAGE); $(MAKE) --no-print-directory install DESTDIR=$(STAGE) PREFIX=/usr VERSION=$(VERSION) || exit 1; \
	  install -m 755 dist/wsdoctor-linux-$$arch $(STAGE)/usr/bin/wsdoctor; gzip -9nf $(STAGE)/usr/share/man/man1/*.1; \
	  for kind in deb rpm; do ARCH=$$arch VERSION=$(VERSION) $(GO) run $(NFPM) package -f .release/nfpm.yaml -p $$kind -t dist/ || exit 1; done; \
	done; rm -rf $(STAGE)
	cd dist && sha256sum wsdoctor* >SHA256SUMS
