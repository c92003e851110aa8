"""What errors advise a program: functions and parameters of the library, no commands and no options."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import optiga
from optiga import testing
from optiga.cli.support.options import option_of
from optiga.errors import OptigaError, told
from optiga.objects.objects import check_data
from optiga.protocol.objects import OBJECTS

MISTAKES: dict[str, tuple[Callable[[optiga.Chip], object], str, str]] = {
    "no certificate": (
        lambda chip: optiga.write_certificate(chip, b"junk"),
        "To write bytes to 0xE0E1, use 'chip.write'",
        "use 'object write --offset 0', or 'object write --hex'",
    ),
    "a counter's data": (
        lambda _: check_data(OBJECTS[0xE120], b"1", 0),
        "Use 'counters.write_counter'",
        "Use 'counter set'",
    ),
}


@pytest.mark.parametrize("size", [0, 7, 257])
def test_how_many_random_bytes_there_are(size: int) -> None:
    with testing.emulated_chip() as chip, pytest.raises(optiga.ChipError, match="8 to 256 bytes"):
        chip.random(size)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_program_is_not_told_of_commands(mistake: str) -> None:
    act, in_program, on_command_line = MISTAKES[mistake]
    with testing.emulated_chip() as chip, pytest.raises(OptigaError) as raised:
        act(chip)
    said = str(raised.value)
    assert in_program in said
    assert "object write" not in said
    assert "counter set" not in said
    assert on_command_line in raised.value.text(option_of)
    assert "." not in raised.value.parameter
    assert told(raised.value.hint, option_of) in raised.value.text(option_of)
