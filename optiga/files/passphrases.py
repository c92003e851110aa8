"""Passphrases, read as people mean them: without marks of an encoding, without the end of the line."""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path

from optiga.errors import ConfigurationError, OptigaError, Reason
from optiga.files.encodings import wide_encoding
from optiga.files.known_documents import CONFIGURATOR, SECTIONS, XML, name_content, name_document
from optiga.files.opening import about, about_its
from optiga.files.secrets import read_secret

_MAX_FILE_SIZE = 1 << 16
CHECK = "Check the passphrase"
"""The hint of what does not open with the passphrase that was given."""
TRIES = 3
"""How often a passphrase may be typed, as OpenSSL and ssh let one."""
_DOCUMENTS = (
    (b"-----BEGIN ", "PEM, as of a certificate or a key"),
    (b"---- BEGIN ", "a key of SSH"),
    (b"openssh-key-v1", "a key of SSH"),
    (b"ssh-", "a key of SSH"),
    (b"ecdsa-sha2-", "a key of SSH"),
    (b"PuTTY-User-Key-File", "a key of PuTTY"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"<?xml", "XML"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
    (b"#!/", "a script"),
)
"""How files begin that somebody may name in place of that of a passphrase, and what they hold."""
_BEGINS_SECTIONS = re.compile(rb"\[\[?[ \t]*[\w.\" -]+\]|[#;]|[A-Za-z_][\w .-]*=")
"""How a file with sections begins: with one, a comment, or a setting."""
_HEAD = re.compile(rb"\[\[?[\w-]+(?:\.(?:[\w-]+|\"[\w.-]+\"))+\]\]?")
"""The head of such a section that is within another, as TOML has it: alone in a file, it is no passphrase either."""
_ARRAY = re.compile(rb"(?m)^\[(\[[\w.\" -]+\])\]")
"""A section of TOML that there may be several of."""
_HEADING, _PARTS = re.compile(rb"#{1,6}(?:[ \t]|\r?\n)"), re.compile(rb"(?m)^(?:#{2,6} |```|[-*] |\|)")
"""How a text in Markdown begins, and what lies farther down in it."""


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase.

    :param value: what was meant, in UTF-8, or as it is where it is none; empty if that cannot be told.
    :param older: what earlier versions took the same input for, so that what they made still opens.
    :param is_typed: whether somebody has typed it at the terminal, and can try again.
    :param problem: why nothing new may be made with it; empty if it may.
    :param remedy: what to do about the problem.
    :param source: where it comes from, for hints: a file, or an environment variable; empty if it was typed.
    :param warnings: what its owner should know, one sentence each.
    """

    value: bytes = field(repr=False)
    older: tuple[bytes, ...] = field(default=(), repr=False)
    problem: str = ""
    warnings: tuple[str, ...] = ()
    is_typed: bool = False
    remedy: str = "Save it as UTF-8"
    source: str = ""

    @property
    def candidates(self) -> tuple[bytes, ...]:
        """What may open what was made with it, the likeliest first: as it is, as it was, composed, decomposed."""
        forms = [self.value, *self.older]
        try:
            text = self.value.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            forms += [unicodedata.normalize(form, text).encode("utf-8") for form in ("NFC", "NFD")]
        return tuple(dict.fromkeys(form for form in forms if form))

    def for_new(self) -> bytes:
        """The passphrase for something that is made with it.

        :raises ConfigurationError: if it cannot be told what was meant.
        """
        if self.problem:
            with about(self.source, is_name=True):
                raise ConfigurationError(self.problem, hint=self.remedy)
        return self.value


def check_hint(passphrase: Passphrase | None) -> str:
    """The hint of what a passphrase does not open: which passphrase to check."""
    if passphrase is not None and passphrase.value.endswith((b"\n", b"\r")):  # of a program that has read a file
        return f"{CHECK}: it ends with a line break"
    return f"{CHECK} in {passphrase.source}" if passphrase is not None and passphrase.source else CHECK


def is_wrong_passphrase(error: OptigaError) -> bool:
    """Whether something did not open because the passphrase is another."""
    return error.reason is Reason.MISMATCH and error.hint.startswith(CHECK)


@about_its("path")
def read_passphrase_file(path: Path) -> Passphrase:
    """The passphrase in the first line of a file: UTF-8 with or without a mark, UTF-16 or UTF-32 with one.

    :raises ConfigurationError: if the file cannot be read or believed, or begins with an empty line.
    """
    file = read_secret(path, "passphrase", _MAX_FILE_SIZE)
    raw = _first_line(file.data)
    problem = ""
    try:
        value = _first_line(_to_utf8(file.data))
    except UnicodeDecodeError:
        value, problem = (
            b"",
            f"the passphrase {path} starts with the byte order mark of UTF-16 or UTF-32, but is not valid in either",
        )
    else:
        if not _is_utf8(value):
            problem = f"the passphrase {path} is not UTF-8 text"
    if b"\0" in value:
        value, problem = b"", f"the passphrase {path} contains a null character, as in UTF-16 without a byte order mark"
    if not value and not problem:
        raise ConfigurationError(
            f"no passphrase in the first line of {path}",
            hint="Write the passphrase into the first line of this file, or name another file",
            reason=Reason.MISSING,
        )
    older = (raw,) if raw and raw != value else ()
    found = Passphrase(value, older, problem, file.warnings, source=str(path))
    return _refusing_documents(found, file.data, str(path))


def passphrase_of_text(text: bytes, name: str = "the given text") -> Passphrase | None:
    """The passphrase in an environment variable, or typed; None if there is none.

    A mark and the end of a line stay at what a shell has read out of a file.

    :param name: what to call the text in messages.
    """
    value = text.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
    if not value:
        return None
    found = _refusing_documents(Passphrase(value, (text,) if text != value else ()), value, name)
    return replace(found, remedy="Give the passphrase itself") if found.problem else found


def _refusing_documents(passphrase: Passphrase, data: bytes, name: str) -> Passphrase:
    """The same, refused for anything new if it is the beginning of a document: of a wrong file."""
    what = next((what for head, what in _DOCUMENTS if data.startswith(head) or passphrase.value.startswith(head)), "")
    if not what and _is_der(data):
        what = "DER, as of a certificate or a key"
    if not what and passphrase.value:
        what = _name_whole(data)
    if not what:
        return passphrase
    return replace(
        passphrase, problem=f"{name} is not a passphrase: it holds {what}", remedy="Check the name of the file"
    )


def _name_whole(data: bytes) -> str:
    """What a file holds that only all of its lines tell, not the first alone; empty for none of these.

    A line that looks like the beginning of one of them is a passphrase.
    """
    try:
        text = _to_utf8(data)
    except UnicodeDecodeError:
        return ""
    if text.lstrip().startswith((b"{", b"[")):
        try:
            known = name_document(json.loads(text))
        except (ValueError, RecursionError):
            pass
        else:
            return known.what if known else "JSON"
    if b"\n" not in text.strip():
        return SECTIONS.what if _HEAD.fullmatch(text.strip()) else ""
    known = name_content(_ARRAY.sub(rb"\1", text))
    if known is not SECTIONS and _HEADING.match(text) and _PARTS.search(text):
        return "a text in Markdown"
    if known is SECTIONS and not _BEGINS_SECTIONS.match(text):
        return ""
    if known in (XML, CONFIGURATOR) and not re.search(rb"</\w|/>", text):
        return ""
    return known.what if known else ""


def _is_der(data: bytes) -> bool:
    """Whether data are one sequence in DER, of more than 127 bytes; no text is."""
    count = data[1] & 0x7F if data[:1] == b"0" and data[1:2] > b"\x80" else 0
    return bool(count) and len(data) == 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def _to_utf8(data: bytes) -> bytes:
    if encoding := wide_encoding(data):
        return data.decode(encoding).encode("utf-8")
    return data.removeprefix(codecs.BOM_UTF8)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _first_line(data: bytes) -> bytes:
    return next(iter(data.splitlines()), b"")
