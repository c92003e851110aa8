"""What a chip's model does not have is refused here, by name, before the chip is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from optiga.chip.commands.get_data_object import GetMetadata
from optiga.errors import ChipError, ConfigurationError, Reason
from optiga.protocol.codes import CommandCode, ErrorCode, ObjectType
from optiga.protocol.conditions import AccessCondition
from optiga.protocol.metadata import tag_word
from optiga.protocol.models import MARKED_OBJECT, MODELS, TRUST_M_V3, Lack, find_configuration, find_model
from optiga.protocol.objects import OBJECTS, format_oid
from optiga.protocol.rules.values import Problem, check_model

if TYPE_CHECKING:
    from optiga.chip.session import Session
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.models import Model
    from optiga.protocol.objects import ObjectInfo

_NOT_TOLD = (ErrorCode.INVALID_OID, ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)


def require(chip: Session, code: CommandCode, param: int | None = None, oid: int | None = None) -> None:
    """Make sure that the chip's model has a command, a value of its Param field, and an object.

    No exchange where every model has them; otherwise the UID is read, once for a chip. A chip of a model that is not
    known is left to judge for itself.

    :raises ConfigurationError: if its model does not have them.
    :raises ChipError: if the chip does not tell its UID.
    """
    _require(chip, lambda model: model.lack(code, param, oid), oid)


def require_objects(chip: Session, oids: Iterable[int]) -> None:
    """Make sure that the chip's model has objects; otherwise as :func:`require`."""
    for oid in oids:
        require(chip, CommandCode.GET_DATA_OBJECT, oid=oid)


def require_metadata(chip: Session, changes: Metadata, oid: int) -> None:
    """Make sure that the chip's model has the tags of metadata, and what they say; otherwise as :func:`require`.

    :param oid: the object that they are for.
    """
    _require(chip, lambda model: _lack_of_metadata(model, changes), oid)


def require_stored_random(chip: Session, session: int) -> None:
    """Make sure that the chip's model keeps random bytes in a session; otherwise as :func:`require`."""
    _require(chip, lambda model: None if model.stores_random else Lack("random bytes in sessions"), session)


def _require(chip: Session, lack_of: Callable[[Model], Lack | None], oid: int | None) -> None:
    """Make sure that the chip's model lacks nothing; nobody need ask which it is if no model does."""
    if all(lack_of(model) is None for model in MODELS):
        return
    model = find_model(chip.uid.firmware_build)
    lack = None if model is None else lack_of(model)
    if model is not None and lack is not None:
        raise ConfigurationError(
            f"the chip is an {model.title}, which does not support {lack.what}",
            hint=f"This model has {lack.instead}" if lack.instead else "Use another model",
            oid=oid,
            reason=Reason.UNSUPPORTED,
        )


def _lack_of_metadata(model: Model, metadata: Metadata) -> Lack | None:
    """The first tag, type or condition that a model does not have; what no model has is left for the chip to judge."""
    for tag, value in metadata.items():
        problem = check_model(model, tag, value)
        if problem is Problem.LACKS_TAG:
            return Lack(f"metadata tag {tag_word(tag)}")
        if problem is Problem.LACKS_TYPE:
            return Lack(f"type {ObjectType(value[-1]).name.lower()}")
        if problem is Problem.LACKS_CONDITION:
            condition = AccessCondition.parse(value)
            return Lack(f"condition {next(simple.word for simple in condition if simple.kind not in model.conditions)}")
    return None


def model_of(chip: Session) -> Model | None:
    """The chip's model, or the configuration of one; None where its firmware is not known.

    One exchange for the UID, once for a chip, and one more where the firmware is that of several.
    """
    model = find_model(chip.uid.firmware_build)
    if model is not TRUST_M_V3:
        return model
    try:
        marked = chip.execute(GetMetadata(MARKED_OBJECT))
    except ChipError as error:
        if error.code in _NOT_TOLD:
            return model
        raise
    return find_configuration(marked) or model


def objects_of(chip: Session) -> Mapping[int, ObjectInfo]:
    """Every object of the chip's model by its identifier; those of Trust M V3 where the model is not known.

    One exchange for the UID, once for a chip.
    """
    model = find_model(chip.uid.firmware_build)
    return OBJECTS if model is None else model.objects


def require_room(chip: Session, oid: int, size: int) -> None:
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
            f"{format_oid(oid)} has room for {room} bytes, not for {size}",
            hint="Nothing has been written",
            oid=oid,
            reason=Reason.TOO_LARGE,
        )
