"""Reading PEM (RFC 7468): blocks of base64 between two lines with their label.

The blocks may stand in a text of a program, as in the headers that firmware has its credentials from: each line in
quotes, line breaks as ``\\n``, or all of it in one text of JSON.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from optiga.errors import CertificateError, Reason
from optiga.files.encodings import likely_encoding

_BEGIN = rb"-----BEGIN ([A-Z0-9 .#\-]+?)-----"
_BODY = rb"(?:\\[nrt]|[^A-Za-z0-9+/])*(?:[A-Za-z0-9+/]{16}|Proc-Type:)"
"""What stands behind such a line if a block begins there, also in a text of a program: no words."""
_PROSE = rb"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}"
"""Words in a row."""
_HEADER = rb"^[A-Za-z0-9\-]+:.*$"
_NEW_LINES = rb"(?:\\r)?\\n"
_CONTINUED = rb"\\\r?\n"
_DOTS = b"..."


class PemBlock(NamedTuple):
    """One block.

    :param label: what it says it is, for example ``CERTIFICATE``.
    :param data: what its base64 text says.
    """

    label: str
    data: bytes


_DATABASE = b"SQLite format 3\0"


def is_pem(data: bytes) -> bool:
    """Whether there is the beginning of a PEM block in data, which are not only a text about PEM, as documents are, and
    not a database, as a journal is, that has the certificates of many devices.
    """
    if data.startswith(_DATABASE):
        return False
    begin = re.search(_BEGIN, data)
    if begin is None:
        return False
    before = data[: begin.start()]
    is_template = before.endswith((b'"', b"'")) and b"-----END " in data  # of a program, which is told otherwise
    is_text = re.search(_PROSE, before) and not is_template
    return not is_text or re.search(_BEGIN + _BODY, data) is not None


def labels_of(data: bytes) -> list[str]:
    """What the blocks in PEM text say that they are, in their order; none of them is looked into."""
    return [label.decode("ascii") for label in re.findall(_BEGIN, data)]


def refuse_utf16(data: bytes, name: str) -> None:
    """Say what PEM is that is not ASCII: no block would be found in it.

    :param name: what to call the data in messages.
    :raises CertificateError: if it is text in UTF-16 or UTF-32.
    """
    if encoding := likely_encoding(data):
        raise CertificateError(f"{name} is text in {encoding}", hint="Save it in UTF-8")


def iterate_blocks(data: bytes, name: str, *, in_program: bool = False) -> Iterator[PemBlock]:
    """The blocks in PEM text, whatever stands around them.

    :param name: what to call the text in messages.
    :param in_program: whether their lines may be texts of a program. Blocks that only show the form, empty or
        with dots in place of base64, as in its comments, are left out then.
    :raises CertificateError: if a block has no end or is not base64, or all of them only show the form.
    """
    import base64

    shown, found = 0, False
    for label, body, line in _bodies(data, name, in_program=in_program):
        if in_program and (_DOTS in body or not body.strip()):
            shown = shown or line
            continue
        found = True
        is_encrypted = b"ENCRYPTED" in body or b"Proc-Type" in body
        text = re.sub(_HEADER, b"", body, flags=re.MULTILINE) if is_encrypted else body
        try:
            decoded = base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            raise CertificateError(
                f"{name}:{line}: the block that starts here is not base64",
                hint="The file is damaged: get a new copy",
                reason=Reason.DAMAGED,
            ) from None
        yield PemBlock(label, decoded)
    if shown and not found:
        raise CertificateError(
            f"{name}:{shown}: the block that starts here is only a template without base64",
            hint="Replace the block with the real one",
            reason=Reason.WRONG_TYPE,
        )


def as_pem(data: bytes, name: str) -> bytes:
    """PEM text for libraries that take lines alone: as it is, or its blocks where their lines are texts of a program.

    :param name: what to call the text in messages.
    :raises CertificateError: if a block has no end.
    """
    if data.startswith(_DATABASE) or not re.search(_BEGIN + rb"(?:\\|[\"'])", data):
        return data
    return b"".join(
        b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label.encode(), body.strip(), label.encode())
        for label, body, _ in _bodies(data, name, in_program=True)
        if _DOTS not in body
    )


def _bodies(data: bytes, name: str, *, in_program: bool) -> Iterator[tuple[str, bytes, int]]:
    """Of each block its label, the lines in it, and the number of the line where it begins.

    :raises CertificateError: if a block has no end.
    """
    position = 0
    while begin := re.compile(_BEGIN).search(data, position):
        label = begin.group(1).decode("ascii")
        end_line = b"-----END " + begin.group(1) + b"-----"
        end = data.find(end_line, begin.end())
        following = re.compile(_BEGIN).search(data, begin.end())
        line = data.count(b"\n", 0, begin.start()) + 1
        if end < 0 or (following and following.start() < end):
            raise CertificateError(
                f"{name}:{line}: the block that starts here has no line -----END {label}-----",
                hint="The file is cut off or damaged: get a new copy",
                reason=Reason.DAMAGED,
            )
        body = data[begin.end() : end]
        yield label, _as_lines(body) if in_program else body, line
        position = end + len(end_line)


def _as_lines(body: bytes) -> bytes:
    """The lines of a block without what a program has around them: quotes, and line breaks as it writes them."""
    if not re.search(rb"[\\\"']", body):
        return body
    quote = b"'" if b'"' not in body and b"'" in body else b'"'
    # One that does not end is a text, too: each would be looked for to the end of the file otherwise.
    text = quote + rb"((?:[^\\" + quote + rb"]|\\.)*)(?:" + quote + rb"|\\?\Z)"
    texts = re.findall(text, quote + body + quote, re.DOTALL)
    return re.sub(_CONTINUED, b"", re.sub(_NEW_LINES, b"\n", b"".join(texts)))
