"""A certificate signing request (PKCS #10, RFC 2986) as a CA sees it: judged before anything in it is believed."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.strength import find_rsa_weakness, find_weak_hash
from optiga.errors import CertificateError
from optiga.files.files import read_input
from optiga.pki.names import find_mistake_in_text
from optiga.pki.pem import is_pem, iterate_blocks, refuse_utf16
from optiga.pki.public_keys import PublicKey
from optiga.pki.x509_errors import one_error

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

LEAST_RSA_BITS = 2048
"""Fewest bits of an RSA key that is certified."""
_MAX_FILE_SIZE = 1 << 20
_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_WHERE_FROM = "A CSR is what --csr writes"
_VISIBLE = r"[!-~]+"


@dataclass(frozen=True)
class CertificateRequest:
    """A request that a certificate may be issued for: signed by its own key, for a device, with a key of some strength.

    :param alt_names: the subject alternative names asked for, None if there are none.
    :param wants_server: whether the key is to serve TLS servers, too.
    :param left_out: what is asked for that no certificate of this CA has, as object identifiers.
    """

    der: bytes
    subject: x509.Name
    public_key: PublicKey
    alt_names: x509.SubjectAlternativeName | None
    wants_server: bool
    left_out: tuple[str, ...]

    @classmethod
    def parse(cls, der: bytes) -> CertificateRequest:
        """Judge a request in DER.

        :raises CertificateError: if it is none, its signature does not verify, or it must not be granted.
        """
        import warnings

        from cryptography import x509

        try:
            with one_error():
                parsed = x509.load_der_x509_csr(der)
                with warnings.catch_warnings():  # of components too long, counted in bytes: judged in characters below
                    warnings.simplefilter("ignore", UserWarning)
                    subject = parsed.subject
                extensions = parsed.extensions
                public_key = PublicKey.of(parsed.public_key())
                weak_hash = find_weak_hash(parsed)
                verifies = not weak_hash and parsed.is_signature_valid
        except ValueError as error:
            cause = "its structure is damaged" if "ParseError" in str(error) else error
            raise CertificateError(f"the CSR does not parse: {cause}", hint=_WHERE_FROM) from None
        if weak_hash:
            raise CertificateError(
                f"the CSR is signed with {weak_hash}, which can be forged", hint="Sign it with SHA-256 or a longer hash"
            )
        if not verifies:
            raise CertificateError(
                "the CSR's signature is not of the key in it",
                hint="It is damaged or forged; have the device make a new one",
            )
        _check_key(public_key)
        _check_name(subject, "subject")
        alt_names = _alt_names(extensions)
        if alt_names is not None:
            _check_alt_names(alt_names)
        if not list(subject) and alt_names is None:
            raise CertificateError("the CSR names nobody: it has neither a subject nor a subject alternative name")
        wants_server, left_out = _read_wishes(extensions)
        return cls(der, subject, public_key, alt_names, wants_server, left_out)

    @property
    def sha256(self) -> str:
        """Fingerprint of the request, in hex."""
        return hashlib.sha256(self.der).hexdigest()


def load_request(path: Path) -> bytes:
    """The request in a file, PEM or DER, as DER; not judged yet.

    :raises ConfigurationError: if the file cannot be read.
    :raises CertificateError: if it holds something else, or more than one.
    """
    data = read_input(path, "CSR", _MAX_FILE_SIZE)
    refuse_utf16(data, str(path))
    if not is_pem(data):
        return data
    blocks = list(iterate_blocks(data, str(path)))
    if len(blocks) != 1 or blocks[0].label not in _LABELS:
        found = [block.label for block in blocks]
        shown = ", ".join(found) if len(found) <= 3 else f"{', '.join(found[:3])} and {len(found) - 3} more"
        raise CertificateError(f"{path} holds {shown}, not one CSR", hint=_WHERE_FROM)
    return blocks[0].data


def fold_name(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """A name as it is compared (RFC 5280, 7.1): case, spaces and type of string do not count."""
    return [
        frozenset(
            (one.oid.dotted_string, " ".join(unicodedata.normalize("NFKC", str(one.value)).casefold().split()))
            for one in rdn
        )
        for rdn in name.rdns
    ]


def _check_key(public_key: PublicKey) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    if isinstance(public_key.key, rsa.RSAPublicKey):
        if public_key.key.key_size < LEAST_RSA_BITS:
            raise CertificateError(
                f"the CSR's key is too weak: {public_key.title}",
                hint=f"RSA keys of {LEAST_RSA_BITS} bits and more are certified, and EC keys",
            )
        numbers = public_key.key.public_numbers()
        if weakness := find_rsa_weakness(numbers.n, numbers.e):
            raise CertificateError(f"the CSR's key is too weak: {weakness}", hint="Have the device make a new key")
    elif public_key.algorithm is None:
        raise CertificateError(
            f"keys like the CSR's are not certified: {public_key.title}",
            hint="Curves are P-256, P-384, P-521 and Brainpool r1; RSA keys have 2048 bits or more",
        )


def _check_name(name: x509.Name, what: str) -> None:
    """Refuse components that are longer than RFC 5280, appendix A.1, allows, that nobody can read, or no text.

    :param what: which name it is, for the message.
    """
    from asn1crypto import x509 as asn1
    from cryptography.x509.oid import NameOID

    limits = {
        NameOID.COUNTRY_NAME: 2,
        NameOID.COMMON_NAME: 64,
        NameOID.ORGANIZATION_NAME: 64,
        NameOID.ORGANIZATIONAL_UNIT_NAME: 64,
        NameOID.TITLE: 64,
        NameOID.SERIAL_NUMBER: 64,
        NameOID.LOCALITY_NAME: 128,
        NameOID.STATE_OR_PROVINCE_NAME: 128,
        NameOID.PSEUDONYM: 128,
        NameOID.EMAIL_ADDRESS: 255,
    }
    refused = f"the CSR's {what} is not one that a certificate may have"
    for attribute in name:
        size, label = len(attribute.value), attribute.rfc4514_attribute_name
        if not 1 <= size <= limits.get(attribute.oid, size):
            raise CertificateError(f"{refused}: {label} of {size} characters")
        if isinstance(attribute.value, str) and (mistake := find_mistake_in_text(attribute.value)):
            raise CertificateError(f"{refused}: {label} {mistake}")
        hidden = [c for c in attribute.value if isinstance(c, str) and unicodedata.category(c) == "Cf"]
        if hidden:
            raise CertificateError(f"{refused}: {label} holds the invisible character U+{ord(hidden[0]):04X}")
    try:
        _ = asn1.Name.load(name.public_bytes()).native  # cryptography takes any ASN.1 type for a text
    except (ValueError, TypeError):
        raise CertificateError(f"{refused}: a part of it is no text") from None


def _check_alt_names(names: x509.SubjectAlternativeName) -> None:
    """Refuse names that are none (RFC 5280, 4.2.1.6): empty, with spaces or control characters, of networks."""
    from cryptography import x509

    for name in names:
        value = name.value
        if isinstance(value, x509.Name):
            _check_name(value, "subject alternative name")
            good = bool(list(value))
        elif isinstance(value, str):
            good = bool(re.fullmatch(_VISIBLE, value))
        else:
            good = not isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network)
        if not good:
            raise CertificateError(f"the CSR asks for a subject alternative name that is none: {str(value)[:80]!r}")


def _alt_names(extensions: x509.Extensions) -> x509.SubjectAlternativeName | None:
    from cryptography import x509

    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName) and list(extension.value):
            return extension.value
    return None


def _read_wishes(extensions: x509.Extensions) -> tuple[bool, tuple[str, ...]]:
    """Whether server authentication is asked for, and what is left out.

    :raises CertificateError: if the request is one of a CA.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    settled = (x509.KeyUsage, x509.SubjectAlternativeName, x509.SubjectKeyIdentifier)
    wants_server, left_out = False, []
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            if value.ca:
                raise CertificateError(
                    "the CSR asks for a CA's certificate (CA:TRUE), a device cannot have one",
                    hint="'ca intermediate' makes a CA under another",
                )
        elif isinstance(value, x509.ExtendedKeyUsage):
            wants_server = ExtendedKeyUsageOID.SERVER_AUTH in value
            granted = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
            left_out += [oid.dotted_string for oid in value if oid not in granted]
        elif not isinstance(value, settled):
            left_out.append(extension.oid.dotted_string)
    return wants_server, tuple(left_out)
