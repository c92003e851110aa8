"""What the two ways that start most often load: ``--help`` and ``--csr`` on an emulated chip, and nothing beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.store import create_chip
from tests.support.places import CONFIG, ROOT
from tests.support.processes import run_process

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
NEVER = ["boto3", "botocore", "jmespath", "serial", "hid", "urllib3", "ssl", "http.client"]
"""Heavy, and not for these two."""


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
        {"_version", "cli", "errors", "files", "results"},
        {"click"},
        ["optiga.cli.commands", "asn1crypto", "cryptography", "sqlite3", "logging"],
    ),
    "csr": Way(
        ["-q", "--port", "emulator:chip", "--csr", str(CONFIG)],
        {
            "_version",
            "chip",
            "cli",
            "emulator",
            "errors",
            "files",
            "identity",
            "pki",
            "protocol",
            "results",
            "transport",
        },
        {"asn1crypto", "click", "cryptography", "_cffi_backend"},
        [
            "cryptography.x509",
            "cryptography.hazmat.backends",
            "cryptography.hazmat.primitives.ciphers",
            "cryptography.hazmat.primitives.asymmetric.rsa",
            "cryptography.hazmat.primitives.serialization",
            "logging",
            "optiga.chip.commands.get_data_object",
            "optiga.chip.sessions",
            "optiga.cli.support.query",
            "optiga.emulator.board",
            "optiga.emulator.identity",
            "optiga.transport.boards",
            "optiga.transport.i2c_ports",
            "optiga.transport.serial_line",
        ],
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_nothing_is_loaded_that_is_not_needed(name: str, tmp_path: Path) -> None:
    way = WAYS[name]
    create_chip(tmp_path / "chip", DEFAULT_MODEL)
    done = run_process([sys.executable, "-c", PROGRAM, *way.words], tmp_path, {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.csr"))) == (name == "csr")
    lines = [line.split(" ") for line in (tmp_path / "loaded").read_text().splitlines()]
    loaded = {module for _, module in lines}
    assert {module.split(".")[1] for module in loaded if module.startswith("optiga.")} == way.rooms
    assert {module.partition(".")[0] for kind, module in lines if kind == "others'"} <= way.others
    commands = {module for module in loaded if module.startswith("optiga.cli.commands.identity.")}
    assert commands == ({"optiga.cli.commands.identity.csr"} if name == "csr" else set())
    beside = [*NEVER, *way.without]
    assert not [one for one in loaded if any(one == other or one.startswith(f"{other}.") for other in beside)]
