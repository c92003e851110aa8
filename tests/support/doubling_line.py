"""A line with a clock of its own on which answers come twice."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.link import uart_frame as frame
from tests.support.faulty_line import BYTES_PER_S, FaultyLine


@dataclass
class DoublingLine(FaultyLine):
    """A line on which the answer to a command comes twice.

    :param doubled: the command whose answer it is, counted from 0; None for each.
    :param later_s: how long behind the end of the first the second begins; their bytes never mix on one wire.
    :param chip_s: how long the chip works on a command.
    """

    doubled: int | None = 0
    later_s: float = 0.0
    chip_s: float = 0.0

    def write(self, data: bytes) -> None:
        before = len(self._coming)
        is_command = data.startswith(frame.START)
        if is_command:
            self._free_at = max(self._free_at, self._time) + self.chip_s
        super().write(data)
        new = self._coming[before:]
        if is_command and new and self.doubled in (None, len(self.sent) - 1):
            begin = new[0][0] - len(new[0][1]) / BYTES_PER_S
            shift = new[-1][0] - begin + self.later_s
            self._coming += [(when + shift, piece) for when, piece in new]
            self._coming.sort(key=lambda item: item[0])
