# make test: sets everything up and runs everything.   make check: what needs no set-up.
SHELL := /bin/bash
GO ?= go
FUZZTIME ?= 30s

.PHONY: build demo test check setup lint fmt bench fuzz procs clean

build: # without cgo: a program that needs no library, and 1.5 MB less of memory
	CGO_ENABLED=0 $(GO) build -o bin/minicf ./cmd/minicf
	@apps/spring/jars.sh 2>/dev/null || true # where Debian's Spring is installed

demo:
	$(GO) run ./cmd/minicf demo --yes

setup: build
	bin/minicf doctor --install --yes ruby rails node npm python python-web php java tomcat erlang shell archivers
	bin/minicf doctor --install --yes ruby-tests
	-bin/minicf doctor --install --yes java-tests # only Debian has all of it; elsewhere these tests skip
	-apps/spring/jars.sh

test: setup
	$(GO) vet ./...
	$(GO) test -p 1 -timeout 15m ./... # one package at a time: they start real JVMs, Rubies and DEAs

check:
	test -z "$$(gofmt -l $$(git ls-files '*.go'))"
	$(GO) vet ./...
	$(GO) test -short ./...

lint:
	$(GO) tool -modfile=tools.mod golangci-lint run

bench:
	$(GO) test -run '^$$' -bench . ./stager ./droplet ./router ./bus ./dea/... ./healthmanager ./controller/v3 ./sandbox ./apps ./cmd/minicf

fuzz:
	@$(GO) list ./... | while read -r p; do for f in $$($(GO) test -list '^Fuzz' $$p | grep ^Fuzz); do \
	  echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

procs: build
	GOREMAN_RPC_ADDR=127.0.0.1 $(GO) tool goreman -set-ports=false start

clean:
	rm -rf bin .minicf
