#!/usr/bin/env bash
# Remove what runs wrote: clean.sh data|training|all logs/L96_1 [logs/L96_2 ...]
# A configuration (config.py) and the recorded reference runs are never touched.
set -euo pipefail

what=$1; shift
for dir in "$@"; do
  dir=${dir%/}
  # Only a configuration's folder: without this, DIR=. would be a disaster.
  if [[ ! -f $dir/config.py || ! -f $(dirname "$dir")/global_config.py ]]; then
    echo "$dir is not a configuration: it needs a config.py, and a global_config.py beside the folder" >&2
    exit 2
  fi
  case $what in
    data)     rm -rf "$dir"/{trajectory.npy,precomputed_paths,normalization.json,manifest.json} ;;
    training) rm -rf "$dir"/train*.ipynb "$dir"/evaluation*.json "$dir"/run*.log "$dir"/training_results \
                 "$dir"/{checkpoints_ma,models_ma,ray_results} ;;
    all)      find "$dir" -mindepth 1 -maxdepth 1 ! -name config.py -exec rm -rf {} + ;;
    *)        echo "clean.sh: data, training or all, not '$what'" >&2; exit 2 ;;
  esac
  echo "$dir: removed $what"
done
