"""PKCS #12 containers (RFC 7292), with or without a passphrase."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.files.passphrases import Passphrase, check_hint
from optiga.files.shown import file_in_command
from optiga.pki.lenient import only, parts_of
from optiga.pki.x509_errors import no_warnings
from optiga.protocol import der

_OPENSSL = "openssl pkcs12 -nokeys -in {} -out certificates.pem"


Unlock: TypeAlias = Callable[[str], "Passphrase | None"]
"""Finds the passphrase of a container, whose name it is given; asked only where one is needed."""


class Contents(NamedTuple):
    """What a container holds.

    :param key: a private key, as the cryptography library has it; None if there is none.
    :param certificates: each in DER; that of the key first.
    """

    key: object
    certificates: tuple[bytes, ...]


def is_pkcs12(data: bytes) -> bool:
    """Whether data are a container: a SEQUENCE of the number 3 and ContentInfo (RFC 7292, 4)."""
    try:
        parts = list(parts_of(only(data).content))
    except ValueError:
        return False
    return [part.tag for part in parts[:2]] == [der.INTEGER, der.SEQUENCE] and parts[0].content == b"\x03"


def needs_passphrase(data: bytes) -> bool:
    """Whether a container needs a passphrase."""
    try:
        open_pkcs12(data, "")
    except ConfigurationError as error:
        return error.reason is Reason.MISSING
    except CertificateError:
        return False
    return False


def key_of_pkcs12(data: bytes, passphrase: bytes | None) -> object:
    """The private key in a container.

    :raises ValueError: if there is none, it is damaged, or the passphrase is another.
    """
    try:
        key = open_pkcs12(data, "", Passphrase(passphrase) if passphrase else None).key
    except (CertificateError, ConfigurationError) as error:
        raise ValueError(error.message) from None
    if key is None:
        raise ValueError("the container holds no private key")
    return key


def open_pkcs12(data: bytes, name: str, passphrase: Passphrase | None = None) -> Contents:
    """What is in a container.

    One that opens without a passphrase, or with an empty one, needs none.

    :param name: what to call it in messages.
    :raises CertificateError: if it is damaged.
    :raises ConfigurationError: if it needs a passphrase, or another one.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    is_locked = False
    for candidate in (None, b"", *(passphrase.candidates if passphrase else ())):
        try:
            with no_warnings():
                found = pkcs12.load_pkcs12(data, candidate)
        except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError) as error:
            is_locked |= "password" in str(error).lower()
            continue
        held = [one.certificate for one in (found.cert, *found.additional_certs) if one is not None]
        return Contents(found.key, tuple(one.public_bytes(Encoding.DER) for one in held))
    if not is_locked:
        raise CertificateError(
            f"the PKCS #12 container in {name} does not parse",
            hint=f"Extract the certificates: {_OPENSSL.format(file_in_command(name))}",
            reason=Reason.DAMAGED,
        )
    if passphrase is None:
        raise ConfigurationError(
            f"the PKCS #12 container in {name} needs a passphrase",
            hint=naming(
                "Give {file_passphrase}. Or extract the certificates: {openssl}",
                openssl=_OPENSSL.format(file_in_command(name)),
            ),
            reason=Reason.MISSING,
        )
    if passphrase.problem:
        passphrase.for_new()
    raise ConfigurationError(
        f"the passphrase does not open the PKCS #12 container in {name}",
        hint=check_hint(passphrase),
        reason=Reason.MISMATCH,
    )
