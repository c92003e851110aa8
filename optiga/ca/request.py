"""A certificate signing request (PKCS #10, RFC 2986) as a CA sees it: judged before anything in it is believed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from optiga.ca.request_form import RequestForm
from optiga.ca.signatures import SignatureAlgorithm
from optiga.ca.strength import find_rsa_weakness
from optiga.ca.subject import read_subject
from optiga.ca.wishes import Wishes
from optiga.errors import CertificateError, Reason, naming
from optiga.files.files import read_input
from optiga.files.opening import about_its, at_fault, check_path
from optiga.identity.csr import Csr
from optiga.pki.contents import in_bytes
from optiga.pki.key_damage import why_no_key
from optiga.pki.kinds import REQUEST, REQUEST_LABELS, identify_der, is_text, title_of_label
from optiga.pki.pem_blocks import is_pem, iterate_blocks, labels_of
from optiga.pki.public_keys import load_key, public_key_of_info
from optiga.pki.x509_errors import one_error
from optiga.protocol.der import SEQUENCE
from optiga.protocol.public_key import PublicKey

if TYPE_CHECKING:
    from cryptography import x509

CsrSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | Csr | x509.CertificateSigningRequest"
"""The path of a file, PEM as text or bytes, DER, or a CSR: ours, or one of the cryptography library."""

LEAST_RSA_BITS = 2048
"""Fewest bits of an RSA key that is certified."""
MOST_RSA_BITS = 8192
"""Most bits: certificates with larger ones do not fit into a chip, and to judge one can take minutes."""
_MAX_FILE_SIZE = 1 << 20
_PEM = "-----BEGIN"
_WHERE_FROM = naming("To make a CSR, use 'python -m optiga {csr=CONFIG}'")
_INDEFINITE = b"\x80"
"""The first byte of the length of a BER value that ends with two zeros (X.690, 8.1.3.6)."""
_ANEW = "The CSR is damaged or malformed. Generate a new CSR on the device"


@dataclass(frozen=True)
class CertificateRequest:
    """A request that a certificate may be issued for: signed by its own key, for a device, with a key of some strength.

    :param wishes: what it asks for beside that.
    :param changes: what in the subject is not as in the CSR, a clause each.
    """

    der: bytes
    subject: x509.Name
    public_key: PublicKey
    wishes: Wishes
    changes: tuple[str, ...] = ()

    @classmethod
    @at_fault("csr")
    def parse(cls, der: bytes) -> CertificateRequest:
        """Judge a request in DER.

        :raises CertificateError: if it is none, its signature does not verify, or it must not be granted.
        """
        if der[1:2] == _INDEFINITE:
            raise CertificateError(
                "the CSR is BER with an indefinite length, not DER",
                hint="Convert it: openssl req -inform DER -in FILE -out NEW_FILE",
                reason=Reason.WRONG_TYPE,
            )
        try:
            form = RequestForm.read(der)
            algorithm = SignatureAlgorithm.read(form.algorithm)
            subject, changes = read_subject(form.subject)
            public_key = _read_key(form)
        except ValueError as error:
            raise CertificateError(f"the CSR does not parse: {error}", hint=_ANEW, reason=Reason.DAMAGED) from None
        if algorithm.weak_hash:
            raise CertificateError(
                f"the CSR is signed with {algorithm.weak_hash}, which can be forged",
                hint="Sign it with SHA-256 or a longer hash",
                reason=Reason.REFUSED,
            )
        _check_key(public_key)
        if algorithm.unsupported:
            raise CertificateError(
                f"the CSR is signed with {algorithm.unsupported}, which is not supported",
                hint="Sign it with SHA-256, SHA-384 or SHA-512",
                reason=Reason.UNSUPPORTED,
            )
        try:
            wishes = Wishes.read(form, public_key)
        except ValueError as error:
            raise CertificateError(f"the CSR does not parse: {error}", hint=_ANEW, reason=Reason.DAMAGED) from None
        if not algorithm.fits(public_key):
            raise CertificateError(
                f"the CSR says that it is signed with {algorithm.title}, but its key is {public_key.title}",
                hint=_ANEW,
                reason=Reason.BAD_SIGNATURE,
            )
        if not algorithm.verifies(public_key, form.signature, form.signed):
            raise CertificateError(
                "the CSR's signature does not verify with the key in the CSR",
                hint="The CSR is damaged or forged. Generate a new CSR on the device",
                reason=Reason.BAD_SIGNATURE,
            )
        if not list(subject) and not wishes.alt_names:
            raise CertificateError(
                "the CSR has neither a subject nor a subject alternative name", reason=Reason.REFUSED
            )
        return cls(der, subject, public_key, wishes, changes)

    @property
    def sha256(self) -> str:
        """Fingerprint of the request, in hex."""
        return hashlib.sha256(self.der).hexdigest()


@about_its("path", is_name=True)
def load_request(path: Path, data: bytes | None = None) -> bytes:
    """The request in a file, PEM or DER, as DER; not judged yet.

    :param data: its content, if that has been read already, as of standard input; the path is then a name for messages.
    :raises ConfigurationError: if the file cannot be read.
    :raises CertificateError: if it holds something else, or more than one.
    """
    if data is None:
        data = read_input(path, "CSR", _MAX_FILE_SIZE)
    if not data.strip():
        raise CertificateError(f"there is no CSR in {path}: it is empty", hint=_WHERE_FROM, reason=Reason.WRONG_TYPE)
    data = in_bytes(data, str(path))
    if not is_pem(data):
        return _check_der(data, path)
    blocks, labels = [], labels_of(data)
    if set(labels) & set(REQUEST_LABELS):  # else it does not matter whether the other blocks are whole
        blocks = list(iterate_blocks(data, str(path), in_program=True))
        labels = [block.label for block in blocks]
    if len(blocks) == 1 and labels[0] in REQUEST_LABELS:
        return blocks[0].data
    if all(label in REQUEST_LABELS for label in labels):
        raise CertificateError(
            f"{path} holds {len(blocks)} CSRs, not one", hint="Put each CSR in its own file", reason=Reason.AMBIGUOUS
        )
    titles = list(dict.fromkeys(map(title_of_label, labels)))
    shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
    wanted = "one CSR" if REQUEST in titles else "a CSR"
    raise CertificateError(f"{path} holds {shown}, not {wanted}", hint=_WHERE_FROM, reason=Reason.WRONG_TYPE)


def take_request(source: CsrSource) -> bytes:
    """The request that a program gives, as DER; not judged yet.

    :raises ConfigurationError: if its file cannot be read.
    :raises CertificateError: if it is something else.
    """
    if isinstance(source, Csr):
        return source.der
    if isinstance(source, str) and _PEM in source:
        return load_request(Path("the PEM text"), source.encode("utf-8", "surrogatepass"))
    if isinstance(source, (str, os.PathLike)):
        check_path(str(source), "CSR", "PEM (-----BEGIN CERTIFICATE REQUEST-----), DER as bytes,")
        return load_request(Path(source))
    if isinstance(source, (bytes, bytearray)):
        return load_request(Path("the given content"), bytes(source))
    from cryptography.hazmat.primitives.serialization import Encoding

    return source.public_bytes(Encoding.DER)


def _check_der(data: bytes, path: Path) -> bytes:
    """Refuse what is clearly something else than a CSR in DER.

    :raises CertificateError: with what it is, where that can be told.
    """
    if data[0] == SEQUENCE and not is_text(data):
        if (what := identify_der(data)) and what != REQUEST:
            raise CertificateError(f"{path} holds {what}, not a CSR", hint=_WHERE_FROM, reason=Reason.WRONG_TYPE)
        return data
    with suppress(binascii.Error):
        decoded = base64.b64decode(b"".join(data.split()), validate=True)
        if decoded[:1] == bytes([SEQUENCE]):
            if (what := identify_der(decoded)) and what != REQUEST:
                raise CertificateError(
                    f"{path} holds {what} in base64, not a CSR", hint=_WHERE_FROM, reason=Reason.WRONG_TYPE
                )
            label = REQUEST_LABELS[0]
            raise CertificateError(
                f"{path} is base64 without PEM lines",
                hint=f"Put -----BEGIN {label}----- on a line before it, and -----END {label}----- on a line after it",
                reason=Reason.WRONG_TYPE,
            )
    raise CertificateError(
        f"there is no CSR in {path}: it is neither PEM nor DER", hint=_WHERE_FROM, reason=Reason.WRONG_TYPE
    )


def _read_key(form: RequestForm) -> PublicKey:
    """The key; an error of the library is said in words, for it may be in the library's own notation.

    :raises ValueError: in words, if it is none that certificates have.
    :raises CertificateError: if it is an RSA key that is too weak for the library to load it.
    """
    try:
        with one_error():
            return public_key_of_info(form.key_info)
    except ValueError:
        _check_rsa_numbers(*_read_rsa_numbers(form.key_info))
        raise ValueError(f"its public key {why_no_key(form.key_info)}") from None


def _read_rsa_numbers(info: bytes) -> tuple[int, int]:
    """Modulus and exponent in SubjectPublicKeyInfo; zeros if it is no RSA key."""
    from asn1crypto.keys import PublicKeyInfo

    try:
        loaded = PublicKeyInfo.load(info, strict=True)
        if loaded.algorithm != "rsa":
            return 0, 0
        numbers = loaded["public_key"].parsed
        return int(numbers["modulus"].native), int(numbers["public_exponent"].native)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return 0, 0


def _check_rsa_numbers(modulus: int, exponent: int) -> None:
    """Refuse the numbers of an RSA key that can be broken; of keys beyond the sizes that are certified says nothing."""
    if LEAST_RSA_BITS <= modulus.bit_length() <= MOST_RSA_BITS and (weakness := find_rsa_weakness(modulus, exponent)):
        raise CertificateError(
            f"the CSR's key is too weak: {weakness}", hint="Generate a new key on the device", reason=Reason.REFUSED
        )


def _check_key(public_key: PublicKey) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = load_key(public_key)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < LEAST_RSA_BITS:
            raise CertificateError(
                f"the CSR's key is too weak: {public_key.title}",
                hint=f"Use an RSA key of at least {LEAST_RSA_BITS} bits, or an EC key",
                reason=Reason.REFUSED,
            )
        if key.key_size > MOST_RSA_BITS:
            raise CertificateError(
                f"the CSR's key is too large: {public_key.title}",
                hint=f"Use an RSA key of at most {MOST_RSA_BITS} bits",
                reason=Reason.REFUSED,
            )
        numbers = key.public_numbers()
        _check_rsa_numbers(numbers.n, numbers.e)
    elif public_key.algorithm is None:
        raise CertificateError(
            f"the CSR's key has an unsupported algorithm: {public_key.title}",
            hint="Use P-256, P-384, P-521, Brainpool r1, or RSA with at least 2048 bits",
            reason=Reason.UNSUPPORTED,
        )
