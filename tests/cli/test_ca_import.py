"""``ca import``: a CA that was made elsewhere goes on in a folder, whole or not at all."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

import optiga
from optiga.ca import keys
from optiga.pki.pem import encode_pem
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa
from tests.support.sampling import sampled

WORDS, OTHER = "violet anchor tundra", "another anchor in the bay"
OPEN = "--no-passphrase"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ROUNDS", 1000)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name in ("OPTIGA_CA_PASSPHRASE", "OPTIGA_FILE_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root() -> OtherCa:
    return OtherCa("old root")


def words(name: str, text: str) -> str:
    Path(name).write_text(text)
    Path(name).chmod(0o600)
    return name


def save(ca: OtherCa, name: str = "old") -> tuple[str, ...]:
    """The files of a CA, as options."""
    Path(f"{name}.pem").write_bytes(ca.pem)
    Path(f"{name}.key").write_bytes(ca.key_pem())
    Path(f"{name}.key").chmod(0o600)
    return ("--certificate", f"{name}.pem", "--key", f"{name}.key")


def issue(cli: Cli, folder: str, *options: str, key: Any = None) -> x509.Certificate:
    Path("device.csr").write_bytes(make_request(key=key))
    assert cli("ca", "sign", "device.csr", "--ca", folder, "--out", "device.pem", *options).code == 0
    return x509.load_pem_x509_certificate(Path("device.pem").read_bytes())


def nothing_made(cli: Cli, code: int, *arguments: str) -> str:
    """The one error of an import that fails, which leaves nothing."""
    before = set(Path().rglob("*"))
    result = cli("ca", "import", "new", *arguments)
    assert (result.code, result.out, len(result.errors)) == (code, "", 1), result.err
    assert set(Path().rglob("*")) == before
    return result.errors[0]


class TestTakenOver:
    def test_a_root_issues_revokes_and_keeps_its_certificate(self, cli: Cli, root: OtherCa) -> None:
        files = save(root)
        result = cli("ca", "import", "new", *files, OPEN, "--query", "subject")
        assert (result.code, result.out) == (0, "CN=old root\n")
        assert Path("new/ca.pem").read_bytes() == root.pem
        if os.name == "posix":
            assert stat.S_IMODE(Path("new/ca.key").stat().st_mode) == 0o600
        device = issue(cli, "new")
        device.verify_directly_issued_by(root.certificate)
        assert cli("ca", "revoke", "device.pem", "--ca", "new", "--yes").code == 0
        crl = x509.load_pem_x509_crl(Path("new/crl.pem").read_bytes())
        assert crl.is_signature_valid(root.key.public_key())
        assert crl.get_revoked_certificate_by_serial_number(device.serial_number)

    @NEEDS_OPENSSL
    def test_an_intermediate_with_its_chain(self, cli: Cli, root: OtherCa) -> None:
        middle = OtherCa("middle", issuer=root)
        lower = OtherCa("lower", issuer=middle)
        files = save(lower)
        Path("above.pem").write_bytes(root.pem + middle.pem)  # the wrong way round
        Path("root.pem").write_bytes(root.pem)
        assert cli("ca", "import", "new", *files, "--chain", "above.pem", OPEN).code == 0
        issue(cli, "new")
        assert Path("device.pem").read_bytes().count(b"BEGIN") == 3, "device, lower, middle"
        assert verify(Path("device.pem"), "-CAfile", "root.pem", "-untrusted", "device.pem") == ""

    def test_what_it_issued_before_stays_valid(self, cli: Cli, root: OtherCa) -> None:
        before = root.certify("an old device")
        assert cli("ca", "import", "new", *save(root), OPEN).code == 0
        before.verify_directly_issued_by(x509.load_pem_x509_certificate(Path("new/ca.pem").read_bytes()))

    @pytest.mark.parametrize("form", sampled(["encrypted", "sec1", "pkcs8", "traditional", "der", "encrypted der"], 2))
    def test_forms_of_a_key(self, cli: Cli, root: OtherCa, form: str) -> None:
        files = save(root)
        encoding = Encoding.DER if "der" in form else Encoding.PEM
        shape = PrivateFormat.TraditionalOpenSSL if form in ("sec1", "traditional") else PrivateFormat.PKCS8
        locked = form in ("traditional", "encrypted", "encrypted der")
        encryption = BestAvailableEncryption(WORDS.encode()) if locked else NoEncryption()
        Path("old.key").write_bytes(root.key.private_bytes(encoding, shape, encryption))
        options = ("--key-passphrase-file", words("words", WORDS)) if locked else ()
        result = cli("ca", "import", "new", *files, *options, "--passphrase-file", words("next", OTHER))
        assert result.code == 0, result.err
        assert b"ENCRYPTED" in Path("new/ca.key").read_bytes()
        assert optiga.open_ca("new", passphrase=OTHER).certificate.subject == "CN=old root"

    @pytest.mark.parametrize("by", sampled(["file", "environment", "nothing"], 1))
    def test_a_pkcs12_container(self, cli: Cli, root: OtherCa, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
        lower = OtherCa("lower", issuer=root)
        encryption = NoEncryption() if by == "nothing" else BestAvailableEncryption(WORDS.encode())
        Path("old.p12").write_bytes(
            pkcs12.serialize_key_and_certificates(b"ca", lower.key, lower.certificate, [root.certificate], encryption)
        )
        Path("old.p12").chmod(0o600)
        if by == "environment":
            monkeypatch.setenv("OPTIGA_FILE_PASSPHRASE", WORDS)
        options = ("--key-passphrase-file", words("words", WORDS)) if by == "file" else ()
        assert cli("ca", "import", "new", "--certificate", "old.p12", *options, OPEN).code == 0
        issue(cli, "new").verify_directly_issued_by(lower.certificate)

    def test_what_it_issued_is_in_a_container(self, cli: Cli, root: OtherCa, monkeypatch: pytest.MonkeyPatch) -> None:
        """This command has no option for its passphrase, and names none."""
        locked = BestAvailableEncryption(WORDS.encode())
        Path("good.p12").write_bytes(
            pkcs12.serialize_key_and_certificates(b"x", None, None, [root.certify("good")], locked)
        )
        command = (*save(root), "--issued", "good.p12", OPEN)
        said = nothing_made(cli, 2, *command)
        assert "its passphrase in the environment variable OPTIGA_FILE_PASSPHRASE" in said
        assert "--pkcs12" not in said
        monkeypatch.setenv("OPTIGA_FILE_PASSPHRASE", WORDS)
        assert cli("ca", "import", "new", *command).code == 0
        assert json.loads(cli("ca", "list", "--ca", "new", "--query", "certificates[].state").out) == ["valid"]

    def test_what_it_issued_and_revoked_before(self, cli: Cli, root: OtherCa) -> None:
        good, bad = root.certify("good"), root.certify("bad")
        Path("good.pem").write_bytes(good.public_bytes(Encoding.PEM) + root.pem)
        Path("bad.der").write_bytes(bad.public_bytes(Encoding.DER))
        Path("last.crl").write_bytes(root.revoke(bad, number=1 << 60))
        options = ("--issued", "good.pem", "--issued", "bad.der", "--crl", "last.crl")
        result = cli("ca", "import", "new", *save(root), *options, OPEN)
        assert (result.code, "Warning" in result.err) == (0, False), result.err
        assert cli("ca", "list", "--ca", "new", "--query", "certificates[].state", "--output", "json").out.split() == [
            *("[", '"valid",', '"revoked"', "]")
        ]
        crl = x509.load_pem_x509_crl(Path("new/crl.pem").read_bytes())
        entry = crl.get_revoked_certificate_by_serial_number(bad.serial_number)
        assert entry is not None
        assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.superseded
        assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > 1 << 60
        assert cli("ca", "revoke", "good.pem", "--ca", "new", "--yes").code == 0
        assert cli("ca", "list", "--ca", "new").err == ""

    def test_whoever_is_there_is_asked(self, cli: Cli, root: OtherCa, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        files, asked, answers = save(root), [], iter([WORDS, OTHER, OTHER])
        encryption = BestAvailableEncryption(WORDS.encode())
        Path("old.key").write_bytes(root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))

        def prompt(text: str) -> str:
            asked.append(text)
            return next(answers)

        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr("click.termui.hidden_prompt_func", prompt)
        result = cli("ca", "import", "new", *files, "--query", "key_encrypted")
        assert result.out == "True\n"
        assert len(asked) == 3
        assert "old.key" in asked[0] + result.err  # older releases of click print the question by themselves
        assert optiga.open_ca("new", passphrase=OTHER).certificate.subject == "CN=old root"

    def test_one_file_with_key_and_chain(self, cli: Cli, root: OtherCa) -> None:
        lower = OtherCa("lower", issuer=root)
        Path("all.pem").write_bytes(b"a note\n" + root.pem + lower.key_pem() + lower.pem)
        Path("all.pem").chmod(0o600)
        assert cli("ca", "import", "new", "--certificate", "all.pem", OPEN, "--query", "subject").out == "CN=lower\n"

    def test_what_the_aws_command_prints(self, cli: Cli, root: OtherCa) -> None:
        lower = OtherCa("lower", issuer=root)
        files = save(lower)
        answer = {"Certificate": lower.pem.decode(), "CertificateChain": root.pem.decode()}
        Path("old.pem").write_text(json.dumps(answer, indent=4))
        assert cli("ca", "import", "new", *files, OPEN, "--query", "subject").out == "CN=lower\n"

    def test_a_folder_of_this_tool_is_no_source(self, cli: Cli, root: OtherCa) -> None:
        """Two folders of one CA: what the one has issued, the other cannot revoke."""
        files = save(root)
        assert cli("ca", "init", "mine", "--no-passphrase").code == 0
        Path("link.pem").symlink_to("mine/ca.pem")
        for words in (
            ("--certificate", "mine/ca.pem", "--key", "mine/ca.key"),
            ("--certificate", "link.pem", "--key", "mine/ca.key"),
            (*files[:2], "--key", "mine/ca.key"),
        ):
            refused = cli("ca", "import", "new", *words, OPEN)
            assert (refused.code, len(refused.errors), Path("new").exists()) == (2, 1, False)
            assert re.search(r"belongs to the CA in \S*mine, whose records", refused.errors[0])
        Path("mine/issued.db").unlink()  # nothing else gets such a CA going again
        assert cli("ca", "import", "new", "--certificate", "mine/ca.pem", "--key", "mine/ca.key", OPEN).code == 0

    @pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
    def test_keys_that_others_may_read_are_warned_of(self, cli: Cli, root: OtherCa) -> None:
        Path("all.pem").write_bytes(root.pem + root.key_pem())
        Path("all.pem").chmod(0o644)
        result = cli("ca", "import", "new", "--certificate", "all.pem", OPEN)
        assert result.code == 0
        assert "all.pem" in result.err
        Path("all.pem").chmod(0o646)
        refused = cli("ca", "import", "other", "--certificate", "all.pem", OPEN)
        assert (refused.code, Path("other").exists()) == (2, False)
        assert "other users can write the private key all.pem" in refused.errors[0]
        Path("all.pem").chmod(0o644)
        Path("all.pem").write_bytes(root.pem)
        Path("all.key").write_bytes(root.key_pem())
        Path("all.key").chmod(0o666)
        refused = cli("ca", "import", "other", "--certificate", "all.pem", "--key", "all.key", OPEN)
        assert (refused.code, Path("other").exists()) == (2, False)
        assert "all.key" in refused.errors[0]

    @pytest.mark.long
    def test_an_rsa_key(self, cli: Cli) -> None:
        ca = OtherCa("old RSA root", key=rsa.generate_private_key(65537, 2048))
        assert cli("ca", "import", "new", *save(ca), "--passphrase-file", words("next", OTHER)).code == 0
        options = ("--passphrase-file", "next")
        issue(cli, "new", *options).verify_directly_issued_by(ca.certificate)
        assert cli("ca", "revoke", "device.pem", "--ca", "new", "--yes", *options).code == 0
        assert "revoked" in cli("ca", "list", "--ca", "new").out
        assert len(optiga.open_ca("new", passphrase=OTHER).sizes(make_request())) == 1
        assert cli("ca", "intermediate", "below", "--ca", "new", "--ca-passphrase-file", "next", OPEN).code == 0

    @pytest.mark.long
    def test_old_certificates_without_extensions_are_warned_of(self, cli: Cli) -> None:
        bare = OtherCa("bare", usage=None, identifier=False)
        result = cli("ca", "import", "new", *save(bare), OPEN)
        assert result.code == 0
        assert "keyUsage" in result.err
        assert "subjectKeyIdentifier" in result.err
        issue(cli, "new").verify_directly_issued_by(bare.certificate)


class TestMistakes:
    def test_another_key(self, cli: Cli, root: OtherCa) -> None:
        save(OtherCa("other"), "other")
        assert "old root" in nothing_made(cli, 5, *save(root)[:2], "--key", "other.key", OPEN)

    def test_no_ca(self, cli: Cli, root: OtherCa) -> None:
        assert "CA:TRUE" in nothing_made(cli, 5, *save(OtherCa("device", issuer=root, is_ca=False)), OPEN)

    def test_no_key_cert_sign(self, cli: Cli) -> None:
        assert "keyCertSign" in nothing_made(cli, 5, *save(OtherCa("weak", usage=("crl_sign",))), OPEN)

    def test_expired(self, cli: Cli) -> None:
        assert "expired" in nothing_made(cli, 5, *save(OtherCa("gone", days=(-20, -10))), OPEN)

    def test_keys_that_are_not_taken(self, cli: Cli) -> None:
        small = OtherCa("small", key=rsa.generate_private_key(65537, 1024))
        assert "2048" in nothing_made(cli, 5, *save(small), OPEN)
        assert "an EC key" in nothing_made(
            cli, 5, *save(OtherCa("odd", key=ed25519.Ed25519PrivateKey.generate())), OPEN
        )
        assert "an EC key" in nothing_made(
            cli, 5, *save(OtherCa("k", key=ec.generate_private_key(ec.SECP224R1()))), OPEN
        )

    def test_passphrases(self, cli: Cli, root: OtherCa, monkeypatch: pytest.MonkeyPatch) -> None:
        files = save(root)
        locked = root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(WORDS.encode()))
        Path("old.key").write_bytes(locked)
        words("wrong", OTHER)
        assert "--key-passphrase-file" in nothing_made(cli, 2, *files, OPEN)
        assert "does not open" in nothing_made(cli, 2, *files, "--key-passphrase-file", "wrong", OPEN)
        words("words", WORDS)
        assert "encrypted" in nothing_made(cli, 2, *files, "--key-passphrase-file", "words")
        words("weak", "short")
        options = ("--key-passphrase-file", "words", "--passphrase-file", "weak")
        assert "12" in nothing_made(cli, 2, *files, *options)
        Path("old.p12").write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"ca", root.key, root.certificate, None, BestAvailableEncryption(WORDS.encode())
            )
        )
        container = ("--certificate", "old.p12", OPEN)
        assert "--key-passphrase-file" in nothing_made(cli, 2, *container)
        assert "does not open" in nothing_made(cli, 2, *container, "--key-passphrase-file", "wrong")

    def test_files(self, cli: Cli, root: OtherCa) -> None:
        files = save(root)
        assert "--key" in nothing_made(cli, 2, *files[:2], OPEN)
        assert "old.pem" in nothing_made(cli, 2, *files[:2], "--key", "old.pem", OPEN)
        nothing_made(cli, 2, *files[:2], "--key", "missing", OPEN)
        nothing_made(cli, 2, "--certificate", "missing", OPEN)
        Path("text").write_text("0 is no certificate")
        nothing_made(cli, 5, "--certificate", "text", *files[2:], OPEN)
        Path("text.key").write_text("no key")
        assert "text.key" in nothing_made(cli, 2, *files[:2], "--key", "text.key", OPEN)
        Path("two.key").write_bytes(root.key_pem() + OtherCa("other").key_pem())
        Path("two.key").chmod(0o600)
        assert "several" in nothing_made(cli, 2, *files[:2], "--key", "two.key", OPEN)
        save(OtherCa("other"), "other")
        Path("both.pem").write_bytes(root.pem + root.key_pem())
        assert "several" in nothing_made(cli, 2, "--certificate", "both.pem", "--key", "other.key", OPEN)
        Path("cut.pem").write_bytes(root.pem[:100])
        assert "cut.pem" in nothing_made(cli, 5, "--certificate", "cut.pem", *files[2:], OPEN)

    def test_what_it_issued_and_revoked_before(self, cli: Cli, root: OtherCa) -> None:
        bad = root.certify("bad")
        Path("last.crl").write_bytes(root.revoke(bad))
        Path("other.crl").write_bytes(OtherCa("old root").revoke(bad))
        assert "other.crl" in nothing_made(cli, 5, *save(root), "--crl", "other.crl", OPEN)
        Path("stranger.pem").write_bytes(OtherCa("stranger").certify("device").public_bytes(Encoding.PEM))
        assert "stranger.pem" in nothing_made(cli, 5, *save(root), "--issued", "stranger.pem", OPEN)
        nothing_made(cli, 5, *save(root), "--crl", "old.pem", OPEN)
        nothing_made(cli, 2, *save(root), "--crl", "missing", OPEN)

    def test_a_folder_without_certificates(self, cli: Cli, root: OtherCa) -> None:
        Path("newcerts").mkdir()
        Path("newcerts/index.txt").write_text("V")
        assert "newcerts has no file" in nothing_made(cli, 2, *save(root), "--issued", "newcerts", OPEN)
        Path("newcerts/01.pem").write_bytes(OtherCa("stranger").certify("device").public_bytes(Encoding.PEM))
        assert "newcerts holds no certificate" in nothing_made(cli, 5, *save(root), "--issued", "newcerts", OPEN)
        Path("newcerts/02.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n")
        assert "02.pem" in nothing_made(cli, 5, *save(root), "--issued", "newcerts", OPEN)

    def test_a_folder_that_is_there(self, cli: Cli, root: OtherCa) -> None:
        files = save(root)
        assert cli("ca", "init", "new", OPEN).code == 0
        assert "already" in nothing_made(cli, 2, *files, OPEN)

    def test_a_signature_that_is_anothers(self, cli: Cli, root: OtherCa) -> None:
        fake = OtherCa("old root", issuer=OtherCa("old root"))
        assert "signature" in nothing_made(cli, 5, *save(fake), OPEN)

    @pytest.mark.long
    def test_what_is_not_above_it_is_left_out(self, cli: Cli, root: OtherCa) -> None:
        Path("stranger.pem").write_bytes(OtherCa("stranger").pem)
        result = cli("ca", "import", "new", *save(root), "--chain", "stranger.pem", OPEN)
        assert result.code == 0
        assert "stranger" in result.err
        assert not Path("new/chain.pem").exists()


def test_what_was_revoked_and_is_not_given(cli: Cli, root: OtherCa) -> None:
    """Of a certificate whose file is lost the CRL has the serial number, which is all that a CRL needs."""
    bad = root.certify("bad")
    Path("last.crl").write_bytes(root.revoke(bad))
    result = cli("ca", "import", "new", *save(root), "--crl", "last.crl", OPEN)
    assert result.code == 0
    assert "only the serial numbers are known of 1 certificate" in result.err
    assert "compromised" not in result.err
    Path("bad.pem").write_bytes(bad.public_bytes(Encoding.PEM))
    assert cli("ca", "crl", "--ca", "new").code == 0
    crl = x509.load_pem_x509_crl(Path("new/crl.pem").read_bytes())
    assert [entry.serial_number for entry in crl] == [bad.serial_number]
    assert cli("ca", "revoke", "bad.pem", "--ca", "new", "--query", "serial", "--yes").code == 0
    assert cli("ca", "show", "bad.pem", "--ca", "new").out == Path("bad.pem").read_text()


def test_a_compromised_key_that_is_not_known(cli: Cli, root: OtherCa) -> None:
    bad = root.certify("bad")
    Path("last.crl").write_bytes(root.revoke(bad, reason=x509.ReasonFlags.ca_compromise))
    result = cli("ca", "import", "new", *save(root), "--crl", "last.crl", OPEN)
    assert "do not have the key of 1 certificate" in result.err
    assert f"{bad.serial_number:040x}" in result.err


def test_a_folder_of_certificates(cli: Cli, root: OtherCa) -> None:
    """As ``openssl ca`` leaves it."""
    Path("newcerts").mkdir()
    made = [root.certify(name) for name in ("one", "two")]
    for number, one in enumerate(made):
        Path(f"newcerts/0{number}.pem").write_bytes(one.public_bytes(Encoding.PEM))
    Path("newcerts/other.crt").write_bytes(OtherCa("stranger").certify("device").public_bytes(Encoding.DER))
    Path("newcerts/index.txt").write_text("V")
    Path("newcerts/root.pem").write_bytes(root.pem)
    result = cli("ca", "import", "new", *save(root), "--issued", "newcerts", OPEN, "-q")
    assert result.code == 0
    (warning,) = [line for line in result.err.splitlines() if "newcerts" in line]
    assert "newcerts/other.crt" in warning
    assert "01.pem" not in warning
    assert "root.pem" not in warning  # its own is often among them
    listed = json.loads(cli("ca", "list", "--ca", "new", "--output", "json").out)["certificates"]
    assert {one["serial"] for one in listed} == {f"{one.serial_number:040x}" for one in made}


def test_other_certificates_beside_its_own_in_a_file(cli: Cli, root: OtherCa) -> None:
    good, strange = (one.public_bytes(Encoding.PEM) for one in (root.certify("a"), OtherCa("stranger").certify("b")))
    Path("good.pem").write_bytes(good + root.pem)
    Path("both.pem").write_bytes(good + strange)
    issued = ("--issued", "good.pem", "--issued", "both.pem")
    result = cli("ca", "import", "new", *save(root), *issued, OPEN)
    assert result.code == 0
    assert "both.pem" in result.err
    assert "good.pem" not in result.err
    assert cli("ca", "list", "--ca", "new", "--query", "length(certificates)").out == "1\n"


def test_files_that_a_shell_has_written_out(cli: Cli, root: OtherCa) -> None:
    """``--issued newcerts/*.pem``."""
    Path("newcerts").mkdir()
    files = [f"newcerts/0{number}.pem" for number in range(3)]
    for file in files:
        Path(file).write_bytes(root.certify("device").public_bytes(Encoding.PEM))
    error = nothing_made(cli, 2, *save(root), "--issued", *files, OPEN)
    assert "--issued newcerts" in error
    assert "cat newcerts/*.pem" in nothing_made(cli, 2, *save(root), "--chain", *files, OPEN)


def test_one_file_named_for_both(cli: Cli, root: OtherCa) -> None:
    Path("both.pem").write_bytes(root.pem + root.key_pem())
    Path("both.pem").chmod(0o600)
    assert cli("ca", "import", "new", "--certificate", "both.pem", "--key", "both.pem", OPEN).code == 0


@pytest.fixture(scope="module")
def rsa_root() -> OtherCa:
    return OtherCa("old root", key=rsa.generate_private_key(65537, 2048))


class TestNoCrl:
    """What is given for the last CRL, and is none that counts."""

    RSA_WITH_SHA256, RSA_WITH_SHA1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")

    @pytest.mark.parametrize(
        ("name", "line"),
        [
            ("old.pem", "old.pem holds a certificate, not a CRL"),
            ("sha1.der", "signed with SHA-1, which can be forged"),
            ("sha1.pem", "signed with SHA-1, which can be forged"),
            ("damaged.pem", "damaged.pem:1: the block that starts here is not base64"),
            ("other.pem", "other.pem holds no CRL that CN=old root has signed"),
        ],
    )
    def test_it_is_called_what_it_is(self, cli: Cli, rsa_root: OtherCa, name: str, line: str) -> None:
        crl = rsa_root.revoke(rsa_root.certificate)
        der = x509.load_pem_x509_crl(crl).public_bytes(Encoding.DER)
        old = der.replace(self.RSA_WITH_SHA256, self.RSA_WITH_SHA1)
        Path("sha1.der").write_bytes(old)
        Path("sha1.pem").write_text(encode_pem("X509 CRL", old))
        Path("damaged.pem").write_bytes(crl.replace(b"MII", b"M!I"))
        Path("other.pem").write_bytes(OtherCa("other").revoke(rsa_root.certificate))
        assert line in nothing_made(cli, 5, *save(rsa_root), "--crl", name, OPEN)


@pytest.mark.parametrize("option", ["--certificate", "--key"])
def test_a_key_with_a_cipher_that_is_not_supported(cli: Cli, root: OtherCa, option: str) -> None:
    """What another passphrase cannot help."""
    save(root)
    head = (
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-192-CBC,00112233445566778899AABBCCDDEEFF"
    )
    Path("locked.key").write_text(f"{head}\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END EC PRIVATE KEY-----\n")
    Path("both.pem").write_bytes(root.pem + Path("locked.key").read_bytes())
    for name in ("locked.key", "both.pem"):
        Path(name).chmod(0o600)
    files = (
        ("--certificate", "both.pem")
        if option == "--certificate"
        else ("--certificate", "old.pem", "--key", "locked.key")
    )
    opened = ("--key-passphrase-file", words("words", WORDS))
    assert "AES-192-CBC, which is not supported" in nothing_made(cli, 2, *files, *opened, OPEN)
