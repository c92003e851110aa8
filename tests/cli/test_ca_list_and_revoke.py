"""``ca list``, ``ca show`` and ``ca revoke``."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from optiga.ca.records import utc_now
from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli


@pytest.fixture(autouse=True)
def _no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPTIGA_CA_PASSPHRASE", raising=False)


@pytest.fixture
def root(cli: Cli) -> str:
    """Folder of a root, beside a CSR in ``device.csr``."""
    assert cli("ca", "init", "--no-passphrase", "root").code == 0
    Path("device.csr").write_bytes(make_request())
    return "root"


class TestListAndRevoke:
    @pytest.mark.long
    def test_states(self, cli: Cli, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        sign = ("ca", "sign", "device.csr", "--ca", root, "--query", "serial", "--out")
        serials = [cli(*sign, f"{number}.pem").out.strip() for number in range(2)]
        serials.append(cli(*sign, "2.pem", "--days", "1").out.strip())
        assert cli("ca", "revoke", "--yes", serials[0].upper(), "--ca", root, "--reason", "Superseded").code == 0
        later = utc_now() + timedelta(days=2)
        monkeypatch.setattr("optiga.cli.commands.ca.listing.utc_now", lambda: later)
        head, *lines = [line.split() for line in cli("ca", "list", "--ca", root).out.splitlines()]
        assert head == ["serial", "state", "until", "subject", "use"]
        assert [(line[0], line[1]) for line in lines] == list(
            zip(serials, ("revoked", "valid", "expired"), strict=True)
        )
        listed = json.loads(cli("ca", "list", "--ca", root, "--output", "json").out)["certificates"]
        assert [one["reason"] for one in listed] == ["superseded", None, None]
        assert cli("ca", "list", "--ca", root, "--query", "certificates[0].serial").out == f"{serials[0]}\n"

    def test_a_new_crl(self, cli: Cli, root: str) -> None:
        crl = Path(root, "crl.pem")
        before = crl.read_bytes()
        assert "finds nothing" in fails(cli, 2, "ca", "crl", "--ca", root, "--query", "colour")
        assert crl.read_bytes() == before
        result = cli("ca", "crl", "--ca", root)
        assert (result.code, result.out, result.err) == (0, "", f"The CRL is in {crl}, valid for 30 days\n")
        assert crl.read_bytes() != before
        assert cli("ca", "crl", "--ca", root, "--query", "crl_file").out == f"{crl}\n"
        assert cli("ca", "crl", "--ca", root, "--crl-days", "1").err.endswith("valid for 1 day\n")
        shown = json.loads(cli("ca", "crl", "--ca", root, "--crl-days", "7", "--output", "json").out)
        assert shown == {"ca": "CN=root", "crl_file": str(crl), "crl_days": 7, "completed": [], "warnings": []}

    def test_a_crl_that_runs_out(self, cli: Cli, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said when the CA is used, not only when devices are refused."""
        actions = {
            name: ("ca", *words, "--ca", root, "-q")
            for name, words in {
                "list": ("list",),
                "sign": ("sign", "device.csr"),
                "revoke": ("revoke", "--yes", "device.pem"),
            }.items()
        }
        for words in (actions["sign"], actions["list"]):
            assert cli(*words).err == ""
        for days, what in ((25, "Warning: the CRL expires on"), (31, "Warning: the CRL expired on")):
            cli("ca", "crl", "--ca", root)
            later = utc_now() + timedelta(days=days)
            with monkeypatch.context() as patch:
                patch.setattr("optiga.cli.support.passphrase.utc_now", lambda: later)  # noqa: B023
                for words in actions.values():
                    result = cli(*words)
                    assert result.code == 0
                    assert what in result.err
                assert "Warning" not in cli("ca", "crl", "--ca", root).err
        Path(root, "crl.pem").unlink()
        assert "there is no CRL of this CA in" in cli(*actions["list"]).err

    def test_records_that_were_edited(self, cli: Cli, root: str) -> None:
        cli("ca", "sign", "device.csr", "--ca", root)
        with closing(sqlite3.connect(Path(root, "issued.db"), isolation_level=None)) as connection:
            connection.execute("DELETE FROM issued")
        result = cli("ca", "list", "--ca", root)
        assert result.code == 0
        assert "Warning: the records" in result.err
        for words in (("crl",), ("sign", "device.csr"), ("revoke", "--yes", "device.pem")):
            assert "have been changed by another program" in fails(cli, 2, "ca", *words, "--ca", root)
        signature = Path(root, "records.sig").read_bytes()
        refused = fails(cli, 2, "ca", "crl", "--ca", root, "--trust-records")
        assert "have been changed by another program" in refused
        assert "--yes" in refused
        assert Path(root, "records.sig").read_bytes() == signature
        result = cli("ca", "crl", "--ca", root, "--trust-records", "--yes")
        assert result.code == 0
        assert "accepted as they are" in result.err
        assert "records.sig" in result.err
        assert cli("ca", "list", "--ca", root).err == ""
        assert json.loads(cli("ca", "list", "--ca", root, "--output", "json").out)["warnings"] == []
        assert "Warning" not in cli("ca", "crl", "--ca", root, "--trust-records").err

    def test_records_without_their_signature(self, cli: Cli, root: str) -> None:
        cli("ca", "sign", "device.csr", "--ca", root)
        Path(root, "records.sig").unlink()
        assert "Warning: root/records.sig is missing" in cli("ca", "list", "--ca", root).err
        (warning,) = json.loads(cli("ca", "list", "--ca", root, "--output", "json").out)["warnings"]
        assert warning.startswith("root/records.sig is missing")
        for words in (("crl",), ("sign", "device.csr", "--out", "x.pem"), ("revoke", "--yes", "device.pem")):
            error = fails(cli, 2, "ca", *words, "--ca", root)
            assert "root/records.sig is missing or damaged" in error
            assert "ca crl --trust-records --ca " in error
        assert not Path("x.pem").exists()
        assert not Path(root, "records.sig").exists()

    def test_a_crl_that_was_given_out(self, cli: Cli, root: str) -> None:
        """The folder comes from an older copy, and its own CRL with it."""
        cli("ca", "sign", "device.csr", "--ca", root)
        shutil.copytree(root, "copy")
        cli("ca", "revoke", "--yes", "device.pem", "--ca", root)
        shutil.copy(Path(root, "crl.pem"), "published.pem")
        assert cli("ca", "list", "--ca", root, "--crl", "published.pem").err == ""
        given = ("--ca", "copy", "--crl", "published.pem")
        result = cli("ca", "list", *given)
        assert "valid" in result.out
        assert "older than the CRL published.pem" in result.err
        for words in (("crl",), ("sign", "device.csr", "--out", "x.pem"), ("revoke", "--yes", "device.pem")):
            assert "are older than the CRL published.pem" in fails(cli, 2, "ca", *words, *given)
        assert not Path("x.pem").exists()
        assert "a certificate, not a CRL" in fails(cli, 5, "ca", "crl", "--ca", root, "--crl", "device.pem")

    def test_the_clock(self, cli: Cli, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        cli("ca", "sign", "device.csr", "--ca", root)
        for module in ("authority", "changes"):
            monkeypatch.setattr(f"optiga.ca.{module}.utc_now", lambda: utc_now() - timedelta(days=400))
        for words in (("sign", "device.csr"), ("crl",), ("revoke", "--yes", "device.pem")):
            assert "Check this computer's clock" in fails(cli, 5, "ca", *words, "--ca", root)

    def test_revoked_already(self, cli: Cli, root: str) -> None:
        cli("ca", "sign", "device.csr", "--ca", root)
        first = json.loads(cli("ca", "revoke", "--yes", "device.pem", "--ca", root, "--output", "json").out)
        again = cli("ca", "revoke", "--yes", "device.pem", "--ca", root, "--output", "json")
        assert json.loads(again.out) == first
        assert "already revoked" in again.err
        assert "Warning" not in again.err
        revoke = ("ca", "revoke", "--yes", "device.pem", "--ca", root, "--query", "reason", "-q", "--reason")
        result = cli(*revoke, "SUPERSEDED")
        assert (result.code, result.out, result.err) == (0, "superseded\n", "")
        for milder in ("privilegeWithdrawn", "unspecified"):
            result = cli(*revoke, milder)
            assert (result.code, result.out) == (0, "superseded\n")
            assert f"the reason stays superseded: it does not become {milder}" in result.err
        assert cli(*revoke, "KeyCompromise").out == "keyCompromise\n"
        crl = x509.load_pem_x509_crl(Path(first["crl_file"]).read_bytes())
        assert [f"{entry.serial_number:040x}" for entry in crl] == [first["serial"]]

    @pytest.mark.long
    @pytest.mark.parametrize(
        "form",
        [
            str,
            str.upper,
            lambda serial: serial.lstrip("0"),
            lambda serial: "00" + serial,
            lambda serial: "0x" + serial,
            lambda serial: ":".join(serial[place : place + 2] for place in range(0, 40, 2)).upper(),
        ],
    )
    def test_a_serial_number_beside_a_planted_file(self, cli: Cli, root: str, form: Callable[[str], str]) -> None:
        """A file that is named like it, and holds another device's certificate, counts for nothing."""
        serials = [
            cli("ca", "sign", "device.csr", "--ca", root, "--out", f"{name}.pem", "--query", "serial").out.strip()
            for name in ("meant", "other")
        ]
        named = form(serials[0])
        Path("other.pem").rename(named)
        assert cli("ca", "show", named, "--ca", root).out == Path("meant.pem").read_text()
        assert cli("ca", "revoke", "--yes", named, "--ca", root, "--query", "serial").out.strip() == serials[0]
        listed = cli("ca", "list", "--ca", root, "--query", "certificates[].state").out
        assert json.loads(listed) == ["revoked", "valid"]

    def test_a_file_named_like_a_serial_number(self, cli: Cli, root: str) -> None:
        serial = cli("ca", "sign", "device.csr", "--ca", root, "--out", "ab12", "--query", "serial").out.strip()
        assert "To use the file ab12, give it with --file" in fails(
            cli, 5, "ca", "revoke", "--yes", "ab12", "--ca", root
        )
        assert cli("ca", "show", "--file", "ab12", "--ca", root).out == Path("ab12").read_text()
        assert cli("ca", "revoke", "--yes", "ab12", "--ca", root, "--file", "--query", "serial").out.strip() == serial
        assert "no such file" in fails(cli, 2, "ca", "revoke", "--yes", "--file", "cd34", "--ca", root)

    @pytest.mark.parametrize(
        "name", ["12 34", "+12", "-12", "1_2", "0x", "0x12.pem", "\u0661\u0662", "", "ab12.pem", "12h"]
    )
    def test_what_is_neither(self, cli: Cli, root: str, name: str) -> None:
        fails(cli, 2, "ca", "revoke", "--yes", "--ca", root, "--", name)

    @pytest.mark.parametrize("name", [":", "::", "0", "f" * 41, "f" * 255, "0x0"])
    def test_serial_numbers_that_nothing_has(self, cli: Cli, root: str, name: str) -> None:
        assert "have no certificate" in fails(cli, 5, "ca", "revoke", "--yes", name, "--ca", root)

    def test_mistakes(self, cli: Cli, root: str) -> None:
        assert "neither a serial number in hex nor a file" in fails(
            cli, 2, "ca", "revoke", "--yes", "x.pem", "--ca", root
        )
        assert "have no certificate 1234" in fails(cli, 5, "ca", "revoke", "--yes", "1234", "--ca", root)
        assert "is the CA's own certificate" in fails(cli, 5, "ca", "show", "root/ca.pem", "--ca", root)
        assert "unspecified, keyCompromise" in fails(
            cli, 2, "ca", "revoke", "--yes", "1234", "--ca", root, "--reason", "mood"
        )
