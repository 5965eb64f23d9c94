# What people and CI run. Needs Go, make and git; `make test` installs a browser if it
# finds none. Every other tool is pinned in a go.mod and built by Go itself. `make` lists the targets.

SHELL       := /bin/bash
.SHELLFLAGS := -o errexit -o nounset -o pipefail -c
.DEFAULT_GOAL := help

# Everything is pure Go: without cgo the binaries are static and no C compiler is needed.
export CGO_ENABLED ?= 0

# Tools have go.mods of their own, so that the product's dependencies stay few.
BUF       := go tool -modfile=deploy/tools/go.mod buf
GOTESTSUM := go tool -modfile=deploy/tools/go.mod gotestsum
LINT      := go tool -modfile=$(CURDIR)/deploy/tools/lint/go.mod golangci-lint
APILINT   := go run -C deploy/tools/apilint . $(CURDIR)/proto exceptions.yaml

# Modules below this one that hold Go code; `./...` does not reach them.
NESTED := $(sort $(patsubst %/,%,$(dir $(foreach mod,$(wildcard deploy/*/go.mod deploy/*/*/go.mod),$(wildcard $(dir $(mod))*.go)))))
BINARIES := ./services/couponlink/cmd/couponlink ./services/coupon/cmd/coupon \
	./services/tracking/cmd/tracking ./services/gateway/cmd/gateway

# The directory of the programs that tests start: services/internal/testprograms looks there.
TESTPROGRAMS := $(CURDIR)/bin/test
test test-browser test-deliveries faults race: export COUPONLINK_TEST_PROGRAMS = $(TESTPROGRAMS)

# The time limit of one package's tests, and how much each fuzzer runs: a count and not a time, since a
# fuzzer of Go 1.26 that is ended by the clock may report that as a failure (go.dev/issue/75804).
TESTTIMEOUT ?= 15m
FUZZTIME    ?= 50000x

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: ## Start everything in one process; COUPONLINK_DEMO=1 adds sample data.
	@mkdir -p bin && go build -o bin/ ./services/couponlink/cmd/couponlink && exec bin/couponlink

.PHONY: build
build: ## Build the binaries into bin/.
	@mkdir -p bin
	go build -trimpath -ldflags='-s -w' -o bin/ $(BINARIES) ./services/couponlink/cmd/healthcheck

.PHONY: check
check: lint gen-check test ## All that must pass before a commit: lint, generated code, tests.

# The programs that tests start are built first, so builds don't count against a test's time limit.
# With MONGODB_URI set the tests use that server, and the engine is not needed.
.PHONY: test-programs
test-programs:
	@mkdir -p $(TESTPROGRAMS)
	@go build -o $(TESTPROGRAMS)/ $(BINARIES) ./services/e2e/testdata/curl
	@if [ -z "$${MONGODB_URI:-}" ]; then echo "building the MongoDB test engine" && go build -C deploy/tools/mongoengine -o $(TESTPROGRAMS)/ .; fi

# If no browser can be installed, the console's tests fail and say so; the others still run.
.PHONY: browser
browser:
	@deploy/browser/install-chromium || true

.PHONY: test
test: test-programs browser ## Run all tests and list the slowest; MONGODB_URI=… runs the MongoDB ones on a real server.
	@TESTTIMEOUT=$(TESTTIMEOUT) deploy/tools/run-tests

.PHONY: test-ahead
test-ahead: ## Run the tests with the clock a year ahead: those that fail have dates that expire.
	@deploy/tools/clock-ahead $(MAKE) --no-print-directory test

BROWSERTEST ?=

# Go cannot see which product these tests start, so it must not cache their results.
.PHONY: test-browser
test-browser: test-programs browser ## Test the console in a browser; BROWSERTEST=(one|another) picks.
	@go test -C deploy/browser -count=1 -timeout $(TESTTIMEOUT) -run 'TestConsole/$(BROWSERTEST)' ./...

DELIVERIES ?= 100000

.PHONY: test-deliveries
test-deliveries: test-programs ## Send DELIVERIES (100000) to fifty endpoints, kill the process three times, print delays and memory.
	COUPONLINK_TEST_DELIVERIES=$(DELIVERIES) go test -v -count=1 -timeout $(TESTTIMEOUT) -run '^TestDeliveryLoad$$' ./services/e2e

.PHONY: faults
faults: test-programs ## Run the tests of kills, stops, clocks, disks and hung services at full length; print what they measured.
	@deploy/tools/faults

.PHONY: race
race: export CGO_ENABLED = 1
race: TESTTIMEOUT = 30m
race: test-programs ## Run the tests under the race detector (needs a C compiler).
	@$(GOTESTSUM) --format standard-quiet -- -race -timeout $(TESTTIMEOUT) ./...

.PHONY: fuzz
fuzz: ## Run each fuzzer for FUZZTIME (50000x inputs).
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' services | sed 's|/[^/]*_test.go:func | |' | sort -u | \
	while read -r dir target; do \
		echo "fuzz $$dir $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "./$$dir" </dev/null; \
	done

# Ten times as many draws as `make test` makes, from a new seed each time.
CHECKS ?= 1000
SEED   ?= $(shell date +%s)

.PHONY: properties
properties: ## Run the property tests with CHECKS (1000) new draws each, from SEED.
	@echo "seed $(SEED)" && dirs=$$(grep -rl --include='*_test.go' 'propertytest\.Check(' services | xargs -n1 dirname | sort -u | sed 's|^|./|') && \
	go test -timeout 60m $$dirs -rapid.seed=$(SEED) -rapid.checks=$(CHECKS)

.PHONY: bench
bench: ## Measure the hot paths beside bare ceilings and print the ratios; MONGODB_URI=… measures on that server.
	@go run ./services/bench

.PHONY: bench-reports
bench-reports: ## Measure reports over 1,000,000 conversions and 5,000,000 clicks beside a hundredth of them.
	@go run ./services/tracking/internal/reportbench $(if $(BENCHDIR),-dir $(BENCHDIR))

# How long schemathesis calls the product, in seconds. The rest takes two minutes, or four if the tools are not installed.
SCHEMATHESIS_SECONDS ?= 180

.PHONY: clients
clients: ## Lint the OpenAPI document, generate and compile clients, run the examples with them, and call everything.
	@SCHEMATHESIS_SECONDS=$(SCHEMATHESIS_SECONDS) deploy/clients/check

.PHONY: lint
lint: ## Lint Go and protos, and refuse breaking changes of the API.
	$(LINT) run
	@for dir in $(NESTED); do echo "golangci-lint in $$dir"; (cd "$$dir" && $(LINT) run); done
	$(BUF) lint
	$(BUF) format --diff --exit-code
	$(APILINT)
	BUF='$(BUF)' deploy/tools/breaking

.PHONY: fmt
fmt: ## Format Go and protos.
	$(LINT) fmt
	$(BUF) format --write

.PHONY: gen
gen: ## Generate code and the OpenAPI document from the protos.
	$(BUF) generate

# The list of robots is third-party data. After an update, the tests check that it still tells the agents apart.
ISBOT ?= 5.2.3

.PHONY: robots
robots: ## Update the list of robots from npm's isbot, version ISBOT (5.2.3); needs npm.
	deploy/tools/robots $(ISBOT) services/tracking/internal/domain/robots

# Generates beside the tree and compares: nothing is written to it, and no git is needed. A file too
# many in gen/ is found as well as one too few.
.PHONY: gen-check
gen-check: ## Fail if what is generated is not what is committed.
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(BUF) generate --output "$$fresh" && \
	for part in go openapi; do \
		diff -r "gen/$$part" "$$fresh/gen/$$part" || { echo "gen/$$part is not what the protos generate: run make gen" >&2; exit 1; }; \
	done && echo "generated code is up to date"
