#!/usr/bin/env bash
# Train several configurations at once: train_concurrent.sh logs/L96_1 logs/L96_2 ...
#
# Each one is nbs/train.ipynb, run by papermill in a process of its own, at most JOBS at a time.
#   logs/<NAME>/train.ipynb          the executed notebook (train_<AGENT>.ipynb if AGENT is given)
#   logs/<NAME>/train.failed.ipynb   what there is of it, if the run failed
#   logs/<NAME>/run.log              everything printed, live (run_<AGENT>.log)
# From the environment: AGENT (a preset's name), TEST (not empty: a short run), JOBS, and, for the tests of
# this script, NOTEBOOK and INTERVAL (seconds between two reports when the output is not a terminal).
set -euo pipefail
cd "$(dirname "$0")/.."

NOTEBOOK=${NOTEBOOK:-nbs/train.ipynb}
AGENT=${AGENT:-}
short=False; [[ -z ${TEST:-} ]] || short=True
# nproc would answer OMP_NUM_THREADS, which the Makefile sets to 1.
JOBS=${JOBS:-$(env -u OMP_NUM_THREADS nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)}
INTERVAL=${INTERVAL:-15}
python=.venv/bin/python
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1

(( $# )) || { echo "usage: $0 logs/L96_1 [logs/L96_2 ...]" >&2; exit 2; }
dirs=()
for dir in "$@"; do
  dir=${dir%/}
  [[ -f $dir/config.py ]] || { echo "$dir/config.py is missing: a configuration is a folder that holds one" >&2; exit 2; }
  dirs+=("$dir")
done
out=train${AGENT:+_$AGENT}   # the name of the executed notebook
log=run${AGENT:+_$AGENT}.log # and of what was printed

# What we know of each configuration: lists with the same index.
state=() pids=() began=() took=() codes=()
for i in "${!dirs[@]}"; do state[i]=waiting pids[i]=0 began[i]=0 took[i]=0 codes[i]=0; done

start() {
  local dir=${dirs[$1]}
  rm -f "$dir/$out.failed.ipynb"
  # In a process group of its own, so that Ctrl-C reaches this script alone, which then stops the runs in order.
  # Under another name while it runs, so that a run that fails leaves the last good notebook as it was.
  set -m
  "$python" -m papermill "$NOTEBOOK" "$dir/$out.running.ipynb" \
    -r config_dir "$dir" -r agent "$AGENT" -p test "$short" \
    -k python3 --cwd . --log-output --no-progress-bar --autosave-cell-every 30 \
    >"$dir/$log" 2>&1 </dev/null &
  set +m
  pids[$1]=$! began[$1]=$SECONDS state[$1]=running
}

finish() {
  local dir=${dirs[$1]} ending=.ipynb
  state[$1]='done' took[$1]=$((SECONDS - began[$1]))
  wait "${pids[$1]}" 2>/dev/null || { codes[$1]=$? state[$1]=FAILED ending=.failed.ipynb; }
  [[ ! -f $dir/$out.running.ipynb ]] || mv -f "$dir/$out.running.ipynb" "$dir/$out$ending"
}

duration() { if (( $1 < 60 )); then echo "${1}s"; else printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); fi; }

describe() {  # one line on configuration number $1
  local dir=${dirs[$1]} last
  printf '%s: ' "${dir##*/}"
  case ${state[$1]} in
    waiting) echo 'waiting for a free core' ;;
    done)    echo "done in $(duration "${took[$1]}") → $dir/$out.ipynb" ;;
    FAILED)  echo "FAILED (${codes[$1]}) see $dir/$log" ;;
    running) last=$(tail -c 20000 "$dir/$log" | grep -a '^progress:' | tail -n 1 || true)
             [[ -n $last ]] || last='starting'
             echo "$(duration $((SECONDS - began[$1]))) ${last#progress: }" ;;
  esac
}

drawn=0
report() {  # on a terminal in place, else below what was there
  local i line width
  width=$(tput cols 2>/dev/null || echo 80)
  if [[ -t 1 ]] && (( drawn )); then printf '\033[%dA' "${#dirs[@]}"; fi
  drawn=1
  for i in "${!dirs[@]}"; do
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
  for i in "${!dirs[@]}"; do [[ ${state[i]} != running ]] || alive+=("${pids[i]}"); done
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
  for i in "${!dirs[@]}"; do rm -f "${dirs[i]}/$out.running.ipynb"; done
  echo 'stopped. The same command goes on where this one stopped.'
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

next=0 reported=-$INTERVAL
while true; do
  running=0
  for i in "${!dirs[@]}"; do
    [[ ${state[i]} == running ]] || continue
    if kill -0 "${pids[i]}" 2>/dev/null; then running=$((running + 1)); else finish "$i"; fi
  done
  while (( next < ${#dirs[@]} && running < JOBS )); do start "$next"; next=$((next + 1)) running=$((running + 1)); done
  (( running )) || break
  if [[ -t 1 ]] || (( SECONDS - reported >= INTERVAL )); then report; reported=$SECONDS; fi
  sleep 1
done
report

failed=0
for i in "${!dirs[@]}"; do
  [[ ${state[i]} == FAILED ]] || continue
  failed=1
  # A mistake that the user can mend is one line; anything else is shown as it ended.
  if ! grep -aE '^(ConfigError|DataError|TrainingDiverged): ' "${dirs[i]}/$log" | tail -n 1 | grep .; then
    echo "The last lines of ${dirs[i]}/$log:"
    tail -n 8 "${dirs[i]}/$log" | sed 's/^/    /'
  fi
done
exit "$failed"
