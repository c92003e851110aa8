"""The content of a file before a certificate, a key or a CSR is looked for in it: bytes may be written out in C; the
DER of what a program has in PEM.
"""

from __future__ import annotations

import codecs
import re

from optiga.errors import CertificateError, ConfigurationError, counted
from optiga.files.hex_text import parse_hex
from optiga.pki.kinds import CERTIFICATE_LABELS, is_text, title_of_labels
from optiga.pki.pem_blocks import is_pem, iterate_blocks, refuse_utf16
from optiga.protocol.der import SEQUENCE, size_of

_IN_C = re.compile(rb"(?:[^{]{0,1000}\{)?\s*0[xX]30\s*,")
"""The beginning of DER in C, as Infineon's tools have the anchors of updates: ``0x30, 0x82, …``, in braces or not."""
_MOST_BEFORE = 4096
_FILLERS = b"\r\n\x00"
_LONGEST_HEAD = 6
"""Bytes of a DER value before its content: the tag, and the longest length that is read."""


def in_bytes(data: bytes, name: str) -> bytes:
    """DER that is written out in C as its bytes, and DER without what fills its file; any other content as it is,
    without a mark of UTF-8.

    :param name: what to call the content in messages.
    :raises CertificateError: if it is text in UTF-16, or there is more in the array of C than bytes.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    refuse_utf16(data, name)
    data = without_filler(data)
    if is_pem(data) or not _IN_C.match(data[:_MOST_BEFORE]):
        return data
    try:
        return parse_hex(data, name)
    except ConfigurationError as error:
        raise CertificateError(error.message, hint=error.hint, reason=error.reason) from None


def without_filler(data: bytes) -> bytes:
    """DER, one value or several, without the line breaks or zeros that an editor or a memory dump has behind it; any
    other content as it is.
    """
    if data[:1] != bytes([SEQUENCE]) or is_text(data):
        return data
    end = 0
    while data[end : end + 1] == bytes([SEQUENCE]) and (size := size_of(data[end : end + _LONGEST_HEAD])):
        end += size
    return data[:end] if end <= len(data) and not data[end:].strip(_FILLERS) else data


def note_of_filler(data: bytes, name: str) -> tuple[str, ...]:
    """What people are told where :func:`without_filler` takes something away; nothing where it does not.

    :param name: what to call the content in messages.
    """
    count = len(data) - len(without_filler(data))
    are = "is" if count == 1 else "are"
    return (f"{counted(count, 'byte')} behind the DER in {name} {are} left out: line breaks or zeros",) if count else ()


def der_of_certificate(source: str | bytes) -> bytes:
    """The DER of the one certificate that PEM holds; DER as it is.

    :raises ValueError: if PEM holds something else, or it is a text without PEM.
    """
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if isinstance(source, bytes) and (data[:1] == bytes([SEQUENCE]) or not is_pem(data)):
        return data
    if not is_pem(data):
        raise ValueError("the text has no line -----BEGIN CERTIFICATE-----")
    try:
        blocks = list(iterate_blocks(data, "the PEM text"))
    except CertificateError as error:
        raise ValueError(error.message) from None
    if others := [block.label for block in blocks if block.label not in CERTIFICATE_LABELS]:
        raise ValueError(f"the PEM text holds {title_of_labels(others)}, not only a certificate")
    if len(blocks) != 1:
        raise ValueError(f"the PEM text holds {len(blocks)} certificates, not one")
    return blocks[0].data
