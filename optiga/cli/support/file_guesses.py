"""Which file or CA may be meant by a name on the command line that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from optiga.errors import OptigaError
from optiga.identity.sample_configurations import sample_paths

_MOST_LOOKED_AT = 1000
_CUTOFF = 0.8
_CONFIGURATIONS = (".jsn", ".json")
_CERTIFICATE = "ca.pem"
"""What each folder of a CA has."""


def advise_of_file(error: OptigaError, arguments: Sequence[str]) -> None:
    """Have an error that a name is not found say what is called like it.

    :param arguments: of the command line, among which the name is.
    """
    word = error.path or _named_last(error.message, arguments)
    is_ca = f"no CA in {word}" in error.message
    with suppress(OSError, ValueError):
        found = next(_like(Path(word), is_ca=is_ca, is_configuration="configuration" in error.message), None)
        if found is not None:
            error.advise(f"There is {'a CA in' if is_ca else 'a file'} {found}", first=True)


def _named_last(message: str, arguments: Sequence[str]) -> str:
    """What of a command line a message names last: words of the message, such as "update", come before."""
    words = [word.partition("=")[2] if word.startswith("-") else word for word in arguments]
    patterns = {word: rf"(?<![\w./\\-]){re.escape(word)}(?![\w/\\])" for word in words if word}
    places = {word: place.start() for word, pattern in patterns.items() if (place := re.search(pattern, message))}
    return max(places, key=lambda one: places[one], default="")


def _like(path: Path, *, is_ca: bool, is_configuration: bool) -> Iterator[Path]:
    """What may be meant, the likeliest first: another ending, a misspelt name, a sample."""
    if not path.name:
        return
    if path.parent.is_dir():
        beside = islice(path.parent.iterdir(), _MOST_LOOKED_AT)
        names = [one.name for one in beside if ((one / _CERTIFICATE).is_file() if is_ca else one.is_file())]
        if is_configuration:
            yield from (path.with_name(name) for name in names if _bare(name) == _bare(path.name))
        near = get_close_matches(path.name, names, n=1, cutoff=_CUTOFF)
        yield from (path.with_name(name) for name in near if _letters(name) != _letters(path.name))
    if is_configuration:
        samples = sample_paths()
        for name, sample in samples.items():
            if _bare(path.name) in (name, _bare(sample.name)):
                here = Path.cwd()
                yield sample.relative_to(here) if sample.is_relative_to(here) else sample


def _bare(name: str) -> str:
    """The name of a configuration without its ending, in small letters."""
    name = name.lower()
    return next((name.removesuffix(end) for end in _CONFIGURATIONS if name.endswith(end)), name)


def _letters(name: str) -> str:
    """A name without digits: names that differ in these alone are those of a series, of which another is not meant."""
    return re.sub(r"\d", "", name)
