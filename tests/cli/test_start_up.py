"""What the ways that start most often load, and nothing beside it: ``--help``, ``--csr`` in memory and on a board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from optiga.emulator import Board, EmulatedChip
from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.store import create_chip
from tests.support.places import CONFIG, ROOT
from tests.support.processes import run_process
from tests.support.served_boards import board_on_pty

PROGRAM = """
import sys, sysconfig
known, libraries = set(sys.modules), tuple({sysconfig.get_path(name) for name in ("purelib", "platlib")})
from optiga.cli import main
code = main(sys.argv[1:])
with open("loaded", "w") as file:
    for name, module in sys.modules.items():
        if name not in known:
            place = getattr(module, "__file__", None) or ""
            print("others'" if place.startswith(libraries) else "-", name, file=file)
sys.exit(code)
"""
NEVER = [
    "boto3",
    "botocore",
    "jmespath",
    "hid",
    "urllib3",
    "ssl",
    "http.client",
    "difflib",
    "base64",
    "logging",
]
"""Heavy, and for none of these."""


class Way(NamedTuple):
    """A way to start.

    :param rooms: of our own that it may load something of.
    :param others: packages of others that it may load.
    :param without: modules that it loads none of, which are in those.
    """

    words: list[str]
    rooms: set[str]
    others: set[str]
    without: list[str]


WAYS = {
    "help": Way(
        ["--help"],
        {"_version", "cli", "errors", "files", "naming", "results"},
        {"click"},
        ["optiga.cli.commands", "asn1crypto", "cryptography", "dataclasses", "sqlite3", "serial", "pathlib", "urllib"],
    ),
    "csr": Way(
        ["-q", "--port", "emulator:chip", "--csr", str(CONFIG)],
        {
            "_version",
            "suggestions",
            "arguments",
            "chip",
            "cli",
            "emulator",
            "errors",
            "files",
            "identity",
            "naming",
            "pki",
            "protocol",
            "results",
            "transport",
            "values",
        },
        {"asn1crypto", "click", "cryptography", "_cffi_backend"},
        [
            "cryptography.x509",
            "cryptography.hazmat.backends",
            "cryptography.hazmat.primitives.ciphers",
            "cryptography.hazmat.primitives.asymmetric.rsa",
            "cryptography.hazmat.primitives.serialization",
            "locale",
            "serial",
            "optiga.chip.commands.get_data_object",
            "optiga.chip.sessions",
            "optiga.cli.support.query",
            "optiga.emulator.board",
            "optiga.emulator.identity",
            "optiga.transport.boards",
            "optiga.transport.i2c_ports",
            "optiga.transport.serial_line",
            "optiga.transport.serial_port",
            "optiga.transport.uart",
        ],
    ),
    "board": Way(
        ["-q", "--csr", str(CONFIG)],
        {
            "_version",
            "suggestions",
            "arguments",
            "chip",
            "cli",
            "errors",
            "files",
            "identity",
            "link",
            "naming",
            "pki",
            "protocol",
            "results",
            "transport",
            "values",
        },
        {"asn1crypto", "click", "cryptography", "_cffi_backend", "serial"},
        [
            "cryptography.x509",
            "cryptography.hazmat.backends",
            "cryptography.hazmat.primitives.serialization",
            "locale",
            "optiga.link.i2c",
            "optiga.transport.emulated",
            "optiga.transport.emulator_port",
            "optiga.transport.rfc2217_port",
            "optiga.transport.socket_port",
            "queue",
            "sqlite3",
        ],
    ),
}


@pytest.mark.parametrize("name", ["help", "csr"])
def test_nothing_is_loaded_that_is_not_needed(name: str, tmp_path: Path) -> None:
    create_chip(tmp_path / "chip", DEFAULT_MODEL)
    check_what_is_loaded(name, tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
def test_a_board_loads_no_other_port(tmp_path: Path) -> None:
    with board_on_pty(Board(EmulatedChip().execute)) as port:
        check_what_is_loaded("board", tmp_path, "--port", port)


def check_what_is_loaded(name: str, folder: Path, *more: str) -> None:
    """Go a way in a process of its own, and look at what that has loaded."""
    way = WAYS[name]
    done = run_process([sys.executable, "-c", PROGRAM, *way.words, *more], folder, {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert len(list(folder.glob("*.csr"))) == (name != "help")
    lines = [line.split(" ") for line in (folder / "loaded").read_text().splitlines()]
    loaded = {module for _, module in lines}
    assert {module.split(".")[1] for module in loaded if module.startswith("optiga.")} == way.rooms
    assert {module.partition(".")[0] for kind, module in lines if kind == "others'"} <= way.others
    commands = {module for module in loaded if module.startswith("optiga.cli.commands.identity.")}
    assert commands == (set() if name == "help" else {"optiga.cli.commands.identity.csr"})
    beside = [*NEVER, *way.without]
    assert not [one for one in loaded if any(one == other or one.startswith(f"{other}.") for other in beside)]
