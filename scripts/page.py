"""What papermill has to be told to run a page: page.py agents/observations run=1 seeds=3

Prints papermill's options, a line each, and the page's notebook last. A value gets the type of its default in
the cell tagged `parameters`; `name?=value` is left out where a page has no such parameter.
Mistakes: one line, code 2.
"""
import ast
import difflib
import json
import sys
from pathlib import Path

pages = Path('nbs/pages')
true, false = {'1', 'true', 'yes'}, {'', '0', 'false', 'no'}


def find(name):
    "The notebook of the page `name`."
    known = sorted(p.relative_to(pages).with_suffix('').as_posix() for p in pages.glob('*/[!.]*.ipynb'))
    if name in known: return pages / f'{name}.ipynb'
    if not name: sys.exit(f"which page? PAGE= {' '.join(known)}")
    last = {page.rpartition('/')[2]: page for page in known}
    near = difflib.get_close_matches(name, known, 1) or [
        last[n] for n in difflib.get_close_matches(name.rpartition('/')[2], last, 1)]
    raise SystemExit(f"no page {name!r}: {f'did you mean {near[0]}?' if near else 'make page lists them'}")

def parameters(path):
    "The parameters of a notebook: name → default."
    for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
        if 'parameters' not in cell['metadata'].get('tags', []): continue
        body = ast.parse(''.join(cell['source'])).body
        targets = [(n.target if isinstance(n, ast.AnnAssign) else n.targets[0], n.value) for n in body]
        return {target.id: ast.literal_eval(value) for target, value in targets}
    return {}

def option(name, value, default):
    "papermill's option for a parameter with this default."
    if isinstance(default, str): return ['-r', name, value]
    if isinstance(default, bool):
        if value.lower() not in true | false: raise SystemExit(f'{name} is yes or no, not {value!r}')
        return ['-p', name, str(value.lower() in true)]
    try: return ['-p', name, str(type(default)(value))]
    except ValueError: raise SystemExit(f'{name} is a number, such as {default}, not {value!r}') from None

def main(name, *given):
    path = find(name)
    known, lines = parameters(path), []
    for pair in given:
        key, _, value = pair.partition('=')
        if key.rstrip('?') in known: lines += option(key.rstrip('?'), value, known[key.rstrip('?')])
        elif not key.endswith('?'):
            raise SystemExit(f"{name} has no parameter {key!r}; it has {', '.join(known) or 'none'}")
    print('\n'.join([*lines, path.as_posix()]))


if __name__ == '__main__':
    try: main(*sys.argv[1:])
    except SystemExit as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
