"""What a key can no longer do after a change of its metadata: no data are lost, but a device may be useless."""

from __future__ import annotations

from optiga.protocol.codes import KeyUsage
from optiga.protocol.conditions import NEVER
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import format_oid
from optiga.protocol.rules.known import access_now


def lost_uses(oid: int, before: Metadata, changes: Metadata) -> list[str]:
    """What the key in an object could be used for, and can no longer.

    :param before: the object's metadata as they are; where there is no key, nothing is lost.
    :param changes: the tags that are to have other values.
    :returns: one sentence, without the full stop; empty if nothing is lost.
    """
    algorithm = before.algorithm
    could = _uses(before)
    lost = KeyUsage(could & ~_uses(before.with_tags(dict(changes.items()))))
    if algorithm is None or not lost:
        return []
    words = " or ".join(word.replace("_", " ") for word in lost.words)
    rest = "" if could & ~lost else ": no use remains"
    return [f"the {algorithm.title} key in {format_oid(oid)} can no longer be used for {words}{rest}"]


def _uses(metadata: Metadata) -> KeyUsage:
    """The usages that a key has and its access condition does not forbid for good."""
    if metadata.algorithm is None or access_now(metadata, Tag.EXECUTE) == NEVER:
        return KeyUsage(0)
    return KeyUsage(metadata.key_usage & metadata.algorithm.usages)
