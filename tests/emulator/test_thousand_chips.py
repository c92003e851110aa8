"""A thousand chips in one process: none knows of another."""

from __future__ import annotations

import pytest

from optiga.emulator import EmulatedChip, MemoryStore, keys
from optiga.emulator.objects import StoredObject
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import APPLICATION_ID, CommandCode, SignatureScheme
from optiga.protocol.public_key import PublicKey
from tests.support.emulator.certificates import DIGEST
from tests.support.emulator.emulated import ECDSA, command, key_target, to_sign

CHIPS = 1000
OPEN = command(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
MAKE = command(CommandCode.GEN_KEY_PAIR, 0x03, key_target(0xE0F1))
SIGN = command(CommandCode.CALC_SIGN, ECDSA, to_sign(0xE0F1, DIGEST))
READ_UID = command(CommandCode.GET_DATA_OBJECT, 0, b"\xe0\xc2")


@pytest.mark.long
def test_each_makes_a_key_and_signs() -> None:
    chips = [EmulatedChip() for _ in range(CHIPS)]
    assert {chip.execute(OPEN) for chip in chips} == {bytes(4)}
    answers = [chip.execute(MAKE) for chip in chips]
    public_keys = [tlv.decode(answer[4:])[0][1] for answer in answers]
    signatures = [chip.execute(SIGN) for chip in chips]
    assert len(set(public_keys)) == len({chip.execute(READ_UID) for chip in chips}) == CHIPS
    for public_key, signature in zip(public_keys, signatures, strict=True):
        assert signature[0] == 0
        loaded = PublicKey.of_chip(KeyAlgorithm.SECP256R1, public_key)
        assert keys.verifies(loaded, SignatureScheme.ECDSA, DIGEST, signature[4:])


def test_what_one_does_no_other_feels() -> None:
    content = _content()
    first, second = (EmulatedChip(MemoryStore(content)) for _ in range(2))
    first.execute(OPEN)
    assert first.execute(MAKE)[0] == 0
    assert second.execute(SIGN)[0] == 0xFF
    second.execute(OPEN)
    assert second.execute(SIGN)[0] == 0xFF
    assert first.execute(SIGN)[0] == 0


def _content() -> dict[int, StoredObject]:
    store = MemoryStore()
    EmulatedChip(store)
    return store.load()
