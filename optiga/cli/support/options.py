"""The options of the command line in messages of the library, which knows its parameters alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optiga.errors import ConfigurationError, naming

_OPTIONS = {
    "port": "--port PORT",
}
"""What is written on the command line for a parameter whose option is not called as the parameter is."""


def option_of(parameter: str) -> str:
    """What users of the command line give for a parameter of the library.

    :param parameter: its name, for example ``thing_type``: ``--thing-type``.
    """
    return _OPTIONS.get(parameter) or f"--{parameter.replace('_', '-')}"


@contextmanager
def of_option(name: str) -> Iterator[None]:
    """Have mistakes in what an option says begin with its name.

    :param name: for example ``--anchor``.
    """
    try:
        yield
    except ConfigurationError as error:
        error.message = naming("{name}: {message}", name=name, message=error.message)
        error.parameter = error.parameter or name.lstrip("-").replace("-", "_")
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
            error.hint = naming("{hint} ({option})", hint=error.hint, option=options[error.parameter])
        raise
