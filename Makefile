# Attimo: everything that a person types. `make` alone lists it.
# PROFILE=dev builds fast and is what the tests use; PROFILE=release is what is shipped.

PROFILE ?= dev
ARGS ?=
FOLDER := $(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
BIN := target/$(FOLDER)
WEB := server/web

.DEFAULT_GOAL := help
.PHONY: deb package-test coldstart help demo test check build web need deploy-config coverage accuracy crowd accuracy-live screenshot bench peers-decode fuzz fuzz-ci canary faults backlog intake clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Build everything and run a whole shop; ARGS="--for 120s --headless" for a short look
	$(BIN)/attimo-sim demo $(ARGS)

build: web ## Build the page and the three programs
	cargo build --locked --profile $(PROFILE) --workspace

web: ## Build the page; without Node the programs are built without it and say so
	@scripts/web.sh

need: ## Install what the tests need, or list it
	@scripts/need.sh

test: need ## Run all tests; the last line counts them
	@scripts/test.sh

check: ## Format, lints, laws, documents and licences
	@scripts/check.sh

deb: web ## Make the Debian packages in target/debian; ARGS="--programs gateway" for one, ARGS="--arch arm64" for another machine
	@scripts/deb.sh $(ARGS)

package-test: build ## Look into the packages, and install, upgrade, remove and purge them under a systemd of their own
	tests/package/run.sh $(BIN)

coldstart: ## Time a box from its start to its first batch acknowledged; ARGS=100 for more starts
	cargo build --locked --release -p gateway
	cargo run --locked --release -p tests --example coldstart -- $(or $(ARGS),20)

deploy-config: ## Write the commented configuration templates into deploy/config
	cargo build --locked --workspace
	$(BIN)/attimo-server config template > deploy/config/server.toml
	$(BIN)/attimo-gateway config template > deploy/config/gateway.toml

accuracy: ## Measure positions on all recordings beside what others do, into docs/accuracy.md
	@scripts/accuracy.sh

accuracy-live: build ## Replay one recording against a running gateway and score the positions
	@scripts/accuracy-live.sh

crowd: ## Judge a crowd of 200 among metal shelves on virtual time, and write its table into docs/accuracy.md
	cargo run --locked --release -p tests --example crowd -- --into docs/accuracy.md $(ARGS)

bench: ## Time a position update, a zone look-up and decoding, each beside its floor
	cargo bench --locked -p locate --bench update --bench zones
	cargo bench --locked -p wire --bench decode

peers-decode: ## Time peers' decoders beside ours on the same bytes; they are installed into a temporary folder
	@scripts/peers-decode.sh

fuzz: ## Run 10 million spoilt messages through every decoder; SECONDS=60 for so much processor time each, ARGS="--runs 1000000 --target air" for less
	cargo run --locked --release -p wire --example fuzz -- --seed $(shell date +%s) $(or $(ARGS),$(if $(SECONDS),--seconds $(SECONDS),--runs 10000000))
	$(if $(ARGS),@true,cargo run --locked --release -p gateway --example fuzz-gateway -- --seed $(shell date +%s) $(if $(SECONDS),--seconds $(SECONDS),--runs 10000000))

fuzz-ci: ## The same for 60 s of processor time each, as many decoders at a time as there are cores
	$(MAKE) fuzz SECONDS=60

canary: ## Let the box hear a million adverts in each mode, and look for their addresses in all that is written, sent or shown
	cargo build --locked --release -p gateway -p server
	cargo run --locked --release -p tests --example canary -- $(or $(ARGS),1000000)

faults: ## Kill the box 200 times in half an hour; ARGS="20 180" for less
	cargo build --locked --release -p gateway -p server
	cargo run --locked --release -p tests --example faults -- $(or $(ARGS),200 1800)

backlog: ## Send up what a box kept in a day without a line, and time what is new meanwhile
	cargo build --locked --release -p gateway -p server
	cargo run --locked --release -p tests --example backlog -- $(or $(ARGS),172800)

intake: ## Time what the box takes in over MQTT on one core, and measure its memory with 5,000 transmitters in range
	cargo build --locked --release -p gateway
	cargo run --locked --release -p tests --example intake -- $(or $(ARGS),--rate 20000 --seconds 30)
	cargo run --locked --release -p tests --example intake -- --rate 20000 --seconds 30 --transmitters 5000

coverage: ## Count the lines that the tests reach
	@scripts/coverage.sh

screenshot: build ## Make the picture of the live page in docs/images
	cd tests/browser && npm ci --no-audit --no-fund && node shot.mjs

clean: ## Remove everything that was built
	cargo clean
	rm -rf $(WEB)/dist $(WEB)/node_modules tests/browser/node_modules
