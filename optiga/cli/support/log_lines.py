"""Lines of ``-v`` and ``-vv``."""

from __future__ import annotations

import logging

from optiga.files.shown import shown_lines


class EscapingFormatter(logging.Formatter):
    """Text of others in a line is shown escaped."""

    def format(self, record: logging.LogRecord) -> str:
        return shown_lines(super().format(record))


def start(verbosity: int) -> None:
    """Log to standard error.

    :param verbosity: 1 for each command and its time, 2 for each frame, too.
    """
    handler = logging.StreamHandler()
    form = "%(asctime)s.%(msecs)03d %(name)s: %(message)s" if verbosity > 1 else "%(name)s: %(message)s"
    handler.setFormatter(EscapingFormatter(form, "%H:%M:%S"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("optiga").setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
