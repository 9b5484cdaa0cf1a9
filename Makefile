# Every target does its own set-up in .venv, without root and from a fresh clone. `make` alone lists them.
# Recipes use paths relative to this folder, so that its own path may hold spaces.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(if $(shell $(name) -c $(SUPPORTED) 2>/dev/null && echo yes),$(name))) python3)
SUPPORTED := 'import sys; sys.exit(sys.version_info < (3, 11))'
SNAKEMAKE := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m snakemake
INSTALL := .venv/bin/python -m pip install --disable-pip-version-check --constraint envs/constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile | expand -t 20

.PHONY: report
report: .venv/installed ## Make the report and the archive to hand in (CONFIG=presets/clevr.yaml overlays settings)
	@[ -z "$(CONFIG)" ] || [ -f "$(CONFIG)" ] || { echo "error: CONFIG=$(CONFIG) is no file here: see presets/" >&2; exit 1; }
	@$(SNAKEMAKE) --cores all --quiet rules $(if $(CONFIG),--configfile "$(CONFIG)")

.PHONY: base-model
base-model: .venv/installed ## Train the embedded base model again, four hours or more, and put it into base_model/
	@$(SNAKEMAKE) --cores all pretrain_base plot_base
	cp results/pretrain_base/model/* base_model/
	cp results/figures/base_training_curve.svg base_model/training_curve.svg

.PHONY: test
test: .venv/installed-dev ## Run all tests
	@.venv/bin/python -m pytest --numprocesses 2 --dist loadgroup --durations 12 $(TESTS)

.PHONY: lint
lint: .venv/installed-dev ## Check style, types and rules
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/snakefmt --check Snakefile rules
	.venv/bin/mypy
	$(SNAKEMAKE) --lint

.PHONY: bench
bench: .venv/installed-dev ## Time our fast path against what one would write instead
	@for program in benchmarks/*.py; do .venv/bin/python "$$program" || exit 1; done

.PHONY: bench-flow
bench-flow: .venv/installed-dev ## Of these, the flow's training step alone, beside torchcfm's tutorial loop
	@.venv/bin/python benchmarks/flow_step.py

.PHONY: lock
lock: .venv/installed-dev ## Write envs/constraints.txt anew from what is installed
	@{ sed '/^[^#]/,$$d' envs/constraints.txt; .venv/bin/python -m pip freeze | sed 's/+cpu$$//' | grep -v '^nvidia-\|^triton'; } > envs/constraints.new
	@mv envs/constraints.new envs/constraints.txt

.PHONY: clean
clean: ## Remove results, logs and caches; .venv stays
	rm -rf results logs .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/python:
	@$(PYTHON) -c $(SUPPORTED) 2>/dev/null || { echo "error: paliflow needs Python 3.11 or newer, and \`$(PYTHON)\` is not: install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || { echo "error: this Python cannot make virtual environments: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/python envs/requirements.txt envs/constraints.txt
	@echo "Installing the packages of envs/requirements.txt into .venv (once; a few minutes)"
	$(INSTALL) $(if $(wildcard $@),--quiet) --requirement envs/requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed envs/requirements-dev.txt
	$(INSTALL) --quiet --requirement envs/requirements-dev.txt
	@touch $@
