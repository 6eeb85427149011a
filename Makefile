# `make help` explains every target. The two that matter: `make train` and `make test`.
# Each makes .venv and installs everything first, if that is not done yet.

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
.DEFAULT_GOAL := help
.PHONY: help venv data_generate data_clean train train_clean evaluate benchmark benchmark_tune benchmark_record \
        fixedpoint fixedpoint_simulate fixedpoint_train fixedpoint_visualize fixedpoint_record \
        train_multiagent tune tune_record study mnmef_train mnmef_finetune mnmef_evaluate mnmef_benchmark mnmef_record \
        record test lint check bench peers_dapper peers_rl peers_multiagent docs readme \
        lab tensorboard clear reset remove_cache

help: ## this list
	@grep -E '^[a-z_]+:.*## ' Makefile | sed -E 's/^([a-z_]+):.*## /\1\t/' | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'
	@echo
	@echo "  DIR=logs/L96_1     which configuration (several: DIR=\"logs/L96_1 logs/L96_2\")"
	@echo "  AGENT=seed         which agent preset of logs/global_config.py (default: its 'agent')"
	@echo "  TEST=1             a short training, 10,000 steps"
	@echo "  FORCE=1            make the data again, although it is current"
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

data_generate: $(VENV) ## make the data of all configurations, or of DIR= (20 seconds each; logs/<NAME>/precomputed_paths)
	$(BIN)/rl4da_data --dir $(DATA_DIRS) $(if $(call yes,$(FORCE)),--force)

data_clean: ## remove generated data (DIR=: of one configuration)
	@scripts/clean.sh data $(CLEAN_DIRS)

train: data_generate ## data if missing, then train every configuration at once (15 minutes on 2 cores; logs/<NAME>/train.ipynb)
	AGENT="$(AGENT)" TEST="$(call yes,$(TEST))" scripts/train_concurrent.sh $(RUN_DIRS)

train_clean: ## remove what training wrote, keep data (DIR=: of one configuration)
	@scripts/clean.sh training $(CLEAN_DIRS)

clear: train_clean ## the same as train_clean

reset: ## remove all that runs wrote, keep config.py (DIR=: of one configuration)
	@scripts/clean.sh all $(CLEAN_DIRS)

evaluate: $(VENV) ## agent and filters on fresh experiments (SEED= RUNS= CYCLES= R= AGENT=; logs/<NAME>/evaluation.json)
	@set -e; for dir in $(RUN_DIRS); do $(BIN)/rl4da_evaluate --dir $$dir $(if $(SEED),--seed $(SEED)) \
	  $(if $(RUNS),--runs $(RUNS)) $(if $(CYCLES),--cycles $(CYCLES)) $(if $(R),--R $(R)) $(if $(AGENT),--agent $(AGENT)); done

# DATASET= l96, ks, l63 or an experiment such as L96_1; N= members; SIGMA= standard deviation of the observation error.
DATASET ?= l96
N ?= 10
SIGMA ?= 1
MNMEF = --dataset $(DATASET) --members $(N) --sigma $(SIGMA)
MNMEF_NAME = $(if $(filter ks,$(DATASET)),KS,$(if $(filter l63,$(DATASET)),L63,L96)) MNMEF $(if $(filter 1,$(SIGMA)),1.0,$(SIGMA))

mnmef_train: $(VENV) ## a learned filter and its notebook (DATASET= N= SIGMA= NETWORK= UPDATES=; 5 minutes; logs/mnmef/<DATASET>)
	@mkdir -p logs/mnmef/$(DATASET)
	$(BIN)/papermill nbs/mnmef_train.ipynb logs/mnmef/$(DATASET)/train_N$(N)_sigma$(SIGMA).ipynb -r dataset $(DATASET) -p members $(N) -p sigma $(SIGMA) \
	  -r network $(or $(NETWORK),local) -p updates $(or $(UPDATES),0) -k python3 --cwd . --log-output --no-progress-bar

mnmef_finetune: $(VENV) ## its heads for another number of members (DATASET= N= SIGMA= NAMES=; logs/mnmef/<DATASET>)
	@$(BIN)/rl4da_mnmef finetune $(MNMEF) $(if $(NAMES),--names "$(NAMES)") $(if $(UPDATES),--updates $(UPDATES))

mnmef_evaluate: $(VENV) ## learned and tuned filters on fresh truths (DATASET= N= SIGMA= NAMES=; logs/mnmef/scores.csv)
	@$(BIN)/rl4da_mnmef evaluate $(MNMEF) $(if $(NAMES),--names "$(NAMES)")

mnmef_benchmark: $(VENV) ## the tuned classical methods on the same problem (DATASET= N= SIGMA=; through `make benchmark`)
	@$(BIN)/rl4da_benchmark --problem "$(MNMEF_NAME)" --members $(N)

mnmef_record: $(VENV) ## keep a finished training (DATASET= N= SIGMA= NAMES=; logs/recorded/mnmef)
	@$(BIN)/rl4da_mnmef record $(MNMEF) $(if $(NAMES),--names "$(NAMES)")

train_multiagent: $(VENV) ## one agent per member (DIR= AGENT=multi; logs/<NAME>/models_ma); AGENT=multi works in `train`, too
	@set -e; for dir in $(or $(DIR),logs/L96_1); do $(BIN)/python scripts/train_multiagent.py --dir $$dir \
	  $(if $(AGENT),--agent $(AGENT)) --num-workers $(WORKERS); done

tune: $(VENV) ## search hyperparameters with Ray Tune (DIR= AGENT= SAMPLES= CONCURRENT= STEPS= ADDRESS=; logs/<NAME>/ray_results)
	@$(BIN)/python -c 'import ray' 2>/dev/null || $(BIN)/python -m pip install -q -e '.[tune]'
	@$(BIN)/rl4da_tune --dir $(or $(DIR),logs/L96_1) $(if $(AGENT),--agent $(AGENT)) $(if $(SAMPLES),--num_samples $(SAMPLES)) \
	  $(if $(CONCURRENT),--max_concurrent_trials $(CONCURRENT)) $(if $(STEPS),--steps $(STEPS)) $(if $(ADDRESS),--address $(ADDRESS))

tune_record: ## keep trials and best preset of the last search (DIR= AGENT=; logs/recorded/tune)
	@mkdir -p logs/recorded/tune; last=$$(ls -td $(or $(DIR),logs/L96_1)/ray_results/$(or $(AGENT),local)_*/ 2>/dev/null | head -1); \
	[ -f "$$last/trials.csv" ] || { echo "no finished search of $(or $(AGENT),local) there: make tune DIR=$(or $(DIR),logs/L96_1) AGENT=$(or $(AGENT),local)"; exit 2; }; \
	for f in trials.csv best_preset.py; do \
	  cp $$last/$$f logs/recorded/tune/$(notdir $(or $(DIR),logs/L96_1))_$(or $(AGENT),local)_$$f; done

study: $(VENV) ## a question answered by experiment (NAME=inflation, …, all; SEEDS= QUICK=1; RECORD=1: kept, notebook made anew)
	@scripts/study.sh "$(or $(NAME),all)" "$(call yes,$(RECORD))" --workers $(WORKERS) $(if $(SEEDS),--seeds $(SEEDS)) \
	  $(if $(call yes,$(QUICK)),--quick)

BENCHMARK = $(BIN)/rl4da_benchmark $(if $(PROBLEM),--problem "$(PROBLEM)") $(if $(MEMBERS),--members $(MEMBERS)) \
  $(if $(METHOD),--method "$(METHOD)") $(if $(RUNS),--runs $(RUNS)) $(if $(call yes,$(QUICK)),--quick) $(if $(call yes,$(FORCE)),--force)

benchmark: $(VENV) ## every method on the same observations (PROBLEM= MEMBERS= METHOD= RUNS= CYCLES= SEED= QUICK=1)
	@$(BENCHMARK) $(if $(CYCLES),--cycles $(CYCLES)) $(if $(SEED),--seed $(SEED))

benchmark_tune: $(VENV) ## tune the filters, result to logs/tuned.csv (PROBLEM= MEMBERS= METHOD= RUNS= QUICK=1)
	@$(BENCHMARK) --tune

benchmark_record: ## keep the last benchmark as the recorded one (logs/recorded/benchmark)
	@mkdir -p logs/recorded/benchmark && cp logs/benchmark/benchmark.nc logs/recorded/benchmark/

FIXEDPOINT = $(BIN)/rl4da_fixedpoint $(if $(GRID),--grid "$(GRID)") $(if $(MODEL),--model "$(MODEL)") \
  $(if $(OBS),--obs "$(OBS)") $(if $(SEEDS),--seeds "$(SEEDS)") $(if $(call yes,$(FORCE)),--force)

fixedpoint: $(VENV) ## networks on Lorenz-63: data, training, pictures (MODEL= OBS= GRID= SEEDS=; logs/L63_fixedpoint)
	@$(FIXEDPOINT) --workers $(WORKERS)

fixedpoint_simulate fixedpoint_train fixedpoint_visualize fixedpoint_record: $(VENV)  # its steps, one at a time
	@$(FIXEDPOINT) --workers $(WORKERS) --only $(@:fixedpoint_%=%)

record: ## keep the last runs as the recorded reference runs (AGENT=; logs/recorded/<NAME>)
	@scripts/record.sh "$(AGENT)" $(RUN_DIRS)

test: $(VENV) ## run every notebook as a test (5 minutes; NB=nbs/01_eakf.ipynb: one; FLAGS=slow: the long checks too)
	@$(BIN)/python scripts/test_notebooks.py $(NB) --workers $(WORKERS) $(if $(FLAGS),--flags "$(FLAGS)")

lint: $(VENV) ## notebooks clean, package in sync, README current (10 seconds)
	@$(BIN)/python scripts/check_notebooks.py
	@$(BIN)/python scripts/readme.py --check

check: ## exactly what CI runs: lint, tests of the checks, docs, test (8 minutes)
	@.ci/run

bench: $(VENV) ## cycles per second of filter and environment, learning steps per second (1 minute)
	@$(BIN)/python scripts/bench.py

# The peers that we are compared with, each in a venv of its own: nothing of theirs goes into .venv. Torch as above;
# rl4da without its dependencies, because RLlib wants an older gymnasium.
PEERS := scripts/peers
.venv-%/.complete: $(PEERS)/%.txt $(PEERS)/env.txt
	@.venv-$*/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv-$*
	@[ $* = dapper ] || .venv-$*/bin/python -c 'import torch' 2>/dev/null || .venv-$*/bin/python -m pip install --no-deps $(TORCH)
	.venv-$*/bin/python -m pip install -q -r $<
	@[ $* = dapper ] || .venv-$*/bin/python -m pip install -q --no-deps -e .
	@touch $@

peers_dapper: $(VENV) .venv-dapper/.complete ## scores and speed side by side with DAPPER (6 minutes; logs/recorded/peers)
	@$(BIN)/python $(PEERS)/filters.py

peers_multiagent: $(VENV) .venv-rllib/.complete ## one agent per member beside RLlib's multi-agent PPO (4 minutes)
	@$(BIN)/python $(PEERS)/multiagent.py

peers_rl: $(VENV) .venv-sb3/.complete .venv-rllib/.complete ## learning beside SB3, RecurrentPPO, RLlib (10 minutes, 3 GB)
	@$(BIN)/python $(PEERS)/learning.py

docs: readme ## HTML pages, by Quarto if it is there, else by Sphinx (1 minute; _docs/index.html)
	@touch README.md  # newer than index.ipynb, so that nbdev_docs leaves it as it is
	@if command -v quarto >/dev/null; then $(BIN)/nbdev_docs; else $(BIN)/python scripts/docs.py; fi
	@$(BIN)/python scripts/check_links.py _docs

readme: $(VENV) ## README.md from nbs/index.ipynb
	@$(BIN)/python scripts/readme.py

lab: $(VENV) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab nbs

tensorboard: $(VENV) ## curves of running and finished trainings, in the browser
	$(BIN)/tensorboard --logdir $(or $(DIR),logs)

remove_cache: ## remove __pycache__, compiled kernels, checkpoints of Jupyter, built pages
	@find . -path ./.venv -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints -o -name .ruff_cache \) -print0 | xargs -0 rm -rf
	@rm -rf _proc _docs
