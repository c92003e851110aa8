"""A CA whose name breaks a rule of X.509, or has another type of text: it issues with the bytes of its name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from optiga.ca.signing import sign
from optiga.pki.crls import load_crl
from optiga.pki.lenient import only, parts_of, read_fields
from optiga.pki.pem import encode_pem
from optiga.pki.pem_blocks import iterate_blocks
from optiga.protocol.der import BIT_STRING, SEQUENCE, encode
from tests.support import odd_certificates as odd
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, openssl, verify
from tests.support.cli.provisioned import Bench, result_of
from tests.support.cli.runner import Cli

KEY = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
BROKEN = {
    "underscore": odd.name("a_b@c", odd.PRINTABLE),
    "ampersand": odd.name("R&D", odd.PRINTABLE),
    "latin": odd.name(b"M\xfcller", odd.T61),
    "asterisk": odd.name("*", odd.PRINTABLE, oid="55040a"),
    "latin as IA5": odd.name(b"M\xfcller", 0x16),
}
ODD = {**BROKEN, "bmp": odd.name("CÄ".encode("utf-16-be"), 0x1E), "plain T61": odd.name("plain", odd.T61)}
CA_EXTENSIONS = (odd.basic_constraints(odd.TRUE), odd.key_usage("0106"), odd.extension("551d0e", encode(4, b"k" * 20)))


def save_ca(name: bytes, issuer: bytes | None = None) -> tuple[str, ...]:
    """The files of a CA, as options."""
    der = odd.odd_certificate(KEY, issuer=name if issuer is None else issuer, subject=name, extensions=CA_EXTENSIONS)
    Path("old.pem").write_text(encode_pem("CERTIFICATE", der))
    Path("old.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    Path("old.key").chmod(0o600)
    return ("--certificate", "old.pem", "--key", "old.key", "--no-passphrase")


def first_block(file: str) -> bytes:
    return next(iterate_blocks(Path(file).read_bytes(), file)).data


def sign_one(cli: Cli, folder: str = "new") -> str:
    """Issue a certificate; its serial number."""
    Path("device.csr").write_bytes(make_request())
    result = cli("ca", "sign", "device.csr", "--ca", folder, "--out", "device.pem", "--force", "--query", "serial")
    assert result.code == 0, result.err
    return result.out.strip()


@pytest.mark.long
@NEEDS_OPENSSL
@pytest.mark.parametrize("kind", ODD)
def test_a_ca_with_such_a_name_issues_revokes_and_is_renewed(cli: Cli, kind: str) -> None:
    name = ODD[kind]
    result = cli("ca", "import", "new", *save_ca(name))
    assert result.code == 0, result.err
    assert ("breaks a rule of X.509" in result.err) is (kind in BROKEN)
    serial = sign_one(cli)
    assert read_fields(first_block("device.pem")).issuer == name
    assert verify(Path("device.pem"), "-CAfile", "new/ca.pem") == ""
    assert cli("ca", "list", "--ca", "new").code == 0
    assert cli("ca", "show", serial, "--ca", "new").code == 0
    assert cli("ca", "revoke", "device.pem", "--ca", "new", "--yes").code == 0
    crl = load_crl(Path("new/crl.pem").read_bytes())
    assert crl.issuer == name
    assert crl.parsed.get_revoked_certificate_by_serial_number(int(serial, 16))
    checked = openssl("crl", "-in", "new/crl.pem", "-CAfile", "new/ca.pem", "-noout")
    assert "verify OK" in checked.stderr + checked.stdout
    assert "revoked" in verify(Path("device.pem"), "-CAfile", "new/ca.pem", "-crl_check", "-CRLfile", "new/crl.pem")
    assert cli("ca", "crl", "--ca", "new").code == 0, "the records know the CRL"
    assert cli("ca", "renew", "new", "--days", "9000").code == 0
    renewed = read_fields(first_block("new/ca.pem"))
    assert (renewed.subject, renewed.issuer) == (name, name)
    sign_one(cli)
    for ca in ("old.pem", "new/ca.pem"):
        assert verify(Path("device.pem"), "-CAfile", ca) == ""


@NEEDS_OPENSSL
@pytest.mark.parametrize("kind", ["underscore", "latin", "bmp"])
def test_an_intermediate_below_it(cli: Cli, kind: str) -> None:
    name = ODD[kind]
    assert cli("ca", "import", "new", *save_ca(name)).code == 0
    assert cli("ca", "intermediate", "factory", "--ca", "new", "--no-passphrase").code == 0
    for renewed in (False, True):
        if renewed:
            days = "3700"
            assert cli("ca", "renew", "factory", "--ca", "new", "--days", days).code == 0
        sign_one(cli, "factory")
        assert verify(Path("device.pem"), "-CAfile", "old.pem", "-untrusted", "device.pem") == ""
        assert read_fields(first_block("factory/ca.pem")).issuer == name
    for file in ("ca.pem", "ca.key"):
        Path(file).write_bytes(Path("factory", file).read_bytes())
        Path(file).chmod(0o600)
    same = cli("ca", "import", "low", "--certificate", "ca.pem", "--key", "ca.key", "--no-passphrase")
    assert same.code == 0, same.err
    sign_one(cli, "low")


@NEEDS_OPENSSL
@pytest.mark.parametrize("kind", ["underscore", "latin"])
def test_it_provisions(cli: Cli, run: Cli, bench: Bench, kind: str) -> None:
    assert cli("ca", "import", "new", *save_ca(ODD[kind])).code == 0
    fields = result_of(run("--ca", "new", "--no-cloud"))
    pem = bench.folder / str(fields["certificate_file"])
    assert verify(pem, "-CAfile", "old.pem") == ""
    again = result_of(run("--ca", "new", "--no-cloud"))
    assert again["public_key"] == fields["public_key"]


def test_a_cloud_that_refuses_such_names_says_so(cli: Cli, run: Cli, bench: Bench) -> None:
    """The stand-in for AWS reads certificates strictly."""
    assert cli("ca", "import", "new", *save_ca(ODD["underscore"])).code == 0
    for result in (cli("ca", "register", "new"), run("--ca", "new")):
        assert (result.code, len(result.errors)) == (6, 1)
        assert "AWS refused" in result.errors[0]


def test_another_rule_is_still_a_reason_to_refuse(cli: Cli) -> None:
    odd_ca = odd.odd_certificate(KEY, issuer=BROKEN["latin"], subject=BROKEN["latin"], extensions=CA_EXTENSIONS * 2)
    files = save_ca(BROKEN["latin"])
    Path("old.pem").write_text(encode_pem("CERTIFICATE", odd_ca))
    result = cli("ca", "import", "new", *files)
    assert (result.code, len(result.errors), Path("new").exists()) == (5, 1, False)


def test_a_signature_of_another_key_is_found(cli: Cli) -> None:
    name, other = BROKEN["underscore"], ec.generate_private_key(ec.SECP256R1())
    files = save_ca(name)
    forged = odd.odd_certificate(KEY, issuer=name, subject=name, extensions=CA_EXTENSIONS, signer=other)
    Path("old.pem").write_text(encode_pem("CERTIFICATE", forged))
    result = cli("ca", "import", "new", *files)
    assert result.code == 5
    assert "does not verify" in result.errors[0]


class TestIssuerWrittenOtherwise:
    """The CA's subject is a UTF8String, and what it has issued names it in a PrintableString, or in other case."""

    @pytest.mark.parametrize(
        "written", [odd.name("Example CA", odd.PRINTABLE), odd.name("EXAMPLE ca"), odd.name("Example  CA")]
    )
    def test_what_it_has_issued_is_taken_over(self, cli: Cli, written: bytes) -> None:
        device = odd.odd_certificate(ec.generate_private_key(ec.SECP256R1()), issuer=written, signer=KEY)
        Path("device.der").write_bytes(device)
        Path("old.crl").write_bytes(self.crl_of(written, 5))
        files = save_ca(odd.name("Example CA"), written)
        result = cli("ca", "import", "new", *files, "--issued", "device.der", "--crl", "old.crl")
        assert result.code == 0, result.err
        listed = cli("ca", "list", "--ca", "new", "--query", "certificates[].state")
        assert "revoked" in listed.out
        assert cli("ca", "crl", "--ca", "new", "--crl", "old.crl").code == 0
        Path("another.der").write_bytes(
            odd.odd_certificate(ec.generate_private_key(ec.SECP256R1()), issuer=written, signer=KEY, serial=b"\x07")
        )
        assert cli("ca", "revoke", "another.der", "--ca", "new", "--yes").code == 0
        assert cli("ca", "renew", "new", "--days", "9000").code == 0, "it is a root, whatever its issuer's name is"

    def test_a_crl_of_another_name_is_not_its_own(self, cli: Cli) -> None:
        Path("old.crl").write_bytes(self.crl_of(odd.name("Example CB"), 5))
        result = cli("ca", "import", "new", *save_ca(odd.name("Example CA")), "--crl", "old.crl")
        assert (result.code, Path("new").exists()) == (5, False)

    def test_a_ca_below_it_cannot_have_its_name(self, cli: Cli) -> None:
        assert cli("ca", "import", "new", *save_ca(odd.name("Example CA", odd.PRINTABLE))).code == 0
        result = cli("ca", "intermediate", "low", "--ca", "new", "--name", "example  ca", "--no-passphrase")
        assert (result.code, Path("low").exists()) == (5, False)

    @staticmethod
    def crl_of(issuer: bytes, serial: int) -> bytes:
        """A CRL in DER by the CA's key."""
        now = datetime.now(timezone.utc)
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - timedelta(days=3)).build()
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]))
            .last_update(now - timedelta(days=2))
            .next_update(now + timedelta(days=20))
            .add_extension(x509.CRLNumber(7), critical=False)
            .add_revoked_certificate(entry)
            .sign(KEY, hashes.SHA256())
        )
        body, algorithm, _ = parts_of(only(made.public_bytes(Encoding.DER)).content)
        version, way, _, *rest = (part.whole for part in parts_of(body.content))
        signed = encode(SEQUENCE, b"".join((version, way, issuer, *rest)))
        return encode(SEQUENCE, signed + algorithm.whole + encode(BIT_STRING, b"\x00" + sign(KEY, signed)))
