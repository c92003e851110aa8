"""Every border that a CSR or a certificate of others comes in by, and what must hold of whatever comes.

It is taken, and then others load what came of it, or it is refused with an error of the project's own, in one printable
line. All else is an ``AssertionError``, or whatever was raised.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asn1crypto import x509 as other_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.folder import CERTIFICATE, CHAIN
from optiga.ca.request import load_request
from optiga.ca.settings import CaSettings
from optiga.chip import Chip
from optiga.cloud.aws import answers
from optiga.emulator import EmulatedChip
from optiga.emulator.certificates import certified_key
from optiga.emulator.machine import CommandError
from optiga.errors import OptigaError
from optiga.identity.attestation import load_trust, prove_genuine
from optiga.identity.read import read_object
from optiga.identity.write import execute_write, plan_write
from optiga.objects.addressing import READABLE, TRUST_ANCHOR, resolve
from optiga.pki.certificate import Certificate, load_certificates, parse_certificates
from optiga.pki.chains import warnings_about
from optiga.pki.pem import encode_pem
from optiga.pki.public_key_files import load_public_key
from optiga.protocol import tls_identity
from optiga.protocol.objects import SLOTS
from optiga.protocol.request import Request
from optiga.update.contents import certificate_contents
from tests.support.identity.authorities import Authority
from tests.support.identity.csr_helpers import NOW

_SECOND = SLOTS[1]
_CERTIFICATE_OID = 0xE0E1
_ROOM = 1728
"""Bytes that an object of a certificate holds."""
_ISSUED_BY_ONE_CA = 40
_MOST_CHARACTERS = 3000
"""Of a message about a CSR. What a certificate says of itself can be longer."""


class Borders:
    """The borders, and what stands behind them: a chip, a CA that signs, CAs that read.

    :param folder: an empty one.
    :ivar chip_key: the public key in the chip's second slot, that a proof is made with.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "given"
        self._emulated = EmulatedChip()
        self.chip = Chip(self)
        key = self.chip.generate_key(_SECOND.key_oid)
        self.chip_key = load_der_public_key(key.public_key_info)
        self.root = Authority("mutated root", key=ec.generate_private_key(ec.SECP256R1()))
        (folder / "trust.pem").write_text(_pem(self.root.der))
        self._trust = load_trust(folder / "trust.pem")
        self._signer, self._issued, self._made = self._make_signer(0), 0, 1
        create_root(folder / "above", CaName("above"))
        create_intermediate(folder / "below", CaName("below"), CertificateAuthority.open(folder / "above"))
        self.ca_der = CertificateAuthority.open(folder / "below").certificate.der
        self.by_name: dict[str, Callable[[bytes], None]] = {
            "write": self._write,
            "write an anchor": self._write_anchor,
            "read": self._read,
            "register": self._register,
            "trust": self._load_trust,
            "CA's own": self._open_ca,
            "CA's chain": self._open_chain,
            "revoke": self._revoke,
            "public key": self._load_public_key,
            "AWS": self._take_answer,
            "update": self._make_update,
            "PEM": self._load_pem,
            "chip": self._verify_on_chip,
        }

    def exchange(self, request: Request) -> bytes:
        """The emulated chip's answer."""
        return self._emulated.execute(request.apdu)

    def close(self) -> None:
        """Nothing is open."""

    def sign(self, der: bytes, *, as_pem: bool) -> bytes | None:
        """A CSR to be signed as ``ca sign`` does it, with everything that may be allowed.

        :returns: the certificate in DER; None if it is refused.
        """
        self._put(encode_pem("CERTIFICATE REQUEST", der).encode() if as_pem else der)
        try:
            request = load_request(self._file)
            issued = self._signer.issue(request, server=True, ignore_names=bool(der[-1] & 1))
        except OptigaError as error:
            check_message(error)
            _check_length(str(error))
            return None
        for note in issued.notes:
            check_line(note)
            _check_length(note)
        for name in (*issued.certificate.alt_names, *issued.certificate.purposes):
            check_line(name)
        _check_loads(issued.certificate)
        self._issued += 1
        if self._issued % _ISSUED_BY_ONE_CA == 0:  # its records are read whole each time
            shutil.rmtree(self._signer.folder.path)
            self._signer, self._made = self._make_signer(self._made), self._made + 1
        return issued.certificate.der

    def read(self, border: str, der: bytes) -> bool:
        """A certificate through a border.

        :returns: whether it is taken.
        """
        try:
            self.by_name[border](der)
        except OptigaError as error:
            check_message(error)
            return False
        return True

    def _make_signer(self, number: int) -> CertificateAuthority:
        path = self.folder / f"signer-{number}"
        create_root(path, CaName("signer"), settings=CaSettings(allow_dns=("*.dev.example",)))
        return CertificateAuthority.open(path)

    def _put(self, data: bytes) -> None:
        self._file.write_bytes(data)

    def _write(self, der: bytes) -> None:
        self._put(der)
        plan = plan_write(self._file, slot="second")
        for warning in plan.warnings:
            check_line(warning)
        result = execute_write(self.chip, plan)
        for warning in result.warnings:
            check_line(warning)
        assert _check_loads(plan.chain[0]) == tls_identity.decode(self.chip.read(_CERTIFICATE_OID))[0]
        _check_text(read_object(self.chip, resolve("second", READABLE)).text)

    def _write_anchor(self, der: bytes) -> None:
        self._put(der)
        plan = plan_write(self._file, oid="0xE0E8")
        for warning in plan.warnings:
            check_line(warning)
        _check_loads(plan.chain[0])

    def _read(self, der: bytes) -> None:
        """What lies on the chip came from anywhere: plain, or behind a leaf."""
        given = [self.root.der, der] if der[-1] & 2 else [der]
        if len(der) > _ROOM or not self._store(der if der[-1] & 1 else tls_identity.encode(given)):
            return
        result = read_object(self.chip, resolve("second", READABLE))
        check_line(result.note)
        _check_text(result.text)
        for certificate in result.certificates:
            _check_loads(certificate)

    def _register(self, der: bytes) -> None:
        given = [der] if der[-1] & 1 else [der, self.root.der]
        if len(der) <= _ROOM and self._store(tls_identity.encode(given)):
            genuine = prove_genuine(self.chip, self._trust, _SECOND, now=NOW)
            assert genuine.certificate.der == der

    def _store(self, data: bytes) -> bool:
        if len(data) > _ROOM:
            return False
        self.chip.write(_CERTIFICATE_OID, data)
        return True

    def _load_trust(self, der: bytes) -> None:
        self._put(_pem(self.root.der, der).encode() if der[-1] & 1 else der)
        load_trust(self._file)

    def _open_ca(self, der: bytes) -> None:
        self._open_with(CERTIFICATE, _pem(der), _pem(der))

    def _open_chain(self, der: bytes) -> None:
        self._open_with(CHAIN, _pem(self.ca_der, der))

    def _open_with(self, name: str, text: str, chain: str = "") -> None:
        """A CA's folder with another file in it, as somebody restored it; a CA that opens is asked to sign."""
        paths = [self.folder / "below" / one for one in ((name, CHAIN) if chain else (name,))]
        before = [path.read_bytes() for path in paths]
        try:
            for path, content in zip(paths, (text, chain), strict=False):
                path.write_text(content)
            authority = CertificateAuthority.open(self.folder / "below")
            check_line(authority.certificate.subject)
            authority.check(self._good_request)
        finally:
            for path, content in zip(paths, before, strict=True):
                path.write_bytes(content)

    def _revoke(self, der: bytes) -> None:
        self._put(der)
        self._signer.revoke(self._file)
        raise AssertionError("a certificate that it has not issued was revoked")

    def _load_public_key(self, der: bytes) -> None:
        self._put(der)
        load_der_public_key(load_public_key(self._file).info)

    def _take_answer(self, der: bytes) -> None:
        _check_loads(answers.pem(_pem(der), "DescribeCertificate", "certificate"))

    def _make_update(self, der: bytes) -> None:
        payload, warnings = certificate_contents(resolve("0xE0E8", TRUST_ANCHOR).info, der, "given")
        assert payload is not None
        for warning in warnings:
            check_line(warning)

    def _load_pem(self, der: bytes) -> None:
        """Two of them in a file, with text around."""
        self._put(f"subject=…\n{_pem(self.root.der, der)}end\n".encode())
        chain = load_certificates(self._file)
        assert [one.der for one in chain] == [self.root.der, der]
        for warning in warnings_about(chain, NOW):
            check_line(warning)

    def _verify_on_chip(self, der: bytes) -> None:
        """The emulated chip's own reading of a trust anchor."""
        try:
            certified_key(der, "digital_signature", "key_cert_sign")
        except CommandError:
            return
        x509.load_der_x509_certificate(der)

    @property
    def _good_request(self) -> bytes:
        if not hasattr(self, "_request"):
            name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
            builder: Any = x509.CertificateSigningRequestBuilder().subject_name(name)
            key = ec.generate_private_key(ec.SECP256R1())
            self._request = builder.sign(key, self._signer._issuer.hash_algorithm).public_bytes(Encoding.DER)
        return self._request


def check_message(error: OptigaError) -> None:
    """One line, printable, in words."""
    check_line(str(error))


def check_parsed(der: bytes) -> bool:
    """A certificate as every border begins: from bytes of anybody.

    :returns: whether it is taken.
    """
    try:
        certificates = parse_certificates(der, "x.der")
    except OptigaError as error:
        check_message(error)
        return False
    for one in certificates:
        for text in (one.subject, one.issuer, *one.alt_names, *one.purposes, *warnings_about([one], NOW)):
            check_line(text)
        _check_loads(one)
    return True


def check_line(text: str) -> None:
    """What stands on one line is printable, and no library's words."""
    assert text.isprintable(), repr(text)
    assert "ParseError" not in text, text


def _check_length(text: str) -> None:
    assert len(text) <= _MOST_CHARACTERS, f"{len(text)} characters: {text[:200]}"


def _check_text(text: str) -> None:
    for line in text.splitlines():
        check_line(line)


def _check_loads(certificate: Certificate) -> bytes:
    """Others load what was taken; its DER. What breaks a rule is said to break it, and does not pass for any other."""
    if certificate.strict is None:
        assert certificate.oddity
        check_line(certificate.oddity)
        assert Certificate.parse_leniently(certificate.der) == certificate
        return certificate.der
    x509.load_der_x509_certificate(certificate.der)
    x509.load_pem_x509_certificate(certificate.pem.encode())
    return certificate.der


def load_with_another(der: bytes) -> None:
    """A certificate that the CA has issued, wholly read by another library: asn1crypto."""
    assert other_x509.Certificate.load(der, strict=True).native["tbs_certificate"]["version"] == "v3"


def _pem(*ders: bytes) -> str:
    return "".join(encode_pem("CERTIFICATE", der) for der in ders)
