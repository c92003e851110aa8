"""A CA that was made elsewhere: certificate, key and chain from files, checked before a folder is made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from optiga.ca.profile import check_time
from optiga.ca.records import utc_now
from optiga.ca.request import LEAST_RSA_BITS
from optiga.ca.strength import find_rsa_weakness
from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.opening import about, about_its
from optiga.files.passphrases import check_hint
from optiga.files.secrets import read_perhaps_secret, read_secret
from optiga.pki.certificate import MAX_FILE_SIZE, Certificate
from optiga.pki.certificate_files import find_certificates
from optiga.pki.contents import in_bytes, note_of_filler
from optiga.pki.kinds import PKCS12, PRIVATE_KEY, identify, identify_der
from optiga.pki.other_keys import find_other_form
from optiga.pki.pem_blocks import as_pem, is_pem, iterate_blocks
from optiga.pki.pkcs12 import open_pkcs12
from optiga.pki.private_keys import BrokenKeyError, UnknownCipherError, is_encrypted, load_private_key
from optiga.pki.public_keys import load_key
from optiga.protocol.der import SEQUENCE

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509

    from optiga.ca.signing import CaKey
    from optiga.files.passphrases import Passphrase

    _Kind = TypeVar("_Kind", x509.KeyUsage, x509.SubjectKeyIdentifier)

_KEY_BLOCKS = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY|EC PARAMETERS)-----.*?-----END \1-----[ \t]*\r?\n?", re.DOTALL
)
_GIVE_KEY = naming("Give the file of its private key with {key}")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that parts of a CA are in, read but not opened.

    :param certificates: its content without private keys; empty if nothing is left.
    :param keys: its private keys: PEM, DER, or a PKCS #12 container; empty if it has none.
    :param warnings: what its owner should know, one sentence each.
    """

    name: str
    certificates: bytes
    keys: bytes
    warnings: tuple[str, ...] = ()

    @classmethod
    @about_its("path")
    def read(cls, path: Path, *, secret: bool = False) -> SourceFile:
        """Read a file: certificates in any form, a private key (PEM, DER), or both (PEM, PKCS #12).

        :param secret: whether it was named as the key's.
        :raises ConfigurationError: if it cannot be read, or holds several private keys.
        :raises CertificateError: if it is empty or damaged.
        """
        name = str(path)
        if secret:
            file = read_secret(path, "private key", MAX_FILE_SIZE)
            data, warnings = file.data, file.warnings
        else:
            data, judge = read_perhaps_secret(path, "certificate", MAX_FILE_SIZE)
        filler = note_of_filler(data, name)
        data = as_pem(in_bytes(data, name), name)
        if not data.strip():
            raise CertificateError(f"{name} is empty")
        if is_pem(data) and b"PRIVATE KEY-----" in data:
            for _ in iterate_blocks(data, name):  # says where one is cut off
                pass
            blocks = list(_KEY_BLOCKS.finditer(data))
            if sum(b"PRIVATE KEY" in found[1] for found in blocks) > 1:
                raise _several_keys(name)
            keys = b"".join(found[0] for found in blocks)
            rest = _KEY_BLOCKS.sub(b"", data)
            rest = rest if is_pem(rest) else b""
        else:
            is_der = data[0] == SEQUENCE
            has_key = is_der and (is_encrypted(data) or identify_der(data) in (PKCS12, PRIVATE_KEY))
            rest, keys = (b"", data) if secret or has_key else (data, b"")
        if not secret:
            warnings = judge("private key") if keys else ()
        return cls(name, rest, keys, (*warnings, *filler))

    @property
    def is_container(self) -> bool:
        """Whether it is a PKCS #12 container."""
        return self.keys[:1] == bytes([SEQUENCE]) and identify_der(self.keys) == PKCS12

    @property
    def needs_passphrase(self) -> bool:
        """Whether it does not open without a passphrase."""
        if not self.is_container:
            return bool(self.keys) and is_encrypted(self.keys)
        try:
            open_pkcs12(self.keys, self.name)
        except ConfigurationError as error:
            return error.reason is Reason.MISSING
        except CertificateError:
            return False
        return False

    def open(self, passphrase: Passphrase | None) -> tuple[object, list[Certificate]]:
        """What is in it: the private key, None if there is none, and the certificates.

        :raises ConfigurationError: if the key needs a passphrase, or another one.
        :raises CertificateError: if it is damaged, or a certificate breaks a rule of X.509.
        """
        with about(self.name):
            return self._open(passphrase)

    def _open(self, passphrase: Passphrase | None) -> tuple[object, list[Certificate]]:
        if self.is_container:
            try:
                held = open_pkcs12(self.keys, self.name, passphrase)
            except ConfigurationError as error:
                if error.reason is Reason.MISSING:
                    error.hint, error.parameter = _give_passphrase(), "key_passphrase"
                raise
            found = b"".join(held.certificates)
            return held.key, find_certificates(found, self.name, any_names=True).certificates if found else []
        key = self._open_key(passphrase) if self.keys else None
        found = self.certificates
        return key, find_certificates(found, self.name, any_names=True).certificates if found else []

    def _open_key(self, passphrase: Passphrase | None) -> object:
        locked = is_encrypted(self.keys)
        if other := find_other_form(self.keys, self.name):
            raise other
        if locked and passphrase is None:
            raise ConfigurationError(
                f"the private key in {self.name} is encrypted", hint=_give_passphrase(), reason=Reason.MISSING
            )
        for candidate in passphrase.candidates if passphrase and locked else (None,):
            try:
                return load_private_key(self.keys, candidate)
            except (UnknownCipherError, BrokenKeyError) as error:
                raise error.of_file(self.name) from None
            except ValueError:
                continue
        if locked and passphrase and passphrase.problem:
            passphrase.for_new()
        if locked:
            raise ConfigurationError(
                f"the passphrase does not open the private key in {self.name}",
                hint=check_hint(passphrase),
                reason=Reason.MISMATCH,
            )
        if (what := identify(self.keys)) and what != PRIVATE_KEY:
            raise ConfigurationError(
                f"{self.name} holds {what}, not a private key",
                hint="Give the file with the private key of the CA",
                reason=Reason.WRONG_TYPE,
            )
        raise ConfigurationError(
            f"{self.name} holds no readable private key",
            hint="It must be PEM or DER, PKCS #8, SEC 1, PKCS #1 or PKCS #12",
            reason=Reason.WRONG_TYPE,
        )


@dataclass(frozen=True, slots=True)
class ExistingCa:
    """A CA that may be taken over.

    :param chain: what goes behind each certificate that it issues, its own first; empty for a root.
    :param warnings: what its owner should know, one sentence each.
    """

    certificate: Certificate
    key: CaKey
    chain: tuple[Certificate, ...]
    warnings: tuple[str, ...] = ()


def find_existing(
    files: Sequence[SourceFile], passphrase: Passphrase | None = None, *, now: datetime | None = None
) -> ExistingCa:
    """The CA whose parts are in some files.

    :param files: the one with the CA's certificate first; further certificates are those above it, in any order.
    :param passphrase: of those that need one.
    :param now: the time that counts.
    :raises ConfigurationError: if there is no key, it does not open, or there are several.
    :raises CertificateError: if key and certificate do not match, it is no CA's, or may not sign certificates.
    """
    keys: list[tuple[str, object]] = []
    certificates: list[Certificate] = []
    for file in files:
        key, found = file.open(passphrase)
        is_new = key is not None and not any(_is_same(key, other) for _, other in keys)
        keys += [(file.name, key)] if is_new else []
        certificates += [one for one in found if all(one.der != other.der for other in certificates)]
    if not certificates:
        raise CertificateError(
            f"there is no certificate in {files[0].name}",
            hint=naming("Give the file of the CA's certificate with {certificate}"),
            reason=Reason.MISSING,
        )
    if not keys:
        raise ConfigurationError(
            f"the CA's private key is not in {files[0].name}", hint=_GIVE_KEY, reason=Reason.MISSING
        )
    if len(keys) > 1:
        raise _several_keys(" and ".join(dict.fromkeys(name for name, _ in keys)))
    name, found_key = keys[0]
    key = _check_key(found_key, name)
    own = next((one for one in certificates if load_key(one.public_key) == key.public_key()), None)
    if own is None:
        raise CertificateError(
            f"the private key in {name} is not that of the certificate of {certificates[0].subject}",
            hint="Give the key and the certificate of the same CA",
            reason=Reason.MISMATCH,
        )
    with about(files[0].name):
        warnings = [warning for file in files for warning in file.warnings] + _check_ca(own, now or utc_now())
    chain = _chain_of(own, certificates)
    warnings += [
        f"the certificate of {one.subject} did not issue that of {own.subject}: it is left out"
        for one in certificates
        if all(one.der != other.der for other in (own, *chain)) and not _is_root_of(one, (own, *chain))
    ]
    above = [*chain[1:], *(one for one in certificates if one.is_self_issued and _is_root_of(one, chain))]
    warnings += _find_outlived(own.not_after, above)
    return ExistingCa(own, key, chain, tuple(warnings))


def _find_outlived(end: datetime, above: Sequence[Certificate]) -> list[str]:
    """That certificates above a CA's expire before it does.

    :param end: the last moment of the CA's validity.
    """
    return [
        f"the certificate of {one.subject} expires first, on {one.not_after:%Y-%m-%d}: verifiers refuse the "
        "certificates below it from then on, unless it is renewed"
        for one in above
        if one.not_after < end
    ]


def _several_keys(names: str) -> ConfigurationError:
    return ConfigurationError(
        f"there are several private keys in {names}", hint="Give only the CA's own private key", reason=Reason.AMBIGUOUS
    )


def _is_same(key: object, other: object) -> bool:
    """Whether two private keys are one, as they are where one file was named twice."""
    public, others = (getattr(one, "public_key", None) for one in (key, other))
    return bool(public and others and public() == others())


def _check_key(key: object, name: str) -> CaKey:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        weakness = find_rsa_weakness(numbers.n, numbers.e) if key.key_size >= LEAST_RSA_BITS else ""
        if key.key_size < LEAST_RSA_BITS:
            weakness = f"it has {key.key_size} bits, but needs at least {LEAST_RSA_BITS}"
        if weakness:
            raise CertificateError(
                f"the RSA key in {name} is too weak for a CA: {weakness}", hint="Make a new CA", reason=Reason.REFUSED
            )
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size >= 256:
        return key
    raise CertificateError(
        f"the private key in {name} has a type that a CA cannot use",
        hint="Use an EC key of at least 256 bits, or an RSA key",
        reason=Reason.UNSUPPORTED,
    )


def _check_ca(own: Certificate, now: datetime) -> list[str]:
    """Refuse a certificate with which nothing can be issued.

    :returns: what its owner should know.
    """
    from cryptography import x509

    if not own.is_ca:
        raise CertificateError(
            f"the certificate of {own.subject} is not a CA certificate: its basicConstraints do not have CA:TRUE",
            hint="Give the CA's own certificate",
            reason=Reason.WRONG_TYPE,
        )
    usage = _extension(own.parsed, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise CertificateError(
            f"the certificate of {own.subject} may not sign certificates: its keyUsage has no keyCertSign",
            hint="Give the CA's own certificate",
            reason=Reason.WRONG_TYPE,
        )
    if not own.fields.has_subject:
        raise CertificateError("the CA's certificate has an empty subject", reason=Reason.BAD_VALUE)
    if own.is_self_issued and not own.is_issued_by(own):
        raise CertificateError(
            f"the signature of the certificate of {own.subject} does not verify with its own key",
            hint="Get a new copy of the file",
            reason=Reason.BAD_SIGNATURE,
        )
    check_time(now, own.parsed, hint="Renew the certificate where the CA was made")
    warnings = []
    if own.oddity:
        warnings.append(
            f"the certificate of {own.subject} breaks a rule of X.509, and strict programs refuse it and what it "
            f"issues: {own.oddity}"
        )
    if usage is None:
        warnings.append(f"the certificate of {own.subject} has no keyUsage: some verifiers require it")
    elif not usage.crl_sign:
        warnings.append(
            f"the certificate of {own.subject} may not sign CRLs (cRLSign): verifiers will refuse this CA's CRLs"
        )
    if _extension(own.parsed, x509.SubjectKeyIdentifier) is None:
        warnings.append(f"the certificate of {own.subject} has no subjectKeyIdentifier, which RFC 5280 requires")
    return warnings


def _chain_of(own: Certificate, certificates: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """An intermediate's certificate, and those above it but the root; nothing for a root."""
    if own.is_self_issued:
        return ()
    chain = [own]
    while True:
        above = next((one for one in certificates if one not in chain and chain[-1].is_issued_by(one)), None)
        if above is None or above.is_self_issued:
            return tuple(chain)
        if not above.is_ca:
            raise CertificateError(
                f"the certificate of {above.subject}, above that of {chain[-1].subject}, is not a CA certificate",
                reason=Reason.WRONG_TYPE,
            )
        chain.append(above)


def _is_root_of(certificate: Certificate, chain: Sequence[Certificate]) -> bool:
    return any(one.is_issued_by(certificate) for one in chain)


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _give_passphrase() -> str:
    return naming("Give {key_passphrase}")
