"""What MkDocs calls while it builds the site: pages are added that are made from the commands and from docstrings."""

from __future__ import annotations

from typing import Any

from command_help import read_commands
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from site_pages import (
    BESIDE,
    COMMANDS,
    LIBRARY,
    ROOT,
    adapt,
    command_pages,
    command_place,
    library_pages,
    place,
    samples,
    samples_page,
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in ``docs``, and put those of commands and library into the navigation."""
    commands = read_commands()
    pages = {target: (ROOT / name).read_text(encoding="utf-8") for name, target in BESIDE.items()}
    pages |= {"samples.md": samples_page()} | command_pages(commands) | library_pages()
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    for name in samples():
        files.append(File.generated(config, place(name), abs_src_path=str(ROOT / name)))
    for name in ("site.js", "site.css"):
        files.append(File.generated(config, name, abs_src_path=str(ROOT / "docs" / "_site" / name)))
    groups = {command.words for command in commands if command.sections}
    listed: list[Any] = []
    inner: dict[tuple[str, ...], list[Any]] = {(): listed}
    for command in commands:
        page = command_place(command, groups)
        title = command.words[-1] if command.words else "Overview"
        around = inner[command.words[:-1]]
        if command.words and command.words in groups:
            inner[command.words] = [page]
            around.append({title: inner[command.words]})
        else:
            around.append({title: page})
    config.nav = [_filled(item, listed) for item in config.nav or []]
    return files


def _filled(item: Any, commands: list[Any]) -> Any:
    """A line of the navigation, the section of the commands with its pages."""
    return {title: commands if value == f"{COMMANDS}/" else value for title, value in item.items()}


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Make the links of a document fit the site."""
    name = page.file.src_uri
    if name == BESIDE["CHANGELOG.md"]:
        page.meta["search"] = {"boost": 0.1}  # its long sections hold every word: they come last
    return markdown if name.startswith((f"{COMMANDS}/", f"{LIBRARY}/", "samples.md")) else adapt(markdown, name)
