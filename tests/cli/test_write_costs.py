"""What a certificate write costs on the line of a served board whose chip is new: exchanges, and bytes both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

import optiga
from optiga.emulator import EmulatedChip
from optiga.emulator.models import TRUST_M_V1, TRUST_M_V3, TRUST_X, ChipModel
from optiga.protocol import tls_identity
from tests.support.cli.runner import Cli
from tests.support.counting_board import CountingBoard
from tests.support.identity.csr_helpers import Ca, pem
from tests.support.served_boards import board_on_tcp

ROOM = 1728
NEW = bytes(ROOM)
MOST_IN_ONE_COMMAND = 1549


class Bench:
    """A new chip with a key of its own on a served board, and certificates of that key.

    :ivar key: the public key in the second slot.
    """

    def __init__(self, port: str, board: CountingBoard) -> None:
        self.port, self.board, self._ca = port, board, Ca("Example devices CA")
        with optiga.open_chip(port) as chip:
            assert chip.read(0xE0E1) == NEW
            self.key = load_der_public_key(chip.generate_key("second").public_key_info)

    def certificate(self, payload: int) -> bytes:
        """One that takes so many bytes on the chip."""
        now, padding = datetime.now(timezone.utc), 200
        while True:  # a signature has not always the same length
            start, end = now - timedelta(days=1), now + timedelta(days=365)
            der = self._ca.certify(self.key, start=start, end=end, padding=padding)
            if not (missing := payload - len(tls_identity.encode([der]))):
                return der
            padding += missing


@pytest.fixture(params=[TRUST_M_V3, TRUST_M_V1, TRUST_X], ids=lambda model: model.name)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    model: ChipModel = request.param
    board = CountingBoard(EmulatedChip(model=model))
    with board_on_tcp(board) as port:
        yield Bench(port, board)


@pytest.mark.parametrize("payload", [520, 734, MOST_IN_ONE_COMMAND + 1, ROOM])
def test_a_certificate_into_a_new_chip_and_again(bench: Bench, cli: Cli, payload: int) -> None:
    der = bench.certificate(payload)
    Path("device.pem").write_text(pem(der))

    def write() -> dict[str, object]:
        bench.board.clear()
        result = cli("--port", bench.port, "--write", "device.pem", "--output", "json")
        assert result.code == 0
        assert "Warning" not in result.err
        return dict(json.loads(result.out))

    told = {"oid": "0xE0E1", "slot": "second", "size": payload, "key_match": True, "key_oid": "0xE0F1", "warnings": []}
    assert write() == {**told, "written": True}
    assert bench.board.exchanges <= 6
    # Of a certificate whose last byte is zero, as one of 256 is, a byte more is looked at before.
    zeros = len(der) - len(der.rstrip(b"\0"))
    assert bench.board.carried <= 1.35 * payload + 120 + zeros
    written = bench.board.carried
    assert write() == {**told, "written": False}
    assert bench.board.exchanges <= 4
    assert bench.board.carried <= 350 < written
    with optiga.open_chip(bench.port) as chip:
        assert chip.read(0xE0E1) == tls_identity.encode([der])


def test_a_csr_costs_what_it_did(bench: Bench, cli: Cli, config: Path) -> None:
    bench.board.clear()
    assert cli("--port", bench.port, "--csr", config).code == 0
    assert bench.board.exchanges == 3
    assert bench.board.carried <= 290


def test_data_that_are_there_are_not_carried(bench: Bench, cli: Cli) -> None:
    """``object write``, from a file and into the middle."""
    data = bytes(index % 251 for index in range(1400))
    Path("data").write_bytes(data)
    Path("part").write_bytes(data[100:1200])
    assert cli("--port", bench.port, "object", "write", "0xF1E0", "data").code == 0
    for words in (["data"], ["part", "--offset", "100", "--no-erase"]):
        bench.board.clear()
        result = cli("--port", bench.port, "object", "write", "0xF1E0", *words)
        assert (result.code, "nothing was written" in result.err) == (0, True), result.err
        assert bench.board.carried <= 350
