"""A command that is never sent twice, whose answer is lost: the error says which command, and on which object."""

from __future__ import annotations

import pytest

from optiga import BoardError, testing
from optiga.errors import Reason


def test_the_error_names_counting_and_its_counter() -> None:
    with testing.bench() as bench, bench.open() as chip:
        chip.objects.write(0xE120, bytes(4) + b"\0\0\0\x64")
        assert chip.uid
        bench.forget_commands()
        bench.faults.cut_next_answer()
        with pytest.raises(BoardError, match="'count 0xE120'") as caught:
            chip.objects.count(0xE120)
        assert (caught.value.reason, caught.value.oid) == (Reason.OUTCOME_UNKNOWN, 0xE120)
        assert len(bench.commands) == 1


def test_the_error_names_a_protected_update_and_its_object() -> None:
    with testing.bench() as bench, bench.open() as chip:
        assert chip.uid
        bench.faults.cut_next_answer()
        with pytest.raises(BoardError, match="'update 0xF1D0'") as caught:
            chip.updates.apply(0xF1D0, bytes(8), [bytes(8)])
        assert caught.value.oid == 0xF1D0
