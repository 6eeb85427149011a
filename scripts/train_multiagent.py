"""Train one agent per ensemble member, or search for its hyperparameters.

    train_multiagent.py --dir logs/L96_4 [--agent multi --num-workers 2 --num-gpus 0 --seed 0]
    train_multiagent.py --dir logs/L96_4 --tune [--num-samples 20 --max-concurrent-trials 2 --steps 10000]
    train_multiagent.py --record        score the trained agents of the page agents/multiagent, keep them

In the folder of the experiment it leaves run_multiagent.log, checkpoints_ma/checkpoint_<steps> and
models_ma/final_model, or, with --tune, ray_results. The same command goes on where it stopped.
"""
import argparse
import os
import shutil
import sys
from pathlib import Path

import torch

from rl4da.agent import load_torch, results_dir
from rl4da.curriculum import make_curriculum
from rl4da.data import generate, load_config
from rl4da.files import ConfigError, short, user_errors
from rl4da.lstm import NETWORKS
from rl4da.ppo import train
from rl4da.tune import Journal, search

ROOT = Path(__file__).resolve().parent.parent
LOG = 'run_multiagent.log'
OF_TUNE = ['num_samples', 'max_concurrent_trials', 'steps', 'reports', 'address']
RECORD = ['page', 'PAGE=agents/multiagent', 'RUN=1', 'FORCE=1']          # what `make` is told by --record


class TrainingJournal(Journal):
    "A journal that after each line copies the last checkpoint to `checkpoints_ma`, if it is a new one."
    def __init__(self, exp, out, keep=3):
        super().__init__(exp.dir / LOG)
        self.last, self.copies = out / 'checkpoints' / 'last.pt', exp.dir / 'checkpoints_ma'
        self.keep, self.copied = keep, None

    def __call__(self, text):
        super().__call__(text)
        if not self.last.is_file(): return
        step = load_torch(self.last)['step']
        if step == self.copied: return
        self.copies.mkdir(exist_ok=True)
        shutil.copy(self.last, self.copies / f'checkpoint_{step:07d}')
        self.copied = step
        for old in sorted(self.copies.glob('checkpoint_*'))[:-self.keep]: old.unlink()


def train_members(exp, agent, workers, gpus, seed):
    "Data if it is missing, then the training of preset `agent`; its best weights become `final_model`."
    preset, out = exp.preset(agent), results_dir(exp, agent)
    if NETWORKS[preset.network].moves != 'members':
        raise ConfigError(f'agent {agent!r} is no preset with an agent per member')
    generate(exp, workers=workers)
    torch.set_num_threads(workers)
    exp, say = exp.replace(use_cuda=gpus > 0), TrainingJournal(exp, out)
    say(f'{exp}, agent {agent!r}: curves by tensorboard --logdir {short(out)}')
    run = train(exp, preset, out, make_curriculum(exp), seed, say=say)
    (exp.dir / 'models_ma').mkdir(exist_ok=True)
    shutil.copy(out / 'models' / 'best.pt', exp.dir / 'models_ma' / 'final_model')
    say(f'best RMSE on path 0: {run.best:.3f} → {short(exp.dir)}/models_ma/final_model')


def parse(words):
    "The options; --num-samples=20, --num-samples 20 and --num_samples 20 are the same."
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_it_is)
    add = parser.add_argument
    add('--dir', default='logs/L96_1', help='the experiment: a folder with a config.py')
    add('--agent', default='multi', help='preset with an agent per member')
    add('--num-workers', type=int, default=2, help='processor cores for data and network')
    add('--num-gpus', type=float, default=0.0, help='1: train on the GPU; with --tune: share a trial')
    add('--seed', type=int, default=0, help='of weights, exploration, episodes')
    add('--record', action='store_true', help='instead: score the trained agents of all cases, and keep them')
    add('--tune', action='store_true', help='instead: search for hyperparameters, with the options below')
    add('--num-samples', type=int, default=8, help='trials; the first one is the preset as it is')
    add('--max-concurrent-trials', type=int, default=2, help='trials at a time; each takes a core')
    add('--steps', type=int, help="environment steps of a trial that is not stopped (default: the preset's)")
    add('--reports', type=int, default=8, help='how often a trial is scored')
    add('--address', help='of a running Ray cluster; auto: of the one on this machine')
    split = [word.partition('=') if word.startswith('--') else ('', '', word) for word in words]
    args = parser.parse_args([name.replace('_', '-') + equals + value for name, equals, value in split])
    given = [name for name in OF_TUNE if getattr(args, name) != parser.get_default(name)]
    if given and not args.tune: parser.error(f"--{given[0].replace('_', '-')} is an option of --tune")
    return args


def main():
    args = parse(sys.argv[1:])
    if args.record: os.execvp('make', ['make', '-C', str(ROOT), *RECORD])
    with user_errors():
        exp = load_config(args.dir)
        if not args.tune: return train_members(exp, args.agent, args.num_workers, args.num_gpus, args.seed)
        exp.preset(args.agent)
        generate(exp, workers=args.num_workers)
        search(exp, args.agent, args.num_samples, args.max_concurrent_trials, args.steps, args.reports,
               args.num_gpus, args.address, Journal(exp.dir / LOG))


if __name__ == '__main__': main()
