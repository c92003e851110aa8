"""The options of ports after a ``?``, and code that several kinds of ports share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from optiga.errors import ConfigurationError, counted
from optiga.files.opening import about_its
from optiga.suggestions import suggest

I2C_DEVICE = "/dev/i2c-"
"""What the names of I2C buses begin with on Linux."""
FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x77
"""I2C addresses of 7 bits that devices may have."""
BINDING_SECRET = "platform binding secret"
"""What its file is to the user."""
MIN_SECRET, MAX_SECRET = 32, 64
"""Bytes of a platform binding secret. SRM, "Platform Binding"."""
_MOST_DIGITS = 8
"""Of a number that is taken, leading zeros included."""


def split_options(text: str, what: str, known: Sequence[str], *, before: str = "") -> tuple[str, dict[str, str]]:
    """What stands before the ``?`` of a port, and its options.

    A value may have ``%26`` for an ``&``, as in a URL; a ``+`` is itself, as in the name of a file.

    :param what: what the port is, for messages: ``An I2C bus``.
    :param before: the beginning of the port, in which a question mark begins no options.
    :raises ConfigurationError: if there are others than those known, or one twice.
    """
    where, _, query = text.removeprefix(before).partition("?")
    where = before + where
    options: dict[str, str] = {}
    for word in filter(None, query.split("&")):
        key, _, value = (unquote(part) for part in word.partition("="))
        if key not in known:
            meant = suggest(key, known, {})
            raise ConfigurationError(
                f"port {text}: unknown option {key!r}{meant}", hint=f"{what} has {', '.join(known)}"
            )
        if key in options:
            raise ConfigurationError(f"port {text}: option {key!r} is given twice", hint="Give it only once")
        options[key] = value
    return where, options


def parse_number(text: str, key: str, value: str, *, lowest: int, highest: int) -> int:
    """A number in hex, with or without ``0x``.

    :raises ConfigurationError: if it is none in the range.
    """
    digits = value.strip().lower().removeprefix("0x")
    is_hex = 0 < len(digits) <= _MOST_DIGITS and all(digit in "0123456789abcdef" for digit in digits)
    number = int(digits, 16) if is_hex else -1
    if not lowest <= number <= highest:
        raise ConfigurationError(
            f"port {text}: {key} {value!r} is not a number from {lowest:#x} to {highest:#x}", hint="Write it in hex"
        )
    return number


def parse_path(text: str, key: str, value: str) -> Path:
    """The path of a file, with a ``~`` in front taken for a home.

    :raises ConfigurationError: if there is none, or no such home.
    """
    if not value.strip():
        raise ConfigurationError(f"port {text}: {key} names no file", hint=f"Write {key}=FILE")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ConfigurationError(
            f"port {text}: {value.split('/', maxsplit=1)[0]} is not a home folder", hint="Give the whole path"
        ) from None


_MOST_READ = 1 << 20
"""Most bytes of a file of a binding secret that are read: of what is longer than one, the true limits are said."""


@about_its("path")
def read_binding_secret(path: Path) -> bytes:
    """The platform binding secret in a file, its bytes as they are.

    :raises ConfigurationError: if it cannot be read, others may write it, or it is none.
    """
    from optiga.files.secrets import read_secret

    data = read_secret(path, BINDING_SECRET, _MOST_READ, room=f"it must have {MIN_SECRET} to {MAX_SECRET} bytes").data
    if not MIN_SECRET <= len(data) <= MAX_SECRET:
        raise ConfigurationError(
            f"the {BINDING_SECRET} {path} has {counted(len(data), 'byte')}, not {MIN_SECRET} to {MAX_SECRET}",
            hint="Give a file with the raw bytes of the secret, not hex",
        )
    return data
