"""The many ways in which cryptography says that an X.509 structure does not parse, as one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_MOST_CHARACTERS = 200
"""Of an error of the library."""


@contextmanager
def one_error() -> Iterator[None]:
    """Where cryptography parses certificates and CSRs, some parts only when they are asked for.

    :raises ValueError: with one line of text, for whatever it raises there.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with no_warnings():
            yield
    except (
        ValueError,
        KeyError,  # damaged names, until cryptography 48
        TypeError,
        OverflowError,  # numbers that are negative or too large
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        if "ParseError" in text:  # the library's notation for programmers
            text = "a part of it is damaged"
        if len(text) > _MOST_CHARACTERS:  # it shows what it has found, however long
            text = f"{text[:_MOST_CHARACTERS]} …"
        raise ValueError(text) from error


@contextmanager
def no_warnings() -> Iterator[None]:
    """Where cryptography warns of names that are longer than they may be: it counts bytes, RFC 5280 characters."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Attribute's length", UserWarning)
        yield
