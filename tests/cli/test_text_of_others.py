"""Text of others reaches neither terminal nor spreadsheet as anything but text."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from optiga.emulator import SqliteStore
from optiga.files.shown import shown
from optiga.provision.journal import FILE_NAME
from optiga.provision.seal_file import seal_path
from optiga.testing import CloudFault
from tests.support.cli.provisioned import Bench
from tests.support.cli.runner import Cli, Result
from tests.support.journals import edit_version_1, make_version_1

EVIL = "a\x1b]0;owned\x07\x9b31m\u202eb\x7f\u2028c"
FORGED = "x\nError: another line\rWarning: and another"


def check(result: Result) -> None:
    """Only line feeds of ours, and no line that begins as one of ours."""
    for line in (result.out + result.err).split("\n"):
        assert line.replace("\t", " ").isprintable(), line  # tabs of ours stand between words
        assert not line.startswith(("Error: another", "Warning: and another"))


@pytest.mark.long
def test_a_journal(cli: Cli, run: Cli, bench: Bench) -> None:
    text = EVIL + FORGED
    assert run().code == 0
    make_version_1(Path(FILE_NAME))
    good = Path(FILE_NAME).read_bytes()
    for column in ("thing", "policy", "endpoint", "issuer", "account", "region", "public_key", "uid"):
        Path(FILE_NAME).write_bytes(good)
        seal_path(Path(FILE_NAME)).unlink(missing_ok=True)
        edit_version_1(Path(FILE_NAME), {column: text})
        for words in (
            *(("journal", "show", "--output", form) for form in ("text", "json", "repr", "csv")),
            ("journal", "export"),
            ("journal", "export", "--output", "csv"),
            ("--port", bench.port, "deprovision"),
            ("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy"),
        ):
            check(cli(*words))
        bare = cli("journal", "show", "--query", f"slots[0].{column}").out  # as it is, with its lines, as PEM has
        assert all(line.isprintable() for line in bare.split("\n"))
        (slot,) = json.loads(cli("journal", "show", "--output", "json").out)["slots"]
        assert slot[column] == text
        check(run())


@pytest.mark.long
@pytest.mark.parametrize("text", [EVIL, FORGED])
def test_what_aws_says(run: Cli, bench: Bench, text: str) -> None:
    bench.cloud.fail("CreateThing", CloudFault.error("InternalFailureException", 500, text), times=9)
    result = run("-vv")
    assert result.code == 6
    check(result)


@pytest.mark.parametrize("name", ["evil\x1b[2J", "evil\nError: another line"])
def test_names_of_files(cli: Cli, name: str) -> None:
    for words in (
        ("--port", f"emulator:{name}", "info"),
        ("--write", name),
        ("--csr", name),
        ("journal", "show", "--journal", name),
        ("ca", "list", "--ca", name),
        ("--port", name, "info"),
        ("--port", f"socket://{name}", "info"),
    ):
        check(cli(*words))


def test_a_board_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from serial.tools.list_ports_common import ListPortInfo

    board = ListPortInfo("/dev/ttyACM0")
    board.description = board.product = board.manufacturer = EVIL
    board.vid, board.pid = 0x2341, 0x43
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [board])
    for form in ("text", "json", "repr"):
        check(cli("boards", "--output", form))


def test_a_lock_owner(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteStore.__init__, "__kwdefaults__", {"model": None, "wait_s": 0.0})
    path = Path(port.removeprefix("emulator:"))
    assert cli("--port", port, "info").code == 0
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        path.with_name(path.name + ".owner").write_text(f"process 1 ({EVIL}{FORGED})")
        result = cli("--port", port, "info")
    assert result.code == 3
    check(result)


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_chip(cli: Cli, port: str, form: str) -> None:
    Path("data").write_bytes(EVIL.encode())
    assert cli("--port", port, "--write", "data", "--id", "0xF1D0").code == 0
    check(cli("--port", port, "--read", "0xF1D0", "--output", form))


@pytest.mark.long
def test_cells(cli: Cli, run: Cli) -> None:
    assert run().code == 0
    for begin in ("=", "+", "-", "@", "\t", "\r"):
        text = f"{begin}HYPERLINK(1)"
        changes = {"policy": text, "thing": f"-----BEGIN {text}", "endpoint": "1-1"}
        edit_version_1(Path(FILE_NAME), changes)
        shows = cli("journal", "show", "--output", "csv").out
        assert cli("journal", "export", "--output", "csv", "--out", "all.csv", "--force").code == 0
        written = Path("all.csv").read_bytes().decode()
        for out in (shows, written):
            (slot,) = csv.DictReader(io.StringIO(out, newline=""))
            assert slot["policy"].startswith("'")
            assert slot["thing"].startswith("'-----BEGIN")
            assert slot["endpoint"] == "1-1"
        (slot,) = csv.DictReader(io.StringIO(written, newline=""))
        assert slot["policy"] == shown(f"'{text}")
        assert slot["certificate"].startswith("-----BEGIN CERTIFICATE-----\n")
