"""The words for what is in a chip, each with what it means: slots, objects, metadata. For help and completion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from optiga.protocol.algorithms import ALGORITHM_NAMES, KeyAlgorithm
from optiga.protocol.codes import KEY_USAGE_WORDS, LIFE_CYCLE_WORDS, ObjectType
from optiga.protocol.conditions import COMPARISON_WORDS
from optiga.protocol.metadata import ACCESS_TAGS, FLUSH_WORDS, OWN_TAGS, Tag
from optiga.protocol.objects import INFINEON_CERTIFICATE, INFINEON_KEY, OBJECTS, SLOTS, ObjectKind, format_oid

_CONDITIONS = ("always", "never", "conf", "int", "auto", "luc", "lcso", "lcsa", "lcsg", "sec_sta_a", "sec_sta_g")
NEEDS_MORE = frozenset((*_CONDITIONS, *COMPARISON_WORDS)) - {"always", "never"}
"""Words of access conditions that something must follow."""
_WORDS = re.compile(r"&&|\|\||==|[<>]|\w+|\S")


class Named(NamedTuple):
    """A word for something.

    :param meaning: what it stands for; empty where the word says it.
    """

    word: str
    meaning: str = ""


def slot_names(*, has_certificate: bool = False, is_rsa: bool | None = None, is_own: bool = False) -> Iterator[Named]:
    """The slots by their names.

    :param has_certificate: only those with an object for their certificate.
    :param is_rsa: only those for RSA keys, or only others; None for both.
    :param is_own: without that of Infineon.
    """
    for slot in SLOTS:
        is_for_rsa = OBJECTS[slot.key_oid].kind is ObjectKind.RSA_KEY
        if (has_certificate and slot.certificate_oid is None) or (is_own and slot.key_oid == INFINEON_KEY):
            continue
        if is_rsa is not None and is_rsa is not is_for_rsa:
            continue
        key = f"key {format_oid(slot.key_oid)}"
        certificate = "" if slot.certificate_oid is None else f", certificate {format_oid(slot.certificate_oid)}"
        yield Named(slot.name, key + certificate)


def object_names(*kinds: str, is_own: bool = False) -> Iterator[Named]:
    """The objects of a Trust M V3 by their identifiers; no sessions.

    :param kinds: those of these kinds alone, for example ``counter``; all without any.
    :param is_own: without key and certificate of Infineon.
    """
    for info in OBJECTS.values():
        if is_own and info.oid in (INFINEON_KEY, INFINEON_CERTIFICATE):
            continue
        if info.kind is not ObjectKind.SESSION and (not kinds or info.kind.value in kinds):
            yield Named(info.label, info.name)


def metadata_tags() -> list[str]:
    """The tags that can be set."""
    return [tag.name.lower() for tag in Tag if tag not in OWN_TAGS]


def metadata_words(tag: str, before: str) -> list[str]:
    """The words that the value of a tag may go on with; none where it is a number.

    :param tag: by its name.
    :param before: the value up to the word that is wanted.
    """
    states = list(LIFE_CYCLE_WORDS)
    last = _WORDS.findall(before.lower())[-1:]
    if tag.upper() in (each.name for each in ACCESS_TAGS):
        return _words_of_condition(last[0] if last else "")
    flags = {"key_usage": list(KEY_USAGE_WORDS), "reset_type": [*states, *FLUSH_WORDS]}
    single = {"lcso": states, "type": [kind.name.lower() for kind in ObjectType]}
    return flags.get(tag, []) if last == [","] else [] if last else {**single, **flags}.get(tag, [])


def _words_of_condition(last: str) -> list[str]:
    """What may stand in an access condition behind some word, or as the first."""
    if last in ("", "&&", "||", "and", "or"):
        return list(_CONDITIONS)
    if last in COMPARISON_WORDS:
        return list(LIFE_CYCLE_WORDS)
    if last in ("lcso", "lcsa", "lcsg"):
        return list(COMPARISON_WORDS)
    kinds = {"conf": (), "int": (), "auto": ("data",), "luc": ("counter",)}
    return [name.word for name in object_names(*kinds[last])] if last in kinds else []


def key_usages() -> list[str]:
    """What a key may be for."""
    return list(KEY_USAGE_WORDS)


def algorithm_other_names() -> dict[str, str]:
    """Every name of an algorithm, without dashes, and the name that it has in configurations."""
    return dict(ALGORITHM_NAMES)


def algorithm_names() -> list[str]:
    """The algorithms of the keys that the chip makes, also for its host."""
    return [algorithm.title for algorithm in KeyAlgorithm]
