"""Certificates from files: find and check them, and collect warnings for people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from optiga.arguments import takes
from optiga.errors import CertificateError, Reason
from optiga.files.files import read_input
from optiga.files.opening import about_its
from optiga.files.shown import file_in_command
from optiga.pki.contents import der_of_certificate, without_filler
from optiga.pki.damage import explained
from optiga.pki.key_damage import why_no_key
from optiga.pki.kinds import CERTIFICATE, identify_der, is_text, more_behind
from optiga.pki.lenient import Fields, name_of, read_fields
from optiga.pki.name_parts import is_same_encoded_name, is_same_name, name_text, printable
from optiga.pki.other_content import other_content, refuse_other_blocks
from optiga.pki.pem import encode_pem
from optiga.pki.pem_blocks import is_pem, iterate_blocks, refuse_utf16
from optiga.pki.public_keys import is_signature_of, is_signed_by, public_key_of, public_key_of_info
from optiga.pki.respelled import respelled_certificate, signed_part
from optiga.pki.x509_errors import one_error
from optiga.protocol.der import SEQUENCE, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509

    from optiga.protocol.public_key import PublicKey

    _Extension = TypeVar("_Extension", x509.SubjectAlternativeName, x509.ExtendedKeyUsage)


MAX_FILE_SIZE = 1 << 20
"""Most bytes of a certificate's file."""

_PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}
_INDEFINITE = b"\x80"
"""The first byte of the length of a BER value that ends with two zeros (X.690, 8.1.3.6)."""
_LONGEST_HEAD = 6
"""Bytes of a DER value before its content: the tag, and the longest length that is read."""


@dataclass(frozen=True, repr=False)
class Certificate:
    """An X.509 certificate, with the parts that this package uses.

    :param der: the certificate in DER.
    :param strict: the certificate as an object of ``cryptography``; None if the certificate breaks a rule of X.509.
    :param serial: serial number; negative only if the certificate breaks the rules.
    :param not_before: begin of the validity, with the time zone UTC.
    :param oddity: the rule that the certificate breaks, as the rest of a sentence after "the certificate"; otherwise
        empty.
    :param respelled: if its names alone break a rule, and they were let pass: as ``strict``, of the same certificate
        with these names as UTF8String. Its own signature is not valid.
    """

    der: bytes
    strict: x509.Certificate | None
    public_key: PublicKey
    subject: str
    issuer: str
    is_ca: bool
    serial: int
    not_before: datetime
    not_after: datetime
    oddity: str = ""
    respelled: x509.Certificate | None = None

    @classmethod
    @takes
    def parse(cls, source: str | bytes) -> Certificate:
        """Parse a certificate that follows the rules of X.509. Trusted certificates must be parsed with this method.

        :param source: the certificate: DER, or PEM as text or bytes.
        :raises ValueError: if the source is not exactly one certificate, or it breaks a rule.
        """
        from cryptography import x509

        der = der_of_certificate(source)
        try:
            with one_error():
                parsed = x509.load_der_x509_certificate(der)
                subject, issuer = name_text(parsed.subject), name_text(parsed.issuer)
                public_key = public_key_of(parsed.public_key())
                dates = parsed.not_valid_before_utc, parsed.not_valid_after_utc  # parsed when asked for, and the number
                serial = parsed.serial_number
                try:
                    is_ca = bool(parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
                except x509.ExtensionNotFound:
                    is_ca = False
        except ValueError as error:
            raise ValueError(explained(der, str(error))) from error.__cause__
        return cls(der, parsed, public_key, subject, issuer, is_ca, serial, *dates)

    @classmethod
    @takes
    def parse_any_names(cls, source: str | bytes) -> Certificate:
        """Parse a certificate whose names alone may break a rule of X.509, as those of old CAs do. A CA issues with it.

        :param source: the certificate: DER, or PEM as text or bytes.
        :raises ValueError: if it is not exactly one certificate, or it breaks another rule.
        """
        der = der_of_certificate(source)
        try:
            return cls.parse(der)
        except ValueError as error:
            oddity = str(error)
        try:
            made = cls.parse(respelled_certificate(der))
        except ValueError:
            raise ValueError(oddity) from None
        return replace(made, der=der, strict=None, oddity=oddity, respelled=made.strict)

    @classmethod
    @takes
    def parse_leniently(cls, source: str | bytes) -> Certificate:
        """Parse a certificate that may break rules of X.509, to store or show it, but not to trust it.

        :param source: the certificate: DER, or PEM as text or bytes.
        :raises ValueError: if its key, dates or basic constraints do not parse.
        """
        der = der_of_certificate(source)
        try:
            return cls.parse(der)
        except ValueError as error:
            oddity = str(error)
        fields = read_fields(der)
        try:
            public_key = public_key_of_info(fields.key_info)
        except ValueError:
            raise ValueError(f"its public key {why_no_key(fields.key_info)}") from None
        return cls(
            der,
            None,
            public_key,
            name_of(fields.subject),
            name_of(fields.issuer),
            fields.is_ca,
            fields.serial,
            fields.not_before,
            fields.not_after,
            oddity,
        )

    def __getstate__(self) -> Mapping[str, Any]:
        """The fields; the object of ``cryptography`` goes nowhere, and is made of the DER again."""
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**state, "strict": self.strict is not None, "respelled": self.respelled is not None}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        from cryptography import x509

        load, der = x509.load_der_x509_certificate, state["der"]
        strict = load(der) if state["strict"] else None
        respelled = load(respelled_certificate(der)) if state.get("respelled") else None
        self.__dict__.update(state, strict=strict, respelled=respelled)

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate as an object of ``cryptography``; if its names were let pass, see ``respelled``.

        :raises CertificateError: if the certificate breaks a rule of X.509: do not draw conclusions from it.
        """
        parsed = self.strict or self.respelled
        if parsed is None:
            raise CertificateError(
                f"the certificate of {self.subject} breaks a rule of X.509: {self.oddity}",
                hint="Have the certificate issued again",
            )
        return parsed

    @cached_property
    def fields(self) -> Fields:
        """What stands in its DER.

        :raises ValueError: never of one that was parsed by this tool's own reading; of others, if it does not take it.
        """
        return read_fields(self.der)

    @cached_property
    def broken_rules(self) -> tuple[str, ...]:
        """The rules of X.509 that the certificate breaks, each a clause with "it" or "its"."""
        try:
            found = self.fields.breaches
        except ValueError:
            found = []
        if not found and self.oddity:
            return (self.oddity,)
        return tuple(found)

    @cached_property
    def serial_text(self) -> str:
        """The serial number in hex, whole bytes."""
        digits = f"{abs(self.serial):x}"
        return ("-" if self.serial < 0 else "") + digits.zfill(len(digits) + len(digits) % 2)

    def __repr__(self) -> str:
        return f"<Certificate of {self.subject}, issued by {self.issuer}>"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER in hex, lower case; AWS IoT's identifier of the certificate."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def pem(self) -> str:
        """The certificate as PEM, with a final line break."""
        return encode_pem("CERTIFICATE", self.der)

    @cached_property
    def alt_names(self) -> tuple[str, ...]:
        """The subject alternative names, kind and value: ``DNS:a.example``, printable."""
        from cryptography import x509

        kinds = {"DNSName": "DNS", "IPAddress": "IP", "RFC822Name": "email", "UniformResourceIdentifier": "URI"}
        texts = []
        for name in self._extension(x509.SubjectAlternativeName) or ():
            value = name_text(name.value) if isinstance(name, x509.DirectoryName) else str(name.value)
            texts.append(printable(f"{kinds.get(type(name).__name__, type(name).__name__)}:{value}"))
        return tuple(texts)

    @cached_property
    def purposes(self) -> tuple[str, ...]:
        """What the key is for (extendedKeyUsage), by RFC 5280's names where there are such."""
        from cryptography import x509

        return tuple(
            _PURPOSES.get(oid.dotted_string, oid.dotted_string) for oid in self._extension(x509.ExtendedKeyUsage) or ()
        )

    def _extension(self, kind: type[_Extension]) -> _Extension | None:
        """An extension's value; None if there is none, or one of them does not parse."""
        from cryptography import x509

        try:
            with one_error():
                return self.parsed.extensions.get_extension_for_class(kind).value
        except (ValueError, CertificateError, x509.ExtensionNotFound):
            return None

    def is_of_same(self, other: Certificate) -> bool:
        """Whether another certificate has the same subject and the same key, as one that was renewed."""
        return (
            self.public_key.info == other.public_key.info
            and self.parsed.subject.public_bytes() == other.parsed.subject.public_bytes()
        )

    def is_issued_by(self, issuer: Certificate) -> bool:
        """Whether the other certificate's subject is the issuer of this one, and its key verifies the signature.

        Names are compared as RFC 5280, 7.1, does it: see :meth:`names_exactly`. Always False for certificates that
        break the rules: see :func:`optiga.pki.chains.seems_issued_by`.
        """
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        try:
            if self.respelled or issuer.respelled:
                is_named = is_same_encoded_name(self.fields.issuer, issuer.fields.subject)
                return is_named and is_signature_of(self.parsed, signed_part(self.der), issuer.parsed.public_key())
            if self.strict is None or issuer.strict is None:
                return False
            if self.names_exactly(issuer):
                self.strict.verify_directly_issued_by(issuer.strict)
                return True
            return is_same_name(self.strict.issuer, issuer.strict.subject) and is_signed_by(
                self.strict, issuer.strict.public_key()
            )
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, CertificateError):
            return False

    @property
    def is_self_issued(self) -> bool:
        """Whether its issuer has the name of its subject, as that of a root CA has (RFC 5280, 7.1)."""
        return is_same_encoded_name(self.fields.issuer, self.fields.subject)

    @takes
    def names_exactly(self, issuer: Certificate) -> bool:
        """Whether the issuer of this certificate is the other one's subject byte by byte, as RFC 5280, 4.1.2.6, asks of
        CAs: many programs do not compare names in another way.
        """
        return self.fields.issuer == issuer.fields.subject


Parser: TypeAlias = "Callable[[bytes], Certificate]"
"""Makes a certificate of DER: :meth:`Certificate.parse` or :meth:`Certificate.parse_leniently`."""


def format_serial(number: int) -> str:
    """A serial number as a CA of this program shows and keeps it: 40 hex digits."""
    return f"{number:040x}"


def load_certificates(path: Path) -> list[Certificate]:
    """The certificates in a file: PEM with one or a chain, text around them allowed, or one in DER.

    Each must follow the rules but in its names. What people have otherwise, :mod:`optiga.pki.certificate_files` reads.

    :raises ConfigurationError: if the file cannot be read.
    :raises CertificateError: if it is something else, damaged, or holds none.
    """
    return parse_certificates(read_input(path, "certificate", MAX_FILE_SIZE), str(path))


@about_its("name", is_name=True)
def parse_certificates(data: bytes, name: str) -> list[Certificate]:
    """The certificates in the content of a file; otherwise as :func:`load_certificates`.

    :param name: what to call the content in messages.
    """
    if not data.strip():
        raise CertificateError(f"{name} is empty")
    refuse_utf16(data, name)
    data = without_filler(data)
    if is_pem(data):
        blocks = list(iterate_blocks(data, name))
        refuse_other_blocks(blocks, name)
        return [certificate_of_der(block.data, name, Certificate.parse_any_names) for block in blocks]
    if data[0] != SEQUENCE or is_text(data):
        raise CertificateError(
            f"no certificate in {name}",
            hint="Use a certificate in DER, or in PEM with a line -----BEGIN CERTIFICATE-----",
            reason=Reason.WRONG_TYPE,
        )
    return [certificate_of_der(data, name, Certificate.parse_any_names)]


def certificate_of_der(der: bytes, name: str, parse: Parser) -> Certificate:
    """The certificate that DER is, whole and alone.

    :param name: what to call the file in messages.
    :raises CertificateError: if it is something else, damaged, or does not parse.
    """
    size = size_of(der)
    if der[1:2] == _INDEFINITE:
        raise CertificateError(
            f"the certificate in {name} is BER with an indefinite length, not DER",
            hint=f"Convert it: openssl x509 -inform DER -in {file_in_command(name)} -out NEW_FILE",
            reason=Reason.WRONG_TYPE,
        )
    if size is None and len(der) > _LONGEST_HEAD:
        raise CertificateError(
            f"the certificate in {name} does not parse: its length is malformed",
            hint="Get a new copy of the file",
            reason=Reason.DAMAGED,
        )
    if size is None or size > len(der):
        raise CertificateError(
            f"the certificate in {name} is cut off", hint="Get a new copy of the file", reason=Reason.DAMAGED
        )
    if size < len(der):
        raise more_behind("the certificate", name, len(der) - size)
    try:
        return parse(der)
    except ValueError as error:
        what = identify_der(der)
        if what and what != CERTIFICATE:
            raise other_content(name, what, is_der=True) from None
        if _breaks_a_rule_alone(der):
            raise CertificateError(
                f"the certificate in {name} breaks a rule of X.509: {error}", hint="Have the certificate issued again"
            ) from None
        raise CertificateError(f"the certificate in {name} does not parse: {error}", reason=Reason.DAMAGED) from None


def _breaks_a_rule_alone(der: bytes) -> bool:
    """Whether a certificate that is refused can be read all the same."""
    try:
        Certificate.parse_leniently(der)
    except ValueError:
        return False
    return True
