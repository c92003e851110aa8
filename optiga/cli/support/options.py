"""The options of the command line in errors of the library, which knows its parameters alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from optiga.errors import ConfigurationError, OptigaError

_PARAMETER = r"`([A-Za-z_]+)(?:=([A-Za-z]+))?`"
"""A parameter, or one with its value, as texts of the library name it."""


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


def in_options(text: str, options: Mapping[str, str]) -> str:
    """A text of the library with the options for the parameters that it names.

    :param options: by the name of the parameter, for example ``{"renew": "--renew"}``; or by name and value, for
        example ``{"thing=None": "--no-cloud"}``.
    """

    def option(found: re.Match[str]) -> str:
        name, value = found.groups()
        if value is None or f"{name}={value}" in options:
            return options.get(found[0].strip("`"), found[0])
        return f"{options[name]} {value}" if name in options else found[0]

    return re.sub(_PARAMETER, option, text)


@contextmanager
def naming_options(options: Mapping[str, str]) -> Iterator[None]:
    """Have errors name options where they name parameters.

    :param options: by the name of the parameter.
    """
    try:
        yield
    except OptigaError as error:
        error.message, error.hint = in_options(error.message, options), in_options(error.hint, options)
        raise
