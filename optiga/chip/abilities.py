"""What a chip's model does not have is refused here, by name, before the chip is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.protocol.models import MODELS, Lack, find_model, is_everywhere
from optiga.protocol.objects import OBJECTS, format_oid

if TYPE_CHECKING:
    from optiga.chip.chip import Chip
    from optiga.protocol.codes import CommandCode
    from optiga.protocol.objects import ObjectInfo


def require(chip: Chip, code: CommandCode, param: int | None = None, oid: int | None = None) -> None:
    """Make sure that the chip's model has a command, a value of its Param field, and an object.

    No exchange where every model has them; otherwise the UID is read, once for a chip. A chip of a model that is not
    known is left to judge for itself.

    :raises ConfigurationError: if its model does not have them.
    :raises ChipError: if the chip does not tell its UID.
    """
    if is_everywhere(code, param, oid):
        return
    model = find_model(chip.uid.firmware_build)
    if model is None:
        return
    try:
        model.check(code, param, oid)
    except Lack as lack:
        raise ConfigurationError(
            f"the chip is an {model.title}, which has no {lack.what}",
            hint=f"It has {lack.instead}" if lack.instead else "Take another model",
            oid=oid,
        ) from None


def objects_of(chip: Chip) -> Mapping[int, ObjectInfo]:
    """Every object of the chip's model by its identifier; those of Trust M V3 where the model is not known.

    One exchange for the UID, once for a chip.
    """
    model = find_model(chip.uid.firmware_build)
    return OBJECTS if model is None else model.objects


def require_room(chip: Chip, oid: int, size: int) -> None:
    """Make sure that an object of the chip has room for data, as far as that is known.

    No exchange where all models have room, or none; otherwise the UID is read, once for a chip.

    :param size: bytes from the object's beginning to the data's end.
    :raises ConfigurationError: if it has not.
    """
    sizes = [model.objects[oid].size or size for model in MODELS if oid in model.objects]
    if not sizes or size <= min(sizes):
        return
    room = max(sizes)
    if size <= room:
        info = objects_of(chip).get(oid)
        room = info.size or size if info is not None else size
    if size > room:
        raise ConfigurationError(
            f"{format_oid(oid)} has room for {room} bytes, not for {size}", hint="Nothing has been written", oid=oid
        )
