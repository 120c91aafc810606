# Two commands do everything on a fresh Debian 12 with the Swift tool chain: make testnet, make test.
# YES=1 (or CI) answers the one question. ARGS is handed to haca testnet up and haca-bench.
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help testnet test build engine packages bench soak proto format lint clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

testnet: packages engine build ## Install what is missing, build, and run a local network until ^C (ARGS="--ports auto")
	@exec .build/release/haca testnet up $(ARGS)

test: packages engine ## Build and run every test: Swift, conformance, interop, end to end
	@Deploy/test.sh

build: packages ## Build everything in release
	@swift build -c release

engine: packages ## Make .venv with the bundled model and its engine
	@Deploy/setup/engine.sh

packages:
	@Deploy/setup/packages.sh

bench: packages engine build ## Measure against the goals and the peers, and print the tables
	@Deploy/bench.sh $(ARGS)

soak: packages engine build ## Fuzz and long runs, bounded and resumable; appends to Tests/SOAK.md (SECONDS_EACH=300)
	@Deploy/soak.sh

proto: packages ## Generate the Swift code of Proto/*.proto
	@Proto/generate.sh

format: ## Format the Swift sources
	@Deploy/sources.sh swift | xargs -0 swift format --in-place --parallel

lint: ## Check format, file lengths, shell scripts, Python, and words that must not stand in sources
	@Deploy/lint.sh

clean: ## Remove everything that was built or installed here; networks stay
	@rm -rf .build .venv .venv-interop .venv-litellm
