# What people and machines do with this repository. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help run build test postgres-versions mutations sim soak bench bench-audit lint fmt proto-lint tools release reproducible sbom deny

# More options for `make run`: make run ARGS="--listen 127.0.0.1:6000"
ARGS ?=
# How many events `make bench-audit` writes
EVENTS ?= 10000000
# How long `make soak` goes on
MINUTES ?= 60
# How much `make sim` simulates: seeds, and steps of each.
SEEDS ?= 1000
STEPS ?= 2000

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build, and serve with the demo tenant and the embedded store in ./data
	cargo run --locked -- serve --demo $(ARGS)

build: ## Build the program for production: target/release/usher
	cargo build --release --locked
	scripts/no-trace.sh target/release/usher

release: ## Build a release: the same bytes wherever it is built, with its commit; prints its SHA-256
	scripts/release.sh

reproducible: ## Make two releases, in two folders, and compare them
	scripts/reproducible.sh

sbom: ## Say what the program is made of: target/sbom/usher.cdx.json (CycloneDX)
	scripts/sbom.sh

deny: ## Hold licenses, sources and duplicates of everybody's code against deny.toml
	scripts/cargo-tool.sh deny --locked check bans licenses sources

test: ## Run every test; installs what the tests need where it may, else says what to install
	scripts/postgres.sh
	scripts/tools.sh
	scripts/buf.sh --version >/dev/null
	scripts/prometheus.sh
	cargo test --locked --features failpoints
	scripts/mutations.sh
	scripts/worked-examples.sh

postgres-versions: ## Run the conformance suite of the stores on PostgreSQL 16, 17 and 18 too
	scripts/postgres-versions.sh

mutations: ## Show that the simulation finds known bugs: the patches of tests/mutations/
	scripts/mutations.sh

sim: ## Simulate the engine, with faults: make sim SEEDS=1000 STEPS=2000; USHER_SIM_FIRST=17 begins there
	USHER_SIM_SEEDS=$(SEEDS) USHER_SIM_STEPS=$(STEPS) cargo test --locked --features failpoints --test it \
		simulation::nothing_is_lost -- --nocapture

soak: ## Run the long tests, with fresh seeds, for a time: make soak MINUTES=60
	scripts/soak.sh $(MINUTES)

lint: ## Check the format, and everything that clippy knows
	cargo fmt --check
	cargo clippy --all-targets --features failpoints --locked -- -D warnings

bench: ## Measure: a call compared with one that does nothing, and decisions alone; writes the tables (docs/FIGURES.md)
	cargo bench --locked --bench ledger
	cargo bench --locked --bench work
	cargo bench --locked --bench service -- --write

bench-audit: ## Measure: pages of an audit of many events, on both stores: make bench-audit EVENTS=10000000
	cargo bench --locked --bench audit -- --events $(EVENTS)

fmt: ## Format the code
	cargo fmt

proto-lint: ## Lint the contract, and hold it against the released one
	scripts/proto-lint.sh

tools: ## Get the clients that the tests and the tour use, into .tools/
	scripts/tools.sh
	scripts/buf.sh --version
