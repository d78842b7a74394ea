# wsdoctor. `make help` lists what can be made.

GO         ?= go
LDFLAGS    := -s -w $(if $(VERSION),-X main.version=$(VERSION))
BIN        := bin/wsdoctor
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME   ?= 30s
# Tests make network namespaces and meet real firewalls: those need root, and only those.
TESTEXEC   := $(if $(filter 0,$(shell id -u)),,-exec "sudo -E")

.DEFAULT_GOAL := help
.PHONY: help run build test testdeps check lint race fuzz bench bench-proxy cross imports

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build wsdoctor and open it
	@./$(BIN)

build: ## build bin/wsdoctor, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/wsdoctor

testdeps: ## install what the tests meet for real (apt, npm), where it is missing
	@.ci/testdeps

test: testdeps ## all tests, against real nginx, HAProxy, firewalls, terminals
	CI=1 $(GO) test $(TESTEXEC) -timeout 15m ./...

race: testdeps ## the tests again under the race detector
	CI=1 $(GO) test $(TESTEXEC) -race -timeout 15m ./...

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

bench-proxy: build ## the embedded proxy against nginx and HAProxy, pinned, interleaved (Linux; about 5 minutes)
	$(GO) run ./embedproxy/bench -wsdoctor $(BIN)

cross: ## compile for linux, darwin and windows
	@for os in linux darwin windows; do for arch in amd64 arm64; do \
	  echo "$$os/$$arch"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -o /dev/null ./cmd/wsdoctor || exit 1; \
	done; CGO_ENABLED=0 GOOS=$$os $(GO) vet ./... || exit 1; done
