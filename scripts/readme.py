"""README.md from nbs/index.ipynb: prose, code and stored outputs, with links that work from the top folder.

    readme.py            write README.md (and figures that cells of the index show, into nbs/images)
    readme.py --check    write nothing; fail if README.md is not current
"""
import argparse
import base64
import json
import posixpath
import re
import sys
from pathlib import Path

first_line = '<!-- Made from nbs/index.ipynb by `make readme`. Edit that notebook, not this file. -->\n\n'
link = re.compile(r'(\]\(|src="|href=")(?!\w+:|#|/)([^)"\s]+)')


def joined(text): return ''.join(text).rstrip('\n')
def fenced(text, language=''): return f'```{language}\n{text}\n```'

def from_top(markdown):
    "Links relative to nbs/ become relative to the top of the repository."
    return link.sub(lambda m: m[1] + posixpath.normpath('nbs/' + m[2]), markdown)

def shown(output, figures):
    "Markdown for one stored output; a picture is added to `figures` (path -> bytes)."
    data = output.get('data', {})
    if 'text/markdown' in data: return from_top(joined(data['text/markdown']))
    if 'image/png' in data:
        path = f'nbs/images/index-{len(figures) + 1}.png'
        figures[path] = base64.b64decode(joined(data['image/png']))
        return f'![]({path})'
    return fenced(joined(data.get('text/plain', output.get('text', ''))))

def convert(nb):
    "The notebook as Markdown, and its pictures."
    parts, figures = [], {}
    for cell in nb['cells']:
        source = joined(cell['source'])
        if cell['cell_type'] == 'markdown': parts.append(from_top(source))
        hidden = re.search(r'^#\|\s*(hide\b|include:\s*false)', source, re.M)
        if cell['cell_type'] != 'code' or hidden: continue
        code = re.sub(r'^#\|.*\n?', '', source, flags=re.M).strip('\n')
        if code and not re.search(r'^#\|\s*echo:\s*false', source, re.M): parts.append(fenced(code, 'python'))
        parts += [shown(o, figures) for o in cell['outputs']]
    return first_line + '\n\n'.join(p for p in parts if p) + '\n', figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument('--check', action='store_true', help='fail if README.md is not current')
    args = parser.parse_args()

    index = args.root / 'nbs/index.ipynb'
    if not index.exists(): sys.exit('nbs/index.ipynb is missing: README.md is made from it')
    text, figures = convert(json.loads(index.read_text(encoding='utf-8')))
    stale = []
    for name, content in {'README.md': text.encode(), **figures}.items():
        path = args.root / name
        if path.exists() and path.read_bytes() == content: continue
        stale.append(name)
        if not args.check:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    if args.check and stale: sys.exit(f"FAILED  {', '.join(stale)} is not current; run make readme")
    print('ok      README.md is current' if not stale else f"wrote {', '.join(stale)}")


if __name__ == '__main__': main()
