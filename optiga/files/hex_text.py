"""Bytes that a person or a tool wrote down: hex digits, or an array in C."""

from __future__ import annotations

import codecs

from optiga.errors import ConfigurationError
from optiga.files.c_arrays import parse_items, without_comments
from optiga.files.files import is_utf16


def parse_hex(content: bytes, name: str) -> bytes:
    """Bytes from the hex digits in a file, with any white space, commas, colons and ``0x`` between bytes; or from the
    one array in C, ``{0x20, 0x03}`` or ``static const uint8_t x[] = {0x20, 0x03};``. Comments of C are left out.

    :param name: what to call the file in messages.
    :raises ConfigurationError: if they are neither.
    """
    if is_utf16(content):
        raise ConfigurationError(f"{name} is text in UTF-16", hint="Save it in UTF-8")
    text = without_comments(content.removeprefix(codecs.BOM_UTF8).decode("latin-1"))
    if "{" in text:
        return _parse_array(text, name)
    digits = text.replace(":", " ").replace(",", " ").lower().replace("0x", " ").split()
    try:
        return bytes.fromhex(" ".join(digits))
    except ValueError:
        wrong = next((character for character in "".join(digits) if character not in "0123456789abcdef"), "")
        what = f"{wrong!r} is no hex digit" if wrong else "a byte has two digits"
        raise ConfigurationError(f"{name} is not hex: {what}") from None


def _parse_array(text: str, name: str) -> bytes:
    _, _, rest = text.partition("{")
    body, closed, behind = rest.partition("}")
    if not closed or "{" in body:
        raise ConfigurationError(f"{name} is not hex: it holds a '{{' that no '}}' closes")
    if "{" in behind:
        raise ConfigurationError(f"{name} is not hex: it holds several arrays", hint="Leave the one that is meant")
    try:
        return parse_items(body)
    except ValueError as error:
        raise ConfigurationError(f"{name} is not hex: its array holds {error}") from None
