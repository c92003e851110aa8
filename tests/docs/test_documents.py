"""The documents hold: every command in them runs and prints what they show, every file and link in them is good."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError
from optiga.identity.configuration import load_configuration
from optiga.pki.extensions import EXTENDED_KEY_USAGES, KEY_USAGES
from optiga.pki.names import COMPONENTS, ValueForm
from optiga.protocol.algorithms import CURVES, HASH_SIZES, RSA_KEY_BITS
from optiga.protocol.codes import KeyUsage
from optiga.protocol.objects import SLOTS, format_oid
from tests.support.documents import LANGUAGES, Block, Command, Workshop, holds, read_blocks, read_steps
from tests.support.places import CONFIG, ROOT
from tests.support.processes import OPTIGA, run_process
from tests.support.sampling import sampled_rows

DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

SET_UP = re.compile(
    r"python3 -m venv \.venv|\.venv/bin/python -m pip install (-q )?(--no-compile )?-e (\.|'\.\[\w+\]')"
)
"""What the continuous integration runs in a fresh clone."""
NOT_RUN = {
    ".venv/bin/python -m pytest -n auto": "it would run this test",
    ".venv/bin/pre-commit install": "it would change the hooks of this clone",
    ".ci/run": "it runs the tests, this one among them",
    ".venv/bin/python -m mkdocs serve": "it serves until it is ended; .ci/run builds the same site",
    ".venv/bin/python docs/_site/man_pages.py": "it would write to this clone; a test compares what it writes",
}
NEEDS_OPTIGATRUST = ".venv/bin/python benchmarks/run.py"
"""Infineon's host software comes for Linux alone."""

IGNORED = [
    line.strip("/")
    for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith(("#", "!"))
]
"""What git ignores in a clone: all that the documents' commands make, for much of it is secret. The programs and
configurations that a reader writes are the reader's own."""

NEEDS_AWS = re.compile(r"^\$ .*optiga\.py.* (provision|register) ", re.MULTILINE)


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def commands(document: str) -> list[str]:
    return [step.text for step in read_steps(read(document)) if isinstance(step, Command) and not step.is_program]


def is_left_out(command: str) -> bool:
    if command.startswith(NEEDS_OPTIGATRUST):
        return sys.platform != "linux"
    if (program := command.partition(" ")[0]) in ("openssl", "aws"):
        return shutil.which(program) is None
    return command in NOT_RUN or SET_UP.fullmatch(command) is not None


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    place = Workshop(tmp_path)
    yield place
    place.close()


@pytest.mark.long
@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands(document: str, workshop: Workshop, request: pytest.FixtureRequest) -> None:
    if NEEDS_AWS.search(read(document)):
        request.getfixturevalue("cloud")
    written = set()
    for step in read_steps(read(document)):
        if isinstance(step, Block):
            workshop.save(step)
            written |= {step.title} if step.language != "text" else set()
        elif not is_left_out(step.text):
            workshop.run(step)
    left = workshop.left()
    if document == "README.md":
        assert "my-ca" in left
        assert not workshop.was_certified, "a reader has no certificate that no command before has made"
    made = [name for name in left if name not in written]
    assert [name for name in made if not any(fnmatch(name, pattern) for pattern in IGNORED)] == []


SECRETS = (
    "obj.json",
    "dump.json",
    "device.p12",
    "device.pfx",
    "other.key",
    "lamp.secret",
    "auto.hex",
    "draw.bin",
    "ca.p8",
)
"""What commands of the documents make under another name: an export has the objects' secrets, too."""


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_of_other_names_stay_out_of_git(name: str) -> None:
    assert any(fnmatch(name, pattern) for pattern in IGNORED)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no clone")
def test_files_of_cas_and_journals_of_any_name_stay_out_of_git() -> None:
    names = ["bench.chip", "bench.owner", "line.db", "line.db.seal", "out/line.db", "out/optiga.aws_arn"]
    names += [f"any-ca/{name}" for name in ("ca.key", "ca.pem", "chain.pem", "crl.pem", "issued.db", "records.sig")]
    done = run_process(["git", "check-ignore", "--no-index", *names], ROOT)
    assert done.stdout.splitlines() == names
    ours = ["LICENSE", "README.md", "new/module.py", "new.md", ".new", "Makefile", "new/Makefile"]
    assert run_process(["git", "check-ignore", "--no-index", *ours], ROOT).stdout == ""


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no clone")
def test_nothing_of_the_project_is_ignored() -> None:
    done = run_process(["git", "ls-files", "--cached", "--ignored", "--exclude-standard"], ROOT)
    assert done.stdout == ""


def test_every_command_is_found() -> None:
    for document in DOCUMENTS:
        text = read(document)
        fences = [line for line in text.splitlines() if line.startswith("```")]
        assert len(fences) == 2 * len(read_blocks(text)), document
        assert {block.language for block in read_blocks(text)} <= set(LANGUAGES), document
        printed = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        assert set(printed) <= set(commands(document)), document
    readme = commands("README.md")
    assert "python optiga.py --port emulator:chip info" in readme
    assert "python optiga.py boards" in readme
    assert any(isinstance(step, Command) and step.is_program for step in read_steps(read("README.md")))


def test_commands_that_are_not_run() -> None:
    """They are there, and none of them is the tool's."""
    found = [command for document in DOCUMENTS for command in commands(document)]
    assert set(NOT_RUN) <= set(found)
    for command in found:
        if SET_UP.fullmatch(command) or command in NOT_RUN:
            assert "optiga" not in command


class TestSetUp:
    """The commands that the continuous integration runs for real are of the shape that it counts on."""

    def parts(self, document: str, number: int) -> list[str]:
        blocks = [block for block in read_blocks(read(document)) if block.language == "sh"]
        text = blocks[number].text
        return [part.strip() for line in text.splitlines() for part in line.split(" && ")]

    def test_the_first_command_makes_a_csr(self) -> None:
        environment, install, *_, csr = self.parts("README.md", 0)
        assert environment == "python3 -m venv .venv"
        assert install == ".venv/bin/python -m pip install -q -e ."
        assert csr.startswith(".venv/bin/python optiga.py --port emulator --csr configs/")

    def test_the_second_command_runs_the_tests(self) -> None:
        environment, install, *_, tests = self.parts("README.md", 1)
        assert environment == "python3 -m venv .venv"
        assert install == ".venv/bin/python -m pip install -q --no-compile -e '.[test]'"
        assert tests == ".venv/bin/python -m pytest -n auto"
        script = (ROOT / ".ci" / "run").read_text()
        assert "inside && block == 2' README.md" in script

    def test_contributing(self) -> None:
        environment, install, *rest = self.parts("CONTRIBUTING.md", 0)
        assert environment == "python3 -m venv .venv"
        assert install == ".venv/bin/python -m pip install -e '.[dev]'"
        assert rest == [".venv/bin/pre-commit install", ".ci/run"]
        assert (ROOT / ".pre-commit-config.yaml").exists()
        assert os.access(ROOT / ".ci" / "run", os.X_OK)

    def test_extras(self) -> None:
        project = (ROOT / "pyproject.toml").read_text()
        named = {extra for document in DOCUMENTS for extra in re.findall(r"'\.\[(\w+)\]'", read(document))}
        assert named == {"test", "dev", "docs", "ft260", "login", "testing"}
        for extra in named:
            assert re.search(rf"^{extra} = \[", project, re.MULTILINE)


class TestComparing:
    """The comparison of what is shown with what is printed can fail."""

    @pytest.mark.parametrize(
        ("shown", "good"),
        [
            ("one|two", True),
            ("one", False),
            ("two", False),
            ("two|one", False),
            ("one|two|three", False),
            ("o…|t…o", True),
            ("o…|t…x", False),
            ("…", True),
            ("one|…", True),
            ("…|one", False),
            ("one|a note|two", True),
            ("one|another|a note|two", False),
            ("one|two|a note|another", True),
            ("a note|another", False),
        ],
    )
    def test_holds(self, shown: str, good: bool) -> None:
        assert holds(tuple(shown.split("|")), ["one", "two"], ["a note", "another"]) is good


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links(document: str) -> None:
    text = re.sub(r"^```.*?^```$", "", read(document), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    for target in targets:
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


class TestConfigurationPage:
    def test_json(self, tmp_path: Path) -> None:
        found = [block for block in read_blocks(CONFIGURATION) if block.language == "json"]
        (settings,) = (block for block in found if block.title == "settings.json")
        (schema,) = json.loads(settings.text)["json.schemas"]
        assert f"config schema --out {Path(schema['url']).name}" in CONFIGURATION
        blocks = [block for block in found if block is not settings]
        assert {block.title for block in blocks} == {"device.jsn", "wrong.jsn"}
        for block in blocks:
            path = tmp_path / block.title
            path.write_text(block.text, encoding="utf-8")
            if block.title == "wrong.jsn":
                with pytest.raises(ConfigurationError):
                    load_configuration(path)
            else:
                configuration = load_configuration(path)
                assert configuration.needs_uid
                assert configuration.aws_iot is not None

    def rows(self, heading: str) -> list[list[str]]:
        """The rows of the tables below a heading, cell by cell."""
        section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", CONFIGURATION, re.MULTILINE | re.DOTALL)
        assert section
        lines = [line for line in section[1].splitlines() if line.startswith("| ") and "---" not in line]
        return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]

    def names(self, cell: str) -> set[str]:
        return set(re.findall(r"`([^`]+)`", cell))

    def test_components(self) -> None:
        words = {ValueForm.TEXT: "text", ValueForm.PRINTABLE: "printable"}
        expected = {
            (f"`{name}`", str(component.bound), words.get(component.form, component.form.value))
            for name, component in COMPONENTS.items()
        }
        assert {tuple(row) for row in self.rows("The subject")[1:]} == expected

    def test_what_goes_with_what(self) -> None:
        rows = self.rows("The key")
        ec_slots = {slot.name for slot in SLOTS if slot.certificate_oid and slot.name != "first"}
        rsa_slots = {slot.name for slot in SLOTS if not slot.certificate_oid}
        for curve in CURVES.values():
            (row,) = (row for row in rows if row[0] == f"`{curve.name}`")
            assert (self.names(row[1]), self.names(row[2])) == ({curve.hash_name}, ec_slots)
        for bits in RSA_KEY_BITS.values():
            (row,) = (row for row in rows if row[0] == f"RSA `{bits}`")
            assert (self.names(row[1]), self.names(row[2])) == (set(HASH_SIZES), rsa_slots)

    def test_slots(self) -> None:
        expected = [
            [slot.name, format_oid(slot.key_oid), format_oid(slot.certificate_oid) if slot.certificate_oid else ""]
            for slot in SLOTS
        ]
        found = [[*(self.names(cell) or {""})] for row in self.rows("The key")[-len(SLOTS) :] for cell in row]
        assert [cell for cells in found for cell in cells] == [cell for row in expected for cell in row]

    def test_key_usage(self) -> None:
        (row,) = (row for row in self.rows("The key") if row[0] == "`parameters.key_usage`")
        assert self.names(row[1]) - {"rsa"} == {str(usage.name).lower() for usage in KeyUsage}

    def test_extensions(self) -> None:
        rows = {row[0].split("`")[1]: row for row in self.rows("The extensions")[1:]}
        assert self.names(rows["key_usage"][1]) == set(KEY_USAGES)
        assert self.names(rows["extended_key_usage"][1]) == set(EXTENDED_KEY_USAGES)
        assert self.names(rows["subject_alt_names"][1]) == {"dns", "ip", "uri", "email"}


class TestProgramsPage:
    @pytest.mark.long
    def test_tests_in_a_folder_of_its_own(self, tmp_path: Path) -> None:
        """The reader has installed the package, and has no clone of it."""
        for block in read_blocks(read("docs/programs.md")):
            if block.title in ("conftest.py", "test_factory.py"):
                (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_factory.py"]
        done = run_process(words, tmp_path, {"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""})
        assert done.returncode == 0, done.stdout
        assert {path.name for path in tmp_path.glob("*.*")} == {"conftest.py", "test_factory.py"}


class TestExamples:
    def run(self, tmp_path: Path, *words: str, code: int = 0) -> list[str]:
        done = run_process(
            [sys.executable, str(ROOT / "docs" / "examples" / words[0]), *words[1:]],
            tmp_path,
            {"PYTHONPATH": str(ROOT)},
        )
        assert (done.returncode, done.stderr) == (code, "")
        return done.stdout.splitlines()

    def test_all_are_run(self) -> None:
        assert {path.name for path in (ROOT / "docs" / "examples").glob("*.py")} == {
            *("sign.py", "many_boards.py", "own_ca.py")
        }

    @pytest.mark.parametrize(
        ("words", "code"),
        sampled_rows(
            [
                (["sign.py", "none/port"], 3),
                (["many_boards.py", "none.jsn", "emulator:a"], 2),
                (["own_ca.py", "none", str(CONFIG), "emulator:a"], 2),
            ],
            keep=1,
        ),
    )
    def test_a_mistake_is_one_line(self, tmp_path: Path, words: list[str], code: int) -> None:
        command = [sys.executable, str(ROOT / "docs" / "examples" / words[0])]
        done = run_process([*command, *words[1:]], tmp_path, {"PYTHONPATH": str(ROOT)})
        (line,) = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (code, "")
        assert line.startswith("Error: ")
        assert "none" in line
        if words == ["sign.py", "none/port"]:
            asked = run_process([*command, "--help"], tmp_path, {"PYTHONPATH": str(ROOT)})
            assert (asked.returncode, asked.stderr) == (0, "")
            assert "port" in asked.stdout

    def test_sign(self, tmp_path: Path) -> None:
        (line,) = self.run(tmp_path, "sign.py", "emulator:chip")
        assert re.fullmatch("chip signed 31 bytes, the signature verifies: 30[0-9a-f]+", line)

    @pytest.mark.long
    def test_own_ca(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        config = str(ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn")
        monkeypatch.setenv("OPTIGA_CA_PASSPHRASE", "seven grey herons by the weir")
        made = run_process([*OPTIGA, "ca", "init", "my-ca"], tmp_path)
        assert made.returncode == 0, made.stderr
        for _ in range(2):  # the second run finds everything done
            lines = self.run(tmp_path, "own_ca.py", "my-ca", config, "emulator:a", "emulator:b")
            found = [re.fullmatch(r"emulator:\w: chip [0-9a-f]{54}: (.+\.pem)", line) for line in lines]
            assert {match and match[1] for match in found} == {path.name for path in tmp_path.glob("*.pem")}
            assert len(found) == 2

    @pytest.mark.long
    def test_many_boards(self, tmp_path: Path) -> None:
        config = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
        ports = [f"emulator:{name}" for name in ("a", "b", "none/c", "d")]
        lines = self.run(tmp_path, "many_boards.py", str(config), *ports, code=3)
        found = [re.fullmatch(r"emulator:\w: chip [0-9a-f]{54}: ([0-9a-f]{40}\.csr)", line) for line in lines]
        assert [match is not None for match in found] == [True, True, False, True]
        assert "none/c: failed: " in lines[2]
        assert {match[1] for match in found if match} == {path.name for path in tmp_path.glob("*.csr")}
        assert len(list(tmp_path.glob("*.csr"))) == 3
