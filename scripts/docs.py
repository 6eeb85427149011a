"""HTML pages without Quarto: nbdev prepares the notebooks, this converts Quarto's notation, Sphinx builds.

Everything comes from package registries (pip and npm). Page names are the ones that Quarto would give.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbdev.doclinks
import yaml
from check_notebooks import neighbors
from nbdev.config import get_config
from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
from nbdev.serve import proc_nbs
from nbformat.v4 import new_markdown_cell
from sphinx.application import Sphinx

cfg = get_config()
site = f'{cfg.doc_host}{cfg.doc_baseurl}/'


# From Quarto's notation to MyST's, cell by cell

def joined(text): return ''.join(text)
def page_name(path): return re.sub(r'^\d+[a-z]?_', '', Path(path).stem)   # as nbdev: 00_models is models

def directive(source, name):
    "The value of `#| name: value` in a cell, or None."
    found = re.search(rf'^#\|\s*{name}:\s*(.*)$', source, re.M)
    return found and found[1].strip()

def header(cell):
    "nbdev turns a notebook's title into front matter; this turns it back into a title."
    meta = next(yaml.safe_load_all(joined(cell['source'])), None) or {}
    quote = f"\n\n> {meta['description']}" if 'description' in meta else ''
    return new_markdown_cell(f"# {meta['title']}{quote}") if 'title' in meta else None

def documented(cell, page, labels, code):
    """The output of `show_doc` as Markdown, its heading with a label that links can name.

    nbdev's anchors are in lower case: of `eakf` and `EAKF`, the first one gets it. Where the reader sees the
    definition, which is in `code`, signature and docstring are not repeated."""
    text = joined(cell['outputs'][0]['data']['text/markdown']).removeprefix('---\n')
    link = re.search(r'^(\[source\]\(.*?\))\{.*\}$', text, re.M)       # above the heading, there
    heading, rest = re.search(r'^(#+ [^\n]*)(.*)', text, re.M | re.S).groups()
    name = heading.split()[1]
    if re.search(rf'^(def|class) {name}\b', code, re.M): rest = ''
    label = f'{page}.{name.lower()}'
    target = '' if label in labels else f'({label})=\n'
    labels.add(label)
    text = f"{target}{heading}\n{rest}\n\n{link[1] if link else ''}"
    return new_markdown_cell(text, metadata={'documents': name})

def equations(text):
    "`$$ ... $$ {#eq-name}` and `@eq-name`."
    text = re.sub(r'\$\$\s*\{#(eq-[\w-]+)\}', r'$$ (\1)', text)
    return re.sub(r'@(eq-[\w-]+)', r'{eq}`\1`', text)

def markdown_of(cell):
    "The Markdown that a cell shows, if it does: prose whose numbers a cell has computed."
    shown = [o['data'] for o in cell['outputs'] if 'text/markdown' in o.get('data', {})]
    return joined(shown[0]['text/markdown']) if shown else ''

def convert(nb, page, labels):
    "The notebook for MyST; the labels of what it documents are added to `labels`."
    cells, shows_doc = [], re.compile(r'^show_doc\(', re.M)
    sources = [joined(c['source']) for c in nb['cells'] if c['cell_type'] == 'code']
    code = '\n'.join(s for s in sources if not shows_doc.search(s))
    for cell in nb['cells']:
        source = joined(cell['source'])
        if cell['cell_type'] == 'raw': cell = header(cell)
        elif cell['cell_type'] == 'markdown': cell['source'] = equations(source)
        elif shows_doc.search(source):
            cell = documented(cell, page, labels, code) if cell['outputs'] else None
        elif directive(source, 'include') == 'false': cell = None
        elif directive(source, 'echo') == 'false' and markdown_of(cell):
            cell = new_markdown_cell(markdown_of(cell))
        else:
            hide = {'echo': 'remove-input', 'output': 'remove-output'}
            tags = [tag for name, tag in hide.items() if directive(source, name) == 'false']
            cell['metadata'] = {'tags': tags}
            cell['source'] = re.sub(r'^#\|.*\n?', '', source, flags=re.M)
        if not cell: continue
        # Of a cell with several definitions nbdev puts the headings around it, backwards: they belong above.
        at, name = len(cells), cell['metadata'].get('documents')
        if name and cells and re.search(rf'^(def|class) {name}\b', joined(cells[-1]['source']), re.M):
            at -= 1
            while at and 'documents' in cells[at - 1]['metadata']: at -= 1
        cells.insert(at, cell)
    return {**nb, 'cells': cells, 'metadata': {'kernelspec': nb['metadata']['kernelspec']}}


# Links

def relinked(text, page, labels):
    "Links of nbdev (to the published site) and of the author (to files) as links between our pages."
    def to_page(m):
        page, name = m[1], m[2].lower()
        known = [n for n in (name, name.rsplit('.', 1)[0]) if f'{page}.{n}' in labels]
        return f'(#{page}.{known[0]})' if known else f'({page}.ipynb)'

    def to_file(m):
        target, anchor = (m[1].split('#') + [''])[:2]
        path = (cfg.nbs_path / Path(page).parent / target).resolve()
        if not path.exists(): raise SystemExit(f'{page}: a link to {target}, which does not exist')
        inside = path.is_relative_to(cfg.nbs_path)
        if inside and path.suffix == '.ipynb':
            name = Path(target).with_name(page_name(target) + '.ipynb').as_posix()
            return f"]({name}{'#' * bool(anchor)}{anchor})"
        kind = 'tree' if path.is_dir() else 'blob'
        return m[0] if inside else f']({cfg.git_url}/{kind}/{cfg.branch}/{path.relative_to(cfg.config_path)})'

    text = re.sub(r'\]\((?!\w+:|#|<|/)([^)\s]+)\)', to_file, text)
    return re.sub(rf'\({re.escape(site)}([\w/]+)\.html#([\w.]+)\)', to_page, text)

def reading_order(pages):
    "Rooms by their number; in a folder of pages, the order in which `Next:` leads through them."
    notebooks = {p.relative_to(cfg.config_path): json.loads(p.read_text(encoding='utf-8'))
                 for p in sorted(cfg.nbs_path.glob('pages/*/[!.]*.ipynb'))}
    follows = {path: dict(neighbors(path, nb)).get('Next') for path, nb in notebooks.items()}
    order, first = [], [path for path in notebooks if path not in follows.values()]
    for path in [*first, *notebooks]:
        while path in follows and path not in order:
            order.append(path)
            path = follows[path]
    place = {p.relative_to('nbs').with_suffix('').as_posix(): k for k, p in enumerate(order)}
    return sorted(pages, key=lambda page: place.get(page, -1))

def contents(pages):
    "The table of contents, for the foot of the home page: the rooms, then a group for each folder of pages."
    groups = {}
    for page in reading_order(pages):
        folder = page.rpartition('/')[0].removeprefix('pages/')
        if page != 'index': groups.setdefault(folder, []).append(page)
    named = {'': 'Rooms', 'lorenz63': 'Lorenz-63', 'learned': 'Learned filters'}
    trees = [['```{toctree}', ':hidden:', f':caption: {named.get(k, k.capitalize())}', '', *v, '```']
             for k, v in groups.items()]
    return new_markdown_cell('\n'.join(sum(trees, [])))

def write_sources(processed, target):
    "Convert what nbdev has processed; everything else (pictures, styles) is copied."
    notebooks, labels = {}, set()
    for path in sorted(processed.rglob('*')):
        name = path.relative_to(processed)
        if path.suffix == '.ipynb':
            page = name.with_name(page_name(name)).as_posix()
            notebooks[page] = convert(json.loads(path.read_text(encoding='utf-8')), page, labels)
        elif path.is_file() and path.suffix != '.yml':
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / name)
    if 'index' not in notebooks: sys.exit('nbs/index.ipynb is missing: it is the home page')
    for page, nb in notebooks.items():
        for cell in nb['cells']:
            if cell['cell_type'] != 'markdown': continue
            cell['source'] = relinked(joined(cell['source']), page, labels)
        if page == 'index': nb['cells'].append(contents(notebooks))
        (target / f'{page}.ipynb').parent.mkdir(parents=True, exist_ok=True)
        (target / f'{page}.ipynb').write_text(json.dumps(nb), encoding='utf-8')


# Build

def mathjax(static):
    "MathJax's script and fonts from npm, once; without npm the pages ask a public server for them."
    package = cfg.config_path / '.venv/node_modules/mathjax/es5'
    if not package.exists() and shutil.which('npm'):
        command = ['npm', 'install', '--silent', '--no-save', '--prefix', '.venv', 'mathjax@3']
        subprocess.run(command, cwd=cfg.config_path)
    if not package.exists():
        print('npm is not there or could not fetch mathjax: formulas will need a network connection')
        return {}
    shutil.copytree(package / 'output/chtml/fonts', static / 'mathjax/output/chtml/fonts')
    shutil.copy(package / 'tex-mml-chtml.js', static / 'mathjax')
    return {'mathjax_path': 'mathjax/tex-mml-chtml.js'}

def build(source, out):
    static = source / '_static'
    static.mkdir()
    shutil.copy(source / 'styles.css', static)
    options = {
        'project': cfg.title, 'html_title': cfg.title, 'copyright': cfg.copyright, 'version': cfg.version,
        'extensions': ['myst_nb', 'sphinx.ext.mathjax'], 'nb_execution_mode': 'off', 'nb_merge_streams': True,
        'myst_enable_extensions': ['dollarmath', 'amsmath', 'colon_fence', 'attrs_inline', 'html_image'],
        'myst_heading_anchors': 4,
        'suppress_warnings': ['myst.header'],       # a function's heading is H3 wherever it stands
        'html_theme': 'furo', 'html_static_path': [str(static)], 'html_css_files': ['styles.css'],
        'html_copy_source': False, 'html_show_sphinx': False, **mathjax(static),
    }
    # Outside of the source folder, where Sphinx would take pages for sources; into place when it is whole.
    with tempfile.TemporaryDirectory() as tmp:
        html = Path(tmp) / 'html'
        app = Sphinx(source, None, html, f'{tmp}/doctrees', 'html', options, status=None, warningiserror=True)
        app.build()
        if app.statuscode: sys.exit('FAILED  the warnings above are errors')
        shutil.rmtree(out, ignore_errors=True)
        shutil.move(html, out)


def main():
    refresh_quarto_yml()
    nbdev.doclinks._build_modidx()
    nbdev_sidebar.__wrapped__()
    processed = proc_nbs(n_workers=2, force=True)
    with tempfile.TemporaryDirectory() as tmp:
        write_sources(processed, Path(tmp))
        build(Path(tmp), cfg.doc_path)
    print(f'{cfg.doc_path.name}/index.html')


if __name__ == '__main__': main()   # nbdev's worker processes import this file
