"""The words for what is in a chip, each with what it means: slots, objects, metadata. For help and completion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KEY_USAGE_WORDS, LIFE_CYCLE_WORDS, ObjectType
from optiga.protocol.metadata import ACCESS_TAGS, FLUSH_WORDS, OWN_TAGS, Tag
from optiga.protocol.objects import OBJECTS, SLOTS, ObjectKind, format_oid

_CONDITIONS = ("always", "never", "conf", "int", "auto", "luc", "lcso", "lcsa", "lcsg", "sec_sta_a", "sec_sta_g")


class Named(NamedTuple):
    """A word for something.

    :param meaning: what it stands for; empty where the word says it.
    """

    word: str
    meaning: str = ""


def slot_names() -> Iterator[Named]:
    """The slots by their names."""
    for slot in SLOTS:
        key = f"key {format_oid(slot.key_oid)}"
        certificate = "" if slot.certificate_oid is None else f", certificate {format_oid(slot.certificate_oid)}"
        yield Named(slot.name, key + certificate)


def object_names(*kinds: str) -> Iterator[Named]:
    """The objects of a Trust M V3 by their identifiers; no sessions.

    :param kinds: those of these kinds alone, for example ``counter``; all without any.
    """
    for info in OBJECTS.values():
        if info.kind is not ObjectKind.SESSION and (not kinds or info.kind.value in kinds):
            yield Named(info.label, info.name)


def metadata_tags() -> dict[str, list[str]]:
    """The words that the value of a tag may begin with, by the tags that can be set; none where it is a number."""
    states = list(LIFE_CYCLE_WORDS)
    values = {
        Tag.LCSO: states,
        Tag.TYPE: [kind.name.lower() for kind in ObjectType],
        Tag.KEY_USAGE: list(KEY_USAGE_WORDS),
        Tag.RESET_TYPE: [*states, *FLUSH_WORDS],
        **{tag: list(_CONDITIONS) for tag in ACCESS_TAGS},
    }
    return {tag.name.lower(): values.get(tag, []) for tag in Tag if tag not in OWN_TAGS}


def key_usages() -> list[str]:
    """What a key may be for."""
    return list(KEY_USAGE_WORDS)


def algorithm_names() -> list[str]:
    """The algorithms of the keys that the chip makes, also for its host."""
    return [algorithm.title for algorithm in KeyAlgorithm]
