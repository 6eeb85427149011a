#!/usr/bin/env bash
# Run notebooks by papermill, each in a process of its own, at most JOBS at a time.
#
#   run.sh train logs/L96_1 logs/L96_2 ...       nbs/train.ipynb, once for each configuration
#     logs/<NAME>/train.ipynb                    the executed notebook (train_<AGENT>.ipynb if AGENT is given)
#     logs/<NAME>/run.log                        everything printed, live (run_<AGENT>.log)
#     from the environment: AGENT (a preset's name), TEST (not empty: a short run)
#
#   run.sh page agents/observations run=1 ...    a page with these parameters (scripts/page.py says how they are read)
#     logs/pages/agents/observations.ipynb       the executed notebook (elsewhere: OUT, without .ipynb), and its .log
#     from the environment: RECORD (not empty: then execute nbs/pages/... anew, in place), ARGS (more for papermill)
#
# What there is of a run that failed stands beside the notebook that it would have written, as *.failed.ipynb. The code
# is 2 if only mistakes stopped it that the user can mend, each told in one line, else 1.
# For the tests of this script: NOTEBOOK, and INTERVAL (seconds between reports if the output is no terminal).
set -euo pipefail
cd "$(dirname "$0")/.."

AGENT=${AGENT:-}
short=False; [[ -z ${TEST:-} ]] || short=True
# nproc would answer OMP_NUM_THREADS, which the Makefile sets to 1.
JOBS=${JOBS:-$(env -u OMP_NUM_THREADS nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)}
INTERVAL=${INTERVAL:-15}
python=.venv/bin/python
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1

(( $# >= 2 )) || {
  echo "usage: $0 train logs/L96_1 [logs/L96_2 ...] | $0 page agents/observations [run=1 ...]" >&2; exit 2; }
what=$1; shift

# What we know of each run: lists with the same index.
names=() notebooks=() outs=() logs=() state=() pids=() began=() took=() codes=()
add() { names+=("$1") notebooks+=("$2") outs+=("$3") logs+=("$4"); }
case $what in
  train)
    for dir in "$@"; do
      dir=${dir%/}
      [[ -f $dir/config.py ]] || {
        echo "$dir/config.py is missing: a configuration is a folder that holds one" >&2; exit 2; }
      add "${dir##*/}" "${NOTEBOOK:-nbs/train.ipynb}" "$dir/train${AGENT:+_$AGENT}" "$dir/run${AGENT:+_$AGENT}.log"
    done ;;
  page)
    told=$("$python" scripts/page.py "$@") || exit 2
    options=()
    while IFS= read -r line; do options+=("$line"); done <<<"$told"
    out=${OUT:-logs/pages/$1}
    mkdir -p "$(dirname "$out")"
    add "$1" "${NOTEBOOK:-${options[${#options[@]}-1]}}" "$out" "$out.log" ;;
  *) echo "$0: train or page, not '$what'" >&2; exit 2 ;;
esac
for i in "${!names[@]}"; do state[i]=waiting pids[i]=0 began[i]=0 took[i]=0 codes[i]=0; done

parameters() {  # of run number $1, into `given`
  # shellcheck disable=SC2206  # ARGS is several words
  if [[ $what == page ]]; then given=("${options[@]:0:${#options[@]}-1}" ${ARGS:-})
  else given=(-r config_dir "$(dirname "${outs[$1]}")" -r agent "$AGENT" -p test "$short"); fi
}

start() {
  local out=${outs[$1]} given
  parameters "$1"
  rm -f "$out.failed.ipynb"
  # In a process group of its own, so that Ctrl-C reaches this script alone, which then stops the runs in order.
  # Under another name while it runs, so that a run that fails leaves the last good notebook as it was.
  set -m
  "$python" -m papermill "${notebooks[$1]}" "$out.running.ipynb" ${given[@]+"${given[@]}"} \
    -k python3 --cwd . --log-output --no-progress-bar --autosave-cell-every 30 \
    >"${logs[$1]}" 2>&1 </dev/null &
  set +m
  pids[$1]=$! began[$1]=$SECONDS state[$1]=running
}

finish() {
  local out=${outs[$1]} ending=.ipynb
  state[$1]='done' took[$1]=$((SECONDS - began[$1]))
  wait "${pids[$1]}" 2>/dev/null || { codes[$1]=$? state[$1]=FAILED ending=.failed.ipynb; }
  [[ ! -f $out.running.ipynb ]] || mv -f "$out.running.ipynb" "$out$ending"
}

duration() { if (( $1 < 60 )); then echo "${1}s"; else printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); fi; }

describe() {  # one line on run number $1
  local log=${logs[$1]} last
  printf '%s: ' "${names[$1]}"
  case ${state[$1]} in
    waiting) echo 'waiting for a free core' ;;
    done)    echo "done in $(duration "${took[$1]}") → ${outs[$1]}.ipynb" ;;
    FAILED)  echo "FAILED (${codes[$1]}) see $log" ;;
    running) last=$(tail -c 20000 "$log" | grep -a '^progress:' | tail -n 1 || true)
             [[ -n $last || $what == train ]] || last=$(tail -c 2000 "$log" | tr '\r' '\n' | grep -a . | tail -n 1 || true)
             [[ -n $last ]] || last='starting'
             echo "$(duration $((SECONDS - began[$1]))) ${last#progress: }" ;;
  esac
}

drawn=0
report() {  # on a terminal in place, else below what was there
  local i line width
  width=$(tput cols 2>/dev/null || echo 80)
  if [[ -t 1 ]] && (( drawn )); then printf '\033[%dA' "${#names[@]}"; fi
  drawn=1
  for i in "${!names[@]}"; do
    line=$(describe "$i")
    if [[ -t 1 ]]; then printf '\033[2K%s\n' "${line:0:width-1}"; else echo "$line"; fi
  done
}

# However this script ends, nothing it started goes on. papermill, when told to stop, shuts its kernel down;
# what is then left of its family (a kernel is outside of its process group), or does not stop in 10 seconds, is killed.
# shellcheck disable=SC2329  # called by the trap
stop_all() {
  local i alive=()
  trap '' INT TERM HUP
  for i in "${!names[@]}"; do [[ ${state[i]} != running ]] || alive+=("${pids[i]}"); done
  (( ${#alive[@]} )) || return 0
  echo; echo 'stopping ...'
  "$python" - "${alive[@]}" <<'PY'
import contextlib, psutil, sys
runs, family = [], []
for pid in map(int, sys.argv[1:]):
    with contextlib.suppress(psutil.NoSuchProcess):     # it may end by itself just now
        run = psutil.Process(pid)
        runs, family = runs + [run], family + [run, *run.children(recursive=True)]
        run.terminate()
psutil.wait_procs(runs, timeout=10)
for p in psutil.wait_procs(family, timeout=0)[1]: p.kill()
PY
  for i in "${!names[@]}"; do rm -f "${outs[i]}.running.ipynb"; done
  echo 'stopped. The same command goes on where this one stopped.'
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

next=0 reported=-$INTERVAL
while true; do
  running=0
  for i in "${!names[@]}"; do
    [[ ${state[i]} == running ]] || continue
    if kill -0 "${pids[i]}" 2>/dev/null; then running=$((running + 1)); else finish "$i"; fi
  done
  while (( next < ${#names[@]} && running < JOBS )); do start "$next"; next=$((next + 1)) running=$((running + 1)); done
  (( running )) || break
  if [[ -t 1 ]] || (( SECONDS - reported >= INTERVAL )); then report; reported=$SECONDS; fi
  sleep 1
done
report

failed=0 mistakes=0
for i in "${!names[@]}"; do
  [[ ${state[i]} == FAILED ]] || continue
  # A mistake that the user can mend is one line; anything else is shown as it ended.
  if grep -aE '^(UserError|ConfigError|DataError|RunError|TrainingDiverged): ' "${logs[i]}" | tail -n 1 | grep .; then
    mistakes=1
  else
    failed=1
    echo "The last lines of ${logs[i]}:"
    tail -n 8 "${logs[i]}" | sed 's/^/    /'
  fi
done
(( ! failed )) || exit 1
(( ! mistakes )) || exit 2
if [[ $what == page && ${RECORD:-} ]]; then "$python" scripts/execute.py "${notebooks[0]}"; fi

