"""Proving to the chip that one knows a secret, so that what depends on it can be done: the condition ``auto``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import ChipError, ConfigurationError
from optiga.files.hex_text import is_digits
from optiga.files.opening import about_its, too_large
from optiga.files.secrets import read_secret
from optiga.objects.addressing import AUTHORIZATION_REFERENCE, resolve
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.objects import ObjectInfo, Reference
from optiga.protocol.symmetric import SymmetricMode

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.chip import Chip

_MAX_FILE = 1 << 12


class Authorization(NamedTuple):
    """A secret, and the object of the type authorization reference that holds it, too.

    :param warnings: what the owner of the secret's file should know, one sentence each.
    """

    info: ObjectInfo
    secret: bytes
    warnings: tuple[str, ...] = ()


@about_its("path")
def load_authorization(oid: Reference, path: Path) -> Authorization:
    """The secret in a file, for an object that people name.

    :raises ConfigurationError: if that is no data object, or the file cannot be read or believed, or is empty.
    """
    info = resolve(oid, AUTHORIZATION_REFERENCE).info
    file = read_secret(path, "secret", _MAX_FILE, room=info.room)
    if not file.data:
        raise ConfigurationError(f"the secret {path} is empty", oid=info.oid)
    if len(file.data) > info.size:
        raise too_large(f"the secret {path}", info.size, info.room)
    return Authorization(info, file.data, file.warnings)


def authorize(chip: Chip, authorizations: Iterable[Authorization]) -> None:
    """Have ``auto`` hold for each of them until the chip's application ends. Two exchanges each.

    :raises ConfigurationError: if the chip's model does not have it.
    :raises ChipError: if the secret is another than the chip's, or it has none there.
    """
    for info, secret, _ in authorizations:
        chip.require(CommandCode.DECRYPT_SYM, SymmetricMode.HMAC_SHA256)
        try:
            chip.crypto.authorize(info.oid, secret)
        except ChipError as error:
            error.parameter = "authorize"
            if error.code == ErrorCode.AUTHORIZATION_FAILURE:
                error.hint = f"Check that the file holds the secret of {info.label}"
                if is_digits(secret):
                    error.hint = "The file has hex digits: convert it to bytes, for example with xxd -r -p"
            elif error.code == ErrorCode.INVALID_OID:
                error.hint = f"{info.label} is not an authorization reference, as the type in its metadata shows"
            raise
        chip.authorized.add(info.oid)
