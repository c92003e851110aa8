"""The content of a file before a certificate, a key or a CSR is looked for in it: bytes may be written out in C."""

from __future__ import annotations

import codecs
import re

from optiga.errors import CertificateError, ConfigurationError
from optiga.files.hex_text import parse_hex
from optiga.pki.pem_blocks import is_pem, refuse_utf16

_IN_C = re.compile(rb"(?:[^{]{0,1000}\{)?\s*0[xX]30\s*,")
"""The beginning of DER in C, as Infineon's tools have the anchors of updates: ``0x30, 0x82, …``, in braces or not."""
_MOST_BEFORE = 4096


def in_bytes(data: bytes, name: str) -> bytes:
    """DER that is written out in C as its bytes; any other content as it is, without a mark of UTF-8.

    :param name: what to call the content in messages.
    :raises CertificateError: if it is text in UTF-16, or there is more in the array of C than bytes.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    refuse_utf16(data, name)
    if is_pem(data) or not _IN_C.match(data[:_MOST_BEFORE]):
        return data
    try:
        return parse_hex(data, name)
    except ConfigurationError as error:
        raise CertificateError(error.message, hint=error.hint, reason=error.reason) from None
