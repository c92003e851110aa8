"""The line to a board as a border: frames and answers of a board, or of what says that it is one, and frames to one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optiga.chip import Chip
from optiga.cli.render.info import format_information
from optiga.emulator import Board, EmulatedChip, MemoryStore
from optiga.emulator.objects import StoredObject
from optiga.errors import ConfigurationError
from optiga.link import uart_frame as frame
from optiga.objects.info import chip_information
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.results import to_json
from optiga.transfer.export import choose, read_chip
from optiga.transfer.form import format_entries
from optiga.transport.uart import BridgeTransport
from optiga.update.check import check_update
from tests.support.borders import check_line
from tests.support.emulator.updating import made, updatable
from tests.support.faulty_line import Fault, FaultyLine
from tests.support.file_borders import Border, EmulatedTransport, check_texts
from tests.support.file_mutations import mutate_bytes

_LENGTHS = (0, 1, 2, 3, 255, 256, 1553, 1557, 1990, 1991, 65534, 65535)


def _frame(apdu: bytes, length: int | None = None) -> bytes:
    """A frame with a right checksum, whatever its length says."""
    head = frame.START + (len(apdu) if length is None else length).to_bytes(2, "big") + apdu
    return head + frame.crc16(head).to_bytes(2, "big")


def mutate_frame(data: bytes, chance: random.Random) -> bytes:
    """A frame with a mutation of its length, its checksum, its APDU, or its number."""
    apdu = data[frame.HEAD_SIZE : -frame.CRC_SIZE]
    kind = chance.randrange(10)
    if kind == 0:
        return _frame(apdu, chance.choice(_LENGTHS))
    if kind == 1:
        return _frame(mutate_apdu(apdu, chance)[: frame.MAX_APDU])
    if kind == 2:
        return data + data
    if kind == 3:
        return data[: chance.randrange(len(data) + 1)]
    if kind == 4:
        return chance.randbytes(chance.choice((1, 6, 100))) + data
    if kind == 5:
        return chance.choice((frame.ERROR, frame.ERROR + data, data + frame.ERROR, frame.START, frame.START * 9, b""))
    if kind == 6:
        return data[: frame.HEAD_SIZE] + chance.randbytes(chance.choice((1, 2, 300)))
    if kind == 7:
        return _frame(
            chance.choice((b"", b"\x00", bytes(4), b"\xff\x00\x00\x00", b"\x00\x00\xff\xff", b"\x01\x00\x00\x00"))
        )
    return mutate_bytes(data, chance)


def mutate_apdu(apdu: bytes, chance: random.Random) -> bytes:
    """An answer with a mutation: of its status, its length, or its data, whose length is right again mostly."""
    kind = chance.randrange(7)
    if kind == 0:
        return chance.choice(
            (b"", b"\x00", b"\xff", bytes(4), b"\xff\x00\x00\x00", b"\x00\x00\x00\x01\x00", b"\x7f\x00\x00\x00")
        )
    if kind == 1:
        return apdu[:2] + chance.choice(_LENGTHS).to_bytes(2, "big") + apdu[4:]
    data = apdu[4:]
    for _ in range(chance.choice((1, 1, 2))):
        data = _mutate_data(data, chance)
    data = data[:1600]
    status = apdu[:2] if kind != 2 else bytes([chance.randrange(256), 0])
    return status + len(data).to_bytes(2, "big") + data


def _mutate_data(data: bytes, chance: random.Random) -> bytes:
    """Bytes, or one of the TLVs that they are, with lengths that are right again: of commands, or of metadata."""
    if data[:1] == b"\x20" and chance.random() < 0.7:
        items, rest = [], data[2:]
        while len(rest) > 1:
            items.append((rest[0], rest[2 : 2 + rest[1]]))
            rest = rest[2 + rest[1] :]
        if items:
            _change_item(items, chance)
            body = b"".join(bytes([tag, len(value) & 0xFF]) + value for tag, value in items)
            return bytes([0x20, len(body) & 0xFF]) + body
    if chance.random() < 0.3:
        try:
            items = tlv.decode(data)
        except ValueError:
            items = []
        if items:
            _change_item(items, chance)
            return b"".join(tlv.encode(tag, value) for tag, value in items)
    return mutate_bytes(data, chance) if data else chance.randbytes(chance.choice((0, 1, 4, 80, 1553)))


def _change_item(items: list[tuple[int, bytes]], chance: random.Random) -> None:
    number = chance.randrange(len(items))
    tag, value = items[number]
    values = (
        b"",
        b"\x00",
        b"\xff",
        b"\x00" * 3,
        b"\xff" * 8,
        value + b"\x00",
        value[:-1],
        chance.randbytes(len(value)),
        bytes(100),
    )
    kind = chance.randrange(4)
    if kind == 0:
        items[number] = (
            chance.choice((0xC0, 0xC1, 0xC4, 0xC5, 0xD0, 0xE0, 0xE1, 0xE8, 0xF0, chance.randrange(256))),
            value,
        )
    elif kind == 1:
        items.insert(chance.randrange(len(items) + 1), items[number])
    elif kind == 2:
        del items[number]
    else:
        items[number] = (tag, chance.choice(values))


class LineBorder(Border):
    """A board's frames, mutated from one exchange on or at one alone."""

    name = "board's frames"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._content = _prepared()

    def make(self, chance: random.Random) -> bytes:
        return bytes([chance.randrange(4), chance.random() < 0.5]) + chance.randbytes(8)

    def take(self, given: bytes, chance: random.Random) -> None:
        mutations = random.Random(given)

        def mutate(data: bytes) -> bytes:
            return mutate_frame(data, mutations) if mutations.random() < 0.8 else data

        chip = EmulatedChip(MemoryStore(self._content))
        line = FaultyLine(chip.execute, Fault(given[0], persists=bool(given[1]), from_board=mutate))
        open_chip = Chip(BridgeTransport(line, port="board"), port="board")
        check_line(open_chip.uid.hex)
        open_chip.read(0xE0E0)
        open_chip.write(0xF1D1, b"x")
        check_texts(open_chip.metadata(0xE0E1).in_words())


class BoardBorder(Border):
    """Frames to an emulated board, which answers all of them."""

    name = "frames to a board"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._content = _prepared()

    def make(self, chance: random.Random) -> bytes:
        frames = [
            _frame(bytes.fromhex(text)) for text in ("f0000010d27600000447656e417574684170706c", "81000006e0c20000001b")
        ]
        return b"".join(mutate_frame(one, chance) if chance.random() < 0.7 else one for one in frames * 2)

    def take(self, given: bytes, chance: random.Random) -> None:
        board = Board(EmulatedChip(MemoryStore(self._content)).execute)
        answer = b"".join(board.feed(given[start : start + 9]) for start in range(0, len(given), 9))
        if not answer.replace(frame.ERROR, b""):
            raise ConfigurationError("the board complains")
        assert answer.startswith(frame.START)


class AnswerBorder(Border):
    """What a chip answers, mutated, behind a line that is sound."""

    name = "chip's answers"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._content = _prepared()
        self._update = made(b"abc")
        self._works: tuple[Callable[[Chip], Any], ...] = (
            self._inform,
            self._export,
            lambda chip: chip.generate_key("second", KeyAlgorithm.SECP256R1).public_key_info,
            lambda chip: chip.key(0xE0F0).sign(b"x", "sha256"),
            lambda chip: chip.random(32),
            lambda chip: check_update(chip, self._update),
            lambda chip: chip.crypto.sha256(b"abc"),
            lambda chip: chip.write(0xF1D1, b"abc"),
            lambda chip: chip.hibernate(),
        )

    def make(self, chance: random.Random) -> bytes:
        return bytes([chance.randrange(len(self._works)), chance.choice((10, 60, 200))]) + chance.randbytes(8)

    def take(self, given: bytes, chance: random.Random) -> None:
        mutations = random.Random(given)
        transport = EmulatedTransport(EmulatedChip(MemoryStore(self._content)))
        chip = Chip(transport)
        exchange = transport.exchange

        def mutated(apdu: bytes) -> bytes:
            answer = exchange(apdu)
            return mutate_apdu(answer, mutations) if mutations.randrange(256) < given[1] else answer

        transport.exchange = mutated  # type: ignore[method-assign]
        self._works[given[0]](chip)

    @staticmethod
    def _export(chip: Chip) -> None:
        exported = read_chip(chip, choose(("0xE0E0", "0xE0F1", "0xF1D0")))
        check_texts([to_json(exported.summary), format_entries(exported.entries)])

    @staticmethod
    def _inform(chip: Chip) -> None:
        information = chip_information(chip)
        check_texts(to_json(information))
        for line in format_information(information).split("\n"):
            check_line(line)


def _prepared() -> dict[int, StoredObject]:
    """A chip with keys, a certificate, a trust anchor."""
    store = MemoryStore()
    updatable(store=store)
    Chip(EmulatedTransport(EmulatedChip(store))).generate_key(0xE0FC, KeyAlgorithm.RSA1024)
    return store.load()


LINES: tuple[type[Border], ...] = (LineBorder, BoardBorder, AnswerBorder)
