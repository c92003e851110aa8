"""Whether a chip would let an object be changed or used, found in its metadata before it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, naming
from optiga.objects.addressing import ADMINISTERED, resolve
from optiga.objects.counters import read_counter
from optiga.protocol.codes import life_cycle_word
from optiga.protocol.conditions import NEVER, Condition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import format_oid
from optiga.protocol.rules.access import evaluate
from optiga.protocol.rules.known import Known, access_now

if TYPE_CHECKING:
    from optiga.chip import Chip

_UNSHIELDED = Known(shielded=False)
_ALL_COUNTED_OUT = Known(uses=lambda _: False)
_ANOTHER = "Use another slot or object"
_VERBS = {Tag.CHANGE: "written", Tag.EXECUTE: "used", Tag.READ: "read"}


def check_access(chip: Chip, oid: int, *tags: Tag, uses: int = 1) -> Metadata:
    """Refuse an object that the chip would not let plain commands change or use. One exchange, and those of
    :func:`check_counted`.

    What has been authorized counts, and that the connection is shielded. Conditions that may hold or not (that it is
    not, as far as the host knows; the state of the chip) are left to the chip.

    :param tags: :attr:`Tag.CHANGE`, :attr:`Tag.EXECUTE`, or both.
    :param uses: how often it is going to be done.
    :returns: the object's metadata.
    :raises ConfigurationError: if it would not.
    :raises ChipError: if the chip does not have the object.
    """
    metadata = chip.objects.metadata(oid)
    for tag in tags:
        if evaluate(access_now(metadata, tag), _known(chip)) is False:
            raise _refused(oid, metadata, tag, _advice(chip, metadata, tag))
        check_counted(chip, oid, metadata, tag, uses=uses)
    return metadata


def check_counted(chip: Chip, oid: int, metadata: Metadata, tag: Tag, *, uses: int) -> None:
    """Refuse an object that a counter does not let be changed, read or used so often. One exchange for each counter.

    :param metadata: the object's.
    :param uses: how often it is going to be done.
    :raises ConfigurationError: if there is no other way than one that is counted, and too few are left.
    """

    def has_uses(counter: int) -> bool:
        return read_counter(chip, resolve(counter, ADMINISTERED).info).left >= uses

    condition = access_now(metadata, tag)
    is_limited = condition != NEVER and evaluate(condition, _ALL_COUNTED_OUT) is False  # else no counter need be read
    if is_limited and evaluate(condition, Known(uses=has_uses)) is False:
        counters = {simple.value for simple in condition if simple.kind is Condition.LINKED_COUNTER}
        names = ", ".join(map(format_oid, sorted(counters)))
        raise _refused(
            oid,
            metadata,
            tag,
            naming(
                "The counter {names} must have at least {uses} uses left. To set it, use {counters.write_counter}",
                names=names,
                uses=uses,
            ),
        )


def _known(chip: Chip) -> Known:
    """What is known of a chip's conditions: that a connection is not shielded counts as not known."""
    return Known(authorized=chip.authorized, integrity=(), shielded=chip.is_shielded or None)


def needs_shielding(metadata: Metadata, tag: Tag) -> bool:
    """Whether an object can be changed, read or used over a shielded connection only.

    :param metadata: the object's.
    """
    condition = access_now(metadata, tag)
    return condition != NEVER and evaluate(condition, _UNSHIELDED) is False


def find_lack(chip: Chip, oid: int, metadata: Metadata, tag: Tag) -> ConfigurationError | None:
    """What is said of an object that the chip has refused to use, where a better connection would help; else None.

    :param metadata: the object's.
    """
    advice = _proof_of_secrets(chip, metadata, tag)
    if not advice and chip.is_shielded and evaluate(access_now(metadata, tag), _known(chip)) is False:
        advice = _ANOTHER
    elif not advice and not chip.is_shielded and needs_shielding(metadata, tag):
        advice = "Use a shielded connection between board and chip"
    return _refused(oid, metadata, tag, advice) if advice else None


def _advice(chip: Chip, metadata: Metadata, tag: Tag) -> str:
    """What to do about a condition that does not hold: prove what it asks for, if that is a secret."""
    if proof := _proof_of_secrets(chip, metadata, tag):
        return naming("{proof}, or use another slot or object", proof=proof)
    return _ANOTHER


def _proof_of_secrets(chip: Chip, metadata: Metadata, tag: Tag) -> str:
    """How to prove the secrets that a condition asks for and nobody has proven; empty if there are none."""
    condition = access_now(metadata, tag)
    asked = {simple.value for simple in condition if simple.kind is Condition.AUTHORIZATION}
    secrets = ", ".join(map(format_oid, sorted(asked - chip.authorized)))
    if not secrets:
        return ""
    is_shielded = any(simple.kind is Condition.CONFIDENTIALITY for simple in condition)
    way = " over a shielded connection" if is_shielded and not chip.is_shielded else ""
    return naming("{told} ({authorize})", told=f"Prove that you have the secret of {secrets}{way}")


def _refused(oid: int, metadata: Metadata, tag: Tag, advice: str) -> ConfigurationError:
    name = tag.name.lower()
    stands = metadata.in_words().get(name, "absent, which is never")
    state = f", and its life cycle state is {life_cycle_word(metadata.state)}" * ("lcso" in stands)
    return ConfigurationError(
        f"{format_oid(oid)} cannot be {_VERBS[tag]}: the metadata condition is {name}: {stands}{state}",
        hint=naming("{advice}; nothing was changed", advice=advice),
        oid=oid,
        reason=Reason.DENIED,
    )
