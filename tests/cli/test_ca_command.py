"""``ca``: a CA's life from the command line."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.csr_forms import COMMON_NAME, make_form, make_name
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

    @pytest.mark.long
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
        (warning,) = json.loads(third.out)["warnings"]
        assert warning[1:].split("'")[0] in third.err

    def test_a_key_with_many_certificates_names_the_newest(self, cli: Cli, root: str) -> None:
        for number in range(7):
            last = cli("ca", "sign", "device.csr", "--ca", root, "--out", f"{number}.pem", "-q", "--output", "json")
        serials = [
            format(x509.load_pem_x509_certificate(Path(f"{number}.pem").read_bytes()).serial_number, "040x")
            for number in range(6)
        ]
        assert [serial in last.err for serial in serials] == [False, *[True] * 5]
        assert "and 1 more" in last.err

    def test_what_was_changed_is_in_the_result(self, cli: Cli, root: str) -> None:
        Path("odd.csr").write_bytes(make_form(make_name((COMMON_NAME, 0x14, b"J\xfcrgen"))))
        result = json.loads(cli("ca", "sign", "odd.csr", "--ca", root, "-q", "--output", "json").out)
        (note,) = result["notes"]
        assert "UTF8String" in note
        assert result["warnings"] == []

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
        said = fails(cli, 2, "ca", "sign", "device.csr", "--ca", "none")
        assert re.search("there is no CA in none.*'ca init none'.*'ca intermediate none'", said)
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


def test_help(cli: Cli) -> None:
    for words in (("ca",), ("ca", "--help")):
        result = cli(*words)
        assert result.code == 0
        for name in ("init", "intermediate", "sign", "list", "show", "revoke", "crl"):
            assert f"\n  {name} " in result.out
    assert fails(cli, 2, "ca", "nonsense")
