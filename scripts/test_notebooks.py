"""Run notebooks as tests: `nbdev_test` on each, with its time, and a count at the end.

One process per notebook, so that one that crashes takes no other with it. The line `N passed, N failed` is
what people and CI look for.
"""
import argparse, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.frontmatter import FrontmatterProc
from nbdev.process import NBProcessor


def skipped(path):
    "Does the notebook ask not to be run (`skip_exec: true`)?"
    nb = NBProcessor(path, procs=FrontmatterProc, process=True).nb
    return str(getattr(nb, 'frontmatter_', {}).get('skip_exec', False)).lower() == 'true'


def passes(path, flags):
    "Run one notebook; say how it went."
    began = time.time()
    command = [Path(sys.executable).with_name('nbdev_test'), '--path', path, '--flags', flags]
    run = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode: print(run.stdout)
    print(f"{'FAILED' if run.returncode else 'ok':6}  {path.name}  {time.time() - began:.0f} s", flush=True)
    return run.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('notebooks', nargs='*', type=Path, help='default: all in nbs/')
    parser.add_argument('--workers', type=int, default=2, help='how many at a time')
    parser.add_argument('--flags', default='', help="cells to run that are normally not, e.g. 'slow'")
    args = parser.parse_args()
    for p in args.notebooks:
        if not p.is_file(): parser.error(f'{p}: no such notebook')

    paths = args.notebooks or sorted(nbglob(get_config().nbs_path, as_path=True))
    for p in filter(skipped, paths): print(f'skip    {p.name}: it says skip_exec')
    began = time.time()
    with ThreadPoolExecutor(args.workers) as pool:
        results = list(pool.map(lambda p: passes(p, args.flags), [p for p in paths if not skipped(p)]))
    print(f'in {time.time() - began:.0f} s')
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    sys.exit(not results or not all(results))


if __name__ == '__main__': main()
