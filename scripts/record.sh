#!/usr/bin/env bash
# Keep finished trainings as recorded reference runs: record.sh AGENT logs/L96_1 [logs/L96_2 ...]
# (AGENT: "" = the configured preset)
# Copies the executed notebook, the evaluation and the trained agent to logs/recorded/<NAME>, which git keeps.
set -euo pipefail
cd "$(dirname "$0")/.."

agent=$1; shift
for dir in "$@"; do
  name=${dir##*/} ending=${agent:+_$agent}
  preset=${agent:-$(.venv/bin/python -c "from rl4da.data import load_config as c; print(c('$dir').by_system('agent'))")}
  to=logs/recorded/$name
  mkdir -p "$to"
  cp "$dir/train$ending.ipynb" "$dir/evaluation$ending.json" "$to/"
  cp "$dir/training_results/$preset/models/best.pt" "$to/$preset.pt"
  echo "$dir → $to"
done
