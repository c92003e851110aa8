"""What a file is that a command does not want: another of the tool's own documents, or one of other tools."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optiga.errors import ConfigurationError, Reason
from optiga.files.opening import about_its
from optiga.files.shown import file_in_command
from optiga.naming import naming


class Known:
    """What a file is; each kind of file has one.

    :param what: as a sentence goes on after "the file is".
    :param taker: which command takes it, a sentence; empty if none does. A function makes it when it is needed, for
        every CSR loads this module.
    """

    __slots__ = ("_taker", "what")

    def __init__(self, what: str, taker: str | Callable[[], str] = "") -> None:
        self.what: str = what
        self._taker = taker

    @property
    def taker(self) -> str:
        """The sentence with the command as Python's users type it."""
        return str(self._taker if isinstance(self._taker, str) else self._taker())


EXPORT = Known(
    "an export of a chip's objects", "Use it with 'python -m optiga import' or 'python -m optiga emulator load'"
)
UPDATE_SET = Known("an update set", "Use it with 'python -m optiga update show' or 'python -m optiga update apply'")
STATE = Known("the state of an emulated chip", "Use it with 'python -m optiga emulator load'")
CONFIGURATION = Known("a configuration", lambda: naming("To make a CSR, use 'python -m optiga {csr=CONFIG}'"))
POLICY = Known("an AWS policy", "Use it with 'python -m optiga provision' as the policy template")
PROVISIONING = Known("an AWS provisioning template", "Use it with 'python -m optiga provision' instead of a policy")
SUBJECT = Known(
    "the subject of a certificate, in the format of other tools",
    "To make a configuration with key and slot, use 'python -m optiga config new'",
)
CONFIGURATOR = Known(
    "a project of Infineon's OPTIGA Trust Configurator",
    "Use the JSON that Infineon's library writes: optigatrust.port.to_json()",
)
PEM = Known("PEM", "Write the certificate to its object")
AWS = Known("JSON of the aws command with a certificate", "Write the certificate to its object")
PEM_REQUEST = Known("PEM with a CSR", "Have a CA sign the CSR, and write the certificate that the CA returns")
PEM_KEY = Known("PEM with a private key")
PEM_PUBLIC_KEY = Known("PEM with a public key")
PEM_CRL = Known("PEM with a certificate revocation list")
CHIP = Known("an emulated chip", "Use it as the port emulator:FILE")
JOURNAL = Known("a journal of provisioning", "Use it with 'python -m optiga journal show'")
CA_RECORDS = Known("the record file of a CA", "Use the CA's folder with 'python -m optiga ca list'")
DATABASE = Known("an SQLite file")
XML = Known("XML")
BINARY = Known("binary data")
SECTIONS = Known("a file with sections, such as an OpenSSL configuration")

UPDATE_FORMAT = "optiga-update"
STATE_FORMAT = "optiga emulated chip"
_DATABASE, _MARK = b"SQLite format 3\0", slice(68, 72)
"""What an SQLite file begins with, and where it says whose it is (SQLite, "Database File Format", application ID)."""
_BY_MARK = {b"OPTG": CHIP, b"OPJN": JOURNAL, b"OPCA": CA_RECORDS}
_BY_LABEL = {
    b"CERTIFICATE REQUEST-----": PEM_REQUEST,
    b"PRIVATE KEY-----": PEM_KEY,
    b"PUBLIC KEY-----": PEM_PUBLIC_KEY,
    b"X509 CRL-----": PEM_CRL,
}
"""By the end of the first line; PEM with anything else has a certificate."""
_BY_FORMAT = {UPDATE_FORMAT: UPDATE_SET, STATE_FORMAT: STATE}
_BY_MEMBERS = {
    ("csr_config",): CONFIGURATION,
    ("Version", "Statement"): POLICY,
    ("Parameters", "Resources"): PROVISIONING,
    ("CN",): SUBJECT,
}
_OBJECT = r"(0[xX])?[0-9a-fA-F]{4}"
_C_ARRAY = rb"manifest\w{0,64}\s{0,64}\[[^\]\n]{0,20}\]\s{0,64}=\s{0,64}\{"
"""Of bounded length, so that a file full of beginnings is searched in time."""
_MOST_BEFORE = 4096
_XML_BEGIN = rb"\s*<(?:[?!]|OPTIGA\b|\w+[\s>])"
_SECTION = rb"(?m)^[ \t]*\[[ \t]*[A-Za-z_][\w .-]*\][ \t]*(?:[#;].*)?\r?$"
_SETTING = rb"(?m)^[ \t]*[A-Za-z_][\w .-]*="


def what_to_do(known: Known, name: str) -> str:
    """What to do with a file where a configuration is wanted, a sentence; empty if no command takes it.

    :param name: that of the file.
    """
    write = naming("To write it to the chip, use {write} {file}", file=file_in_command(name))
    return write if known is PEM else known.taker


def chip_hint(port: str) -> str:
    """How to name the port where only the file of an emulated chip was given; empty if that is none.

    :param port: as the user wrote it, which may have options behind a question mark.
    """
    is_chip = any(_is_chip(name) for name in (port, port.partition("?")[0]))
    return f"To use the emulated chip in this file, name it as the port emulator:{port}" if is_chip else ""


def _is_chip(name: str) -> bool:
    try:
        if not Path(name).is_file():
            return False
        with Path(name).open("rb") as file:
            return name_content(file.read(_MARK.stop)) is CHIP
    except (OSError, ValueError):
        return False


@about_its("name", is_name=True)
def refuse_other(known: Known | None, name: str, wanted: str, *, hint: str = "") -> None:
    """Refuse a file that is something else.

    :param known: what it is; None if that is not known.
    :param name: what to call the file in the message.
    :param wanted: what it should be, with its article.
    :param hint: what to do; empty for the command that takes it.
    :raises ConfigurationError: if it is known.
    """
    if known is None:
        return
    if known is CHIP:
        hint = f"Give {wanted} here. To use the chip, name it as the port emulator:{name}"
    said = f"{name} is {known.what}, not {wanted}"
    raise ConfigurationError(said, hint=hint or known.taker, reason=Reason.WRONG_TYPE)


def name_document(value: Any) -> Known | None:
    """What a JSON document is, and which command takes it; None if that cannot be told.

    :param value: the parsed document.
    """
    if not isinstance(value, dict) or not value:
        return None
    known = value.get("format")
    if isinstance(known, str) and known in _BY_FORMAT:
        return _BY_FORMAT[known]
    for members, found in _BY_MEMBERS.items():
        if all(name in value for name in members):
            return found
    if all(re.fullmatch(_OBJECT, name) for name in value):
        return EXPORT
    return AWS if any(map(_holds_certificate, (value, *value.values()))) else None


def _holds_certificate(value: Any) -> bool:
    """Whether a member of an object is a certificate in PEM."""
    members = value.values() if isinstance(value, dict) else ()
    return any(isinstance(one, str) and "-----BEGIN CERTIFICATE-----" in one for one in members)


def is_binary(content: bytes) -> bool:
    """Whether a file is no text: it has control characters beside those of texts, and the zeros of UTF-16."""
    return re.search(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", content) is not None


def name_content(content: bytes, *, binary: bool = False) -> Known | None:
    """What a file is that is no JSON, and which command takes it; None if that cannot be told.

    :param binary: whether a text is wanted, so that data that are none are something else, too.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    begin = content[:_MOST_BEFORE]
    if content.startswith(_DATABASE):
        return _BY_MARK.get(content[_MARK], DATABASE)
    if b"-----BEGIN " in begin and not begin.lstrip().startswith((b"{", b"[")):  # JSON may have it in a text
        if b"CERTIFICATE-----" in begin:
            return PEM
        return next((known for end, known in _BY_LABEL.items() if end in begin), PEM)
    if re.search(_C_ARRAY, content):
        return UPDATE_SET
    if re.match(_XML_BEGIN, begin):
        return CONFIGURATOR if b"<OPTIGA>" in begin else XML
    if re.search(_SECTION, begin) and re.search(_SETTING, begin):
        return SECTIONS
    return BINARY if binary and is_binary(content) else None
