"""What an object's metadata tell of a refusal: the access condition that the command needs, and what fulfils it.

SRM, "Access Conditions (ACs)".
"""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from optiga.chip.commands.base import DENIES
from optiga.chip.unusable import explain_unusable, find_unusable
from optiga.errors import ChipError, naming
from optiga.protocol.codes import ErrorCode, life_cycle_word
from optiga.protocol.conditions import Condition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import format_oid
from optiga.protocol.rules.access import evaluate
from optiga.protocol.rules.known import Known, access_now

if TYPE_CHECKING:
    from optiga.chip.commands.base import Command


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
    if not command.condition or error.code != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
        return
    tag = Tag[command.condition.upper()]
    if evaluate(access_now(metadata, tag), Known(authorized=authorized, integrity=())) is True:
        return  # the refusal has another cause
    words = metadata.in_words().get(command.condition, "")
    state = f", and its life cycle state is {life_cycle_word(metadata.state)}" * ("lcso" in words)
    stands = f"'{words}'" if words else "absent, which means never"
    told = f"The {command.condition} access condition of {format_oid(command.target or 0)} is {stands}{state}"
    if error.hint == hint and DENIES in hint:
        error.hint = ""
    error.advise(naming("{told}{advice}", told=told, advice=_advice(metadata, tag, authorized)))


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
