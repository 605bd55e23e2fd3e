# Every target works in a fresh clone: the first one makes .venv from requirements/dev.txt, later ones find it ready.
SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo lab test prove soak check format bench screenshots docs lock clean

export PYTHON

# $(call step,what is checked,command): one line when it is well, the command's own output when it is not
step = @printf '  %-36s' '$(1)'; if out=$$($(2) 2>&1); then echo ok; else echo FAILED; printf '%s\n' "$$out"; exit 1; fi
security = $(BIN)/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive aibuyer_kit
notebooks = find notebooks dashboards reports -name '*.ipynb' -not -path '*/.ipynb_checkpoints/*'
compile = $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --python-version 3.11 $(if $(UPGRADE),--upgrade)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make or renew the environment in .venv (PYTHON=… chooses the interpreter)
	@echo "The environment in .venv is ready."

$(READY): requirements/dev.txt pyproject.toml scripts/setup.sh
	@scripts/setup.sh

demo: $(READY) ## From a practice ad account to a report, in one go
	@$(BIN)/aibuyer demo

lab: $(READY) ## Open the notebooks in JupyterLab: your workspace, or else the demo's
	@if [ -z "$$AIBUYER_WORKSPACE" ] && [ ! -d workspace ]; then \
		[ -d aibuyer-demo ] || $(BIN)/aibuyer demo || exit; \
		export AIBUYER_WORKSPACE=aibuyer-demo; \
	fi; exec $(BIN)/aibuyer lab

test: $(READY) ## Quick tests; they need nothing from outside
	@AIBUYER_CHROMIUM="$$($(BIN)/python scripts/browser.py)" && export AIBUYER_CHROMIUM && \
	$(BIN)/python -m pytest -m "not prove and not soak" -n auto --dist worksteal

prove: $(READY) ## Statistical proofs on the public data in the folder AIBUYER_DATA
	@$(BIN)/python -m pytest tests -m prove

soak: $(READY) ## Long tests: kills and storms
	@$(BIN)/python -m pytest tests -m soak || { code=$$?; [ $$code -eq 5 ] && echo "There are no soak tests yet." || exit $$code; }

check: $(READY) ## Everything that needs no run: style, types, layers, security, generated files
	$(call step,style,$(BIN)/ruff check .)
	$(call step,format,$(BIN)/ruff format --check .)
	$(call step,layers,$(BIN)/lint-imports)
	$(call step,notebooks without outputs,$(notebooks) -exec $(BIN)/nbstripout --keep-id --verify {} +)
	$(call step,types and security,{ $(BIN)/mypy & types=$$!; $(security); secure=$$?; wait $$types && [ $$secure -eq 0 ]; })
	$(call step,data dictionary is current,$(BIN)/python scripts/data_dictionary.py --check)
	$(call step,the actions of rules are current,$(BIN)/python scripts/rule_actions.py --check)
	$(call step,tables of worlds are current,$(BIN)/python scripts/world_keys.py --check)

format: $(READY) ## Put code and notebooks into the agreed form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet . && $(notebooks) -exec $(BIN)/nbstripout --keep-id {} +

bench: $(READY) ## Measure against the limit, the peers and the bars
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit; done

screenshots: $(READY) ## Take the pictures of the guides anew
	@AIBUYER_CHROMIUM="$$($(BIN)/python scripts/browser.py)" && export AIBUYER_CHROMIUM && \
	$(BIN)/python scripts/screenshots.py

docs: $(READY) ## Write the generated pages and tables anew
	@$(BIN)/python scripts/data_dictionary.py
	@$(BIN)/python scripts/rule_actions.py
	@$(BIN)/python scripts/world_keys.py

lock: $(READY) ## Resolve requirements/ anew (UPGRADE=1 takes newer releases)
	@$(compile) --output-file requirements/core.txt
	@$(compile) --group dev --constraint requirements/core.txt --output-file requirements/dev.txt

clean: ## Remove caches and builds (.venv and your workspace stay)
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
