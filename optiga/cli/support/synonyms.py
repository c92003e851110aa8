"""What other programs call the commands of this one."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NEW = ("create", "make", "new", "init", "generate", "gen", "add")
_SHOWN = ("show", "get", "cat", "view", "print", "display", "dump", "info", "describe", "inspect")
_LISTED = ("ls", "list", "all")
_CHECKED = ("verify", "validate", "test", "lint", "check")
_WRITTEN = ("set", "put", "store", "save", "update", "program")
_WAYS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("", ("uid", "chip-id", "read-uid", "read-mac", "serial", "serial-number"), "info --query uid"),
    ("", ("status", "slot", "slots", "chip", "show", "test", "self-test", "selftest", "ping", "doctor"), "info"),
    ("", ("ports", "devices", "board", "usb", "list-ports", "list-devices"), "boards"),
    ("", ("req", "request", "create-csr", "generate-csr", "make-csr", "gen-csr", "new-csr"), "--csr CONFIG"),
    ("", ("write-cert", "write-certificate", "import-cert", "import-certificate"), "--write FILE"),
    ("", ("read-cert", "read-certificate", "export-cert", "export-certificate"), "--read SLOT"),
    ("", ("subject", "subj", "cn", "common-name", "key-type", "curve", "algorithm"), "config new"),
    ("", ("validate", "lint"), "config check"),
    ("", ("unprovision", "unregister", "deregister", "decommission", "unenroll"), "deprovision"),
    ("", ("delete-thing", "delete-certificate"), "deprovision"),
    ("", ("personalize", "personalise", "enroll", "enrol", "reprovision", "onboard"), "provision"),
    ("", ("iot", "thing", "policy", "create-thing", "create-keys-and-certificate"), "provision"),
    ("", ("keygen", "genkey", "gen-key", "generate-key", "create-key", "new-key", "newkey"), "key generate"),
    ("", ("genpkey", "genrsa", "ecparam"), "key generate"),
    ("", ("cert", "certs", "certificate", "certificates"), "info"),
    ("", ("emulate", "simulate", "simulator", "sim"), "emulator"),
    ("", ("sha256", "sha-256", "sha256sum", "digest", "dgst"), "hash"),
    ("", ("factory-reset",), "emulator reset"),
    ("", ("rng", "trng"), "random"),
    ("", ("backup",), "export"),
    ("", ("log", "history"), "journal show"),
    ("", ("trust-anchor", "data", "oid"), "object"),
    ("key", _NEW, "key generate"),
    ("key", (*_SHOWN, *_LISTED), "key list"),
    ("key", ("pub", "pubkey", "export"), "key public"),
    ("object", _SHOWN, "object read"),
    ("object", _LISTED, "object list"),
    ("object", _WRITTEN, "object write"),
    ("ca", _NEW, "ca init"),
    ("ca", ("issue",), "ca sign"),
    ("ca", _LISTED, "ca list"),
    ("ca", ("get", "cat", "view", "print", "describe", "inspect"), "ca show"),
    ("ca", ("sub", "subca", "sub-ca", "subordinate"), "ca intermediate"),
    ("ca", ("password", "passwd"), "ca passphrase"),
    ("counter", ("inc", "incr", "increment", "increase", "up", "add", "use"), "counter count"),
    ("counter", ("get", "read", "info", "cat", "view"), "counter show"),
    ("counter", _LISTED, "counter list"),
    ("config", _NEW, "config new"),
    ("config", _CHECKED, "config check"),
    ("config", ("example", "examples", "template", "templates", "list", "ls"), "config sample"),
    ("config", ("get", "cat", "view", "print"), "config show"),
    ("emulator", _NEW, "emulator new"),
    ("emulator", ("start", "listen", "server"), "emulator serve"),
    ("emulator", ("export", "save", "snapshot"), "emulator dump"),
    ("emulator", ("import", "restore"), "emulator load"),
    ("emulator", ("exec",), "emulator run"),
    ("journal", (*_SHOWN, *_LISTED), "journal show"),
    ("journal", _CHECKED, "journal check"),
    ("boards", _LISTED, "boards"),
    ("pair", _CHECKED, "pair check"),
    ("update", ("create", "new", "sign", "build"), "update make"),
    ("update", (*_SHOWN, *_CHECKED), "update show"),
    ("update", ("install", "send", "write", "load"), "update apply"),
)
"""A group, what people type in it, and the command that does it. Nothing is here whose opposite is meant."""
_OF_OBJECTS = {"object": "object read", "counter": "counter show"}
"""What is shown to somebody who types an OID in place of a command, by the group."""
_OID = "0x[0-9a-f]{4}"
_LETTERS = {
    "-V": ("version",),
    "-p": ("port",),
    "-P": ("port",),
    "-y": ("yes",),
    "-o": ("out", "out-dir"),
    "-f": ("force",),
    "-c": ("csr",),
    "-n": ("dry-run",),
}
"""Options of one letter that other programs have, and those of this one, the likeliest first."""
_FORMS = ("json", "text", "csv", "repr")
_DANGEROUS = ("un", "de", "dis", "non-", "no-", "without-", "skip-")
"""How words begin that mean the opposite of the rest."""


def meant_by(group: Sequence[str], word: str) -> str:
    """The command, from the main one on, that somebody means who types a word in a group; empty if that is not known.

    :param group: the words of the group; none for the main command.
    """
    name = " ".join(group)
    if name in _OF_OBJECTS and re.fullmatch(_OID, word):
        return f"{_OF_OBJECTS[name]} {word}"
    return next((line for at, words, line in _WAYS if at == name and word in words), "")


def meant_by_letter(letter: str, options: Sequence[str], arguments: Sequence[str]) -> str:
    """The option that somebody means who types one of one letter; empty if that is not known.

    :param letter: with its dash.
    :param options: those of the command, without dashes.
    :param arguments: those of the whole command line.
    """
    place = arguments.index(letter) if letter in arguments else len(arguments)
    value = next(iter(arguments[place + 1 : place + 2]), "")
    has_value = value != "" and not value.startswith("-")
    names = _LETTERS.get(letter, ())
    if letter == "-f" and has_value:  # a file, of other programs
        return ""
    if letter == "-o" and value.lower() in _FORMS:
        names = ("output",)
    elif letter == "-o" and "csr" in options:  # the main command, which has both
        names = ("out-dir",) if any(word.startswith("--csr") for word in arguments) else ("out",)
    return next((name for name in names if name in options), "")


def is_opposite(word: str, choice: str) -> bool:
    """Whether a word means the opposite of a choice that is written like it: ``unlock`` of ``lock``."""
    return any(word.startswith(begin) and not choice.startswith(begin) for begin in _DANGEROUS)
