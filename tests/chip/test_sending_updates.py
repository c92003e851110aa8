"""``Updates.apply``: the commands of an update, byte for byte as the manual has them, and refusals."""

from __future__ import annotations

import pytest

from optiga.chip import Chip
from optiga.errors import ChipError, ConfigurationError
from tests.support import infineon_updates as infineon
from tests.support.scripted import OK, REFUSED, ScriptedTransport, answer

UID = "cd16338201001c000500000a091b5c0007006200ad801010712564"
SAMPLE = next(sample for sample in infineon.SAMPLES if sample.name == "integrity")
FRAGMENTS = [bytes.fromhex(fragment) for fragment in SAMPLE.fragments]


def open_with(*answers: bytes) -> tuple[Chip, ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    return Chip(transport, port="board"), transport


def test_a_manifest_and_two_fragments() -> None:
    """As Infineon's library sends them: start, continue, final."""
    chip, transport = open_with(answer(UID), OK, OK, OK)
    chip.updates.apply(SAMPLE.target_oid, bytes.fromhex(SAMPLE.manifest), FRAGMENTS)
    assert [sent.hex() for sent in transport.sent[2:]] == [
        "8301008e30008b" + SAMPLE.manifest,
        "83010283320280" + SAMPLE.fragments[0],
        "83010035310032" + SAMPLE.fragments[1],
    ]


def test_nothing_is_sent_without_a_fragment() -> None:
    chip, transport = open_with()
    with pytest.raises(ConfigurationError, match="an update without fragments"):
        chip.updates.apply(SAMPLE.target_oid, bytes.fromhex(SAMPLE.manifest), [])
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    ("steps", "code", "hint"),  # steps that the chip takes before
    [
        (0, "10", "The object has this version or a later one"),
        (1, "2d", "encrypted with another secret than the chip's"),
        (2, "08", "apply the same update again"),
    ],
)
def test_a_refusal_ends_it(steps: int, code: str, hint: str) -> None:
    chip, transport = open_with(answer(UID), *[OK] * steps, REFUSED, answer(code))
    with pytest.raises(ChipError, match=hint) as caught:
        chip.updates.apply(SAMPLE.target_oid, bytes.fromhex(SAMPLE.manifest), FRAGMENTS)
    assert (caught.value.code, caught.value.oid) == (int(code, 16), SAMPLE.target_oid)
    assert len(transport.sent) == 1 + 1 + steps + 2
