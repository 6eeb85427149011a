"""Each check of check_notebooks.py, execute.py, readme.py and check_links.py: what breaks one rule fails.

A tiny project, which passes, is made anew in a temporary folder for every case.
"""
import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from pathlib import Path

import nbformat
from execute import same
from nbformat import v4

root = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
kernel = {'kernelspec': {'name': 'python3', 'display_name': 'python3', 'language': 'python'}}


def room():
    "A notebook as it should be: an exported import, an exported function, one that shows something."
    shown = v4.new_output('execute_result', {'text/plain': "'3.14'"})
    return v4.new_notebook(metadata=kernel, cells=[
        v4.new_markdown_cell('# Circles\n\n> How large is a circle?'),
        v4.new_markdown_cell('Before: nothing. Next: [the front page](index.ipynb).'),
        v4.new_code_cell('#| default_exp circles'),
        v4.new_code_cell('#| export\nimport math'),
        v4.new_code_cell('import numpy as np'),
        v4.new_code_cell('#| exports\ndef area(r):\n    "Area of a circle."\n    return math.pi*r**2'),
        v4.new_code_cell('radii = np.arange(3)'),
        v4.new_code_cell('assert area(radii[0]) == 0'),
        v4.new_code_cell('f"{area(1.0):.2f}"', outputs=[shown]),
    ])


def export(top):
    for command in ['nbdev_export', 'nbdev_clean']: subprocess.run([BIN / command], cwd=top, check=True)


def write(nb, path):
    for i, cell in enumerate(nb.cells): cell.id = f'cell{i}'
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, path)

def project(top, change=lambda nb: None):
    "Write the tiny project to `top`, with its notebook changed by `change`, exported and clean."
    for name in ['settings.ini', 'pyproject.toml']: shutil.copy(root / name, top)
    for folder in ['nbs', 'rl4da']: (top / folder).mkdir()
    nb = room()
    change(nb)
    write(nb, top / 'nbs/00_circles.ipynb')
    write(v4.new_notebook(metadata=kernel, cells=[v4.new_markdown_cell('# Shapes')]), top / 'nbs/index.ipynb')
    export(top)


def says(message, script, *args):
    "Run a check; without a message it has to pass, else to fail and say it. Returns all that it said."
    run = subprocess.run([sys.executable, root / 'scripts' / script, *args], text=True, capture_output=True)
    said = run.stdout + run.stderr
    assert (run.returncode != 0) == (message is not None), f'{script}: exit code {run.returncode}\n{said}'
    assert (message or '') in said, f'{script} should have said {message!r}:\n{said}'
    print(f"ok  {script}: {message or 'passes'}")
    return said


# Changes of the notebook, and what the check says about it

def add(nb, *args, **kwargs): nb.cells.append(v4.new_code_cell(*args, **kwargs))
def output(kind, *args, **kwargs): return {'outputs': [v4.new_output(kind, *args, **kwargs)]}
def stdout(text): return output('stream', text=text)

def mixed_import(nb): add(nb, 'import json\nx = json.dumps(1)')
def hidden_import(nb): add(nb, 'def f():\n    import json\n    return json.dumps(radii[0])')
def long_title(nb): nb.cells[0].source += '\n\nIn: a radius. Out: an area.'
def star_import(nb): nb.cells[3].source = '#| export\nfrom math import *\nimport math'
def error(nb): add(nb, '1/0', **output('error', ename='ZeroDivisionError', evalue='', traceback=[]))
def stderr(nb): add(nb, 'radii[:1]', **output('stream', name='stderr', text='DeprecationWarning: old'))
def path(nb): add(nb, 'radii[:1]', **stdout('wrote /home/someone/rl4da/x.png'))
def windows_path(nb): add(nb, 'radii[:1]', **stdout(r'wrote C:\Users\someone\x.png'))
def bar(nb): add(nb, 'radii[:1]', **stdout('100%|####| 3/3 [00:01<00:00, 2.0it/s]'))
def wide(nb): nb.cells[1].source += '\n\n' + 'far '*30
def too_long(nb): nb.cells[5].source += ''.join(f'\n    r = {i}' for i in range(61))
def no_next(nb): nb.cells[1].source = 'Before: nothing. Next: squares, one day.'
def next_gone(nb): nb.cells[1].source = 'Before: nothing. Next: [squares](01_squares.ipynb).'
def exports_nothing(nb):
    nb.cells[2:6] = [v4.new_code_cell('import numpy as np\nfrom numpy import pi as area')]
def not_run(nb): nb.cells[-1].outputs = []
def one_not_run(nb): add(nb, 'print(area(2.0))')
def leak(nb): nb.cells[5].source += ' + radii[0]'
def unused_import(nb): nb.cells[4].source = 'import json\n\nimport numpy as np'
def unsorted_import(nb): nb.cells[4].source = 'import numpy as np\nimport json'
def unsorted_names(nb): nb.cells[4].source = 'from math import pi, e\n\nimport numpy as np'
def two_in_a_line(nb): nb.cells[4].source = 'import json, os\n\nimport numpy as np'
def global_random(nb): add(nb, 'noise = np.random.normal()')
def long_line(nb): add(nb, f'a_long_name = "{"x"*100}"')

changes = {
    mixed_import: 'imports and other code in one cell',
    hidden_import: 'imports and other code in one cell',
    long_title: 'only "# Title" and one line',
    star_import: 'a star import in an exported cell',
    error: 'a stored error: ZeroDivisionError',
    stderr: 'stored stderr: DeprecationWarning: old',
    path: 'a path of a machine: /home/s...',
    windows_path: 'a path of a machine: C:\\Users...',
    bar: 'remains of a progress bar',
    wide: 'cell 2: 120 characters in a line',
    too_long: 'cell 6: an exported cell of 64 lines',
    no_next: 'nbs/00_circles.ipynb: no link after `Next:`',
    next_gone: '`Next:` names nbs/01_squares.ipynb, which does not exist',
    exports_nothing: '00_circles.ipynb: it exports nothing, so it is a page',
    not_run: 'no stored outputs: execute it',
    one_not_run: 'cell 10: not executed',
    leak: 'F821 Undefined name `radii`',
    unused_import: 'F401',
    unsorted_import: 'cell 5: imports are not sorted',
    unsorted_names: 'cell 5: names are not sorted: pi, e',
    two_in_a_line: 'cell 5: two modules in one import',
    global_random: 'NPY002',
    long_line: 'E501',
}


# Changes of the tree after the export

def edit_package(top):
    with open(top / 'rl4da/circles.py', 'a') as f: f.write('# by hand\n')

def orphan_module(top): (top / 'rl4da/squares.py').write_text('side = 1\n')
def forgotten_module(top): (top / 'rl4da/circles.py').unlink()

def unclean(top):
    p = top / 'nbs/00_circles.ipynb'
    nb = json.loads(p.read_text())
    nb['cells'][6]['execution_count'] = 7
    p.write_text(json.dumps(nb))

def second(top, name, before, cells, path='nbs/01_squares.ipynb'):
    "A second room, which follows the first."
    introduction = v4.new_markdown_cell(f'Before: {before}. Next: [the front page](index.ipynb).')
    code = map(v4.new_code_cell, [f'#| default_exp {name}', *cells])
    cells = [v4.new_markdown_cell('# Squares'), introduction, *code]
    write(v4.new_notebook(metadata=kernel, cells=cells), top / path)
    following(top, '00_circles', '01_squares.ipynb')
    export(top)

def following(top, stem, link):
    path = top / f'nbs/{stem}.ipynb'
    nb = nbformat.read(path, 4)
    nb.cells[1].source = nb.cells[1].source.rpartition('Next:')[0] + f'Next: [that]({link}).'
    nbformat.write(nb, path)
    export(top)

square = '#| export\ndef {}(a):\n    "Area of a square."\n    return a*a'
circles = '[circles](00_circles.ipynb)'
def two_rooms(top): second(top, 'squares', circles, [square.format('square')])
def double_name(top): second(top, 'squares', circles, [square.format('area')])
def backwards(top):
    two_rooms(top)
    path = top / 'nbs/00_circles.ipynb'
    nb = nbformat.read(path, 4)
    nb.cells[4].source += '\n\nfrom rl4da.squares import square'
    nb.cells[7].source += '\nassert square(2) == 4'
    nbformat.write(nb, path)
    export(top)
def circular(top): two_rooms(top); following(top, '01_squares', '00_circles.ipynb')
def not_reached(top): two_rooms(top); following(top, '00_circles', 'index.ipynb')

def page(top, code, path='nbs/pages/shapes/largest.ipynb'):
    "A page at the end of the chain."
    up = '../'*(len(Path(path).parts) - 2)
    said = f'Before: [circles]({up}00_circles.ipynb). Next: [the front page]({up}index.ipynb).'
    cells = [*map(v4.new_markdown_cell, ['# Which is the largest?', said]), *map(v4.new_code_cell, code)]
    write(v4.new_notebook(metadata=kernel, cells=cells), top / path)
    following(top, '00_circles', path.removeprefix('nbs/'))

def good_page(top): page(top, ['largest = 3'])
def page_that_exports(top): page(top, ['#| default_exp largest', '#| export\nlargest = 3'])
def page_elsewhere(top): page(top, ['largest = 3'], 'nbs/studies/largest.ipynb')

damages = {
    two_rooms: None,
    good_page: None,
    double_name: 'area: a public name of rl4da.circles and of rl4da.squares',
    backwards: 'nbs/00_circles.ipynb, cell 5: imports rl4da.squares, of a later room (01_squares.ipynb)',
    circular: 'a circle of `Next:`: 00_circles → 01_squares → 00_circles',
    not_reached: 'nbs/01_squares.ipynb: no `Next:` leads here',
    page_that_exports: 'nbs/pages/shapes/largest.ipynb: a page exports nothing',
    page_elsewhere: 'nbs/studies/largest.ipynb: a page lives in nbs/pages/<subject>/',
    edit_package: 'rl4da/circles.py: not current; run nbdev_export',
    orphan_module: 'rl4da/squares.py: no notebook exports it',
    forgotten_module: 'rl4da/circles.py: missing; run nbdev_export',
    unclean: 'nbs/00_circles.ipynb: not current; run nbdev_clean',
}


# Stale outputs: what `same` calls the same; then with a kernel

sameness = [                                  # stored, produced, tags, the same?
    ('RMSE 0.172', 'RMSE 0.173', (), True),   # one unit of the last digit: another processor rounds otherwise
    ('RMSE 0.172', 'RMSE 0.174', (), False),
    ('RMSE 0.172', 'error 0.172', (), False),
    ('130 runs', '131 runs', (), False),      # a whole number is a count
    ('1,300 steps', '1,301 steps', (), False),
    ('-0.000', '0.000', (), True),
    ('a   9.99', 'a 10.00', (), True),        # columns move
    ('1.5e-07', '1.6e-07', (), True),
    ('1.5e-07', '1.5e-08', (), False),
    ('L96_1 lost', 'L96_2 lost', (), False),
    ('0.172 of L96_1', '-3.1 of L96_1', ('varies',), True),
    ('0.172 of L96_1', '0.172 of L96_2', ('varies',), False),
    ('12 s  0.5x', '7 s 11x', ('varies',), True),
    ('of 8 runs NaN', 'of 8 runs 0.1', ('varies',), True),
    ('1.5  None', '1.2  5', ('varies',), True),
    ('took 3 s', 'stopped', ('timing',), True),
]
for stored, produced, tags, expected in sameness:
    assert same(stored, produced, tags) == expected, (stored, produced, tags)
print(f'ok  execute.py: {len(sameness)} pairs of outputs, the same or not')

def cell(code, text=None, *tags):
    outputs = [v4.new_output('stream', text=text)] if text else []
    return v4.new_code_cell(code, outputs=outputs, metadata={'tags': list(tags)} if tags else {})

def notebook(top, *cells):
    write(v4.new_notebook(metadata=kernel, cells=[deepcopy(c) for c in cells]), top / 'x.ipynb')
    return top / 'x.ipynb'

fresh = [
    cell('import os\nimport time'),
    cell('print("RMSE", 0.12345)', 'RMSE 0.12345\n'),
    cell('print(f"{0.1239:.3f}")', '0.123\n'),
    cell('print(time.time())', '1.0\n', 'timing'),
    cell('print("chaos", time.time())', 'chaos 0.5\n', 'varies'),
    cell('#| slow\nprint("hours")', 'as it was stored\n'),
    cell('tiny: bool = False', None, 'parameters'),
    cell('assert os.environ["IN_TEST"]\nif tiny: print("only when tiny")'),
    v4.new_code_cell('object()', outputs=[v4.new_output('execute_result', {'text/plain': '<object>'})]),
]
faults = {
    'a changed number': (cell('print("RMSE", 0.173)', 'RMSE 0.171\n'), 'stored    RMSE 0.171'),
    'a changed word': (cell('print("EAKF tuned 0.1")', 'EAKF 0.1\n'), 'produced  EAKF tuned 0.1'),
    'words of chaos': (cell('print("lost", 0.1)', 'kept 0.1\n', 'varies'), '(cell9, varies): print("lost"'),
    'no output any more': (cell('x = 1', 'once 1\n'), 'stored    once 1'),
    'an output not stored': (cell('print("new")'), 'The cure: make outputs NB='),
    'an error': (cell('raise ValueError("meant")'), 'ValueError: meant'),
    'a kernel that dies': (cell('os._exit(3)'), 'its kernel died'),
    'a cell that takes too long': (cell('time.sleep(99)'), 'timed out'),
}

def stale_cases(top):
    says(None, 'execute.py', '--check', notebook(top, *fresh))
    for name, (bad, message) in faults.items():
        says(message, 'execute.py', '--check', '--timeout=4', notebook(top, fresh[0], *fresh[1:], bad))
    said = says(None, 'test_notebooks.py', notebook(top, *fresh))
    assert said.splitlines()[-1] == '1 passed, 0 failed', 'as it is, then tiny'
    picky = notebook(top, fresh[6], cell('assert not tiny'))
    said = says('x.ipynb, tiny: raised in cell 2', 'test_notebooks.py', picky)
    assert said.splitlines()[-1] == '0 passed, 1 failed', said
    says('has no parameter `tiny`', 'execute.py', '--tiny', notebook(top, fresh[0]))
    path = notebook(top, *fresh, faults['a changed number'][0])
    says(None, 'execute.py', path)
    says(None, 'execute.py', '--check', path)
    texts = [''.join(o.get('text', '') for o in c.outputs) for c in nbformat.read(path, 4).cells]
    assert texts[-1] == 'RMSE 0.173\n' and texts[5] == 'as it was stored\n', texts


def readme_cases(top):
    prose = v4.new_markdown_cell('# A project\n\nSee [circles](00_circles.ipynb).')
    nbformat.write(v4.new_notebook(metadata=kernel, cells=[prose]), top / 'nbs/index.ipynb')
    says('README.md is not current', 'readme.py', '--check', '--root', top)
    says(None, 'readme.py', '--root', top)
    says(None, 'readme.py', '--check', '--root', top)
    assert '(nbs/00_circles.ipynb)' in (top / 'README.md').read_text()
    (top / 'README.md').write_text('edited by hand')
    says('README.md is not current', 'readme.py', '--check', '--root', top)


def link_cases(top):
    page = '<html><head><title>x</title></head><body><h1 id="top">x</h1>{}</body></html>'
    (top / 'index.html').write_text(page.format('<a href="other.html#there">x</a> <a href="#top">x</a>'))
    (top / 'other.html').write_text(page.format('<p id="there">x</p>'))
    says(None, 'check_links.py', top)
    for body, message in [('<a href="gone.html">x</a>', 'gone.html: no such file'),
                          ('<a href="index.html#gone">x</a>', 'index.html#gone: no such anchor'),
                          ('<img src="gone.png">', 'gone.png: no such file'),
                          ('<a href="/home/someone/x">x</a>', '/home/someone/x: a path from the root')]:
        (top / 'other.html').write_text(page.format('<p id="there">x</p>' + body))
        says(message, 'check_links.py', top)


def in_new_folder(case):
    with tempfile.TemporaryDirectory() as tmp: case(Path(tmp))

def check_case(message, change=lambda nb: None, damage=lambda top: None):
    def case(top):
        project(top, change)
        damage(top)
        says(message, 'check_notebooks.py', '--root', top)
    in_new_folder(case)

cases = [
    partial(in_new_folder, stale_cases),
    partial(in_new_folder, lambda top: (project(top), readme_cases(top))),
    partial(in_new_folder, link_cases),
    partial(check_case, None),
    *(partial(check_case, message, change) for change, message in changes.items()),
    *(partial(check_case, message, damage=damage) for damage, message in damages.items()),
]
with ThreadPoolExecutor(2) as pool: list(pool.map(lambda case: case(), cases))
