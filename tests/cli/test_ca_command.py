"""``ca``: a CA's life from the command line."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from optiga.ca.records import utc_now
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.makers import make_key
from tests.support.places import ROOT
from tests.support.processes import run_process

CONFIG = "config_nistp256_ecdsa_secondslot.jsn"
PASSPHRASE = "correct horse"


@pytest.fixture(autouse=True)
def _no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPTIGA_CA_PASSPHRASE", raising=False)


@pytest.fixture
def root(cli: Cli) -> str:
    """Folder of a root, beside a CSR in ``device.csr``."""
    assert cli("ca", "init", "--no-passphrase", "root").code == 0
    Path("device.csr").write_bytes(make_request())
    return "root"


class TestChip:
    @pytest.mark.parametrize("below", [False, True])
    def test_a_chip_gets_its_certificate(self, cli: Cli, port: str, configs: Path, root: str, below: bool) -> None:
        ca = root
        if below:
            ca = "factory"
            assert cli("ca", "intermediate", "--no-passphrase", ca, "--ca", root).code == 0
        csr = cli("--port", port, "--csr", configs / CONFIG, "--query", "filename").out.strip()
        signed = json.loads(cli("ca", "sign", csr, "--ca", ca, "--output", "json").out)
        file = Path(signed["certificate_file"])
        assert file == Path(csr).with_suffix(".pem")
        result = cli("--port", port, "--write", file, "--strict", "--output", "json")
        assert "has proven that it has the certificate's key" in result.err
        written = json.loads(result.out)
        assert (written["written"], written["key_match"]) == (True, True)
        read = json.loads(cli("--port", port, "--read", "second", "--output", "json").out)["certificates"]
        assert "".join(read) == file.read_text()
        assert len(read) == 1 + below
        leaf = x509.load_pem_x509_certificate(read[0].encode())
        assert f"{leaf.serial_number:040x}" == signed["serial"]
        assert leaf.not_valid_after_utc.isoformat() == signed["not_after"]
        assert signed["ca"] == f"CN={ca}"

    @NEEDS_OPENSSL
    def test_openssl_agrees(self, cli: Cli, port: str, configs: Path, root: str) -> None:
        cli("ca", "intermediate", "--no-passphrase", "factory", "--ca", root, "--curve", "p384")
        csr = cli("--port", port, "--csr", configs / CONFIG, "--query", "filename").out.strip()
        cli("ca", "sign", csr, "--ca", "factory", "--out", "device.pem")
        options = ("-CAfile", "root/ca.pem", "-untrusted", "device.pem")
        assert verify(Path("device.pem"), *options) == ""
        revoked = (*options, "-crl_check", "-CRLfile", "factory/crl.pem")
        assert verify(Path("device.pem"), *revoked) == ""
        cli("ca", "revoke", "--yes", "device.pem", "--ca", "factory")
        assert "certificate revoked" in verify(Path("device.pem"), *revoked)


class TestInit:
    def test_name_and_days(self, cli: Cli) -> None:
        words = ("--name", "My root", "--organization", "Example", "--country", "de", "--days", "10", "--curve", "p384")
        made = json.loads(cli("ca", "init", "--no-passphrase", "root", *words, "--output", "json").out)
        assert made["subject"] == "C=DE, O=Example, CN=My root"
        assert (made["ca"], made["certificate_file"]) == ("root", str(Path("root", "ca.pem")))
        assert made["key_encrypted"] is False

    def test_an_open_key_is_said(self, cli: Cli) -> None:
        assert (
            "unencrypted: anyone who can read it can issue certificates"
            in cli("ca", "init", "--no-passphrase", "root").err
        )
        assert cli("ca", "init", "--no-passphrase", "quiet", "-q").err == ""

    def test_twice(self, cli: Cli, root: str) -> None:
        before = Path(root, "ca.key").read_bytes()
        assert "root already contains a CA" in fails(cli, 2, "ca", "init", "--no-passphrase", root)
        assert Path(root, "ca.key").read_bytes() == before

    @pytest.mark.skipif(sys.platform == "win32", reason="links there want rights")
    def test_links_that_run_in_a_circle(self, cli: Cli) -> None:
        Path("loop").symlink_to("loop")
        assert "its symbolic links form a loop" in fails(cli, 2, "ca", "init", "--no-passphrase", "loop")

    @pytest.mark.parametrize("words", [("--days", "0"), ("--curve", "p521"), ("--name", ""), ("--country", "Germany")])
    def test_mistakes(self, cli: Cli, words: tuple[str, str]) -> None:
        fails(cli, 2, "ca", "init", "--no-passphrase", "root", *words)
        assert list(Path().iterdir()) == []

    def test_a_query_for_nothing_makes_nothing(self, cli: Cli) -> None:
        assert "finds nothing" in fails(cli, 2, "ca", "init", "--no-passphrase", "root", "--query", "colour")
        assert list(Path().iterdir()) == []


class TestPassphrase:
    @pytest.fixture
    def closed(self, root: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> str:
        """A CA whose key is encrypted."""
        with monkeypatch.context() as patch:
            patch.setenv("OPTIGA_CA_PASSPHRASE", PASSPHRASE)
            assert cli("ca", "init", "closed", "--query", "key_encrypted").out == "True\n"
        return "closed"

    def test_the_three_ways(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        sign = ("ca", "sign", "device.csr", "--ca", closed)
        Path("passphrase").write_bytes(PASSPHRASE.encode() + b"\r\nsecond line\n")
        assert cli(*sign, "--passphrase-file", "passphrase").code == 0
        with monkeypatch.context() as patch:
            patch.setenv("OPTIGA_CA_PASSPHRASE", PASSPHRASE)
            result = cli("-vv", *sign)
            assert result.code == 0
            assert PASSPHRASE not in result.out + result.err
        sit_down(monkeypatch, PASSPHRASE)
        assert cli(*sign, "--ask-passphrase").code == 0

    def test_asked_twice_for_a_new_one(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, PASSPHRASE, "mistyped", PASSPHRASE, PASSPHRASE)
        assert cli("ca", "init", "root", "--ask-passphrase", "--query", "key_encrypted").out == "True\n"
        assert len(asked) == 4

    @pytest.mark.long
    def test_root_and_intermediate_have_their_own(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, PASSPHRASE, "another phrase", "another phrase")
        result = cli("ca", "intermediate", "factory", "--ca", closed, "--ask-passphrase")
        assert result.code == 0
        assert "Passphrase of closed" in asked[0] + result.err  # older versions of click print the question themselves
        assert "does not open" in fails(
            cli, 2, "ca", "crl", "--ca", "factory", "--passphrase-file", self.file(PASSPHRASE)
        )
        assert cli("ca", "crl", "--ca", "factory", "--passphrase-file", self.file("another phrase")).code == 0

    def file(self, passphrase: str) -> str:
        Path("passphrase").write_text(passphrase)
        return "passphrase"

    def test_mistakes(self, cli: Cli, closed: str, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        sign = ("sign", "device.csr", "--ca", closed)
        error = fails(cli, 2, "ca", *sign)
        for way in ("--passphrase-file", "--ask-passphrase", "OPTIGA_CA_PASSPHRASE"):
            assert way in error
        assert "does not open the key" in fails(cli, 2, "ca", *sign, "--passphrase-file", self.file("wrong one"))
        assert "no passphrase in the first line" in fails(cli, 2, "ca", *sign, "--passphrase-file", self.file("\nx"))
        assert "no such file" in fails(cli, 2, "ca", *sign, "--passphrase-file", "none")
        both = ("--passphrase-file", "passphrase", "--ask-passphrase")
        assert "do not go together" in fails(cli, 2, "ca", *sign, *both)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        assert "standard input is not a terminal" in fails(cli, 2, "ca", *sign, "--ask-passphrase")
        assert not Path("device.pem").exists()
        needless = cli("ca", "sign", "device.csr", "--ca", root, "--passphrase-file", self.file(PASSPHRASE))
        assert needless.code == 0
        assert "Warning: the CA's key" in needless.err


class TestSign:
    def test_where_it_goes(self, cli: Cli, root: str) -> None:
        result = cli("ca", "sign", "device.csr", "--ca", root)
        assert result.out.splitlines()[0] == "certificate_file: device.pem"
        assert result.err == ""
        again = cli("ca", "sign", "device.csr", "--ca", root, "--out", "again.pem", "--days", "5")
        assert "Warning: the key already has another valid certificate of this CA: " in again.err
        assert Path("again.pem").read_bytes() != Path("device.pem").read_bytes()
        third = cli("ca", "sign", "device.csr", "--ca", root, "--out", "third.pem", "-q", "--output", "json")
        listed = json.loads(cli("ca", "list", "--ca", root, "--output", "json", "--query", "certificates[].serial").out)
        assert "2 other valid certificates" in third.err
        assert [serial in third.err for serial in listed].count(True) == 2

    def test_nothing_is_overwritten_that_matters(self, cli: Cli, root: str) -> None:
        Path("device.csr").rename("request.pem")
        assert "overwrite the CSR" in fails(cli, 2, "ca", "sign", "request.pem", "--ca", root)
        for name in ("ca.key", "ca.pem", "chain.pem", "issued.db", "crl.pem"):
            out = ("--out", Path(root, name))
            assert "a file of the CA" in fails(cli, 2, "ca", "sign", "request.pem", "--ca", root, *out)
        Path("KEY").hardlink_to(Path(root, "ca.key"))  # one file by two names, as where capitals do not count
        assert "a file of the CA" in fails(cli, 2, "ca", "sign", "request.pem", "--ca", root, "--out", "KEY")
        assert json.loads(cli("ca", "list", "--ca", root, "--output", "json").out)["certificates"] == []

    def test_a_key_beside_the_csr_stays(self, cli: Cli, root: str) -> None:
        """``openssl req -keyout device.pem -out device.csr`` is a custom of many."""
        key = make_key().pem
        Path("device.pem").write_bytes(key)
        for words in ((), ("--force",), ("--out", "device.pem")):
            assert "private key" in fails(cli, 2, "ca", "sign", "device.csr", "--ca", root, *words)
            assert Path("device.pem").read_bytes() == key
        Path("device.pem").write_text("notes")
        assert "--force" in fails(cli, 2, "ca", "sign", "device.csr", "--ca", root)

    def test_a_renewal_takes_the_place_of_what_ca_show_prints(self, cli: Cli, root: str) -> None:
        sign = ("ca", "sign", "device.csr", "--ca", root, "--out", "out.pem")
        assert cli(*sign).code == 0
        first = Path("out.pem").read_bytes()
        assert cli(*sign).code == 0
        assert Path("out.pem").read_bytes() != first
        Path("device.csr").write_bytes(make_request())
        assert "the certificate of CN=device" in fails(cli, 2, *sign)
        Path("out.pem").write_bytes(b"# mine\n" + first)
        assert "the certificate of CN=device" in fails(cli, 2, *sign)
        assert cli(*sign, "--force").code == 0

    def test_refused(self, cli: Cli, root: str) -> None:
        request = bytearray(make_request())
        request[request.index(b"device")] ^= 1
        Path("broken.csr").write_bytes(request)
        assert "signature does not verify with the key" in fails(cli, 5, "ca", "sign", "broken.csr", "--ca", root)
        Path("ca.csr").write_bytes(make_request(x509.BasicConstraints(ca=True, path_length=None)))
        assert "CA:TRUE" in fails(cli, 5, "ca", "sign", "ca.csr", "--ca", root)
        assert "not a CSR" in fails(cli, 5, "ca", "sign", "root/ca.pem", "--ca", root, "--out", "x.pem")
        assert "there is no CSR in" in fails(cli, 5, "ca", "sign", "root/issued.db", "--ca", root, "--out", "x.pem")
        assert "9000 days are more" in fails(cli, 5, "ca", "sign", "device.csr", "--ca", root, "--days", "9000")
        assert "no such file" in fails(cli, 2, "ca", "sign", "none.csr", "--ca", root)
        assert "there is no CA in none" in fails(cli, 2, "ca", "sign", "device.csr", "--ca", "none")
        assert "the folder does not exist" in fails(
            cli, 2, "ca", "sign", "device.csr", "--ca", root, "--out", "none/x.pem"
        )
        assert "names no file" in fails(cli, 2, "ca", "sign", "device.csr", "--ca", root, "--out", ".")
        assert "it is a folder" in fails(cli, 2, "ca", "sign", "device.csr", "--ca", root, "--out", root)
        assert "'--ca'" in fails(cli, 2, "ca", "sign", "device.csr")
        assert cli("ca", "list", "--ca", root).out == "This CA has not issued any certificates yet\n"

    @pytest.mark.long
    def test_a_run_killed_before_its_file_is_made_up_for(self, root: str, cli: Cli) -> None:
        """The process ends without a word when it is about to write the file."""
        program = (
            "import os, sys, optiga.ca.authority as authority\n"
            "from optiga.cli import main\n"
            "authority.IssuedCertificate.write = lambda *arguments: os._exit(9)\n"
            "main(sys.argv[1:])\n"
        )
        words = [sys.executable, "-c", program, "ca", "sign", "device.csr", "--ca", root]
        assert run_process(words, Path.cwd(), {"PYTHONPATH": str(ROOT)}).returncode == 9
        assert not Path("device.pem").exists()
        (lost,) = json.loads(cli("ca", "list", "--ca", root, "--output", "json").out)["certificates"]
        shown = cli("ca", "show", lost["serial"], "--ca", root).out
        assert f"{x509.load_pem_x509_certificate(shown.encode()).serial_number:040x}" == lost["serial"]
        assert lost["serial"] in cli("ca", "sign", "device.csr", "--ca", root).err
        assert len(cli("ca", "list", "--ca", root).out.splitlines()) == 3  # with the head


class TestListAndRevoke:
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
        assert shown == {"ca": "CN=root", "crl_file": str(crl), "crl_days": 7, "completed": []}

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
        assert "Warning" not in cli("ca", "crl", "--ca", root, "--trust-records").err

    def test_records_without_their_signature(self, cli: Cli, root: str) -> None:
        cli("ca", "sign", "device.csr", "--ca", root)
        Path(root, "records.sig").unlink()
        assert "Warning: root/records.sig is missing" in cli("ca", "list", "--ca", root).err
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
        assert listed.strip() == "['revoked', 'valid']"

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


def test_help(cli: Cli) -> None:
    for words in (("ca",), ("ca", "--help")):
        result = cli(*words)
        assert result.code == 0
        for name in ("init", "intermediate", "sign", "list", "show", "revoke", "crl"):
            assert f"\n  {name} " in result.out
    assert fails(cli, 2, "ca", "nonsense")
