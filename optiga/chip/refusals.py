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
from optiga.protocol.conditions import NEVER, Condition, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import PLATFORM_BINDING_SECRET, format_oid
from optiga.protocol.rules.access import evaluate, evaluate_simple
from optiga.protocol.rules.known import Known, access_now

if TYPE_CHECKING:
    from optiga.chip.commands.base import Command


def explain_refusal(
    error: ChipError,
    oid: int,
    metadata: Metadata,
    refused: tuple[Command[Any], str] | None,
    authorized: Container[int],
    *,
    shielded: bool | None,
) -> None:
    """Have a refusal say why its object cannot be read, changed or used, and what helps.

    :param metadata: the object's.
    :param refused: the command that the chip has refused, and the part of the error's hint that is about its code.
    :param authorized: objects whose secrets have been proven to the chip.
    :param shielded: whether the connection is shielded; None where nobody knows.
    """
    command, hint = refused or (None, "")
    if (found := find_unusable(oid, metadata)) is not None:
        explain_unusable(error, found, hint)
    elif command is not None and command.target == oid:
        _name_condition(error, metadata, command, hint, Known(authorized=authorized, integrity=(), shielded=shielded))


def _name_condition(error: ChipError, metadata: Metadata, command: Command[Any], hint: str, known: Known) -> None:
    if not command.condition or error.code != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
        return
    tag = Tag[command.condition.upper()]
    if evaluate(access_now(metadata, tag), known) is True:
        return  # the refusal has another cause
    words = metadata.in_words().get(command.condition, "")
    state = f", and its life cycle state is {life_cycle_word(metadata.state)}" * ("lcso" in words)
    stands = f"'{words}'" if words else "absent, which means never"
    told = f"The {command.condition} access condition of {format_oid(command.target or 0)} is {stands}{state}"
    if error.hint == hint and DENIES in hint:
        error.hint = ""
    error.advise(naming("{told}{advice}", told=told, advice=_advice(metadata, tag, known)))


def _advice(metadata: Metadata, tag: Tag, known: Known) -> str:
    """What fulfils the condition, as the rest of a text; empty if nothing does."""
    condition = access_now(metadata, tag)
    if condition == NEVER:
        return ""
    text = naming("")
    for number, alternative in enumerate(condition.alternatives):
        needs = naming("")
        for simple in alternative:
            if evaluate_simple(simple, known) is not True:
                needs = naming("{needs}{and_}{need}", needs=needs, and_=" and " * bool(needs), need=_need(simple, tag))
        text = naming("{text}{or_}{needs}", text=text, or_=", or " if number else ". It needs ", needs=needs)
    return text


def _need(simple: SimpleCondition, tag: Tag) -> str:
    """What fulfils one simple condition, as an object of "needs"."""
    named = format_oid(simple.value)
    if simple.kind is Condition.AUTHORIZATION:
        return naming("proof of the secret in {named} ({authorize})", named=named)
    is_shielding = simple.kind in (Condition.CONFIDENTIALITY, Condition.INTEGRITY)
    if is_shielding and simple.value == PLATFORM_BINDING_SECRET:
        return f"a shielded connection with the secret in {named}"
    if simple.kind is Condition.CONFIDENTIALITY:
        binding = format_oid(PLATFORM_BINDING_SECRET)
        return f"a connection shielded with the secret in {named}, but every one has the secret in {binding}"
    if simple.kind is Condition.INTEGRITY and tag is Tag.CHANGE:
        return f"a protected update that {named} verifies"
    if simple.kind is Condition.LINKED_COUNTER:
        return f"uses left of the counter in {named}"
    return str(simple)
