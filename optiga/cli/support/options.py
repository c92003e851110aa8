"""The options of the command line in errors of the library, which knows its parameters alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optiga.errors import ConfigurationError


@contextmanager
def of_option(name: str) -> Iterator[None]:
    """Have mistakes in what an option says begin with its name.

    :param name: for example ``--anchor``.
    """
    try:
        yield
    except ConfigurationError as error:
        error.message = f"{name}: {error.message}"
        raise


@contextmanager
def options_for(**options: str) -> Iterator[None]:
    """Have a hint that speaks of a parameter say which option that is.

    :param options: by the name of the parameter, for example ``oid="--id"``.
    """
    try:
        yield
    except ConfigurationError as error:
        if error.parameter in options:
            error.hint = f"{error.hint} ({options[error.parameter]})"
        raise
