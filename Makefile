# `make help` explains every target. The two that matter: `make train` and `make test`.
# Each makes .venv and installs everything first, if that is not done yet.
# Targets that run one page each, and the parts of `make check`, stand in scripts/promised.mk (`make help ALL=1`).

PYTHON ?= python3
# torch first and pinned: this is the version everything was tested with. Where the package index serves CUDA builds
# (gigabytes) and a CPU build is wanted, name it or its index: make TORCH="torch==2.13.0 --index-url ..." venv
TORCH ?= torch==2.13.0
WORKERS ?= 2

# DIR= names one or several configurations. Without it, `train` takes the three reference ones;
# `data_generate` and the cleaning targets take all.
REFERENCE := logs/L96_1 logs/L96_2 logs/L96_3
EVERY := $(patsubst %/config.py,%,$(sort $(wildcard logs/*/config.py)))
RUN_DIRS = $(or $(DIR),$(REFERENCE))
CLEAN_DIRS = $(or $(DIR),$(EVERY))
DATA_DIRS = $(if $(filter data_generate,$(MAKECMDGOALS)),$(CLEAN_DIRS),$(RUN_DIRS))
yes = $(filter-out 0 no false False,$(1))

# We parallelize by processes; threads inside each would only compete for the same cores.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export NUMBA_NUM_THREADS := 1

BIN := .venv/bin
VENV := .venv/.complete

# A page is run with parameters of its own; scripts/page.py knows their types. $(call given,seeds,SEEDS): seeds="3"
# if SEEDS is; $(call flag,anew,FORCE): anew=1 if FORCE is.
given = $(if $($(2)),$(1)="$($(2))")
flag = $(if $(call yes,$($(2))),$(1)=1)
RUN_PAGE = NOTEBOOK= OUT="$(PAGE_OUT)" RECORD="$(call yes,$(RECORD))" ARGS="$(ARGS)" scripts/run.sh page

.DEFAULT_GOAL := help
.PHONY: help venv train evaluate page data_generate test outputs check docs lab tensorboard clear reset bench

### Use

help: ## this list (ALL=1: every target)
	@awk '/^### / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z_]+:.*## / {name = $$0; sub(/:.*/, "", name); sub(/.*## /, ""); printf "  %-21s %s\n", name, $$0}' \
	  Makefile $(if $(call yes,$(ALL)),scripts/promised.mk)
	@echo
	@echo "  DIR=logs/L96_1     which configuration (several: DIR=\"logs/L96_1 logs/L96_2\")"
	@echo "  AGENT=eakf         which agent preset of logs/global_config.py (default: its 'agent')"
	@echo "  TEST=1             a short training, 10,000 steps"
	@echo "  FORCE=1            do again what is done"
	@echo "  PYTHON=python3.12  which Python makes .venv (3.11 or newer)"
	@echo "  TORCH=torch        which torch goes into a new .venv (default: torch==2.13.0)"

venv: $(VENV) ## make .venv and install everything (2-5 minutes, 2 GB)

# The stamp is written last, so an interrupted installation is simply continued by the next make.
$(VENV): settings.ini setup.py
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "rl4da needs Python 3.11 or newer, and $(PYTHON) is not. Name another: make PYTHON=python3.12 venv"; exit 1; }; \
	  $(PYTHON) -m venv --clear .venv; }
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --no-deps $(TORCH)
	$(BIN)/python -m pip install -q -e '.[dev]'  # and what torch depends on
	@$(BIN)/python -m pip check
	@touch $@

train: data_generate ## data if missing, then train every configuration at once (15 minutes on 2 cores; logs/<NAME>/train.ipynb)
	AGENT="$(AGENT)" TEST="$(call yes,$(TEST))" scripts/run.sh train $(RUN_DIRS)

evaluate: $(VENV) ## agent and filters on fresh experiments (SEED= RUNS= CYCLES= R= AGENT=; logs/<NAME>/evaluation.json)
	@set -e; for dir in $(RUN_DIRS); do $(BIN)/rl4da_evaluate --dir $$dir $(if $(SEED),--seed $(SEED)) \
	  $(if $(RUNS),--runs $(RUNS)) $(if $(CYCLES),--cycles $(CYCLES)) $(if $(R),--R $(R)) $(if $(AGENT),--agent $(AGENT)); done

data_generate: $(VENV) ## make the data of all configurations, or of DIR= (20 seconds each; logs/<NAME>/precomputed_paths)
	$(BIN)/rl4da_data --dir $(DATA_DIRS) $(if $(call yes,$(FORCE)),--force)

tensorboard: $(VENV) ## curves of running and finished trainings, in the browser
	$(BIN)/tensorboard --logdir $(or $(DIR),logs)

clear: ## remove what training wrote, keep data (DIR=: of one configuration)
	@scripts/clean.sh training $(CLEAN_DIRS)

reset: ## remove all that runs wrote, keep config.py (DIR=: of one configuration)
	@scripts/clean.sh all $(CLEAN_DIRS)

### Study

page: $(VENV) ## a question and its answer, executed (PAGE=agents/observations RUN=1 QUICK=1 FORCE=1 SEEDS=; logs/pages)
	@$(RUN_PAGE) "$(PAGE)" $(call flag,run,RUN) $(call flag,anew,FORCE) $(call flag,tiny,QUICK) $(call given,seeds,SEEDS)

lab: $(VENV) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab nbs

bench: $(VENV) ## cycles per second of filter and environment, learning steps per second (1 minute)
	@$(BIN)/python scripts/bench.py

### Develop

test: $(VENV) ## run every notebook; it has to print what is stored (10 minutes; NB=nbs/01_eakf.ipynb: one; FLAGS=slow: all)
	@$(BIN)/python scripts/test_notebooks.py $(NB) --workers $(WORKERS) $(if $(FLAGS),--flags "$(FLAGS)")

outputs: $(VENV) ## execute every notebook anew, outputs and README written back (NB=nbs/01_eakf.ipynb: one; FLAGS=slow)
	@$(BIN)/python scripts/test_notebooks.py --write $(NB) --workers $(WORKERS) $(if $(FLAGS),--flags "$(FLAGS)")
	@$(BIN)/python scripts/readme.py

check: ## exactly what CI runs: lint, tests of checks and commands, docs, test (15 minutes)
	@.ci/run

docs: readme ## HTML pages, by Quarto if it is there, else by Sphinx (1 minute; _docs/index.html)
	@touch README.md  # newer than index.ipynb, so that nbdev_docs leaves it as it is
	@if command -v quarto >/dev/null; then $(BIN)/nbdev_docs; else $(BIN)/python scripts/docs.py; fi
	@$(BIN)/python scripts/check_links.py _docs

include scripts/promised.mk
