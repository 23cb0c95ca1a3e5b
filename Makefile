# Everything a developer types. `make up` and `make test` need only Go, make and git.
GO      ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL    := $(GO) tool -modfile=tools/go.mod
FUZZ    ?= 10s

export CGO_ENABLED = 0

.PHONY: build up test race lint vet staticcheck fmt cross bench eval fuzz e2e clean

build: ## bin/gander and bin/gander-hook
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/gander ./cmd/gander-hook

up: build ## install the hooks, show one alarm, watch
	bin/gander up

test: build ## every test that needs no network and no real agent
	$(GO) test ./...

race: ## the same, shorter, under the race detector; needs a C compiler
	CGO_ENABLED=1 $(GO) test -race -short ./...

vet:
	$(GO) vet ./...
	$(GO) vet -tags e2e ./e2e/...

staticcheck:
	$(TOOL) staticcheck ./...

fmt: ## rewrite; `make lint` only looks
	$(TOOL) gofumpt -w $$(git ls-files '*.go')

lint: vet staticcheck ## golangci-lint too, with the layer rules, when it is there
	@test -z "$$($(TOOL) gofumpt -l $$(git ls-files '*.go'))" || { $(TOOL) gofumpt -l $$(git ls-files '*.go'); echo 'run: make fmt'; exit 1; }
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; else echo 'golangci-lint is not installed: layer rules are checked by the tests'; fi

cross: ## every system we build for
	@for t in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64; do echo $$t; \
	  GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) vet ./... || exit 1; \
	  GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -o /dev/null ./cmd/gander || exit 1; done
	GOOS=windows GOARCH=amd64 $(GO) build ./...

bench: build ## the promises of docs/performance.md, each beside its reference
	$(GO) run ./bench

eval: ## recall and false alarms on a file of labelled calls: make eval FILE=calls.jsonl
	$(GO) run ./eval $(FILE)

fuzz: ## every fuzz target for $(FUZZ)
	@for p in $$($(GO) list ./internal/...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do echo "$$p $$f"; \
	    $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZ) $$p || exit 1; done; done

e2e: ## the real client against a stand-in for its model API; needs npm
	$(GO) test -tags e2e -count 1 -timeout 15m -v ./e2e/...

clean:
	$(GO) clean -testcache
