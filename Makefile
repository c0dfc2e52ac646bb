# Fabricbook. `make run` is the main job, `make test` runs every test; both set up what they need.

DATA ?= .data
VENV ?= .venv
VENV_TEST ?= .venv-test
PORT ?= 8888
ARTIFACTS ?= artifacts
FUZZTIME ?= 20s
GO ?= go
TOOL := $(GO) tool -modfile=.ci/tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help run build test test-go test-race test-python bench lint fmt fuzz generate clean prerequisites prerequisites-test venv-test

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: prerequisites build ## open the first notebook: fabric, kernel and JupyterLab on this machine
	@exec bin/fabricbook lab --data $(DATA) --venv $(VENV) --port $(PORT) $(RUNFLAGS)

build: ## build bin/fabricbook
	@[ -x bin/fabricbook ] || echo "  … building bin/fabricbook; the first time takes a few minutes"
	@$(GO) build -trimpath -o bin/fabricbook ./cmd/fabricbook

prerequisites:
	@.ci/prerequisites run

prerequisites-test:
	@.ci/prerequisites test

test: prerequisites-test build test-go test-python ## run every test

test-go:
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...

test-race: prerequisites-test ## run the Go tests with the race detector
	$(GO) test -race -p 1 -timeout 40m -gcflags=all=-d=checkptr=0 ./...

venv-test: $(VENV_TEST)/.stamp

$(VENV_TEST)/.stamp: .ci/requirements-test.txt
	@echo "setting up the test tools in $(VENV_TEST)"
	@python3 -m venv --clear $(VENV_TEST)
	@$(VENV_TEST)/bin/python -m pip install -q --disable-pip-version-check --no-input --require-hashes -r .ci/requirements-test.txt
	@touch $@

test-python: prerequisites-test build venv-test
	@mkdir -p $(ARTIFACTS)
	ARTIFACTS=$(abspath $(ARTIFACTS)) VENV=$(abspath $(VENV)) FABRICBOOK_KERNEL=$(abspath bin/fabricbook) PYTHONPATH=.ci $(VENV_TEST)/bin/python -m pytest -q -p no:cacheprovider -p require_live --timeout 1200 cmd/fabricbook/e2e kernel/conformance

bench: build venv-test ## measure: cell round trip against ipykernel, compile and apply of one more port
	@VENV_TEST=$(VENV_TEST) .ci/bench

lint: ## golangci-lint, at the version that .ci/tools pins
	$(TOOL) golangci-lint run ./...

fmt: ## format the Go files
	$(TOOL) golangci-lint fmt ./...

fuzz: ## run each fuzz target for FUZZTIME
	@$(GO) list -f '{{.Dir}}' ./... | while read -r d; do \
	  grep -lsE '^func Fuzz' $$d/*_test.go | xargs -r sed -nE 's/^func (Fuzz[A-Za-z0-9_]+).*/\1/p' | sort -u | while read -r f; do \
	    echo "$$f in $${d#$(CURDIR)/}"; (cd $$d && $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) .) || exit 1; \
	  done || exit 1; done

generate: ## write generated files anew
	$(GO) generate ./...

clean: ## remove what the targets built (not the data)
	rm -rf bin $(VENV) $(VENV_TEST) $(ARTIFACTS)
