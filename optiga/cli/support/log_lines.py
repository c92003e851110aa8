"""Lines of ``-v`` and ``-vv``."""

from __future__ import annotations

import logging

from optiga.files.shown import shown_lines


class EscapingFormatter(logging.Formatter):
    """Text of others in a line is shown escaped."""

    def format(self, record: logging.LogRecord) -> str:
        return shown_lines(super().format(record))
