"""What a program calls: it takes what programs have, a path, a dictionary, bytes, the name of an object.

Everything is checked before the chip is touched; what is done then is what the command line does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from optiga.arguments import takes
from optiga.chip import Chip
from optiga.chip.abilities import require_objects
from optiga.chip.threads import in_turn
from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.files import read_input
from optiga.files.opening import check_path
from optiga.files.passphrases import Passphrase
from optiga.identity.configuration import Configuration, parse_configuration, with_slot
from optiga.identity.configuration import load_configuration as load_file
from optiga.identity.csr import Csr, create_csr
from optiga.identity.csr_config import OWN_KEY
from optiga.identity.kept_key import KnownKey, check_kept_key, create_csr_of_kept_key
from optiga.identity.keys_on_chip import check_first_slot
from optiga.identity.write import WriteResult, execute_write, plan_content
from optiga.objects.addressing import DEFAULT_SLOT, HOLDS_CERTIFICATE, resolve, resolve_slot
from optiga.objects.stored import read_certificates as read_stored_certificates
from optiga.pki.certificate import MAX_FILE_SIZE, Certificate
from optiga.pki.certificate_files import find_certificates, unlocked
from optiga.pki.public_key_files import load_public_key, parse_public_key
from optiga.protocol.objects import Reference
from optiga.protocol.public_key import PublicKey

if TYPE_CHECKING:
    from typing import Any

    from cryptography import x509

ConfigurationSource: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Configuration"
"""The path of a ``.jsn`` file, a dictionary with what would stand in one, or what was made of either."""


@runtime_checkable
class WithChain(Protocol):
    """A certificate with the chain behind it, as ``issue`` of a CA returns it."""

    @property
    def certificate(self) -> Certificate:
        """The certificate itself."""
        ...

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """What goes behind it, its issuer first."""
        ...

    @property
    def pem(self) -> str:
        """The certificate and its chain, leaf first."""
        ...


CertificateSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | Certificate | x509.Certificate | WithChain"
"""The path of a file, PEM as text or bytes, DER, or a certificate: ours, one that a CA has issued, with its chain, or
one of the cryptography library.
"""

PublicKeySource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | PublicKey | Certificate | Csr"
"""The path of a file, PEM as text or bytes, DER, or a value: a public key is alone, in a certificate, or in a CSR."""

_PEM = "-----BEGIN"
_NAME = "configuration"
"""What a dictionary is called in messages."""


@takes
def load_configuration(
    configuration: ConfigurationSource, *, slot: Reference | None = None, keep_key: bool = False
) -> Configuration:
    """Read and check the configuration of a key and its CSR, once for any number of chips.

    :param configuration: path of a ``.jsn`` file, or a dictionary with the fields of such a file.
    :param slot: the slot for the key, instead of the slot in the configuration, which may be missing then.
    :param keep_key: the configuration is for an existing key, also in the slot ``first``.
    :raises ConfigurationError: with every mistake: the first as the message, the others as ``problems``.
    :raises TypeError: if an argument has a wrong type.
    """
    try:
        return _load(configuration, slot, first=keep_key)
    except ConfigurationError as error:
        if any(OWN_KEY in problem for problem in (error.message, *error.problems)):
            error.advise(naming("For a CSR of the key that it holds, give {keep_key=True}"))
        raise


def _load(configuration: ConfigurationSource, slot: Reference | None, *, first: bool) -> Configuration:
    """As :func:`load_configuration`.

    :param first: whether the slot may be ``first``.
    """
    name = None if slot is None else _name_slot(slot)
    if isinstance(configuration, Configuration):
        return configuration if name is None else with_slot(configuration, name, first=first)
    if isinstance(configuration, Mapping):
        return _parse_mapping(configuration, name, first=first)
    if isinstance(configuration, (str, os.PathLike)):
        return load_file(_path(configuration, "configuration", "a dictionary"), slot=name, first=first)
    raise TypeError(f"a configuration must be a path, a dictionary or a Configuration, not {_kind(configuration)}")


@takes
@in_turn
def csr(
    chip: Chip,
    configuration: ConfigurationSource,
    *,
    slot: Reference | None = None,
    keep_key: bool = False,
    public_key: PublicKeySource | None = None,
) -> Csr:
    """Generate a key pair on the chip and make a certificate signing request (CSR) for it. The old key in the slot is
    lost.

    With ``keep_key``, the existing key signs the CSR (also in the slot ``first``), and nothing on the chip changes.

    The slot ``first`` has Infineon's own key, and gets a new key only if its metadata allow it.

    Two exchanges, and one more if the CSR contains the chip's UID. Every error after the first exchange says which key
    is in the slot now.

    :param configuration: path of a ``.jsn`` file, a dictionary with the fields of such a file, or the result of
        :func:`load_configuration`.
    :param slot: the slot for the key, instead of the slot in the configuration.
    :param keep_key: use the existing key of the slot.
    :param public_key: public key of the existing key: the path of a file, PEM, DER, or a value with a public key; None
        for the public key of the slot's certificate. The signature of the CSR proves that it belongs to the key.
    :returns: the CSR with a verified signature: ``pem``, ``der``, ``filename``, ``public_key``.
    :raises ConfigurationError: if the configuration has mistakes, the chip's model does not support it, or the slot
        ``first`` is locked; the chip has not generated a key then.
    :raises ChipError: if the chip refuses.
    :raises CertificateError: if the signature does not fit the public key that the chip returned or that was given, or
        if the slot of an existing key has no certificate.
    :raises TypeError: if an argument has a wrong type.
    """
    if public_key is not None and not keep_key:
        raise ConfigurationError(
            naming("{public_key} is given, but a new key has its own public key"),
            hint=naming("Use it with {keep_key=True}"),
            reason=Reason.CONFLICT,
        )
    wanted = _load(configuration, slot, first=True)
    if not keep_key:
        if wanted.is_of_first_slot:
            check_first_slot(chip)
        return create_csr(chip, wanted)
    known = None if public_key is None else _take_public_key(public_key)
    if known is not None:
        check_kept_key(known, wanted)
    return create_csr_of_kept_key(chip, wanted, known)


@takes
@in_turn
def write_certificate(
    chip: Chip,
    source: CertificateSource | Iterable[CertificateSource],
    object: Reference = DEFAULT_SLOT,
    *,
    strict: bool = False,
    passphrase: str | bytes | None = None,
) -> WriteResult:
    """Write a certificate or chain to a chip, compare the written data, and have the chip prove that it has the key.

    Data that are already on the chip are not programmed again. A certificate for the slot's key that fits in one
    command takes at most six exchanges.

    :param source: path of a file, PEM as text or bytes, DER, PKCS #7, PKCS #12, a certificate, what ``issue`` of a CA
        returns, or a list of these. A chain in another order is sorted, with a note in ``warnings``.
    :param object: name of a slot, or the object for a certificate or trust anchor. For a slot, the certificate of
        another slot's key gives a warning; for an OID, the certificate of any key on the chip is right.
    :param strict: write only if the chip proves that the certificate belongs to the slot's key (for an OID: to one of
        its keys), and if the chain is valid.
    :param passphrase: passphrase of a PKCS #12 container.
    :returns: the result: ``key_match`` is True if the chip has signed with the certificate's key, and None for a trust
        anchor or if the key could not sign; ``warnings`` give the reason and other warnings.
    :raises ConfigurationError: if a file cannot be read, or the object is not for certificates.
    :raises CertificateError: if the source is not a certificate, does not fit in the object, or, with ``strict``, the
        chain is not valid or the chip does not prove the key.
    :raises ChipError: if the chip refuses, or the object has other data after writing.
    :raises TypeError: if an argument has a wrong type.
    """
    target = resolve(object, HOLDS_CERTIFICATE)
    content, name = _take_content(source)
    notes: tuple[str, ...] = ()
    if passphrase:
        secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
        content, notes = unlocked(content, name, Passphrase(secret))
    plan = plan_content(content, target, name, notes=notes)
    require_objects(chip, [target.oid])
    return execute_write(chip, plan, strict=strict)


@takes
def read_certificate(chip: Chip, object: Reference = DEFAULT_SLOT) -> Certificate:
    """Read the certificate in an object of a chip; the leaf of a chain. For the complete chain, use
    :func:`read_certificates`.
    """
    return read_certificates(chip, object)[0]


@takes
@in_turn
def read_certificates(chip: Chip, object: Reference = DEFAULT_SLOT) -> tuple[Certificate, ...]:
    """Read the certificates in an object of a chip: at least one, leaf first.

    :param object: name of a slot, or the object of a certificate or trust anchor.
    :raises ConfigurationError: if the object is not for certificates.
    :raises CertificateError: if the object has no certificate, or the certificate does not parse.
    :raises ChipError: if the chip refuses.
    :raises TypeError: if an argument has a wrong type.
    """
    target = resolve(object, HOLDS_CERTIFICATE)
    require_objects(chip, [target.oid])
    return tuple(read_stored_certificates(chip, target.oid, hint="Write one first", parse=Certificate.parse_leniently))


def _name_slot(slot: Reference) -> str:
    """A slot as the text of a configuration has it."""
    return slot if isinstance(slot, str) else resolve_slot(slot).name


def _parse_mapping(value: Mapping[str, Any], slot: str | None, *, first: bool) -> Configuration:
    """The configuration in a dictionary, which has no lines that a mistake could stand in."""
    try:
        text = json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{_NAME}: cannot be written as JSON: {error}") from None
    try:
        return parse_configuration(text, _NAME, slot=slot, first=first)
    except ConfigurationError as error:
        error.message = _without_line(error.message)
        error.problems = tuple(map(_without_line, error.problems))
        raise


def _without_line(problem: str) -> str:
    """A mistake in a dictionary, which has no line; that of the whole dictionary names it once."""
    return re.sub(rf"^{_NAME}:1: (?:{_NAME}: )?", f"{_NAME}: ", problem)


def _take_content(source: object) -> tuple[bytes, str]:
    """What a program gives, as the content of a file of certificates, and what to call it in messages."""
    if isinstance(source, Certificate):
        return source.der, "the certificate"
    if isinstance(source, WithChain):
        return source.pem.encode("ascii"), "the chain" if source.chain else "the certificate"
    if isinstance(source, str) and _PEM in source:
        return source.encode("utf-8", "surrogatepass"), "the PEM text"
    if isinstance(source, (str, os.PathLike)):
        path = _path(source, "certificate", "PEM (-----BEGIN CERTIFICATE-----), DER as bytes,")
        return read_input(path, "certificate", MAX_FILE_SIZE), str(path)
    if isinstance(source, (bytes, bytearray)):
        return bytes(source), "the given content"
    if isinstance(source, Iterable) and not isinstance(source, (Mapping, memoryview)):
        chain = [one.der for part in source for one in find_certificates(*_take_content(part)).certificates]
        if not chain:
            raise CertificateError(
                "the list of certificates is empty", hint="Give a certificate, or a chain with the leaf first"
            )
        return b"".join(chain), "the chain" if len(chain) > 1 else "the certificate"
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if isinstance(source, x509.Certificate):
        return source.public_bytes(Encoding.DER), "the certificate"
    raise TypeError(
        f"the source must be a path, PEM, DER, a certificate or a list of certificates, not {_kind(source)}"
    )


def _take_public_key(source: object) -> KnownKey:
    """The public key that a program gives, and what to call where it is from."""
    if isinstance(source, PublicKey):
        return KnownKey(source, "what was given")
    if isinstance(source, Certificate):
        return KnownKey(source.public_key, "the certificate that was given")
    if isinstance(source, Csr):
        return KnownKey(parse_public_key(source.der, "the CSR"), "the CSR that was given")
    if isinstance(source, str) and _PEM in source:
        return KnownKey(parse_public_key(source.encode("utf-8", "surrogatepass"), "the PEM text"), "the PEM text")
    if isinstance(source, (str, os.PathLike)):
        path = _path(source, "public key", "PEM (-----BEGIN PUBLIC KEY-----), DER as bytes,")
        return KnownKey(load_public_key(path), str(path))
    if isinstance(source, (bytes, bytearray)):
        return KnownKey(parse_public_key(bytes(source), "what was given"), "what was given")
    raise TypeError(f"a public key must be a path, PEM, DER, a PublicKey, a certificate or a CSR, not {_kind(source)}")


def _path(path: str | os.PathLike[str], what: str, instead: str) -> Path:
    """A path.

    :param what: what its file holds, for messages.
    :param instead: what else can be given.
    :raises TypeError: if it is one of bytes.
    :raises ConfigurationError: if it is a text that stands in such a file.
    """
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path must be text, not {_kind(text)}")
    check_path(text, what, instead)
    return Path(text)


def _kind(value: object) -> str:
    """What a value is; not what it holds, which may be long, or a secret."""
    return "None" if value is None else type(value).__name__
