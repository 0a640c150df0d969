# Everything a person needs: `make run`, `make test`. Both set up what they need, and are quick the second time.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo podman-compose)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOURCES := $(shell find web hatch_build.py docs/openapi.json -type f -not -path '*/node_modules/*' -not -name schema.d.ts 2>/dev/null)
say = @printf '\033[1m%s\033[0m\n' $(1)

.PHONY: help run cluster test check bench lint types page lock openapi machine compose deploy clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/installed ## Set up what is missing and serve on http://localhost:8000
	@exec $(BIN)/noughts serve

cluster: $(VENV)/tested $(VENV)/installed ## Serve the same from a whole cluster: PostgreSQL, two replicas of each service, Envoy
	@exec $(BIN)/noughts cluster

test: $(VENV)/clouded $(VENV)/cognito-local/installed $(VENV)/installed machine ## Set up what is missing and run everything the README promises
	$(call say,"Checking the code and the page")
	@$(MAKE) --no-print-directory lint types page
	$(call say,"Testing with real servers and databases and a real browser (about half an hour)")
	@$(BIN)/python -m pytest

check: $(VENV)/tested $(VENV)/installed ## The part of the tests for every change: under three minutes
	@$(MAKE) --no-print-directory lint types page
	@$(BIN)/python -m pytest -q -m "not slow" --ignore=tests/browser --ignore=tests/cli --ignore=tests/security --ignore=tests/faults

lint:
	@$(BIN)/ruff format --check --quiet src tests bench examples infra hatch_build.py
	@$(BIN)/ruff check --quiet src tests bench examples infra hatch_build.py
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 3

types:
	@$(BIN)/mypy

page: $(VENV)/installed
	@cd web && export PATH="$(CURDIR)/$(BIN):$$PATH" && node --run check && node --run test

bench: $(VENV)/tested $(VENV)/installed ## Measure it beside its peers; writes docs/benchmarks.md
	@$(BIN)/python -m bench

openapi: $(VENV)/installed ## Write docs/openapi.json anew from the route tables
	@$(BIN)/noughts openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

lock: $(VENV)/made ## Resolve the dependencies and write requirements/; UPGRADE=--upgrade takes the newest of all
	@$(PIP) uv
	@for group in run test image build envoy aws; do \
	  case $$group in run) more= ;; image) more="--extra cognito --extra events --extra traces --constraint requirements/test.txt" ;; build|envoy) more="--group $$group" ;; \
	    test) more="--all-extras --group build --group test" ;; aws) more="--group aws --constraint requirements/test.txt" ;; esac; \
	  project=$$([[ $$group =~ build|envoy|aws ]] || echo pyproject.toml); \
	  $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header $$project $$more -o requirements/$$group.txt || exit 1; \
	done

compose: ## Run a whole cluster in containers on http://localhost:8080 (Docker, or podman and podman-compose)
	@sh infra/secrets.sh
	@$(COMPOSE) -f infra/compose.yaml up --build --detach
	@echo "Noughts is at http://localhost:8080 in a moment. To stop it: $(COMPOSE) -f infra/compose.yaml down"

deploy: $(VENV)/clouded $(VENV)/installed ## Show what would change on AWS, ask, and do it (docs/aws.md; needs credentials)
	@$(BIN)/python infra/aws/deploy.py $(ARGS)

clean: ## Remove what the commands made (not your data)
	@rm -rf $(VENV) .bench src/noughts/gateway/page web/node_modules .mypy_cache .ruff_cache .pytest_cache

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Noughts needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(call say,"Making $(VENV) with $$($(PYTHON) --version)")
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python cannot make environments here. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/equipped: $(VENV)/made requirements/run.txt requirements/build.txt
	$(call say,"Installing the locked packages (under a minute)")
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/tested: $(VENV)/equipped requirements/test.txt
	$(call say,"Installing what the tests need (a minute or two)")
	@$(PIP) --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/clouded: $(VENV)/tested requirements/aws.txt
	$(call say,"Installing what describes the AWS deployment (430 MB, a minute)")
	@$(PIP) --require-hashes -r requirements/aws.txt
	@touch $@

# npm is run as the build hook does it: by the node of a package.
NPM = import os, hatch_build; node, npm = map(str, hatch_build.find_node()); \
  os.environ["PATH"] = os.path.dirname(node) + os.pathsep + os.environ["PATH"]; \
  os.execv(node, [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])

$(VENV)/cognito-local/installed: $(VENV)/equipped tests/cognito/package-lock.json
	$(call say,"Installing the emulator of Cognito that runs in Node (130 MB)")
	@mkdir -p $(@D) && cp tests/cognito/package.json tests/cognito/package-lock.json tests/cognito/.npmrc $(@D)
	@cd $(@D) && PYTHONPATH="$(CURDIR)" "$(CURDIR)/$(BIN)/python" -c '$(NPM)'
	@touch $@

$(VENV)/installed: $(VENV)/equipped pyproject.toml $(SOURCES)
	$(call say,"Building the web page and installing Noughts (half a minute)")
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

# Programs, each in the Debian package of its name.
DEBIAN := chromium redis-server podman runc netavark aardvark-dns iptables debootstrap

machine: ## Install what the tests need from Debian: the browser, Redis, Prometheus, what runs containers
	@missing=; for one in $(DEBIAN); do \
	  PATH="$$PATH:/usr/sbin:/usr/lib/podman:/usr/libexec/podman" command -v $$one >/dev/null || missing="$$missing $$one"; \
	done; [ -z "$$missing" ] || { \
	  printf '\033[1m%s\033[0m\n' "Installing from Debian:$$missing (a minute)"; \
	  if [ "$$(id -u)" = 0 ]; then root=; else root="sudo -n"; fi; \
	  command -v apt-get >/dev/null && $$root apt-get update -qq && \
	    $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null || \
	    { echo "The tests need these programs:$$missing. Install them, then run this again."; exit 1; }; }
	@command -v promtool >/dev/null || test -x $(VENV)/prometheus/usr/bin/promtool || { \
	  printf '\033[1m%s\033[0m\n' "Fetching Prometheus for the tests, beside the packages: nothing is started (20 MB)"; \
	  (cd $(VENV) && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb prometheus && rm prometheus_*.deb) || \
	    echo "Prometheus cannot be had here: what only it can test is left out."; }
