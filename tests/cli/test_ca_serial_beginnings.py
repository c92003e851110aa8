"""``ca show`` and ``ca revoke``: the beginning of a serial number, as git takes that of a hash."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.sampling import sampled

SERIALS = (0x0A1B2C3D4E << 120, 0x0A1B2C3D5F << 120, 0x51 << 152, 0x00BEEF99 << 128)
FIRST, SECOND, THIRD, SHORT = (f"{serial:040x}" for serial in SERIALS)


@pytest.fixture
def root(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> str:
    """Folder of a CA with four certificates, whose serial numbers are those above."""
    assert cli("ca", "init", "--no-passphrase", "root").code == 0
    for number, serial in enumerate(SERIALS):
        monkeypatch.setattr(x509, "random_serial_number", lambda serial=serial: serial)
        Path("device.csr").write_bytes(make_request())
        assert cli("ca", "sign", "device.csr", "--ca", "root", "--out", f"{number}.pem").code == 0
    return "root"


@pytest.mark.parametrize(
    "form",
    sampled(
        [
            lambda serial: serial[:10],
            lambda serial: serial[:39].upper(),
            lambda serial: "0x" + serial[:10],
            lambda serial: serial.lstrip("0")[:9],
            lambda serial: ":".join(serial[place : place + 2] for place in range(0, 10, 2)),
            lambda serial: "0A:1B:2C:3D:4",
        ],
        keep=2,
    ),
)
def test_one_that_fits(cli: Cli, root: str, form: Callable[[str], str]) -> None:
    shown = cli("ca", "show", form(FIRST), "--ca", root)
    assert shown.out == Path("0.pem").read_text()
    assert FIRST in shown.err
    assert cli("ca", "revoke", form(FIRST), "--ca", root, "--yes", "--query", "serial").out.strip() == FIRST


def test_the_question_shows_the_whole_number(cli: Cli, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sit_down(monkeypatch, "n\n")
    assert f"Revoking {FIRST} of " in cli("ca", "revoke", FIRST[:10], "--ca", root).err
    listed = json.loads(cli("ca", "list", "--ca", root, "--output", "json").out)["certificates"]
    assert [one["state"] for one in listed] == ["valid"] * 4


@pytest.mark.parametrize("command", [("show",), ("revoke", "--yes")])
def test_two_that_fit_are_listed(cli: Cli, root: str, command: tuple[str, ...]) -> None:
    said = fails(cli, 5, "ca", *command, FIRST[:8], "--ca", root)
    assert FIRST in said
    assert SECOND in said
    assert THIRD not in said
    told = cli("ca", *command, FIRST[:8], "--ca", root, "--output", "json").err
    assert json.loads(told.splitlines()[-1])["error"]["reason"] == "ambiguous"


def test_too_few_digits_name_nothing(cli: Cli, root: str) -> None:
    assert "at least 6 hex digits" in fails(cli, 5, "ca", "revoke", "--yes", THIRD[:5], "--ca", root)
    assert cli("ca", "show", THIRD[:6], "--ca", root).out == Path("2.pem").read_text()


@pytest.mark.parametrize(
    "name", sampled(["000000", "000001", "0a1b2c3d6", "b2c3d4e", "f" * 39, "0" * 39, FIRST + "0"], keep=2)
)
def test_none_that_fits(cli: Cli, root: str, name: str) -> None:
    said = fails(cli, 5, "ca", "revoke", "--yes", name, "--ca", root)
    assert f"have no certificate {name}" in said
    assert "'ca list --ca root'" in said


def test_a_whole_number_is_none_that_only_begins_like_it(cli: Cli, root: str) -> None:
    """A CA that was made elsewhere may have short serial numbers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(x509, "random_serial_number", lambda: 0xBEEF99)
        Path("device.csr").write_bytes(make_request())
        assert cli("ca", "sign", "device.csr", "--ca", root, "--out", "short.pem").code == 0
    assert cli("ca", "show", "beef99", "--ca", root).out == Path("short.pem").read_text()
    assert cli("ca", "show", SHORT[:12], "--ca", root).out == Path("3.pem").read_text()


@pytest.mark.parametrize("name", ["$(touch x)", "`touch x`", "a'b", "a!b"])
def test_no_hint_runs_what_is_in_a_name(cli: Cli, name: str) -> None:
    """Between the double quotes of a hint a shell would."""
    assert cli("ca", "init", name, "--no-passphrase").code == 0
    said = fails(cli, 5, "ca", "show", "0123456", "--ca", name)
    assert "use 'ca list'" in said


def test_a_hint_quotes_a_blank(cli: Cli) -> None:
    assert cli("ca", "init", "a b", "--no-passphrase").code == 0
    assert "'ca list --ca \"a b\"'" in fails(cli, 5, "ca", "show", "0123456", "--ca", "a b")
