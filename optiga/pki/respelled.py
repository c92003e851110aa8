"""Certificates and CRLs whose names alone break a rule: the same with these names as UTF8String.

A ``_`` in a PrintableString or Latin-1 in a TeletexString are in the names of many old CAs, and the cryptography
library refuses them. What it makes of the same structure with readable names says the rest: key, dates, extensions. The
signature is over the bytes as they were, so it is always verified with those.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from optiga.pki.lenient import Part, only, parts_of, text_of
from optiga.protocol import der

_VERSION, _UTF8, _PRINTABLE = 0xA0, 0x0C, 0x13
_ONE_BYTE_TEXTS = (0x12, _PRINTABLE, 0x14, 0x16, 0x1A)
_PRINTABLE_TEXT = re.compile(rb"[A-Za-z0-9 '()+,\-./:=?]*")
_ISSUER_AND_SUBJECT, _ISSUER = (2, 4), (1,)
"""Where names are among the values of what is signed, behind the version."""


def respelled_certificate(data: bytes) -> bytes:
    """A certificate with the texts in its names as UTF8String where they are not what their type allows.

    :param data: its DER.
    :raises ValueError: if it does not have the structure of a certificate.
    """
    return _respelled(data, _ISSUER_AND_SUBJECT)


def respelled_crl(data: bytes) -> bytes:
    """A CRL with its issuer's name as :func:`respelled_certificate` has it.

    :param data: its DER.
    :raises ValueError: if it does not have the structure of a CRL.
    """
    return _respelled(data, _ISSUER, has_bare_version=True)


def signed_part(data: bytes) -> bytes:
    """What the signature of a certificate or a CRL is over, as it stands there.

    :raises ValueError: if there is no such part.
    """
    return next(parts_of(only(data).content)).whole


def _respelled(data: bytes, places: tuple[int, ...], *, has_bare_version: bool = False) -> bytes:
    def written_with(text: Callable[[Part], bytes]) -> bytes:
        outer = only(data)
        body, *rest = parts_of(outer.content)
        parts = list(parts_of(body.content))
        version = der.INTEGER if has_bare_version else _VERSION
        first = 1 if parts and parts[0].tag == version else 0
        values = [part.whole for part in parts]
        if len(values) <= first + max(places):
            raise ValueError("parts of it are missing")
        for place in places:
            values[first + place] = _name(parts[first + place], text)
        signed = der.encode(body.tag, b"".join(values))
        return der.encode(outer.tag, signed + b"".join(part.whole for part in rest))

    if written_with(_as_it_is) != data:
        raise ValueError("it breaks another rule than that of texts in names")
    return written_with(_readable)


def _name(name: Part, text: Callable[[Part], bytes]) -> bytes:
    relative = []
    for one in parts_of(name.content):
        pairs = (_attribute(pair, text) for pair in parts_of(one.content))
        relative.append(der.encode(one.tag, b"".join(sorted(pairs))))  # as DER orders what is in a SET
    return der.encode(name.tag, b"".join(relative))


def _attribute(pair: Part, text: Callable[[Part], bytes]) -> bytes:
    values = list(parts_of(pair.content))
    if len(values) != 2:
        return pair.whole
    return der.encode(pair.tag, values[0].whole + text(values[1]))


def _as_it_is(value: Part) -> bytes:
    return der.encode(value.tag, value.content)


def _readable(value: Part) -> bytes:
    text = text_of(value) if _is_wrong(value) else None
    return value.whole if text is None else der.encode(_UTF8, text.encode())


def _is_wrong(value: Part) -> bool:
    """Whether a text has what its type does not allow."""
    if value.tag == _PRINTABLE:
        return not _PRINTABLE_TEXT.fullmatch(value.content)
    return value.tag in _ONE_BYTE_TEXTS and not value.content.isascii()
