# For people: `make demo` and `make test`. Everything else is for maintainers.
#
# One profile (dev, see Cargo.toml) and always the whole workspace: `cargo -p` resolves other features and would build
# the query engine a second time. mold, where installed, links in a second.
SHELL := /bin/bash
MOLD := $(shell command -v mold 2>/dev/null)
CARGO := $(if $(MOLD),mold -run cargo,cargo)
BUILT := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help demo build test check alltests fuzz torture weeks bench release samples clean soak bench-versions bench-polls

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## Build, serve the sample feeds on loopback, pull them, write the bulletin into demo/
	@.ci/setup
	$(CARGO) build --workspace --bins
	$(BUILT)/debug/vigie demo --out demo

build: ## The quick build that demo and test share
	@.ci/setup
	$(CARGO) build --workspace --bins

test: ## Format, lints, all tests
	@.ci/setup --tests
	@$(MAKE) --no-print-directory check alltests

check: ## Format and lints only
	cargo fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings

alltests:
	$(CARGO) test --workspace --no-fail-fast

fuzz: ## Feed every reader made-up input: [TARGET=csv] [SECONDS=60] (see tests/fuzz/run)
	@tests/fuzz/run "$(TARGET)" "$(SECONDS)"

torture: ## What docs/reliability.md tells, tried again (ONLY="kills calls", ROUNDS=10000, SEED=7, LONG=1)
	@.ci/setup --torture
	$(CARGO) build --workspace --bins
	$(CARGO) test --workspace --test torture -- $(ONLY) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(if $(LONG),--long)

weeks: ## A year of bulletins through the accessibility checkers, each made twice (FEEDS=../shared/real/spf)
	@.ci/setup --tests
	$(CARGO) build --workspace --bins
	tests/weeks/run $(BUILT)/debug/vigie $(or $(FEEDS),../shared/real/spf)

bench: ## Figures of docs/benches.md (release: over an hour from nothing; PROFILE=dev: the quick build)
	@.ci/setup
	$(CARGO) bench --workspace --bench vigie $(if $(PROFILE),--profile $(PROFILE))

bench-polls: ## Ten thousand hourly polls on a clock of its own: what one costs at the end (release; PROFILE=dev: the quick build)
	@.ci/setup
	$(CARGO) bench --workspace --bench polls $(if $(PROFILE),--profile $(PROFILE))

soak: ## Many clients on the Postgres wire for a while, and how the memory of every process grows [CLIENTS=32] [MINUTES=10]
	@.ci/setup --tests
	$(CARGO) build --workspace --bins
	tests/clients/soak $(BUILT)/debug/vigie $(or $(CLIENTS),32) $(or $(MINUTES),10)

bench-versions: ## As-of questions over twenty million versions, Vigie and DuckDB in turns (installs DuckDB into a venv)
	@.ci/setup --python
	VIGIE_PYTHON="$${VIGIE_PYTHON:-$${XDG_CACHE_HOME:-$$HOME/.cache}/vigie/python/bin/python}" $(CARGO) bench --workspace --bench versions $(if $(PROFILE),--profile $(PROFILE))

release: ## An optimised binary (over an hour from nothing)
	@.ci/setup
	$(CARGO) build --release --workspace --bins

samples: ## Write the sample feeds anew (same seed, same bytes)
	$(CARGO) run --quiet -p vigie-samples -- write

clean: ## Remove the demo's folder
	rm -rf demo
