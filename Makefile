# The one door. `make` alone prints the map; every target does the set-up it needs, so a fresh clone
# needs only Python 3.11, Node.js 20.19 with npm, git and make.

PYTHON ?= python3
BIN := backend/.venv/bin
ARGS ?=
TESTCLUSTER := cd deploy && ../$(BIN)/python -m testcluster

# Tests start hundreds of programs: without compiled modules each of them costs seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test check generate bench bench-smoke e2e chaos kind kind-down cluster-up test-cluster cluster-down clean

help: ## print this map
	@echo "OpenCode Project Manager"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## everything development needs: environments, front end, OpenCode
	@$(PYTHON) scripts/setup.py dev

run: ## serve the product on this machine and print its address (ARGS="--port 8080")
	@$(PYTHON) scripts/setup.py run
	@exec $(BIN)/opm serve $(ARGS)

test: setup ## all tests: back end, real OpenCode, real browser, front end (ARGS="-k board")
	@cd backend && .venv/bin/python -m pytest $(ARGS)
	@cd frontend && npm test

check: setup ## format, lint, types, contracts, tests, generated files: all a change must pass
	@$(BIN)/python scripts/check.py $(ARGS)

generate: setup ## rewrite what is derived: OpenAPI, browser types, reference pages
	@$(BIN)/python scripts/generate.py

bench: setup ## measure the hot paths against their references
	@cd backend && .venv/bin/python -m bench $(ARGS)

bench-smoke: setup ## the same with tiny loads: does the bench still run?
	@cd backend && .venv/bin/python -m bench --smoke

e2e: setup ## only the stories in a real browser against the real OpenCode
	@cd backend && .venv/bin/python -m pytest -m browser $(ARGS)

chaos: setup ## several controllers, killed, paused and cut off while they work (OPM_CHAOS_KILLS=200 for more)
	@cd backend && .venv/bin/python -m pytest -m chaos -s $(ARGS)

kind: ## a cluster of your own with all of it, by Docker, kind and kubectl
	@deploy/kind/up.sh

kind-down: ## take that cluster and its secrets away
	kind delete cluster --name opm
	rm -rf deploy/kustomize/overlays/kind/secrets

cluster-up: setup ## a real Kubernetes on this machine with our images in it (root; Debian; ARGS="--no-images")
	@$(TESTCLUSTER) up $(ARGS)

test-cluster: setup ## the tests on that cluster, or on the one that KUBECONFIG names (ARGS="-k policies")
	@set -e; if [ -z "$$KUBECONFIG" ]; then words="$$($(TESTCLUSTER) env)"; eval "$$words"; fi; \
		cd backend && .venv/bin/python -m pytest -m cluster tests/cluster tests/contracts $(ARGS)

cluster-down: ## end that cluster; nothing of it is left
	@$(TESTCLUSTER) down

clean: ## take away everything that set-up, build and tests made (your data stays)
	rm -rf .tools .cache backend/.venv backend/opm/_web backend/dist frontend/node_modules frontend/dist
	rm -rf backend/.pytest_cache backend/.ruff_cache backend/.hypothesis backend/.import_linter_cache
