"""Check built HTML pages: internal links lead to files and anchors that exist, images are there.

    check_links.py _docs
Links to other sites are not followed: CI has no business failing because one of them is down.
"""
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    "The links and anchors of one page."
    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs.get('id'), attrs.get('name')}
        # <link> also holds hints for browsers and search engines: a page needs only its style sheets.
        if tag == 'link' and 'stylesheet' not in (attrs.get('rel') or ''): return
        self.links += [attrs[k] for k in ('href', 'src') if attrs.get(k)]


def broken(top):
    "Yield (page, link, what is wrong)."
    pages = {p.resolve(): Page(p) for p in sorted(top.rglob('*.html'))}
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc: continue
            name = path.relative_to(top.resolve())
            if url.path.startswith('/'):
                yield name, link, 'a path from the root: it breaks wherever the pages are not at the root'
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if target.is_dir(): target = target / 'index.html'
            if not target.exists(): yield name, link, 'no such file'
            elif url.fragment and target in pages and unquote(url.fragment) not in pages[target].anchors:
                yield name, link, 'no such anchor'


def main():
    top = Path(sys.argv[1])
    found = sorted(set(broken(top)))
    for page, link, wrong in found: print(f'{page}: {link}: {wrong}')
    count = len(list(top.rglob('*.html')))
    if not count: sys.exit(f'FAILED  no pages in {top}')
    print(f"{'FAILED' if found else 'ok':6}  links of {count} pages: {len(found)} broken")
    sys.exit(bool(found))


if __name__ == '__main__': main()
