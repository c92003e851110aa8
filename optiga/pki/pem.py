"""PEM (RFC 7468): blocks of base64 between two lines that say what they are."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from optiga.errors import CertificateError, Reason
from optiga.files.files import is_utf16

_BEGIN = rb"-----BEGIN ([A-Z0-9 .\-]+?)-----"
_HEADER = rb"^[A-Za-z0-9\-]+:.*$"


class PemBlock(NamedTuple):
    """One block.

    :param label: what it says it is, for example ``CERTIFICATE``.
    :param data: what its base64 text says.
    """

    label: str
    data: bytes


def encode_base64(data: bytes) -> bytes:
    """Base64 on one line, without a line break."""
    return binascii.b2a_base64(data, newline=False)


def encode_pem(label: str, data: bytes) -> str:
    """A block in PEM, lines of 64 characters, with a final line break."""
    text = encode_base64(data).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def is_pem(data: bytes) -> bool:
    """Whether there is the beginning of a PEM block in data."""
    return re.search(_BEGIN, data) is not None


def refuse_utf16(data: bytes, name: str) -> None:
    """Say what PEM is that is not ASCII: no block would be found in it.

    :param name: what to call the data in messages.
    :raises CertificateError: if it is text in UTF-16.
    """
    if is_utf16(data):
        raise CertificateError(f"{name} is text in UTF-16", hint="Save it in UTF-8")


def iterate_blocks(data: bytes, name: str) -> Iterator[PemBlock]:
    """The blocks in PEM text, whatever stands around them.

    :param name: what to call the text in messages.
    :raises CertificateError: if a block has no end or is not base64.
    """
    import base64

    position = 0
    while begin := re.compile(_BEGIN).search(data, position):
        label = begin.group(1).decode("ascii")
        end_line = b"-----END " + begin.group(1) + b"-----"
        end = data.find(end_line, begin.end())
        following = re.compile(_BEGIN).search(data, begin.end())
        line = data.count(b"\n", 0, begin.start()) + 1
        if end < 0 or (following and following.start() < end):
            raise CertificateError(
                f"{name}:{line}: the block that begins here has no line -----END {label}-----",
                hint="The file is cut off or damaged; get it anew",
                reason=Reason.DAMAGED,
            )
        body = data[begin.end() : end]
        if b"ENCRYPTED" in body or b"Proc-Type" in body:
            body = re.sub(_HEADER, b"", body, flags=re.MULTILINE)
        try:
            decoded = base64.b64decode(b"".join(body.split()), validate=True)
        except binascii.Error:
            raise CertificateError(
                f"{name}:{line}: the block that begins here is not base64",
                hint="The file is damaged; get it anew",
                reason=Reason.DAMAGED,
            ) from None
        yield PemBlock(label, decoded)
        position = end + len(end_line)
