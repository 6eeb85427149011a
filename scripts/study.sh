#!/usr/bin/env bash
# Run a study: study.sh NAME RECORD [arguments of rl4da_study].  With RECORD=1 its results go to logs/recorded/studies, and
# nbs/studies/NAME.ipynb is executed anew with them.
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 record=$2; shift 2
.venv/bin/rl4da_study "$name" "$@"
[[ $record ]] || exit 0

.venv/bin/rl4da_study "$name" --record "$@"
for notebook in nbs/studies/*.ipynb; do
  [[ $name == all || $notebook == */$name.ipynb ]] || continue
  .venv/bin/jupyter nbconvert --to notebook --execute --inplace --log-level WARN "$notebook"
  .venv/bin/nbdev_clean --fname "$notebook"
  echo "→ $notebook"
done
