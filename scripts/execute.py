"""Execute a notebook with a real kernel, as JupyterLab would; keep its outputs or compare them.

    execute.py nbs/01_eakf.ipynb ...        write the outputs back (`make outputs`)
    execute.py --check nbs/01_eakf.ipynb    write nothing; fail where a stored text is not what a run prints
    execute.py --tiny nbs/pages/...         write and compare nothing; with `tiny = True`, as papermill would

A cell that tests leave out (`#| slow`, `#| notest`, `#| gpu`, `#| eval: false`) and the one that exports are
not run and keep what is stored; `--flags slow` runs the slow ones. How outputs are compared, a tag says:

    timing    not at all: times and speeds
    varies    all but the numbers: they differ between machines, because chaos amplifies rounding
    (none)    word for word; a number with decimals to within one unit of its last printed digit
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import nbformat
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

root = Path(__file__).resolve().parent.parent
skip_flags = {'slow', 'notest', 'gpu'}       # `tst_flags` of settings.ini
exports = re.compile(r'\bnbdev_export\(')


# Which cells run

def directives(cell): return dict(re.findall(r'^#\|\s*(\w+)(?::[ \t]*(\S+))?', cell.source, re.M))

def is_run(cell, flags=()):
    "Does a run execute this cell? `flags`: what it does though it is normally left out."
    if cell.cell_type != 'code' or exports.search(cell.source): return False
    found = directives(cell)
    return found.get('eval', '').lower() != 'false' and not (skip_flags - set(flags)) & set(found)


# Which text it shows

number = re.compile(r'(?<![\w.])[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d+)?')
address = re.compile(r'(<.*?) at 0x[0-9a-fA-F]+(>)')     # what `nbdev_clean` takes out

def shown(cell):
    "The text in the outputs: all that is printed, then each result. Of a picture, that it is there."
    streams = [o for o in cell.outputs if o.output_type == 'stream']
    printed = ''.join(o.text for o in streams if o.name == 'stdout')
    texts = [printed] if printed else []
    for data in (o.data for o in cell.outputs if 'data' in o):
        if any('widget' in kind for kind in data): continue
        if any(kind.startswith('image/') for kind in data): texts.append('(a picture)')
        else: texts.append(data.get('text/markdown', data.get('text/plain', '')))
    return address.sub(r'\1\2', '\n'.join(t.rstrip() for t in texts))

def masked(text):
    "The text without its numbers, and without what moves with them: column widths, signs, rules."
    text = re.sub(r'\b(nan|inf|none)\b', '0', text, flags=re.I)     # as entries of tables
    return re.sub(r'[\s+-]+', ' ', number.sub('#', text)).strip()

def unit(digits):
    "One unit of the last digit of a printed number; 0 for a whole number, which has to be exact."
    digits = digits.replace(',', '')
    whole, _, exponent = digits.lower().partition('e')
    decimals = len(whole.partition('.')[2])
    return Decimal(10)**(int(exponent or 0) - decimals) if decimals or exponent else Decimal(0)

def same_number(a, b):
    return abs(Decimal(a.replace(',', '')) - Decimal(b.replace(',', ''))) <= max(unit(a), unit(b))

def same(stored, produced, tags=()):
    "Are two texts the same, by the rule of the cell's tags?"
    if 'timing' in tags or stored == produced: return True
    if 'varies' in tags: return masked(stored) == masked(produced)
    words = [number.sub('#', text).split() for text in (stored, produced)]
    return words[0] == words[1] and all(map(same_number, number.findall(stored), number.findall(produced)))

def difference(stored, produced):
    "The first lines in which two texts differ."
    lines = list(difflib.ndiff(stored.splitlines(), produced.splitlines()))
    names = {'- ': '  stored    ', '+ ': '  produced  '}
    found = [names[line[:2]] + line[2:] for line in lines if line[:2] in names]
    return '\n'.join(found[:8] + ['  ...']*(len(found) > 8)) or '  (only white space)'

def stale(before, after, flags=()):
    "Yield what is wrong with each cell whose stored output is not what the run produced."
    for i, (old, new) in enumerate(zip(before.cells, after.cells)):
        if not is_run(old, flags): continue
        was, now, tags = shown(old), shown(new), old.metadata.get('tags', [])
        if same(was, now, tags): continue
        first = next((s for s in old.source.splitlines() if s.strip() and not s.startswith('#|')), '')
        tag = ''.join(f', {tag}' for tag in tags if tag in ('timing', 'varies'))
        yield f"cell {i + 1} ({old.get('id', '')}{tag}): {first[:70]}\n{difference(was, now)}"


# Running

class Client(NotebookClient):
    "Executes what tests do not leave out."
    flags = ()

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        if not is_run(cell, self.flags): return cell
        return await super().async_execute_cell(cell, cell_index, **kwargs)

def environment():
    "For the kernel: one thread, tests' flag, the package beside this script, a terminal of 80 columns."
    threads = {f'{lib}_NUM_THREADS': '1' for lib in ('OMP', 'MKL', 'OPENBLAS', 'NUMBA')}
    path = os.pathsep.join(filter(None, [str(root), os.environ.get('PYTHONPATH')]))
    os.environ.update(threads, IN_TEST='1', PYTHONPATH=path, COLUMNS='80')

def execute(notebooks, folder, flags=(), timeout=None):
    "Run `notebooks` in one kernel, in `folder`; cells get what they produce. Raises what `reason` explains."
    client = Client(notebooks[0], timeout=timeout, kernel_name='python3', record_timing=False,
                    extra_arguments=['--log-level=ERROR'], resources={'metadata': {'path': str(folder)}})
    client.flags = flags
    run_cell = run_sync(client.async_execute_cell)
    with client.setup_kernel():
        for client.nb in notebooks:
            for index, cell in enumerate(client.nb.cells): run_cell(cell, index)

def any_error(nb): return any(o.output_type == 'error' for c in nb.cells for o in c.get('outputs', []))

def reason(error, nb):
    "Why a run ended early, in a few lines."
    if isinstance(error, CellTimeoutError): return f'timed out: {str(error).splitlines()[0]}'
    if isinstance(error, DeadKernelError):
        return 'its kernel died (killed, out of memory, or a crash of compiled code)'
    if not isinstance(error, CellExecutionError): return f'{type(error).__name__}: {error}'
    plain = re.sub(r'\x1b\[[0-9;]*m', '', str(error))
    raised = [i + 1 for i, c in enumerate(nb.cells) for o in c.get('outputs', []) if o.output_type == 'error']
    lines = [line for line in plain.splitlines() if line.strip()]
    return '\n'.join([f'raised in cell {raised[-1] if raised else "?"}:', *('  ' + s for s in lines[-16:])])

def with_parameters(nb, **values):
    "What papermill does with a cell after the one tagged `parameters`. None if one is no parameter there."
    for cell in nb.cells:
        if 'parameters' not in cell.metadata.get('tags', []): continue
        if not all(re.search(rf'^{name}\b', cell.source, re.M) for name in values): return None
        cell.source += ''.join(f'\n{k} = {v!r}' for k, v in values.items())
        return nb

def run(path, check=False, tiny=False, flags=(), timeout=None):
    "Execute one notebook; returns what is wrong, an empty text if nothing is."
    nb, stored, small = (nbformat.read(path, 4) for _ in range(3))
    if tiny and not with_parameters(small, tiny=True): return f'{path} has no parameter `tiny`'
    try: execute([nb]*(check or not tiny) + [small]*tiny, path.parent, flags, timeout)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return reason(error, small if any_error(small) else nb)
    if tiny and not check: return ''
    if check:
        found = list(stale(stored, nb, flags))
        cure = f'make outputs NB={path}, then see what changed (git diff) and whether the prose still holds'
        return '\n'.join(['stale outputs', *found, f'The cure: {cure}.']) if found else ''
    nbformat.write(nb, path)
    subprocess.run([Path(sys.executable).with_name('nbdev_clean'), '--fname', path], check=True)
    return ''


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('notebooks', nargs='+', type=Path)
    parser.add_argument('--check', action='store_true', help='compare with the stored outputs, write nothing')
    parser.add_argument('--tiny', action='store_true',
                        help='run with the parameter tiny=True, write nothing; with --check: after it')
    parser.add_argument('--flags', default='', help="cells to run that are normally not, e.g. 'slow'")
    parser.add_argument('--timeout', type=int, help='seconds for one cell (default: as many as it takes)')
    args = parser.parse_args()
    for path in args.notebooks:
        if not path.is_file(): parser.error(f'{path}: no such notebook')

    environment()
    failed = 0
    for path in args.notebooks:
        began = time.time()
        wrong = run(path, args.check, args.tiny, args.flags.split(), args.timeout)
        failed += bool(wrong)
        name = f"{path}{', tiny' if args.tiny else ''}"
        if wrong: print(f'{name}: {wrong}')
        print(f"{'FAILED' if wrong else 'ok':6}  {name}  {time.time() - began:.0f} s", flush=True)
    sys.exit(bool(failed))


if __name__ == '__main__': main()
