"""Where a long job says what it is doing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

_log = logging.getLogger(__name__)


class Report(NamedTuple):
    """Who listens to a job.

    :param note: is told what is being done, one sentence each.
    :param warn: is told what people must know, one sentence each.
    """

    note: Callable[[str], None] = _log.info
    warn: Callable[[str], None] = _log.warning
