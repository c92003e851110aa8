"""What passes over a line, for ``-vv`` and for programs that set logging up."""

from __future__ import annotations

import sys


def is_traced() -> bool:
    """Whether anybody listens. Where nobody has loaded :mod:`logging` nobody does, and loading it takes its time."""
    logging = sys.modules.get("logging")
    return logging is not None and bool(logging.getLogger(__package__).isEnabledFor(logging.DEBUG))


def trace(message: str, *values: object) -> None:
    """Log for debugging under the name of this package, if anybody listens."""
    if is_traced():
        sys.modules["logging"].getLogger(__package__).debug(message, *values)


def inform(message: str, *values: object) -> None:
    """Log what happened to a line, for ``-v``, if anybody listens."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger(__package__).info(message, *values)
