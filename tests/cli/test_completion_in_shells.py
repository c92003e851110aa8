"""``completion`` in the real shells, as a person types: what is inserted, and what is listed."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from tests.support.ca_helpers import make_request
from tests.support.cli.shells import SHELLS, shell_at_terminal, take_back
from tests.support.places import ROOT

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX"),
    pytest.mark.parametrize(
        "shell",
        [
            pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not there"))
            for name in SHELLS
        ],
    ),
]


LINES = {
    60: [("--slo\t", "--slot "), ("--slot sec\t", "second "), ("--slot=thi\t", "--slot=third ")],
    80: [("emulator new x --model trust-x\t", "--model trust-x "), ("--csr co\t", "--csr conf.jsn ")],
    120: [("ca init so\t", "some\\ folder/"), ("--port emulator:co\t", "emulator:conf.jsn "),
          ("object metadata 0xE0E1 ch\tal\t", "change:always ")],
}  # fmt: skip
"""What is typed at a terminal of so many columns, and what then stands there."""


@pytest.mark.parametrize("columns", LINES)
def test_what_is_inserted_and_listed(shell: str, columns: int, tmp_path: Path) -> None:
    with shell_at_terminal(shell, tmp_path, columns=columns) as shown:
        for typed, line in LINES[columns]:
            shown.type(f"optiga {typed}")
            shown.wait_for(re.escape(line))
            take_back(shown)
        shown.type("optiga object read 0xE0E\t\t")
        listed = shown.wait_for("trust anchor 8")
        assert "public key certificate 1" in listed
        # fish goes back up to its prompt behind the list, without a line feed.
        lines = re.split("\n|(?=optiga object)", listed)
        assert [line for line in lines if len(line.rstrip()) > columns] == []


def test_a_script_alone(shell: str, tmp_path: Path) -> None:
    """Other uses of python stay as they were."""
    before = {
        "bash": "complete -W 'alphabet omega' python",
        "zsh": "autoload -Uz compinit && compinit -i; _mine() { compadd alphabet omega }; compdef _mine python",
        "fish": "complete -c python -f -a 'alphabet omega'",
    }[shell]
    with shell_at_terminal(shell, tmp_path, "--for-script", before=before) as shown:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "optiga.py").write_text("raise SystemExit('never run')")
        for words in ("al", "other/optiga.py al", "-W ignore al"):
            shown.type(f"python {words}\t")
            shown.wait_for("alphabet")
            take_back(shown)
        for typed, line in (("--slot sec\t", "second "), ("--csr co\t", "conf.jsn ")):
            shown.type(f"python -W ignore {ROOT / 'optiga.py'} {typed}")
            shown.wait_for(re.escape(line))
            take_back(shown)
        shown.type("python3 co\t")
        shown.wait_for("conf.jsn")


FILES = ("a b.pem", "c.CRT", "d.txt", "sub dir/e.der", "sub dir/f.txt", "empty/g.txt")


def test_files_of_one_kind(shell: str, tmp_path: Path) -> None:
    """Certificates, and folders; where there is no such file, every file."""
    with shell_at_terminal(shell, tmp_path) as shown:
        for name in FILES:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("")
        for typed, line in (
            ("a\t", "a\\ b.pem "),
            ("c\t", "c.CRT "),
            ("sub\\ dir/\t", "sub\\ dir/e.der "),
            ("~/sub\\ dir/\t", "sub\\ dir/e.der "),
            ("empty/\t", "empty/g.txt "),
        ):
            shown.type(f"optiga ca show {typed}")
            shown.wait_for(re.escape(line))
            take_back(shown)
        shown.type("optiga ca revoke \t\t")
        listed = shown.wait_for(in_any_order("a.* b", r"c\.CRT", "sub.* dir/", "empty/"))
        assert "d.txt" not in listed
        assert not re.search(r"(?m)(?:^| )(?:pem|crt|CRT|/)(?: |$)", listed)


def test_serial_numbers_of_a_ca(shell: str, tmp_path: Path) -> None:
    create_root(tmp_path / "factory", CaName("factory"))
    authority = CertificateAuthority.open(tmp_path / "factory")
    serials = [authority.issue(make_request()).serial for _ in range(2)]
    with shell_at_terminal(shell, tmp_path) as shown:
        for before in ("", "--ca factory "):
            shown.type(f"optiga ca show {before}{serials[0][:12]}\t")
            shown.wait_for(f"{serials[0]} ")
            take_back(shown)
        (tmp_path / "device.pem").write_text("")
        shown.type("optiga ca show --ca factory \t\t")
        shown.wait_for(in_any_order(r"device\.pem", "factory/", *(f"{serial} .*CN=device" for serial in serials)))


def in_any_order(*patterns: str) -> str:
    """A pattern that finds a text which has all of some."""
    return r"\A" + "".join(rf"(?=(?:.|\n)*{pattern})" for pattern in patterns)
