# The two commands a newcomer needs are `make demo` and `make test`.
SHELL := /bin/sh
export PATH := $(HOME)/.cargo/bin:$(PATH)
export PICKET_CORPUS ?= $(abspath ../shared)
CARGO ?= cargo
ONCE ?=

.PHONY: help demo test setup setup-policy setup-peers setup-release setup-packages build packages static check soak bench fmt clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

setup: ## install what building needs
	@packaging/setup.sh

setup-policy:
	@packaging/setup.sh policy

setup-peers: ## install the peers that tests and benches compare with
	@packaging/setup.sh peers

setup-release:
	@packaging/setup.sh release

setup-packages:
	@packaging/setup.sh packages

build: setup ## build both programs
	@$(CARGO) build --locked --workspace

demo: build ## the whole line on this machine; ONCE=1 ends by itself
	@$(CARGO) run --locked -q -p picket-tests --bin demo -- $(if $(ONCE),--once)

test: build ## every test; prints how many were skipped and why
	@packaging/test.sh

packages: setup-packages ## .deb and .rpm of both programs, with bills of materials, in target/packages
	@packaging/packages.sh

static: setup-release ## both programs without shared libraries, for old hosts, in target/static
	@packaging/static.sh

check: setup-policy ## formatting, lints, documents, dependency policy
	@packaging/check.sh

bench: setup-release ## benches: ratios measured side by side in one run
	@packaging/bench.sh

soak: build ## long runs: fuzzing, full fault scale (an hour; SOAK_SECONDS a fuzz target, default 60)
	@packaging/soak.sh

fmt:
	@$(CARGO) fmt --all

clean:
	@$(CARGO) clean
