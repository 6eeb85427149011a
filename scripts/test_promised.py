"""Every command that README and CHANGELOG ever promised works: `make -n`, and for real where it is cheap.

In a temporary copy of what commands read. A command that runs a page is followed as far as papermill: the
page is there, and takes the parameters that the command gives it. That it runs, `make test` shows.
"""
import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

root = Path(__file__).resolve().parent.parent

DRY, REAL = 'dry', 'real'       # only `make -n`; run, with what stands behind it
promised = {                    # command → how it is tried: DRY, REAL, or a page and the parameters it gets
    # The README of 0.1.0
    'make train': DRY,
    'make train TEST=1': DRY,
    'make train AGENT=eakf': DRY,
    'make train DIR=logs/L96_1 AGENT=seed': DRY,
    'make train DIR=logs/L96_1 AGENT=imitate': DRY,
    'make train DIR=logs/L96_4 AGENT=multi': DRY,
    'make test': DRY,
    'make evaluate DIR=logs/L96_1': (REAL, 'RUNS=2 CYCLES=20 SEED=3'),
    'make tune DIR=logs/L96_1 SAMPLES=16 STEPS=16384': (
        'agents/search', dict(run=True, config_dir='logs/L96_1', samples=16, steps=16384)),
    'make study NAME=observations': ('agents/observations', dict(run=True)),
    'make mnmef_train': ('learned/train', dict(dataset='l96', members=10, sigma=1.0)),
    'make benchmark': ('filters/benchmark', dict(run=True)),
    'make benchmark_tune': ('filters/benchmark', dict(run=True, tune=True)),
    'make peers_dapper': DRY,
    'make peers_rl': DRY,
    'make bench': DRY,
    'make help': (REAL, ''),
    'make evaluate': DRY,
    'make data_generate': DRY,
    'make docs': DRY,
    'make lab': DRY,
    'make tensorboard': DRY,
    'make clear': (REAL, ''),
    'make reset': (REAL, ''),
    'make readme': (REAL, ''),
    # CHANGELOG
    'make fixedpoint': ('lorenz63/networks', dict(run=True, grid='headline')),
    'make study': DRY,
    'make tune': DRY,
    'make study NAME=inflation RECORD=1': DRY,
    'make tune_record': ('agents/search', dict(keep=True, config_dir='logs/L96_1')),
    # What notebooks, CONTRIBUTING and `make help` said
    'make help ALL=1': (REAL, ''),
    'make venv': DRY,
    'make data_generate DIR=logs/L96_4 FORCE=1': DRY,
    'make data_clean DIR=logs/L96_2': (REAL, ''),
    'make train_clean DIR=logs/L96_2': (REAL, ''),
    'make record DIR=logs/L96_1': (REAL, ''),
    'make record AGENT=eakf DIR=logs/L96_1': (REAL, ''),
    'make study NAME=lstm_size SEEDS=1 QUICK=1': ('agents/lstm_size', dict(run=True, tiny=True, seeds=1)),
    'make study NAME=inflation': ('filters/inflation', dict(run=True)),
    'make study NAME=yardsticks': ('agents/yardsticks', dict(run=True)),
    'make study NAME=all QUICK=1': DRY,
    'make benchmark PROBLEM="L96_1 R=0.1" MEMBERS=20 METHOD="EAKF" RUNS=2 CYCLES=20 SEED=5 QUICK=1': (
        'filters/benchmark', dict(run=True, tiny=True, problem='L96_1 R=0.1', members=20, method='EAKF',
                                  runs=2, cycles=20, seed=5)),
    'make benchmark_tune METHOD=LETKF FORCE=1': (
        'filters/benchmark', dict(run=True, tune=True, method='LETKF', anew=True)),
    'make benchmark_record': (REAL, ''),
    'make fixedpoint MODEL="mlp gru" OBS=x GRID=headline SEEDS="0 1" FORCE=1': (
        'lorenz63/networks', dict(run=True, anew=True, models='mlp gru', modes='x', grid='headline',
                                  seeds='0 1')),
    'make fixedpoint SEEDS=0': ('lorenz63/networks', dict(run=True, grid='headline', seeds='0')),
    'make fixedpoint_simulate': ('lorenz63/networks', dict(run=True, grid='headline', step='simulate')),
    'make fixedpoint_train MODEL=mlp': (
        'lorenz63/networks', dict(run=True, grid='headline', step='train', models='mlp')),
    'make fixedpoint_visualize': ('lorenz63/networks', dict(run=True, grid='headline', step='visualize')),
    'make fixedpoint_record': (REAL, ''),
    'make train_multiagent': DRY,
    'make train_multiagent DIR=logs/L96_4 AGENT=multi': DRY,
    'make tune AGENT=multi CONCURRENT=2 ADDRESS=auto GPUS=0.5': (
        'agents/search', dict(run=True, config_dir='logs/L96_1', agent='multi', concurrent=2, address='auto',
                              num_gpus=0.5)),
    'make mnmef_train DATASET=ks N=20 SIGMA=0.7 NETWORK=paper UPDATES=40': (
        'learned/train', dict(dataset='ks', members=20, sigma=0.7, network='paper', updates=40)),
    'make mnmef_finetune N=20 NAMES=local_N10_sigma1 UPDATES=10': (
        'learned/train', dict(dataset='l96', members=20, sigma=1.0, parent='local_N10_sigma1', updates=10)),
    'make mnmef_evaluate DATASET=l63 N=20': (
        'learned/members', dict(action='evaluate', dataset='l63', members=20, sigma=1.0)),
    'make mnmef_benchmark DATASET=ks': (
        'filters/benchmark', dict(run=True, problem='KS MNMEF 1.0', members=10)),
    'make mnmef_record N=20': (
        'learned/members', dict(action='record', dataset='l96', members=20, sigma=1.0)),
    'make page PAGE=agents/observations RUN=1 FORCE=1 SEEDS=2': (
        'agents/observations', dict(run=True, anew=True, seeds=2)),
    'make page PAGE=filters/peers': ('filters/peers', {}),
    'make page PAGE=agents/multiagent QUICK=1': ('agents/multiagent', dict(tiny=True)),
    'make outputs NB=nbs/01_eakf.ipynb': DRY,
    'make peers_multiagent': DRY,
    'make lint': DRY,
    'make check': DRY,
    'make test NB=nbs/01_eakf.ipynb FLAGS=slow': DRY,
    'make remove_cache': (REAL, ''),
}


def workplace(top):
    "What commands read: Makefile, scripts, pages, configurations, trained agents, as if just trained."
    for name in ['Makefile', 'settings.ini', 'setup.py', 'README.md']: shutil.copy2(root / name, top)
    shutil.copytree(root / 'scripts', top / 'scripts', ignore=shutil.ignore_patterns('__pycache__'))
    (top / '.venv').symlink_to((root / '.venv').resolve())
    notebooks = [*root.glob('nbs/pages/*/*.ipynb'), *root.glob('nbs/index.ipynb')]
    kept = [*root.glob('logs/*/config.py'), *root.glob('logs/*.*'), *root.glob('logs/recorded/L96_1/*')]
    for path in notebooks + kept:
        to = top / path.relative_to(root)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)
    for path in root.glob('logs/recorded/L96_1/*.*'):
        shutil.copy2(path, top / 'logs/L96_1')
        if path.suffix != '.pt': continue
        best = top / f'logs/L96_1/training_results/{path.stem}/models/best.pt'
        best.parent.mkdir(parents=True)
        shutil.copy2(path, best)

def make(top, command, *more):
    "Run a make command in `top`, where .venv counts as current; returns code and what it said."
    env = {k: v for k, v in os.environ.items() if not k.startswith('MAKE')} | {'PYTHONPATH': str(root)}
    line = f"make -o .venv/.complete {' '.join(more)} {command.removeprefix('make ')}"
    run = subprocess.run(line, shell=True, cwd=top, env=env, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout

def told(top, said):
    "What a command, printed by `make -n`, has papermill do: the page, its parameters; or what is wrong."
    words = shlex.split(re.search(r'run\.sh page ([^;\n]*)', said.replace('\\\n', ' '))[1])
    command = [sys.executable, 'scripts/page.py', *words]
    run = subprocess.run(command, cwd=top, text=True, capture_output=True)
    if run.returncode: return run.stderr
    *options, path = run.stdout.splitlines()
    triples = zip(options[::3], options[1::3], options[2::3])
    values = {name: value if kind == '-r' else ast.literal_eval(value) for kind, name, value in triples}
    return Path(path).relative_to('nbs/pages').with_suffix('').as_posix(), values

def wrong(command, how):
    "What is wrong with a promised command, an empty text if nothing is."
    with tempfile.TemporaryDirectory() as tmp:
        top = Path(tmp)
        workplace(top)
        code, said = make(top, command, '-n')
        if code or how == DRY: return said if code else ''
        if how[0] == REAL:
            code, said = make(top, f'{command} {how[1]}')
            return said if code else ''
        found = told(top, said)
        return '' if found == how else found if isinstance(found, str) else f'{found}, not {how}'

def spans():
    "The commands that the texts of today name."
    names = 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'
    texts = [(root / name).read_text(encoding='utf-8') for name in names]
    found = re.findall(r'`(make [a-z_]+[^`]*)`', '\n'.join(texts))
    return sorted({m for m in found if m not in promised and '…' not in m})


def main():
    words = sys.argv[1:]
    cases = {**promised, **dict.fromkeys(spans(), DRY)}
    cases = {command: how for command, how in cases.items() if all(w in command for w in words)}
    with ThreadPoolExecutor(2) as pool: results = dict(zip(cases, pool.map(wrong, cases, cases.values())))
    for command, said in results.items():
        how = cases[command] if isinstance(cases[command], str) else cases[command][0]
        print(f"{'FAILED' if said else 'ok':6}  {command}  ({how})")
        if said: print('\n'.join('        ' + line for line in said.strip().splitlines()[-12:]))
    sys.exit(any(results.values()) or not results)


if __name__ == '__main__': main()
