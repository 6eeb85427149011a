"""What CI checks about the notebooks besides that they run. One line per check; details where one fails.

    check_notebooks.py            all checks
    check_notebooks.py --report   and how each notebook reads: lengths, prose, figures (never fails)
"""
import argparse
import ast
import filecmp
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BIN = Path(sys.executable).parent
WIDTH, LONGEST = 110, 60         # characters of a line of Markdown, lines of an exported cell
FRONT = {'index', 'train', 'play'}                 # the notebooks directly in nbs/ that are no rooms
machine_path = re.compile(r'(?<![\w.])/(home|work|tmp|root|Users|mnt|var/folders)/\w|[A-Z]:\\+Users')
progress_bar = re.compile(r'\r|\d+%\|| \d+(\.\d+)?(it/s|s/it)\b')


# What is in a notebook

def source(cell): return ''.join(cell['source'])
def is_code(cell): return cell['cell_type'] == 'code' and source(cell).strip() != ''
def is_run(cell): return is_code(cell) and not re.search(r'^#\|\s*eval:\s*false', source(cell), re.M)
def directives(cell): return set(re.findall(r'^#\|\s*(\S+)', source(cell), re.M))
def is_exported(cell): return is_code(cell) and bool(directives(cell) & {'export', 'exports', 'exporti'})

def statements(cell):
    "The cell's top-level statements, without IPython's magics; none if it does not parse (ruff tells)."
    try: return ast.parse(re.sub(r'^(\s*)[%!?].*$', r'\1pass', source(cell), flags=re.M)).body
    except SyntaxError: return []

def code_lines(cell): return len(re.findall(r'^(?!#\|)\s*\S', source(cell), re.M))
def module_of(nb):
    "The module that a notebook exports to, or None."
    found = (re.search(r'^#\|\s*default_exp\s+(\S+)', source(c), re.M) for c in nb['cells'] if is_code(c))
    return next((m[1] for m in found if m), None)

def is_import(node): return isinstance(node, (ast.Import, ast.ImportFrom))

def output_text(output):
    "All text of a stored output; pictures are left out (base64 may spell anything)."
    data = {k: v for k, v in output.get('data', {}).items() if not k.startswith('image/')}
    texts = [output.get('text', ''), *data.values()]
    return '\n'.join(''.join(t) if isinstance(t, (str, list)) else json.dumps(t) for t in texts)


# Checks of one notebook: each yields (cell number, what is wrong)

def import_cells(nb):
    for i, cell in enumerate(nb['cells']):
        if not is_run(cell) or 'nbdev_export()' in source(cell): continue
        body = statements(cell)
        # The docs build runs every cell with an import anywhere in it, and of the others only exported ones.
        nodes = body if is_exported(cell) else [n for top in body for n in ast.walk(top)]
        if any(map(is_import, nodes)) and not all(map(is_import, body)):
            yield i, 'imports and other code in one cell'

def import_place(node):
    "Where an import stands in its cell: standard library, others, the package; `import` before `from`; name."
    plain = isinstance(node, ast.Import)
    module = node.names[0].name if plain else node.module or ''
    top = module.split('.')[0]
    return 0 if top in sys.stdlib_module_names else 2 if top == 'rl4da' else 1, not plain, module

def name_place(name):
    "Constants, then classes, then the others."
    return 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name.lower()

def import_order_in_cells(nb):
    for i, cell in enumerate(nb['cells']):
        body = statements(cell) if is_code(cell) else []
        if not body or not all(map(is_import, body)): continue
        if any(isinstance(n, ast.Import) and len(n.names) > 1 for n in body):
            yield i, 'two modules in one import'
        places = list(map(import_place, body))
        if places != sorted(places): yield i, 'imports are not sorted'
        for node in body:
            names = [a.name for a in node.names]
            if names != sorted(names, key=name_place):
                yield i, f"names are not sorted: {', '.join(names)[:60]}"

def titles(nb):
    first = next((c for c in nb['cells'] if c['cell_type'] == 'markdown'), None)
    if first and not re.fullmatch(r'# \S.*\n*(> .*)?', source(first)):
        yield nb['cells'].index(first), 'only "# Title" and one line "> quote" here: the docs drop the rest'

def star_imports(nb):
    for i, cell in enumerate(nb['cells']):
        if is_exported(cell) and re.search(r'^\s*from\s+\S+\s+import\s+\*', source(cell), re.M):
            yield i, 'a star import in an exported cell'

def stored_outputs(nb):
    for i, cell in enumerate(nb['cells']):
        for output in cell.get('outputs', []):
            text = output_text(output)
            if output['output_type'] == 'error': yield i, f"a stored error: {output['ename']}"
            if output.get('name') == 'stderr': yield i, f'stored stderr: {text.strip()[:60]}'
            if found := machine_path.search(text): yield i, f'a path of a machine: {found[0]}...'
            if progress_bar.search(text) or any('widget-view' in k for k in output.get('data', {})):
                yield i, 'remains of a progress bar'
    if found := machine_path.search(json.dumps(nb['metadata'])):
        yield 0, f"a machine's path in the metadata: {found[0]}..."

def executed(nb):
    cells = [(i, c) for i, c in enumerate(nb['cells']) if is_run(c)]
    if len(cells) > 5 and not any(c['outputs'] for _, c in cells):
        yield 0, 'no stored outputs: execute it before committing'
        return
    for i, cell in cells:
        # A cell that ends in a print or an f-string shows something, if it has been run.
        last = [s.value for s in statements(cell)[-1:] if isinstance(s, ast.Expr)]
        shown = any(isinstance(v, ast.JoinedStr) or ast.unparse(v).startswith('print(') for v in last)
        if shown and not cell['outputs'] and not source(cell).rstrip().endswith(';'):
            yield i, 'not executed: it ends in a value to show, and nothing is stored'

def wide_markdown(nb):
    "Tables cannot be wrapped, nor can the target of a link."
    for i, cell in enumerate(nb['cells']):
        if cell['cell_type'] != 'markdown': continue
        for line in source(cell).splitlines():
            text = re.sub(r'\]\([^)]*\)|<?https?://\S+', ']', line)
            if len(text) > WIDTH and not line.lstrip().startswith('|'):
                yield i, f'{len(text)} characters in a line: {line[:40]}...'

def long_cells(nb):
    for i, cell in enumerate(nb['cells']):
        if is_exported(cell) and code_lines(cell) > LONGEST:
            yield i, f'an exported cell of {code_lines(cell)} lines, more than {LONGEST}: more than one idea'


# Checks of all notebooks, or of the tree: each yields what is wrong

def places(notebooks):
    "Rooms export and stand in nbs/, pages do not and stand in nbs/pages/<subject>/."
    for path, nb in notebooks.items():
        inside, module = path.parts[1:], module_of(nb)
        if inside[0] == 'pages' and len(inside) == 3:
            exported = [i for i, c in enumerate(nb['cells']) if is_exported(c)]
            if module or exported: yield f'{path}: a page exports nothing (a room does)'
        elif len(inside) > 1: yield f'{path}: a page lives in nbs/pages/<subject>/'
        elif not module and path.stem not in FRONT:
            yield f'{path}: it exports nothing, so it is a page, and lives in nbs/pages/<subject>/'

def modules(root):
    "The modules of the package, without what nbdev keeps for itself: name -> syntax tree."
    files = [p for p in sorted((root / 'rl4da').glob('*.py')) if p.stem not in ('_modidx', '__init__')]
    return {p.stem: ast.parse(p.read_text(encoding='utf-8')) for p in files}

def public_names(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '__all__':
            yield from ast.literal_eval(node.value)

def names_mean_one_thing(root):
    owners = {}
    for module, tree in modules(root).items():
        for name in public_names(tree): owners.setdefault(name, []).append(module)
    for name, found in sorted(owners.items()):
        if len(found) > 1 and name != 'main':
            yield f"{name}: a public name of {' and of '.join(f'rl4da.{m}' for m in found)}"

def imported(tree):
    "The modules of the package that a module imports, anywhere in it."
    for node in ast.walk(tree):
        if isinstance(node, ast.Import): names = [a.name for a in node.names]
        elif not isinstance(node, ast.ImportFrom): continue
        elif node.module in (None, 'rl4da'): names = [f'rl4da.{a.name}' for a in node.names]
        else: names = [f'rl4da.{node.module}' if node.level else node.module]
        yield from (name.split('.')[1] for name in names if name.startswith('rl4da.'))

def import_order(notebooks):
    "A room imports only from rooms with lower numbers, its tests too. (`in_sync`: its cells are the module.)"
    room = {module_of(nb): path for path, nb in notebooks.items() if module_of(nb)}
    for path in room.values():
        for i, cell in enumerate(notebooks[path]['cells']):
            if not is_code(cell): continue
            for other in sorted(set(imported(ast.Module(statements(cell), []))) & set(room)):
                if room[other].name > path.name:
                    yield f'{path}, cell {i + 1}: imports rl4da.{other}, of a later room ({room[other].name})'

def neighbors(path, nb):
    "The notebooks that `Before:` and `Next:` of a notebook's introduction link to, as (word, path)."
    text = '\n\n'.join(source(c) for c in nb['cells'][:4] if c['cell_type'] == 'markdown')
    for word, said in re.findall(r'\b(Before|Next):(.*?)(?=\bNext:|\n\n|\Z)', text, re.S):
        links = re.findall(r'\]\(([^)#\s]+\.ipynb)', said)
        for link in links if word == 'Before' else links[:1]:
            yield word, Path(os.path.normpath(path.parent / link))

def chain(notebooks):
    "`Next:` leads through all rooms and pages once; the last one leads back to the index."
    found = {path: list(neighbors(path, nb)) for path, nb in notebooks.items()}
    following = {path: dict(links).get('Next') for path, links in found.items()}
    members = [p for p in notebooks if p.stem not in FRONT]
    for path, links in found.items():
        for word, to in links:
            if to not in notebooks: yield f'{path}: `{word}:` names {to}, which does not exist'
    for path in members:
        if not following[path]: yield f'{path}: no link after `Next:`'
    for to, count in Counter(following.values()).items():
        if to and count > 1 and to.stem != 'index':
            yield f"{to}: `Next:` of {' and of '.join(str(p) for p in following if following[p] == to)}"
    for path in members[1:]:
        if path not in following.values(): yield f'{path}: no `Next:` leads here'
    seen = set()
    for path in members:
        way = []
        while path and path.stem != 'index' and path not in seen:
            seen.add(path)
            way.append(path)
            path = following.get(path)
        if path not in way: continue
        yield f"a circle of `Next:`: {' → '.join(p.stem for p in [*way[way.index(path):], path])}"


def ruff(root, *args):
    command = [BIN / 'ruff', 'check', '--quiet', '--output-format=concise', *args]
    run = subprocess.run(command, cwd=root, text=True, capture_output=True)
    if run.returncode: yield from (run.stdout + run.stderr).splitlines()

def package_names(root):
    "A function that uses a notebook's unexported variable works in the notebook and breaks in the package."
    return ruff(root, '--isolated', '--select=F821', 'rl4da')

def notebook_rules(root):
    "The rules are in pyproject.toml."
    return ruff(root, *(p for p in ['nbs', 'scripts', 'setup.py'] if (root / p).exists()))

def in_sync(root):
    "Export and clean a copy of the tree: nothing may change, appear or be left over."
    with tempfile.TemporaryDirectory() as tmp:
        copy = Path(tmp)
        for name in ['settings.ini', 'pyproject.toml']: shutil.copy(root / name, copy)
        shutil.copytree(root / 'nbs', copy / 'nbs', ignore=shutil.ignore_patterns('.*', '_*', '*.yml'))
        (copy / 'rl4da').mkdir()
        shutil.copy(root / 'rl4da/__init__.py', copy / 'rl4da')
        for command in ['nbdev_export', 'nbdev_clean']:
            subprocess.run([BIN / command], cwd=copy, check=True, capture_output=True)
        names = {'pyproject.toml'}
        for top in (root, copy):
            found = [*top.glob('nbs/**/*.ipynb'), *top.glob('rl4da/**/*.py')]
            names |= {str(p.relative_to(top)) for p in found if '/.' not in str(p.relative_to(top))}
        for name in sorted(names):
            if not (copy / name).exists(): yield f'{name}: no notebook exports it; remove it'
            elif not (root / name).exists(): yield f'{name}: missing; run nbdev_export'
            elif not filecmp.cmp(root / name, copy / name, shallow=False):
                yield f"{name}: not current; run nbdev_{'clean' if name.endswith('.ipynb') else 'export'}"


# How a notebook reads. A report, not a check: good essays break every one of these measures somewhere.

def longest_run(flags):
    "Length of the longest run of true values."
    return max(map(len, ''.join('x' if f else ' ' for f in flags).split()), default=0)

def has_figure(cell): return any('image/png' in o.get('data', {}) for o in cell.get('outputs', []))
def is_test(cell): return bool(re.search(r'\bassert|\btest_', source(cell)))

def measures(nb):
    cells = [c for c in nb['cells'] if source(c).strip()]
    code = [c for c in cells if is_code(c)]
    lines = sorted(code_lines(c) for c in code if is_exported(c)) or [0]
    words = sum(len(source(c).split()) for c in cells if c['cell_type'] == 'markdown')
    figures = [i for i, c in enumerate(cells) if has_figure(c)]
    captions = sum(not is_code(c) for i in figures for c in cells[i + 1:i + 2])
    return {
        'cells': len(cells), 'code cells': len(code), 'exported cells': sum(map(is_exported, code)),
        'lines: median': int(statistics.median(lines)), 'lines: 90 %': lines[int(0.9 * (len(lines) - 1))],
        'lines: longest': lines[-1], 'words per code cell': words // max(len(code), 1),
        'code without prose': longest_run(map(is_code, cells)), 'figures': len(figures),
        'figures, no caption': len(figures) - captions,
        'tests, seen': sum(is_test(c) and 'hide' not in directives(c) for c in code),
        'tests, hidden': sum(is_test(c) and 'hide' in directives(c) for c in code),
        'size in kB': len(json.dumps(nb)) // 1000,
    }

def report(notebooks):
    rows = {path.stem: measures(nb) for path, nb in notebooks.items()}
    width = {name: max(5, len(name)) + 2 for name in rows}
    print('\n' + ' ' * 20 + ''.join(name.rjust(w) for name, w in width.items()))
    for k in next(iter(rows.values()), {}):
        print(f'{k:20}' + ''.join(str(rows[name][k]).rjust(w) for name, w in width.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument('--report', action='store_true', help='also print how each notebook reads')
    args = parser.parse_args()
    root = args.root

    def read(pattern):
        names = [p.relative_to(root) for p in sorted(root.glob(pattern))]
        names = [n for n in names if not any(part[0] in '._' for part in n.parts)]
        return {n: json.loads((root / n).read_text(encoding='utf-8')) for n in names}

    def each(check, notebooks):
        return [f'{n}, cell {i + 1}: {message}' for n, nb in notebooks.items() for i, message in check(nb)]

    rooms = read('nbs/**/*.ipynb')
    stored = rooms | read('logs/recorded/**/*.ipynb')
    checks = {
        'cells with imports hold nothing else': each(import_cells, rooms),
        'imports are sorted, one module a line': each(import_order_in_cells, rooms),
        'a title and its quote have a cell of their own': each(titles, rooms),
        'no star imports in exported cells': each(star_imports, rooms),
        'lines of Markdown have at most 110 characters': each(wide_markdown, rooms),
        'exported cells have at most 60 lines': each(long_cells, rooms),
        'rooms export, pages do not and live in nbs/pages': list(places(rooms)),
        'a public name means one thing': list(names_mean_one_thing(root)),
        'no import from a later room': list(import_order(rooms)),
        '`Before:` and `Next:` form one chain': list(chain(rooms)),
        'stored outputs: no errors, warnings, machine paths, progress bars': each(stored_outputs, stored),
        'notebooks are committed executed': each(executed, rooms),
        'the package equals what the notebooks export, and they are clean': list(in_sync(root)),
        'no undefined names in the package': list(package_names(root)),
        'ruff on notebooks and scripts': list(notebook_rules(root)),
    }
    for name, wrong in checks.items():
        print(f"{'FAILED' if wrong else 'ok':6}  {name}")
        for message in wrong: print(f'        {message}')
    if args.report: report(rooms)
    sys.exit(any(checks.values()))


if __name__ == '__main__': main()
