"""Gives an Infineon OPTIGA Trust chip its identity.

What a program imports::

    import optiga

    with optiga.open_chip("emulator") as chip:
        key = chip.generate_key("second", "secp256r1")
        signature = key.sign(b"hello")

Names are loaded when they are first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga._version import __version__
from optiga.errors import (
    BoardError,
    CertificateError,
    ChipError,
    CloudError,
    ConfigurationError,
    OptigaError,
)

if TYPE_CHECKING:
    from optiga.chip import Chip, Key, open_chip
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.protocol.codes import ErrorCode, KeyUsage, LifeCycleState
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.objects import ObjectRef
    from optiga.protocol.uid import Uid

__all__ = [
    "BoardError",
    "CertificateError",
    "Chip",
    "ChipError",
    "CloudError",
    "ConfigurationError",
    "ErrorCode",
    "Key",
    "KeyAlgorithm",
    "KeyUsage",
    "LifeCycleState",
    "Metadata",
    "ObjectRef",
    "OptigaError",
    "Uid",
    "__version__",
    "open_chip",
]

_HOMES = {
    "Chip": "optiga.chip",
    "Key": "optiga.chip",
    "open_chip": "optiga.chip",
    "KeyAlgorithm": "optiga.protocol.algorithms",
    "ErrorCode": "optiga.protocol.codes",
    "KeyUsage": "optiga.protocol.codes",
    "LifeCycleState": "optiga.protocol.codes",
    "Metadata": "optiga.protocol.metadata",
    "ObjectRef": "optiga.protocol.objects",
    "Uid": "optiga.protocol.uid",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'optiga' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
