"""A certificate signing request (PKCS #10, RFC 2986) as a CA sees it: judged before anything in it is believed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.naming import AskedName
from optiga.ca.request_form import RequestForm
from optiga.ca.signatures import SignatureAlgorithm
from optiga.ca.strength import find_rsa_weakness
from optiga.ca.subject import read_subject
from optiga.errors import CertificateError
from optiga.files.files import read_input
from optiga.pki.pem import is_pem, iterate_blocks, refuse_utf16
from optiga.pki.public_keys import PublicKey
from optiga.pki.x509_errors import one_error

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

LEAST_RSA_BITS = 2048
"""Fewest bits of an RSA key that is certified."""
MOST_RSA_BITS = 8192
"""Most bits: certificates with larger ones do not fit into a chip, and to judge one can take minutes."""
_MAX_FILE_SIZE = 1 << 20
_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_WHERE_FROM = "A CSR is what --csr writes"


@dataclass(frozen=True)
class CertificateRequest:
    """A request that a certificate may be issued for: signed by its own key, for a device, with a key of some strength.

    :param alt_names: the subject alternative names asked for, which are not judged yet.
    :param wants_server: whether it asks to be a TLS server, too.
    :param left_out: what is asked for that no certificate of this CA has, as object identifiers.
    :param changes: what in the subject is not as in the CSR, a clause each.
    """

    der: bytes
    subject: x509.Name
    public_key: PublicKey
    alt_names: tuple[AskedName, ...]
    wants_server: bool
    left_out: tuple[str, ...]
    changes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, der: bytes) -> CertificateRequest:
        """Judge a request in DER.

        :raises CertificateError: if it is none, its signature does not verify, or it must not be granted.
        """
        try:
            form = RequestForm.read(der)
            algorithm = SignatureAlgorithm.read(form.algorithm)
            subject, changes = read_subject(form.subject)
            public_key = _read_key(form)
            extensions = _read_extensions(form)
        except ValueError as error:
            raise CertificateError(f"the CSR does not parse: {error}", hint=_WHERE_FROM) from None
        if algorithm.weak_hash:
            raise CertificateError(
                f"the CSR is signed with {algorithm.weak_hash}, which can be forged",
                hint="Sign it with SHA-256 or a longer hash",
            )
        _check_key(public_key)
        if not algorithm.verifies(public_key, form.signature, form.signed):
            raise CertificateError(
                "the CSR's signature is not of the key in it",
                hint="It is damaged or forged; have the device make a new one",
            )
        alt_names = _alt_names(extensions)
        if not list(subject) and not alt_names:
            raise CertificateError("the CSR names nobody: it has neither a subject nor a subject alternative name")
        wants_server, left_out = _read_wishes(extensions)
        return cls(der, subject, public_key, alt_names, wants_server, left_out, changes)

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


def _read_key(form: RequestForm) -> PublicKey:
    """The key; an error of the library is said in words, for it may be in the library's own notation."""
    try:
        with one_error():
            return PublicKey.of_info(form.key_info)
    except ValueError as error:
        cause = "it is damaged, or of a kind that is not known"
        raise ValueError(f"its key is none: {cause if _is_notation(error) else error}") from None


def _read_extensions(form: RequestForm) -> x509.Extensions:
    """The extensions that are asked for; an error as with the key."""
    from cryptography import x509

    try:
        with one_error():
            return x509.load_der_x509_csr(form.without_subject).extensions
    except ValueError as error:
        cause = "they are damaged" if _is_notation(error) else error
        raise ValueError(f"what it asks for beside the subject: {cause}") from None


def _is_notation(error: ValueError) -> bool:
    """Whether the library speaks to programmers, not to people."""
    text = str(error)
    return not text.isprintable() or any(mark in text for mark in ("{", "<", "ParseError", "ASN.1", "asn1", "error:"))


def _check_key(public_key: PublicKey) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    if isinstance(public_key.key, rsa.RSAPublicKey):
        if public_key.key.key_size < LEAST_RSA_BITS:
            raise CertificateError(
                f"the CSR's key is too weak: {public_key.title}",
                hint=f"RSA keys of {LEAST_RSA_BITS} bits and more are certified, and EC keys",
            )
        if public_key.key.key_size > MOST_RSA_BITS:
            raise CertificateError(
                f"the CSR's key is too large: {public_key.title}",
                hint=f"RSA keys of up to {MOST_RSA_BITS} bits are certified",
            )
        numbers = public_key.key.public_numbers()
        if weakness := find_rsa_weakness(numbers.n, numbers.e):
            raise CertificateError(f"the CSR's key is too weak: {weakness}", hint="Have the device make a new key")
    elif public_key.algorithm is None:
        raise CertificateError(
            f"keys like the CSR's are not certified: {public_key.title}",
            hint="Curves are P-256, P-384, P-521 and Brainpool r1; RSA keys have 2048 bits or more",
        )


def _alt_names(extensions: x509.Extensions) -> tuple[AskedName, ...]:
    from cryptography import x509

    found = [one.value for one in extensions if isinstance(one.value, x509.SubjectAlternativeName)]
    return tuple(AskedName.of(name) for value in found for name in value)


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
