# Targets besides those of the Makefile's front: a page each, the steps of `make check`, peers, housekeeping.
# They keep their names and variables. What they run is a page, which anybody may run by `make page`, too.

STUDIES := agents/why_it_would_not_fit agents/imitation agents/observations agents/normalization agents/lstm_size \
           filters/inflation agents/members agents/what_did_not_work
STUDY = $(if $(filter all,$(or $(NAME),all)),$(STUDIES),$(or $(filter %/$(NAME),$(STUDIES)),agents/$(NAME)))
FIXEDPOINT = $(RUN_PAGE) lorenz63/networks run=1 grid=$(or $(GRID),headline) $(call given,models,MODEL) \
             $(call given,modes,OBS) $(call given,seeds,SEEDS) $(call flag,anew,FORCE) $(call flag,tiny,QUICK)
BENCHMARK = $(RUN_PAGE) filters/benchmark run=1 $(call given,problem,PROBLEM) $(call given,members,MEMBERS) \
            $(call given,method,METHOD) $(call given,runs,RUNS) $(call flag,tiny,QUICK) $(call flag,anew,FORCE)
# DATASET= l96, ks, l63 or an experiment such as L96_1; N= members; SIGMA= standard deviation of the observation error.
DATASET ?= l96
N ?= 10
SIGMA ?= 1
MNMEF_TEST = dataset=$(DATASET) members=$(N) sigma=$(SIGMA)
MNMEF = $(MNMEF_TEST) $(call given,updates,UPDATES)
MNMEF_NAME = $(if $(filter ks,$(DATASET)),KS,$(if $(filter l63,$(DATASET)),L63,L96)) MNMEF $(if $(filter 1,$(SIGMA)),1.0,$(SIGMA))
recorded = @echo "nothing left to do: a page keeps what it ran in logs/recorded (make page PAGE=$(1) RUN=1)"

.PHONY: data_clean train_clean benchmark benchmark_tune benchmark_record fixedpoint fixedpoint_simulate \
        fixedpoint_train fixedpoint_visualize fixedpoint_record train_multiagent tune tune_record study mnmef_train \
        mnmef_finetune mnmef_evaluate mnmef_benchmark mnmef_record record lint peers_dapper peers_rl peers_multiagent \
        readme remove_cache

### One page each (FORCE=1: anew; QUICK=1: at test size)

study: $(VENV) ## a question answered by experiment (NAME=observations, ..., all; SEEDS= QUICK=1; RECORD=1: its notebook anew)
	@set -e; $(foreach page,$(STUDY),$(RUN_PAGE) $(page) run=1 $(call flag,tiny,QUICK) $(call flag,anew,FORCE) \
	  $(if $(SEEDS),"seeds?=$(SEEDS)");)

benchmark: $(VENV) ## every method on the same observations (PROBLEM= MEMBERS= METHOD= RUNS= CYCLES= SEED=)
	@$(BENCHMARK) $(call given,cycles,CYCLES) $(call given,seed,SEED)

benchmark_tune: $(VENV) ## tune the filters, result to logs/tuned.csv (PROBLEM= MEMBERS= METHOD= RUNS=)
	@$(BENCHMARK) tune=1

fixedpoint: $(VENV) ## networks on Lorenz-63: data, training, pictures (MODEL= OBS= GRID= SEEDS=)
	@$(FIXEDPOINT)

fixedpoint_simulate: $(VENV) ## its data
	@$(FIXEDPOINT) step=simulate
fixedpoint_train: $(VENV) ## its trainings
	@$(FIXEDPOINT) step=train
fixedpoint_visualize: $(VENV) ## its pictures
	@$(FIXEDPOINT) step=visualize

tune: $(VENV) ## search hyperparameters with Ray Tune (DIR= AGENT= SAMPLES= CONCURRENT= STEPS= ADDRESS= GPUS=)
	@$(BIN)/python -c 'import ray' 2>/dev/null || $(BIN)/python -m pip install -q -e '.[tune]'
	@$(RUN_PAGE) agents/search run=1 config_dir=$(or $(DIR),logs/L96_1) $(call given,agent,AGENT) $(call given,samples,SAMPLES) \
	  $(call given,concurrent,CONCURRENT) $(call given,steps,STEPS) $(call given,address,ADDRESS) \
	  $(call given,num_gpus,GPUS) $(call flag,tiny,QUICK)

train_multiagent: $(VENV) ## one agent per member (DIR= AGENT=multi; logs/<NAME>/models_ma); `make train AGENT=multi` works, too
	@set -e; for dir in $(or $(DIR),logs/L96_1); do $(BIN)/python scripts/train_multiagent.py --dir $$dir \
	  $(if $(AGENT),--agent $(AGENT)) --num-workers $(WORKERS); done

mnmef_train: PAGE_OUT = logs/mnmef/$(DATASET)/train_N$(N)_sigma$(SIGMA)
mnmef_train: $(VENV) ## a learned filter and its notebook (DATASET= N= SIGMA= NETWORK= UPDATES=; 5 minutes; logs/mnmef/<DATASET>)
	@$(RUN_PAGE) learned/train $(MNMEF) $(call given,network,NETWORK)

mnmef_finetune: PAGE_OUT = logs/mnmef/$(DATASET)/train_N$(N)_sigma$(SIGMA)_tuned
mnmef_finetune: $(VENV) ## its heads for another number of members (DATASET= N= SIGMA= NAMES= UPDATES=)
	@$(RUN_PAGE) learned/train $(MNMEF) parent=$(or $(NAMES),local_N10$(if $(filter l96 ks l63,$(DATASET)),_sigma$(SIGMA)))

mnmef_evaluate: $(VENV) ## learned and tuned filters on fresh truths (DATASET= N= SIGMA= NAMES=)
	@$(RUN_PAGE) learned/members action=evaluate $(MNMEF_TEST) $(call given,names,NAMES)

mnmef_benchmark: $(VENV) ## the tuned classical methods on the same problem (DATASET= N= SIGMA=)
	@$(RUN_PAGE) filters/benchmark run=1 problem="$(MNMEF_NAME)" members=$(N) $(call flag,tiny,QUICK)

### Records

record: ## keep the last trainings as the recorded reference runs (AGENT=; logs/recorded/<NAME>)
	@scripts/record.sh "$(AGENT)" $(RUN_DIRS)

benchmark_record: ; $(call recorded,filters/benchmark)
fixedpoint_record: ; $(call recorded,lorenz63/networks)
tune_record: $(VENV) ## keep trials and best preset of the last search (DIR= AGENT=)
	@$(RUN_PAGE) agents/search keep=1 config_dir=$(or $(DIR),logs/L96_1) $(call given,agent,AGENT)
mnmef_record: $(VENV) ## keep a finished learned filter (DATASET= N= SIGMA= NAMES=)
	@$(RUN_PAGE) learned/members action=record $(MNMEF_TEST) $(call given,names,NAMES)

### Parts of `make check`, housekeeping

lint: $(VENV) ## notebooks clean, package in sync, README current (10 seconds)
	@$(BIN)/python scripts/check_notebooks.py
	@$(BIN)/python scripts/readme.py --check

readme: $(VENV) ## README.md from nbs/index.ipynb
	@$(BIN)/python scripts/readme.py

data_clean: ## remove generated data (DIR=: of one configuration)
	@scripts/clean.sh data $(CLEAN_DIRS)

train_clean: clear ## the same as clear

remove_cache: ## remove __pycache__, compiled kernels, checkpoints of Jupyter, built pages
	@find . -path ./.venv -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints -o -name .ruff_cache \) \
	  -print0 | xargs -0 rm -rf
	@rm -rf _proc _docs

### Peers

# The peers that we are compared with, each in a venv of its own: nothing of theirs goes into .venv. Torch as above;
# rl4da without its dependencies, because RLlib wants an older gymnasium.
PEERS := scripts/peers
.venv-%/.complete: $(PEERS)/%.txt $(PEERS)/env.txt
	@.venv-$*/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv-$*
	@[ $* = dapper ] || .venv-$*/bin/python -c 'import torch' 2>/dev/null || .venv-$*/bin/python -m pip install --no-deps $(TORCH)
	.venv-$*/bin/python -m pip install -q -r $<
	@[ $* = dapper ] || .venv-$*/bin/python -m pip install -q --no-deps -e .
	@touch $@

peers_dapper: $(VENV) .venv-dapper/.complete ## scores and speed side by side with DAPPER (6 minutes; logs/recorded/filters/peers)
	@$(BIN)/python $(PEERS)/filters.py

peers_multiagent: $(VENV) .venv-rllib/.complete ## one agent per member beside RLlib's multi-agent PPO (4 minutes)
	@$(BIN)/python $(PEERS)/multiagent.py

peers_rl: $(VENV) .venv-sb3/.complete .venv-rllib/.complete ## learning beside SB3, RecurrentPPO, RLlib (10 minutes, 3 GB)
	@$(BIN)/python $(PEERS)/learning.py
