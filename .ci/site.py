"""Fail unless the built site is whole and needs nothing from elsewhere: ``site.py FOLDER``.

Each command has its page with each of its options, what programs import is described, the search finds all of that,
each link within the site leads somewhere, and no page has its reader's browser fetch anything from another place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import optiga

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_site"))

from command_help import read_commands  # noqa: E402
from site_pages import command_place  # noqa: E402

_FETCHED = {
    "link": "href",
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
_NOT_FETCHED = {"canonical", "alternate", "next", "prev", "license"}


class Reader(HTMLParser):
    """What a page links to, what it has its reader's browser fetch, and where links into it can go."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors.add(values.get("id", ""))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if values.get(_FETCHED.get(tag, "")) and values.get("rel") not in _NOT_FETCHED:
            self.fetched.append(values[_FETCHED[tag]])

    def handle_data(self, data: str) -> None:
        self.words += data


def problems(site: Path) -> Iterator[str]:
    """A line each; none if the site is good."""
    pages = {path: Reader(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for each in page.fetched:
            if urlsplit(each).netloc:
                yield f"{path.relative_to(site)}: fetches {each}"
        if path.name != "404.html":  # its links begin at the root of a server
            yield from dead_links(site, path, pages)
    for style in site.rglob("*.css"):
        if "url(http" in style.read_text(encoding="utf-8") or "@import" in style.read_text(encoding="utf-8"):
            yield f"{style.relative_to(site)}: fetches what is elsewhere"
    found = {entry["location"] for entry in json.loads((site / "search/search_index.json").read_text())["docs"]}
    commands = read_commands()
    groups = {command.words for command in commands if command.sections}
    for command in commands:
        name = command_place(command, groups).removesuffix(".md") + ".html"
        if name not in found:
            yield f"{name}: the search does not find it"
        if (page := pages.get(site / name)) is None:
            yield f"{name} is missing"
            continue
        yield from (f"{name}: {each.term} is missing" for each in command.options if each.term not in page.words)
    described = set().union(*(page.anchors for path, page in pages.items() if path.parent == site / "library"))
    yield from (
        f"{name} is not described"
        for name in optiga.__all__
        if not {name, f"optiga.{name}"} & described and name[0] != "_"
    )


def dead_links(site: Path, path: Path, pages: dict[Path, Reader]) -> Iterator[str]:
    for link in pages[path].links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            yield f"{path.relative_to(site)}: {link} leads nowhere"
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
            yield f"{path.relative_to(site)}: {link} leads to no such place"


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    if found := list(problems(folder)):
        sys.exit("\n".join(found))
    print(f"{len(list(folder.rglob('*.html')))} pages, none fetches anything from elsewhere")
