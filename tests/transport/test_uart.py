"""The conversation with a board carried over a line: what it costs, what is said of it, what a killed run leaves.

The clock is the line's own, so that seconds of waiting cost nothing and depend on nothing.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from optiga import BoardError, ChipError, OptigaError
from optiga.chip import Chip
from optiga.chip.commands.set_data_object import SetData
from optiga.emulator import EmulatedChip
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import create_csr
from optiga.link import uart_frame as frame
from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode
from optiga.protocol.tls_identity import encode as encode_identity
from optiga.transport.uart import BridgeTransport
from tests.support.carried import Carried, Mishaps
from tests.support.faulty_line import FAULTS, FaultyLine
from tests.support.observed import request_of
from tests.support.places import CONFIG

LIMIT_S = 20.0


def request_csr(line: FaultyLine) -> x509.CertificateSigningRequest:
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    return x509.load_der_x509_csr(create_csr(chip, load_configuration(CONFIG)).der)


def test_a_name_with_the_uid_costs_one_read_more(tmp_path: Path) -> None:
    config = tmp_path / "config.jsn"
    config.write_text(CONFIG.read_text().replace("OPTIGA(TM) Trust IoT", "{uid}"))
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"))
    csr = x509.load_der_x509_csr(create_csr(chip, load_configuration(config)).der)
    assert len(line.sent) == 4
    assert csr.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == chip.uid.hex


@pytest.mark.parametrize(("size", "exchanges"), [(566, 1), (1549, 1), (1550, 2), (1728, 2)])
def test_a_certificate_is_written_in_as_few_exchanges_as_fit(size: int, exchanges: int) -> None:
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"))
    before = len(line.sent)
    content = encode_identity([bytes(size - 9)])
    chip.write(0xE0E1, content)
    assert len(line.sent) - before == exchanges
    assert chip.read(0xE0E1) == content


def test_the_public_key_is_that_of_the_last_key_pair() -> None:
    """A lost answer to GenKeyPair is the one that must not be believed later."""
    made: list[bytes] = []
    chip = EmulatedChip()

    def execute(command: bytes) -> bytes:
        answer = chip.execute(command)
        if command[0] & 0x7F == CommandCode.GEN_KEY_PAIR:
            made.append(answer[4 + 3 :])
        return answer

    for name in ("answer dropped", "half an answer", "3 s late"):
        made.clear()
        line = FaultyLine(execute, replace(FAULTS[name], exchange=1))
        key = Chip(BridgeTransport(line, port="board")).generate_key("second")
        assert key.public_key == made[-1]
        assert len(made) == (1 if name == "3 s late" else 2)


def test_an_answer_to_somebody_before_us_is_not_taken_for_ours() -> None:
    """A process killed while the chip worked leaves its answer on the way."""
    chip = EmulatedChip()
    chip.execute(bytes.fromhex("f0000010d27600000447656e417574684170706c"))
    line = FaultyLine(chip.execute)
    line.write(frame.encode(bytes.fromhex("b8030009010002e0f102000121")))
    transport = BridgeTransport(line, port="board")
    opened = Chip(transport, port="board")
    assert opened.uid.firmware_build == "2564"
    assert opened.random(16) != opened.random(16)


def test_a_frame_left_half_sent_by_somebody_before_us() -> None:
    line = FaultyLine(EmulatedChip().execute)
    line.write(b"\xbe\xef\xde\xad\x06\x00" + bytes(100))
    assert request_csr(line).is_signature_valid


def test_counting_is_not_repeated() -> None:
    chip = EmulatedChip()
    chip.execute(bytes.fromhex("f0000010d27600000447656e417574684170706c"))
    chip.execute(apdu.encode_command(CommandCode.SET_DATA_OBJECT, 0x40, bytes.fromhex("e1200000 00000000 000000ff")))
    line = FaultyLine(chip.execute, replace(FAULTS["answer dropped"], exchange=0))
    transport = BridgeTransport(line, port="board")
    with pytest.raises(BoardError, match="must not be sent twice"):
        transport.exchange(
            request_of(apdu.encode_command(CommandCode.SET_DATA_OBJECT, 0x02, bytes.fromhex("e120000001")))
        )
    value = transport.exchange(
        request_of(apdu.encode_command(CommandCode.GET_DATA_OBJECT, 0, bytes.fromhex("e12000000008")))
    )
    assert value[4:8] == bytes.fromhex("00000001")


def deaf(command: bytes) -> bytes:
    raise AssertionError(f"nothing reaches this chip: {command.hex()}")


def silent_board(data: bytes) -> bytes:
    return data[:0]


@pytest.mark.parametrize(
    ("board", "message", "hint"),
    [
        (silent_board, "no answer", "Check the port.*provisioning mode"),
        (lambda data: b"\x07" * len(data), "not a personalization board", "Check the port"),
        (lambda data: data, "arrive damaged|not a personalization board|no answer|keeps sending", "."),
        (lambda data: frame.ERROR, "cannot reach its chip", "chip is plugged in"),
        (lambda data: frame.START + b"\x00\x04\x00\x00\x00\x00\x00\x00", "arrive damaged", "cable"),
    ],
    ids=["silence", "another device", "echo", "no chip", "bad cable"],
)
def test_what_never_answers_is_diagnosed_in_words(board: Callable[[bytes], bytes], message: str, hint: str) -> None:
    line = FaultyLine(deaf)
    line._board.feed = board  # type: ignore[method-assign]
    with pytest.raises(BoardError, match=message) as caught:
        Chip(BridgeTransport(line, port="/dev/ttyX"))
    assert caught.match(hint)
    assert str(caught.value).startswith("/dev/ttyX: ")
    assert line.now() < LIMIT_S


@pytest.mark.parametrize(
    ("name", "message"),
    {
        "wrong CRC": "arrive damaged",
        "half an answer": "arrive damaged",
        "answer dropped": "bytes to or from the board get lost",
        "ff ff": "cannot reach its chip",
        "byte of the start sequence lost": "cannot reach its chip.*bytes may be lost",
    }.items(),
)
@pytest.mark.parametrize("exchange", [0, 1])
def test_each_fault_has_its_own_words(name: str, message: str, exchange: int) -> None:
    line = FaultyLine(EmulatedChip().execute, replace(FAULTS[name], exchange=exchange, persists=True))
    with pytest.raises(BoardError, match=message):
        request_csr(line)


@pytest.mark.parametrize("late_s", [0.8, 1.0, 2.0, 3.0, 5.0])
def test_answers_that_come_much_too_late(late_s: float) -> None:
    """A slow way to the board is no board without a chip."""
    carried = Carried(EmulatedChip().execute, Mishaps(delay_s=lambda _: late_s))
    with pytest.raises(BoardError, match="come late, or out of order"):
        _ = Chip(carried, port="board").uid


def test_a_board_that_dies_in_between() -> None:
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"))
    line._board.feed = silent_board  # type: ignore[method-assign]
    with pytest.raises(BoardError, match="stopped answering"):
        chip.random(8)
    assert line.now() < LIMIT_S


def test_closing_closes_the_line() -> None:
    line = FaultyLine(EmulatedChip().execute)
    BridgeTransport(line, port="board").close()
    assert line.closed


WRITE = bytes.fromhex("82400009f1d0000068656c6c6f")
REFUSED_WRITE = bytes.fromhex("82400005e0c2000000")
READ = bytes.fromhex("81000006e0c200000611")


@pytest.mark.parametrize("left", [WRITE, REFUSED_WRITE, READ], ids=["an empty answer", "a refusal", "data"])
def test_answers_that_a_killed_process_left_never_reach_the_next(left: bytes) -> None:
    """Each is on its way when the next process, which found the owner's line still there, begins."""
    chip = EmulatedChip()
    chip.execute(bytes.fromhex("f0000010d27600000447656e417574684170706c"))
    line = FaultyLine(chip.execute)
    line.write(frame.encode(left))
    opened = Chip(BridgeTransport(line, port="board", settled=False), port="board")
    assert opened.uid.firmware_build == "2564"
    with pytest.raises(ChipError, match="0x07"):
        opened.write(0xE0E0, b"locked")
    assert len(opened.random(8)) == 8


def test_what_a_killed_process_was_told_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody knows whether it is a secret; here it is random bytes."""
    told: list[bytes] = []
    chip = EmulatedChip()
    chip.execute(bytes.fromhex("f0000010d27600000447656e417574684170706c"))
    line = FaultyLine(lambda command: told.append(chip.execute(command)) or told[-1])
    line.write(frame.encode(bytes.fromhex("8c0000020010")))
    caplog.set_level(logging.DEBUG, "optiga")
    Chip(BridgeTransport(line, port="board", settled=False), port="board")
    assert len(told[0]) == apdu.HEADER_SIZE + 16
    assert told[0][-8:].hex() not in caplog.text
    assert told[-1].hex() in caplog.text


def test_an_empty_answer_to_a_read_is_not_believed_at_once() -> None:
    chip = EmulatedChip()
    chip.execute(bytes.fromhex("f0000010d27600000447656e417574684170706c"))
    line = FaultyLine(chip.execute)
    transport = BridgeTransport(line, port="board")
    line.write(frame.encode(WRITE))
    assert transport.exchange(request_of(READ))[4:].hex().endswith("2564")


def test_an_interrupted_exchange_is_settled_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    line = FaultyLine(EmulatedChip().execute)
    transport = BridgeTransport(line, port="board")
    chip = Chip(transport, port="board")

    def interrupt(seconds: float) -> bytes:
        if not seconds:
            return b""  # nothing is on the line before the command
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(line, "read", interrupt)
        with pytest.raises(KeyboardInterrupt):
            chip.write(0xF1D0, b"late answer")
    assert not transport.is_settled
    assert chip.uid.firmware_build == "2564"
    assert transport.is_settled
    assert chip.read(0xF1D0) == b"late answer"


def test_a_dead_board_is_not_waited_for_long() -> None:
    line = FaultyLine(deaf)
    line._board.feed = silent_board  # type: ignore[method-assign]
    with pytest.raises(BoardError, match="no answer"):
        Chip(BridgeTransport(line, port="board", settled=False))
    assert line.now() < LIMIT_S


class TestMeanwhile:
    """What may be done while the chip works."""

    @pytest.mark.parametrize("name", ["none", "answer dropped", "half an answer"])
    def test_it_is_done_once_behind_the_command(self, name: str) -> None:
        fault = replace(FAULTS[name], exchange=1) if name in FAULTS else None
        line = FaultyLine(EmulatedChip().execute, fault)
        chip = Chip(BridgeTransport(line, port="board"), port="board")
        sent: list[int] = []
        chip.do_meanwhile(lambda: sent.append(len(line.sent)))
        assert chip.uid.firmware_build == "2564"
        chip.random(8)
        assert sent == [2]

    def test_what_it_raises_is_nothing_to_the_exchange(self) -> None:
        """The command is on its way: what it does is to be heard."""

        def fail() -> None:
            raise ImportError("a library is missing")

        transport = BridgeTransport(FaultyLine(EmulatedChip().execute), port="board")
        chip = Chip(transport, port="board", meanwhile=fail)
        chip.do_meanwhile(fail)
        assert chip.generate_key("second").public_key is not None
        assert transport.is_settled

    def test_an_interruption_is_one(self) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        transport = BridgeTransport(FaultyLine(EmulatedChip().execute), port="board")
        chip = Chip(transport, port="board")
        chip.do_meanwhile(interrupt)
        with pytest.raises(KeyboardInterrupt):
            chip.write(0xF1D0, b"late answer")
        assert not transport.is_settled
        assert chip.read(0xF1D0) == b"late answer"


class TestLog:
    """What passes the line and may be a secret is in no log, whichever way and however late it comes."""

    SECRET = bytes(range(64, 128))

    def shown(self, text: str) -> bool:
        """Whether any eight bytes of it stand there, as they come in pieces."""
        return any(self.SECRET[start : start + 8].hex() in text for start in range(len(self.SECRET) - 7))

    def test_a_line_that_echoes(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "optiga")
        chip = Chip(BridgeTransport(line := FaultyLine(EmulatedChip().execute), port="board"), port="board")
        feed = line._board.feed
        line._board.feed = lambda data: data + feed(data)  # type: ignore[method-assign]
        with contextlib.suppress(OptigaError):
            chip.write(0xE140, self.SECRET)
        assert not self.shown(caplog.text)

    def test_a_copy_that_comes_behind_the_next_command(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "optiga")
        chip = Chip(BridgeTransport(line := FaultyLine(EmulatedChip().execute), port="board"), port="board")
        chip.write(0xF1D0, self.SECRET)
        assert chip.read(0xF1D0) == self.SECRET
        feed = line._board.feed
        line._board.feed = lambda data: frame.encode(apdu.encode_answer(self.SECRET)) + feed(data)  # type: ignore[method-assign]
        with contextlib.suppress(OptigaError):
            chip.metadata(0xE0E1)
        assert not self.shown(caplog.text)

    def test_what_is_believed_is_shown_all_the_same(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "optiga")
        chip = Chip(BridgeTransport(FaultyLine(EmulatedChip().execute), port="board"), port="board")
        chip.random(16)
        assert chip.uid.hex in caplog.text

    @pytest.mark.parametrize("oid", [0xF1D0, 0xF1E0, 0xE140])
    def test_what_is_written(self, oid: int, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "optiga")
        Chip(BridgeTransport(FaultyLine(EmulatedChip().execute), port="board"), port="board").write(oid, self.SECRET)
        assert not self.shown(caplog.text)
        assert not self.shown(repr(SetData(oid, 0, self.SECRET).request()))
