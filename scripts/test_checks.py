"""Each check of check_notebooks.py, readme.py and check_links.py, shown failing on a copy broken in one way.

A tiny project, which passes, is made anew in a temporary folder for every case.
"""
import json, shutil, subprocess, sys, tempfile
from pathlib import Path

import nbformat
from nbformat import v4

root = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
kernel = {'kernelspec': {'name': 'python3', 'display_name': 'python3', 'language': 'python'}}


def room():
    "A notebook as it should be: an exported import, an exported function, one that shows something."
    shown = v4.new_output('execute_result', {'text/plain': "'3.14'"})
    return v4.new_notebook(metadata=kernel, cells=[
        v4.new_markdown_cell('# Circles\n\n> How large is a circle?'),
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


def project(top, change=lambda nb: None):
    "Write the tiny project to `top`, with its notebook changed by `change`, exported and clean."
    for name in ['settings.ini', 'pyproject.toml']: shutil.copy(root / name, top)
    for folder in ['nbs', 'rl4da']: (top / folder).mkdir()
    nb = room()
    change(nb)
    for i, cell in enumerate(nb.cells): cell.id = f'cell{i}'
    nbformat.write(nb, top / 'nbs/00_circles.ipynb')
    export(top)


def says(message, script, *args):
    "Run a check; without a message it has to pass, else to fail and say it."
    run = subprocess.run([sys.executable, root / 'scripts' / script, *args], text=True, capture_output=True)
    said = run.stdout + run.stderr
    assert (run.returncode != 0) == (message is not None), f'{script}: exit code {run.returncode}\n{said}'
    assert (message or '') in said, f'{script} should have said {message!r}:\n{said}'
    print(f"ok  {script}: {message or 'passes'}")


# Changes of the notebook, and what the check says about it

def add(nb, *args, **kwargs): nb.cells.append(v4.new_code_cell(*args, **kwargs))
def output(kind, *args, **kwargs): return {'outputs': [v4.new_output(kind, *args, **kwargs)]}
def stdout(text): return output('stream', text=text)

def mixed_import(nb): add(nb, 'import json\nx = json.dumps(1)')
def hidden_import(nb): add(nb, 'def f():\n    import json\n    return json.dumps(radii[0])')
def long_title(nb): nb.cells[0].source += '\n\nIn: a radius. Out: an area.'
def star_import(nb): nb.cells[2].source = '#| export\nfrom math import *\nimport math'
def error(nb): add(nb, '1/0', **output('error', ename='ZeroDivisionError', evalue='', traceback=[]))
def stderr(nb): add(nb, 'radii[:1]', **output('stream', name='stderr', text='DeprecationWarning: old'))
def path(nb): add(nb, 'radii[:1]', **stdout('wrote /home/someone/rl4da/x.png'))
def windows_path(nb): add(nb, 'radii[:1]', **stdout(r'wrote C:\Users\someone\x.png'))
def bar(nb): add(nb, 'radii[:1]', **stdout('100%|####| 3/3 [00:01<00:00, 2.0it/s]'))
def not_run(nb): nb.cells[-1].outputs = []
def one_not_run(nb): add(nb, 'print(area(2.0))')
def leak(nb): nb.cells[4].source += ' + radii[0]'
def unused_import(nb): nb.cells[3].source += '\nimport json'
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
    not_run: 'no stored outputs: execute it',
    one_not_run: 'cell 9: not executed',
    leak: 'F821 Undefined name `radii`',
    unused_import: 'F401',
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
    nb['cells'][5]['execution_count'] = 7
    p.write_text(json.dumps(nb))

damages = {
    edit_package: 'rl4da/circles.py: not current; run nbdev_export',
    orphan_module: 'rl4da/squares.py: no notebook exports it',
    forgotten_module: 'rl4da/circles.py: missing; run nbdev_export',
    unclean: 'nbs/00_circles.ipynb: not current; run nbdev_clean',
}


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

check_case(None)
for change, message in changes.items(): check_case(message, change)
for damage, message in damages.items(): check_case(message, damage=damage)
in_new_folder(lambda top: (project(top), readme_cases(top)))
in_new_folder(link_cases)
