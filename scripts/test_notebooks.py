"""Run notebooks as tests, as `nbdev_test` does, with the time of each and a count at the end.

nbdev_test itself prints neither, and a line `N passed, N failed` is what people and CI look for.
"""
import argparse, multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.frontmatter import FrontmatterProc
from nbdev.process import NBProcessor
from nbdev.test import test_nb


def skipped(path):
    "Does the notebook ask not to be run (`skip_exec: true`)?"
    nb = NBProcessor(path, procs=FrontmatterProc, process=True).nb
    return str(getattr(nb, 'frontmatter_', {}).get('skip_exec', False)).lower() == 'true'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('notebooks', nargs='*', help='default: all in nbs/')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--flags', default='', help="cells to run that are normally not, e.g. 'slow'")
    args = parser.parse_args()

    config = get_config()
    # Absolute: nbdev changes into the notebook's folder to run it.
    found = [Path(p).absolute() for p in args.notebooks] or sorted(nbglob(config.nbs_path, as_path=True).map(Path.absolute))
    paths = [p for p in found if not skipped(p)]
    for p in set(found) - set(paths): print(f'skip    {p.name}: it says skip_exec', flush=True)
    skip, force = config.tst_flags.split(), args.flags.split()

    failed, began = 0, time.time()
    # A fresh process for each notebook: no state of one reaches the next.
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context('spawn'), max_tasks_per_child=1) as pool:
        runs = {pool.submit(test_nb, p, skip, force, basepath=config.config_path): p for p in paths}
        for run in as_completed(runs):
            passed, seconds = run.result()
            failed += not passed
            print(f"{'ok' if passed else 'FAILED':6}  {os.path.relpath(runs[run])}  {seconds:.0f} s", flush=True)
    print(f'in {time.time() - began:.0f} s')
    print(f'{len(paths) - failed} passed, {failed} failed')
    sys.exit(failed > 0 or not paths)


if __name__ == '__main__': main()
