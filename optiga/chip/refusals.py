"""What an object's metadata tell of a refusal: the access condition that the command needs, and what fulfils it.

SRM, "Access Conditions (ACs)".
"""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from optiga.chip.commands.base import DENIES
from optiga.chip.unusable import explain_unusable, find_unusable
from optiga.errors import ChipError, naming
from optiga.protocol.codes import CommandCode, ErrorCode, life_cycle_word
from optiga.protocol.commands.get_data_object import PARAM_DATA
from optiga.protocol.commands.set_data_object import PARAM_COUNT, PARAM_METADATA
from optiga.protocol.conditions import Condition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import INFINEON_CERTIFICATE, OBJECTS, format_oid
from optiga.protocol.rules.access import evaluate
from optiga.protocol.rules.known import Known, access_now

if TYPE_CHECKING:
    from optiga.chip.commands.base import Command

_TAGS = {CommandCode.GEN_KEY_PAIR: Tag.CHANGE, CommandCode.GEN_SYM_KEY: Tag.CHANGE, CommandCode.CALC_HASH: Tag.READ}
"""The condition that a command needs; all others, but for those that read and write data, use their object."""


def explain_refusal(
    error: ChipError,
    oid: int,
    metadata: Metadata,
    refused: tuple[Command[Any], str] | None,
    *,
    authorized: Container[int],
) -> None:
    """Have a refusal say why its object cannot be read, changed or used, and what helps.

    :param metadata: the object's.
    :param refused: the command that the chip has refused, and the part of the error's hint that is about its code.
    :param authorized: objects whose secrets have been proven to the chip.
    """
    command, hint = refused or (None, "")
    if (found := find_unusable(oid, metadata)) is not None:
        explain_unusable(error, found, hint)
    elif command is not None and command.target == oid:
        _name_condition(error, metadata, command, hint, authorized)


def _name_condition(
    error: ChipError, metadata: Metadata, command: Command[Any], hint: str, authorized: Container[int]
) -> None:
    tag = _needed(command)
    if tag is None or error.code != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
        return
    if evaluate(access_now(metadata, tag), Known(authorized=authorized, integrity=())) is True:
        return  # the refusal has another cause
    name = tag.name.lower()
    words = metadata.in_words().get(name, "")
    state = f", and its life cycle state is {life_cycle_word(metadata.state)}" * ("lcso" in words)
    stands = f"'{words}'" if words else "absent, which means never"
    told = f"The {name} access condition of {format_oid(command.target or 0)} is {stands}{state}"
    if error.hint == hint and DENIES in hint:
        error.hint = ""
    error.advise(naming("{told}{advice}", told=told, advice=_advice(metadata, tag, authorized)))


def _needed(command: Command[Any]) -> Tag | None:
    """The access condition that a command needs; None if the chip does not ask for one, or another rule comes first."""
    oid = command.target
    if command.code == CommandCode.SET_OBJECT_PROTECTED or oid is None:
        return None
    if command.code == CommandCode.GET_DATA_OBJECT:
        info = OBJECTS.get(oid)
        is_private = info is not None and info.kind.is_key
        return Tag.READ if command.param == PARAM_DATA and not is_private else None
    if command.code == CommandCode.SET_DATA_OBJECT:
        if command.param == PARAM_METADATA or oid == INFINEON_CERTIFICATE:
            return None
        return Tag.EXECUTE if command.param == PARAM_COUNT else Tag.CHANGE
    return _TAGS.get(command.code, Tag.EXECUTE)


def _advice(metadata: Metadata, tag: Tag, authorized: Container[int]) -> str:
    """What fulfils the condition, as the rest of a text; empty if nothing that is known here does."""
    condition = access_now(metadata, tag)

    def named(kind: Condition) -> str:
        found = {simple.value for simple in condition if simple.kind is kind}
        return ", ".join(map(format_oid, sorted(oid for oid in found if oid not in authorized)))

    ways = []
    if secrets := named(Condition.AUTHORIZATION):
        ways.append(naming("Prove that you have the secret of {secrets} ({authorize})", secrets=secrets))
    if named(Condition.CONFIDENTIALITY):
        ways.append(naming("Use a shielded connection between board and chip"))
    if tag is Tag.CHANGE and (anchors := named(Condition.INTEGRITY)):
        ways.append(naming("A protected update that {anchors} verifies can change it", anchors=anchors))
    if counters := named(Condition.LINKED_COUNTER):
        ways.append(naming("The counter {counters} may have reached its threshold", counters=counters))
    text = naming("")
    for way in ways:
        text = naming("{text}. {way}", text=text, way=way)
    return text
