"""Proving to the chip that one knows a secret, so that what depends on it can be done: the condition ``auto``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import ChipError, ConfigurationError
from optiga.personalize.files import read_input
from optiga.personalize.objects import find_info
from optiga.protocol.codes import CommandCode, ErrorCode, SymmetricMode
from optiga.protocol.objects import ObjectInfo, ObjectKind

if TYPE_CHECKING:
    from optiga.chip import Chip

_MAX_FILE = 1 << 12


class Authorization(NamedTuple):
    """A secret, and the object of the type authorization reference that holds it, too."""

    info: ObjectInfo
    secret: bytes


def load_authorizations(texts: Iterable[str]) -> list[Authorization]:
    """What texts of the form ``0xF1D0=FILE`` say, in their order.

    :raises ConfigurationError: if one is wrong, names no data object, or its file cannot be read or is empty.
    """
    return [_load(text) for text in texts]


def _load(text: str) -> Authorization:
    oid, sign, path = text.partition("=")
    if not sign or not path:
        raise ConfigurationError(
            f"--authorize {text!r} is not of the form OID=FILE", hint="For example --authorize 0xF1D0=secret.bin"
        )
    info = find_info(oid)
    if info.kind is not ObjectKind.DATA:
        raise ConfigurationError(
            f"{info.label} ({info.name}) holds no authorization reference",
            hint="A data object does, such as 0xF1D0",
            oid=info.oid,
        )
    secret = read_input(Path(path), "secret", _MAX_FILE)
    if not secret:
        raise ConfigurationError(f"the secret {path} is empty", oid=info.oid)
    return Authorization(info, secret)


def authorize(chip: Chip, authorizations: Iterable[Authorization]) -> None:
    """Have ``auto`` hold for each of them until the chip's application ends. Two exchanges each.

    :raises ConfigurationError: if the chip's model does not have it.
    :raises ChipError: if the secret is another than the chip's, or it has none there.
    """
    for info, secret in authorizations:
        chip.require(CommandCode.DECRYPT_SYM, SymmetricMode.HMAC_SHA256)
        try:
            chip.toolbox.authorize(info.oid, secret)
        except ChipError as error:
            if error.code == ErrorCode.AUTHORIZATION_FAILURE:
                error.hint = f"Is the file the secret that {info.label} holds?"
            elif error.code == ErrorCode.INVALID_OID:
                error.hint = f"{info.label} is no authorization reference: its metadata type says what it is"
            raise
