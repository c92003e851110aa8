"""What the site of the documents is made of. That it builds and is whole is seen where it is built: ``.ci/site.py``."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import site_pages
from command_help import CommandHelp, Entry, Paragraph, read_commands

import optiga
from optiga import testing
from tests.support.places import ROOT

CONFIGURATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def commands() -> list[CommandHelp]:
    return read_commands()


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_check", ROOT / ".ci" / "site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestPages:
    def test_every_command_has_one(self, commands: list[CommandHelp]) -> None:
        pages = site_pages.command_pages(commands)
        assert len(pages) == len(commands) > 50
        sign = pages["command-line/ca/sign.md"]
        assert sign.startswith("# ca sign\n")
        assert "\n`--ca CA`\n:   Folder of the CA. \\[required\\]\n" in sign
        assert "| [sign](sign.md) |" in pages["command-line/ca/index.md"]
        assert "| [ca](ca/index.md) |" in pages["command-line/index.md"]

    def test_texts_mean_nothing_to_markdown(self) -> None:
        options = (Entry("-x", "*all* of <b> and a|b_c_d"),)
        command = CommandHelp(("x",), "x", "", (Paragraph("`a`"), Paragraph("*b*", is_verbatim=True)), options, (), "")
        (page,) = site_pages.command_pages([command]).values()
        assert ":   \\*all\\* of &lt;b&gt; and a\\|b\\_c\\_d\n" in page
        assert "\\`a\\`" in page
        assert "```text\n*b*\n```" in page

    def test_all_that_programs_import(self) -> None:
        text = "".join(site_pages.library_pages().values())
        named = set(re.findall(r"^::: optiga\.(?:testing\.)?(\w+)$", text, re.MULTILINE))
        assert {name for name in optiga.__all__ if name != "__version__"} <= named
        assert {"served_board", "Bench"} <= named

    def test_what_an_open_chip_has(self) -> None:
        page = site_pages.library_pages()["library/open.md"]
        with testing.emulated_chip() as chip:
            for functions in (chip.objects, chip.crypto, chip.updates):
                assert f"::: {type(functions).__module__}.{type(functions).__qualname__}\n" in page


class TestLinks:
    @pytest.mark.parametrize(
        ("page", "link", "expected"),
        [
            ("index.md", "docs/aws.md#what-aws-says", "aws.md#what-aws-says"),
            ("index.md", "CONTRIBUTING.md", "contributing.md"),
            ("index.md", "docs/examples/sign.py", "examples/sign.py"),
            ("benchmarks.md", "../docs/chip.md", "chip.md"),
            ("aws.md", "../templates/my_policy.template", "samples/templates/my_policy.template"),
            ("aws.md", "../README.md#start", "index.md#start"),
            ("configuration.md", "../configs", "samples.md"),
            ("aws.md", "#the-journal", "#the-journal"),
            ("aws.md", "https://example.com/a.md", "https://example.com/a.md"),
        ],
    )
    def test_go_where_the_site_has_it(self, page: str, link: str, expected: str) -> None:
        assert site_pages.adapt(f"see [this]({link}).", page) == f"see [this]({expected})."

    def test_blocks_stay(self) -> None:
        block = "```console\n$ echo [x](../README.md)\n```\n"
        assert site_pages.adapt(block, "aws.md") == block
        titled = site_pages.adapt("```json device.jsn\n{}\n```", "aws.md")
        assert titled == '```json title="device.jsn"\n{}\n```'

    def test_each_document_stands_in_the_navigation(self) -> None:
        for path in (ROOT / "docs").glob("*.md"):
            assert f": {path.name}\n" in CONFIGURATION, path.name
        for page in site_pages.BESIDE.values():
            assert f": {page}\n" in CONFIGURATION, page


class TestCheck:
    """The check of the built site can fail."""

    PAGE = '<p id="here"><a href="{}">a link</a></p>'

    def found(self, check: ModuleType, folder: Path, text: str) -> list[str]:
        (folder / "search").mkdir()
        (folder / "search" / "search_index.json").write_text('{"docs": []}')
        (folder / "page.html").write_text(text)
        return [line for line in check.problems(folder) if line.startswith("page.html")]

    @pytest.mark.parametrize(
        "text",
        [
            '<script src="https://unpkg.com/shim"></script>',
            '<link rel="stylesheet" href="//fonts.googleapis.com/css">',
            '<img src="http://example.com/a.png">',
            PAGE.format("nowhere.html"),
            PAGE.format("#nothing"),
        ],
    )
    def test_bad(self, check: ModuleType, tmp_path: Path, text: str) -> None:
        assert len(self.found(check, tmp_path, text)) == 1

    @pytest.mark.parametrize("link", ["#here", "page.html#here", "https://example.com/", "mailto:a@example.com"])
    def test_good(self, check: ModuleType, tmp_path: Path, link: str) -> None:
        assert self.found(check, tmp_path, self.PAGE.format(link)) == []

    def test_a_page_that_is_missing(self, check: ModuleType, tmp_path: Path) -> None:
        self.found(check, tmp_path, "")
        lines = list(check.problems(tmp_path))
        assert "command-line/ca/sign.html is missing" in lines
        assert "open_chip is not described" in lines
