"""What a misspelt name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_LONGEST_NAME = 100
_MOST_MEANT = 4
"""With more choices than these nobody is told which may be meant."""
_FEWEST = 3
"""Letters of a word in which one may be wrong."""
_CUTOFF = 0.7
"""How like a word another one is that may be meant, from 0 to 1."""
_FEWEST_HELD = 3
"""Letters of a word that is looked for in others."""


def suggest(text: str, choices: Iterable[str], other_names: Mapping[str, str]) -> str:
    """A hint at what was probably meant, empty where nothing is near.

    :param other_names: what else people call some choices; what is not among the choices is no hint.
    """
    choices = tuple(choices)
    meant = other_names.get(text.lower())
    found = [meant] if meant is not None else _likely(text, choices, other_names)
    *others, last = [repr(one) for one in found if one in choices] or [""]
    return f", did you mean {' or '.join(filter(None, (', '.join(others), last)))}?" if last else ""


def near_names(text: str, choices: Sequence[str]) -> list[str]:
    """The choices that are written like a text: it may be one of them, misspelt."""
    import difflib

    words = {choice: same_word(choice) for choice in choices}
    near = difflib.get_close_matches(same_word(text), words.values(), n=_MOST_MEANT, cutoff=_CUTOFF)
    return [choice for choice, word in words.items() if word in near]


def same_word(text: str) -> str:
    """A word without letter case, blanks and punctuation, for comparing: ``SHA-256`` is ``sha256``."""
    return "".join(character for character in text.lower() if character.isalnum())


def _likely(text: str, choices: Sequence[str], other_names: Mapping[str, str]) -> list[str]:
    """The choices that a text is like: the same, else those that begin so, else those that have it, else the nearest.

    What matches more than a few choices tells nothing.
    """
    word = same_word(text)
    if not word or len(text) > _LONGEST_NAME:
        return []
    bare = {choice: same_word(choice) for choice in choices}
    if same := [choice for choice, known in bare.items() if known == word]:
        return same
    if begun := [choice for choice, known in bare.items() if len(word) > 1 and known.startswith(word)]:
        return begun if len(begun) <= _MOST_MEANT else []
    held = [choice for choice, known in bare.items() if len(word) >= _FEWEST_HELD and word in known]
    if 0 < len(held) <= _MOST_MEANT:
        return held
    names: dict[str, str] = {}
    for choice, known in bare.items():
        names.setdefault(known, choice)  # of several that are written alike, the first
    return _nearest(word, {**names, **other_names})


def _nearest(wanted: str, names: Mapping[str, str]) -> list[str]:
    """What the names mean that are written most like a text; of short ones those with one mistake in them, too."""
    import difflib

    words = {same_word(name): meant for name, meant in names.items()}
    if swapped := [meant for name, meant in words.items() if _is_swapped(wanted, name)]:
        return swapped[:1]
    near = set(difflib.get_close_matches(wanted, words, n=_MOST_MEANT, cutoff=_CUTOFF))
    slips = {name for name in words if _is_slip(wanted, name)}
    if not near and not slips:
        return []
    ratios = {name: difflib.SequenceMatcher(None, name, wanted).ratio() for name in (near & slips) or near or slips}
    return list(dict.fromkeys(meant for name, meant in words.items() if ratios.get(name) == max(ratios.values())))


def _is_slip(text: str, name: str) -> bool:
    """Whether a text is a name with one letter missing, wrong or too many."""
    if min(len(text), len(name)) < _FEWEST or abs(len(text) - len(name)) > 1 or text == name:
        return False
    same = next((place for place, (one, other) in enumerate(zip(text, name, strict=False)) if one != other), len(text))
    mine, its = text[same:], name[same:]
    return mine[1:] == its[1:] or mine[1:] == its or mine == its[1:]


def _is_swapped(text: str, name: str) -> bool:
    """Whether a text is a name with two neighbouring letters swapped."""
    if len(text) != len(name) or len(text) < _FEWEST or text == name:
        return False
    first = next(place for place, (one, other) in enumerate(zip(text, name, strict=True)) if one != other)
    return text == name[:first] + name[first + 1 : first + 2] + name[first] + name[first + 2 :]
