"""Run notebooks as tests: each is executed, and what it prints compared with what is stored (see execute.py).

    test_notebooks.py                      all; pages with a parameter `tiny` a second time, at test size
    test_notebooks.py --write [NB ...]     the same run, writing the outputs back

One process per notebook, so that one that crashes takes no other with it. The line `N passed, N failed` is
what people and CI look for.
"""
import argparse
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.frontmatter import FrontmatterProc
from nbdev.process import NBProcessor


def skipped(path):
    "Does the notebook ask not to be run (`skip_exec: true`)?"
    nb = NBProcessor(path, procs=FrontmatterProc, process=True).nb
    return str(getattr(nb, 'frontmatter_', {}).get('skip_exec', False)).lower() == 'true'

def has_tiny(path):
    "Has the notebook a parameter `tiny`?"
    cells = nbformat.read(path, 4).cells
    named = [c.source for c in cells if 'parameters' in c.metadata.get('tags', [])]
    return any(re.search(r'^tiny\b', text, re.M) for text in named)

def passes(path, *options):
    "Execute one notebook in a process of its own; say how it went."
    command = [sys.executable, Path(__file__).with_name('execute.py'), *options, path]
    run = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # Its last line says how it went, unless it was killed.
    said = run.stdout.rstrip()
    if not said.rpartition('\n')[2].startswith(('ok', 'FAILED')):
        said += f'\nFAILED  {path}: its process ended with code {run.returncode}'
    print(said, flush=True)
    return run.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('notebooks', nargs='*', type=Path, help='default: all in nbs/')
    parser.add_argument('--write', action='store_true', help='write the outputs back, compare nothing')
    parser.add_argument('--workers', type=int, default=2, help='how many at a time')
    parser.add_argument('--flags', default='', help="cells to run that are normally not, e.g. 'slow'")
    parser.add_argument('--timeout', type=int, default=900, help='seconds for one cell (without --flags)')
    args = parser.parse_args()
    for p in args.notebooks:
        if not p.is_file(): parser.error(f'{p}: no such notebook')

    top = Path.cwd()
    found = args.notebooks or sorted(nbglob(get_config().nbs_path, as_path=True))
    found = [p.relative_to(top) if p.is_relative_to(top) else p for p in found]
    for p in filter(skipped, found): print(f'skip    {p}: it says skip_exec')
    paths = [p for p in found if not skipped(p)]
    common = ['--flags', args.flags, *([] if args.flags else ['--timeout', str(args.timeout)])]
    def options(p): return [] if args.write else ['--check', *(['--tiny'] if has_tiny(p) else [])]
    jobs = [(p, *common, *options(p)) for p in paths]
    jobs.sort(key=lambda job: '--tiny' not in job)      # the longest ones are among these: begin with them
    began = time.time()
    with ThreadPoolExecutor(args.workers) as pool: results = list(pool.map(lambda job: passes(*job), jobs))
    print(f'in {time.time() - began:.0f} s')
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    sys.exit(not results or not all(results))


if __name__ == '__main__': main()
