"""Bytes that a person or a tool wrote down: hex digits, or an array in C."""

from __future__ import annotations

import codecs
import re

from optiga.errors import ConfigurationError, Reason
from optiga.files.c_arrays import count_of, parse_items, without_comments
from optiga.files.encodings import likely_encoding
from optiga.files.known_documents import name_content
from optiga.files.opening import about_its

_ESCAPED = re.compile(r"b?[\"']?(?:\\+(?:x[0-9a-fA-F]{1,2}|0[0-7]{0,3}))+[\"']?")
_ESCAPE = re.compile(r"\\+(?:x([0-9a-fA-F]+)|0([0-7]*))")


_JSON = re.compile(rb"\s*\{\s*\"")
_DIGITS = re.compile(rb"\s*(?:[0-9a-fA-F]{2}\s*){8,}")


def is_digits(content: bytes) -> bool:
    """Whether a file holds hex digits and nothing else, so that its bytes are hardly what is meant."""
    return _DIGITS.fullmatch(content) is not None


def is_escaped(text: str) -> bool:
    """Whether a text is bytes as a shell's echo and programs have them: ``\\x20\\x03``, and ``\\01`` in octal."""
    return _ESCAPED.fullmatch(text.strip()) is not None


@about_its("name", is_name=True)
def parse_hex(content: bytes, name: str) -> bytes:
    """Bytes from the hex digits in a file, with any white space, commas, colons and ``0x`` between bytes; or from the
    one array in C, ``{0x20, 0x03}`` or ``static const uint8_t x[] = {0x20, 3u};``. Comments of C are left out.
    Bytes as a shell's echo has them, ``\\x20\\x03``, are taken, too.

    :param name: what to call the file in messages.
    :raises ConfigurationError: if they are neither.
    """
    if encoding := likely_encoding(content):
        raise ConfigurationError(f"{name} is text in {encoding}", hint="Save it in UTF-8")
    try:
        return _parse(content, name)
    except ConfigurationError as error:
        if name_content(content, binary=True) or _JSON.match(content):
            error.hint, error.reason = "", Reason.WRONG_TYPE
        raise


def _parse(content: bytes, name: str) -> bytes:
    if is_escaped(written := content.decode("latin-1")):
        numbers = (int(digits or octal or "0", 16 if digits else 8) for digits, octal in _ESCAPE.findall(written))
        return bytes(number & 0xFF for number in numbers)
    text = without_comments(content.removeprefix(codecs.BOM_UTF8).decode("latin-1"))
    if "{" in text:
        return _parse_array(text, name)
    digits = text.replace(":", " ").replace(",", " ").lower().replace("0x", " ").split()
    try:
        return bytes.fromhex(" ".join(digits))
    except ValueError:
        wrong = next((character for character in "".join(digits) if character not in "0123456789abcdef"), "")
        what = f"{wrong!r} is not a hex digit" if wrong else "each byte needs two digits"
        raise ConfigurationError(f"{name} is not hex: {what}") from None


def _parse_array(text: str, name: str) -> bytes:
    before, _, rest = text.partition("{")
    body, closed, behind = rest.partition("}")
    if not closed or "{" in body:
        raise ConfigurationError(f"{name} is not hex: a '{{' has no closing '}}'")
    if "{" in behind:
        raise ConfigurationError(
            f"{name} is not hex: it contains several arrays", hint="Leave only the array that you want"
        )
    try:
        return parse_items(body, count_of(before))
    except ValueError as error:
        raise ConfigurationError(f"{name} is not hex: its array contains {error}") from None
