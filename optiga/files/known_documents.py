"""Which of the tool's own documents a file is, so that a command that wants another one can say which it was given."""

from __future__ import annotations

import re
from typing import Any

EXPORT = "what 'export' wrote of a chip's objects: 'import' takes it, and 'emulator load'"
UPDATE_SET = "an update set: 'update show' and 'update apply' take it"
STATE = "the state of an emulated chip: 'emulator load' takes it"
CONFIGURATION = "a configuration: it says what a CSR is to be like"

UPDATE_FORMAT = "optiga-update"
STATE_FORMAT = "optiga emulated chip"
_BY_FORMAT = {UPDATE_FORMAT: UPDATE_SET, STATE_FORMAT: STATE}
_OBJECT = re.compile(r"(0[xX])?[0-9a-fA-F]{4}")
_C_ARRAY = re.compile(rb"manifest\w*\s*\[[^\]\n]{0,20}\]\s*=\s*\{")


def name_document(value: Any) -> str:
    """What a JSON document is, and which command takes it; empty if it is none of the tool's.

    :param value: the parsed document.
    """
    if not isinstance(value, dict) or not value:
        return ""
    known = value.get("format")
    if isinstance(known, str) and known in _BY_FORMAT:
        return _BY_FORMAT[known]
    if "csr_config" in value:
        return CONFIGURATION
    return EXPORT if all(_OBJECT.fullmatch(name) for name in value) else ""


def name_content(content: bytes) -> str:
    """What a file is that is no JSON, and which command takes it; empty if that cannot be told."""
    if b"-----BEGIN " in content[:4096]:
        return "PEM: a certificate is written into its object, not imported"
    return UPDATE_SET if _C_ARRAY.search(content) else ""
