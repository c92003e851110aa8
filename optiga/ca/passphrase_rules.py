"""Passphrases that a new key is not encrypted with: no text, too short, too long, or easily guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, counted

if TYPE_CHECKING:
    from optiga.pki.certificate import Certificate

LEAST_PASSPHRASE = 12
"""Fewest characters of a new passphrase."""
MOST_PASSPHRASE = 1023
"""Most bytes of one: OpenSSL takes no more."""
_LEAST_UNITS = 6
"""Fewest parts of one, where a common word, a year and a walk over the keyboard count as one part each."""
_LEAST_LETTERS = 5
"""Fewest different characters of one."""
_LEAST_NAME = 3
"""Fewest characters of a name, or of a word of one, that counts as one part."""
_WORD = re.compile(
    r"correcthorsebatterystaple|certificateauthority|thisisapassword|administrator|sonnenschein|certificate|"
    r"mypassword|passphrase|temporary|baseball|changeit|changeme|football|iloveyou|infineon|password|passwort|"
    r"princess|starwars|sunshine|superman|whatever|default|example|letmein|michael|mustang|openssl|testing|"
    r"trustno|welcome|batman|device|dragon|master|monkey|optiga|qwerty|qwertz|secret|shadow|summer|trustm|"
    r"winter|admin|apple|guest|hello|login|passw|pass|root|test|user|abc"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ROWS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "yxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "qawsedrftgyhujikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
    "zaq12wsxcde34rfvbgt56yhnmju78",
    "!@#$%^&*()",
    '!"§$%&/()=',
)
_LINES = tuple(line for row in _ROWS for line in (row, row[::-1]))
_LEAST_WALK = 3
_DISGUISES = str.maketrans("@4310$57!", "aaeiosstl")


def check_passphrase(passphrase: bytes | None, names: Iterable[str] = ()) -> None:
    """Refuse a new passphrase that is not UTF-8 text, too short, too long, or easily guessed.

    :param names: names that anybody who has the key's file knows: those in the CA's certificate.
    :raises ConfigurationError: if it is.
    """
    if passphrase is None:
        return
    try:
        text = passphrase.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(
            "the passphrase is not UTF-8 text", hint="Give it as UTF-8 text", reason=Reason.BAD_VALUE
        ) from None
    if len(text) < LEAST_PASSPHRASE:
        raise ConfigurationError(
            f"the passphrase has {counted(len(text), 'character')}, but needs at least {LEAST_PASSPHRASE}",
            hint="Use a longer passphrase: it protects a stolen key longer",
        )
    if len(passphrase) > MOST_PASSPHRASE:
        raise ConfigurationError(
            f"the passphrase has {len(passphrase)} bytes, but at most {MOST_PASSPHRASE} are allowed",
            hint="Check the file's name",
            reason=Reason.TOO_LARGE,
        )
    if cause := _why_guessed(text, names):
        raise ConfigurationError(
            f"the passphrase is easy to guess: {cause}",
            hint="Use four randomly chosen words, for example",
        )


def names_in(certificate: Certificate) -> tuple[str, ...]:
    """The names of a CA that its certificate tells everybody: the values in its subject."""
    return tuple(str(attribute.value) for attribute in certificate.parsed.subject)


def _plain(text: str) -> str:
    """A text without what people vary: letter case, and what stands between words."""
    return re.sub(r"[\s_.\-]+", "", unicodedata.normalize("NFKC", text).casefold())


def _why_guessed(text: str, names: Iterable[str]) -> str:
    """Why a passphrase is guessed early; empty if it is not."""
    plain = _plain(text)
    if len(set(plain)) < _LEAST_LETTERS:
        return f"it has fewer than {_LEAST_LETTERS} different characters"
    unit = _unit_of(plain)
    if unit != plain and len(unit) < LEAST_PASSPHRASE:
        return f"it repeats {len(unit)} characters"
    if _count_units(plain, ()) < _LEAST_UNITS:
        return "it is made of common words, numbers in order, or neighbours on the keyboard"
    known = [_plain(part) for name in names for part in (name, *re.split(r"[\s_.\-,=]+", name))]
    known = sorted({name for name in known if len(name) >= _LEAST_NAME}, key=len, reverse=True)
    if known and _count_units(plain, known) < _LEAST_UNITS:
        return "it is made of the CA's name"
    return ""


def _unit_of(text: str) -> str:
    """The shortest text that gives this one if it is said twice or more, the last time perhaps in part."""
    for length in range(1, len(text) // 2 + 1):
        if text.startswith(text[length:]):
            return text[:length]
    return text


def _count_units(text: str, names: Sequence[str]) -> int:
    """Of how many parts a text is made; a word that is said again behind itself adds none.

    :param names: what counts as one part, too, the longest first.
    """
    count = place = 0
    last = ""
    bare = text.translate(_DISGUISES)
    while place < len(text):
        found = _WORD.match(text, place) or _WORD.match(bare, place) or _YEAR.match(text, place)
        named = next((len(name) for name in names if text.startswith(name, place)), 1)
        length = max(len(found[0]) if found else 1, _walk_at(text, place), named)
        part = text[place : place + length]
        count += length == 1 or part != last
        last = part
        place += length
    return count


def _walk_at(text: str, place: int) -> int:
    """How many characters from a place on are neighbours, or the same; 1 if there are too few."""
    longest = len(text) - place - len(text[place:].lstrip(text[place]))
    for line in _LINES:
        length = longest
        while place + length < len(text) and text[place : place + length + 1] in line:
            length += 1
        longest = max(longest, length)
    return longest if longest >= _LEAST_WALK else 1
