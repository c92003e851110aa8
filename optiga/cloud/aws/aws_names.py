"""What AWS IoT accepts as a name, before it is asked (AWS IoT API Reference, data types)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.placeholders import UID_FIELD, find_wrong_field, warnings_about_fields
from optiga.pki.names import with_sample_uid

SAMPLE_THING = "my_thing"
"""The thing of the predecessor's sample configurations, which is everybody's."""
MAX_NAME = 128
MAX_VALUE = 800
"""Most characters of an attribute's value."""
MAX_ATTRIBUTES = {False: 3, True: 50}
"""Most attributes of a thing, without and with a type."""

_THING = r"[a-zA-Z0-9:_-]+"
_TEMPLATE = r"[0-9A-Za-z_-]+"
_LONGEST = {"provisioning template": 36}
_PATTERNS = {
    "provisioning template": _TEMPLATE,
    "thing": _THING,
    "thing type": _THING,
    "thing group": _THING,
    "billing group": _THING,
    "policy": r"[\w+=,.@-]+",
}
_CHARACTERS = {
    _TEMPLATE: "letters, digits and _ -",
    _THING: "letters, digits and : _ -",
    r"[\w+=,.@-]+": "letters, digits and _ + = , . @ -",
}
_OF_EACH_CHIP = ("thing", "policy")
"""What each chip may have its own of; the others must be there before the chip is."""
_ATTRIBUTE = r"[a-zA-Z0-9_.,@/:#-]+"
_VALUE = r"[a-zA-Z0-9_.,@/:#=\[\]-]*"


def check_region(name: str) -> None:
    """Refuse what cannot be a region's name: it is a part of the name of AWS's hosts (RFC 1123, 2.1).

    :raises ConfigurationError: if it cannot.
    """
    if not re.fullmatch(r"(?![0-9]+$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", name, re.ASCII):
        raise ConfigurationError(
            f"{name!r} is not a valid name of an AWS region",
            hint="A valid name is, for example, eu-central-1",
            parameter="region",
        )


def looks_like_region(name: str) -> bool:
    """Whether a name has the form of AWS's own regions, also of those to come; stand-ins may have other names."""
    return re.fullmatch(r"[a-z]+(?:-[a-z]+)+-[0-9]{1,2}", name, re.ASCII) is not None


def is_name(kind: str, name: str) -> bool:
    """Whether AWS IoT takes a name; one that is whole, without ``{uid}``."""
    longest = _LONGEST.get(kind, MAX_NAME)
    return len(name) <= longest and re.fullmatch(_PATTERNS[kind], name, re.ASCII) is not None


def check_name(kind: str, name: str, where: str = "") -> None:
    """Refuse what AWS IoT would not take as a name.

    :param kind: ``thing``, ``thing type``, ``thing group``, ``billing group`` or ``policy``.
    :param name: ``{uid}`` may stand in that of a thing or a policy.
    :param where: where it was written, as the beginning of the message.
    :raises ConfigurationError: if it would not.
    """
    filled = with_sample_uid(name) if kind in _OF_EACH_CHIP else name
    if not re.fullmatch(_PATTERNS[kind], filled, re.ASCII):
        known = (UID_FIELD,) if kind in _OF_EACH_CHIP else ()
        raise ConfigurationError(
            f"{where}{name!r} is not a valid name of a {kind} in AWS IoT",
            hint=_takes(_CHARACTERS[_PATTERNS[kind]], name, known),
        )
    longest = _LONGEST.get(kind, MAX_NAME)
    if len(filled) > longest:
        raise ConfigurationError(
            f"{where}{name!r} is too long for a {kind} name: {len(filled)} characters, but AWS IoT accepts at "
            f"most {longest}",
            reason=Reason.TOO_LARGE,
        )


def _takes(characters: str, text: str, known: tuple[str, ...]) -> str:
    """What a text is made of, and what is wrong with a placeholder in it."""
    if mistake := find_wrong_field(text, known):
        return f"Use only {characters}; it {mistake}"
    is_meant = UID_FIELD in known and warnings_about_fields([("", text)])
    return f"Use only {characters}{f'; {UID_FIELD} means the UID of the chip' if is_meant else ''}"


def check_attributes(attributes: Mapping[str, str], *, typed: bool) -> None:
    """Refuse what AWS IoT would not take as attributes of a thing.

    :param typed: whether the thing has a type.
    :raises ConfigurationError: if it would not.
    """
    for key, value in attributes.items():
        if not re.fullmatch(_ATTRIBUTE, key) or len(key) > MAX_NAME:
            raise ConfigurationError(
                naming("{attributes} {key} is not a valid attribute name in AWS IoT", key=repr(key)),
                hint=_takes(f"up to {MAX_NAME} letters, digits and _ . , @ / : # -", key, ()),
            )
        filled = with_sample_uid(value)
        takes = f"up to {MAX_VALUE} letters, digits and _ . , @ / : # = [ ] -, no spaces"
        if not re.fullmatch(_VALUE, filled) or len(filled) > MAX_VALUE:
            raise ConfigurationError(
                naming(
                    "{attributes} {key}={value} is not a valid attribute value in AWS IoT", key=key, value=repr(value)
                ),
                hint=_takes(takes, value, (UID_FIELD,)),
            )
    if len(attributes) > MAX_ATTRIBUTES[typed]:
        raise ConfigurationError(
            f"a thing {'with' if typed else 'without'} a type has at most {MAX_ATTRIBUTES[typed]} attributes",
            hint="" if typed else naming("Give it a type: {thing_type}"),
            reason=Reason.TOO_LARGE,
            parameter="attributes",
        )
