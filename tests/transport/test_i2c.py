"""What carries a conversation to a chip on a bus: steps, time, the log, and what breaks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from optiga import BoardError
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.link.i2c.host import I2cConversation
from optiga.link.i2c.steps import Done, Note, Pause, Read, Step, Write
from optiga.protocol.request import Request, Returns, Traits
from optiga.transport import resolve_port
from optiga.transport.carrying import carry
from optiga.transport.emulated_bus import EmulatedBus, shielded_transport
from optiga.transport.i2c import I2cTransport
from optiga.transport.i2c_bus import Bus
from tests.support.i2c_chips import OPEN, SECRET, UID, OnBus, ask, factory_content

TRAITS = Traits(Returns.EITHER, 1, 5000)


class FakeBus:
    """A bus that answers what it is told to, at a time that is a number.

    :param answers: to each transaction: bytes that are read, whether a write is acknowledged, or what it raises.
    :ivar calls: what was asked of it.
    """

    def __init__(self, *answers: bytes | bool | BaseException | None) -> None:
        self.answers = list(answers)
        self.calls: list[object] = []
        self.time = 7.0
        self.closed = 0

    def write(self, data: bytes) -> bool:
        self.calls.append(data)
        return bool(self._answer())

    def read(self, size: int) -> Any:
        self.calls.append(size)
        return self._answer()

    def wait(self, seconds: float) -> None:
        self.calls.append(f"wait {seconds:.3f}")
        self.time += seconds

    def now(self) -> float:
        return self.time

    def close(self) -> None:
        self.closed += 1

    def _answer(self) -> object:
        self.time += 0.5
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Script:
    """A conversation that does some steps, whatever comes of them; its answer is what it has learned, in text.

    :ivar heard: what it has learned of each step.
    :ivar thrown: what was thrown into it, and the time that it was told before.
    """

    def __init__(self, *steps: Step, is_settled: bool = True) -> None:
        self._steps = steps
        self.is_settled = is_settled
        self.heard: list[Done] = []
        self.thrown: list[tuple[BaseException, float]] = []
        self.told = 0.0
        self.began: list[float] = []

    def exchange(self, request: Request, now: float) -> Generator[Step, Done, bytes]:
        self.began.append(now)
        for step in self._steps:
            try:
                self.heard.append((yield step))
            except BaseException as error:
                self.thrown.append((error, self.told))
                raise
        return b"\0\0\0\0"

    def tell_time(self, now: float) -> None:
        self.told = now


def transport(bus: Any, conversation: Any, **options: Any) -> I2cTransport:
    return I2cTransport(bus, conversation, port="i2c:/dev/i2c-1", **options)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that ``-vv`` shows."""
    caplog.set_level(logging.DEBUG, logger="optiga")
    return caplog


class TestSteps:
    def test_each_is_done_and_told_with_its_time(self) -> None:
        bus = FakeBus(True, b"\x08\x80\0\0")
        script = Script(Write(b"\x82"), Pause(0.25), Read(4), Note("all is well"))
        assert transport(bus, script).exchange(Request(b"", TRAITS)) == b"\0\0\0\0"
        assert bus.calls == [b"\x82", "wait 0.250", 4]
        assert script.began == [7.0]
        assert script.heard == [Done(7.5), Done(7.75), Done(8.25, b"\x08\x80\0\0"), Done(8.25)]

    def test_no_acknowledgment_is_told(self) -> None:
        script = Script(Write(b"\x82"), Read(4))
        transport(FakeBus(False, None), script).exchange(Request(b"", TRAITS))
        assert [done.data for done in script.heard] == [None, None]

    @pytest.mark.parametrize("error", [BoardError("the bus is gone"), KeyboardInterrupt()])
    @pytest.mark.parametrize("step", [Write(b"\x82"), Read(4)])
    def test_an_error_of_the_bus_is_thrown_in_with_its_time(self, error: BaseException, step: Step) -> None:
        script = Script(step)
        with pytest.raises(type(error)) as caught:
            transport(FakeBus(error), script).exchange(Request(b"", TRAITS))
        assert caught.value is error
        assert script.thrown == [(error, 7.5)]

    def test_no_pause_takes_less_than_no_time(self) -> None:
        bus = FakeBus()
        transport(bus, Script(Pause(0.0), Pause(-1.0))).exchange(Request(b"", TRAITS))
        assert bus.calls == []


class TestCarrying:
    def test_an_error_may_be_answered_with_another_step(self) -> None:
        def conversation() -> Generator[str, int, str]:
            try:
                yield "breaks"
            except ValueError:
                return f"went on with {yield 'works'}"
            return "never"

        def do(step: str) -> int:
            if step == "breaks":
                raise ValueError(step)
            return 42

        told: list[str] = []
        assert carry(conversation(), do, on_failure=lambda: told.append("failed")) == "went on with 42"
        assert told == ["failed"]

    def test_one_without_steps(self) -> None:
        def conversation() -> Generator[str, int, str]:
            return "done"
            yield ""

        assert carry(conversation(), lambda _: 1) == "done"

    def test_what_a_conversation_raises_is_no_failure_of_a_step(self) -> None:
        def conversation() -> Generator[str, int, str]:
            yield "one"
            raise LookupError

        told: list[str] = []
        with pytest.raises(LookupError):
            carry(conversation(), lambda _: 1, on_failure=lambda: told.append("failed"))
        assert told == []


class TestMeanwhile:
    def exchange(self, meanwhile: Callable[[], object], *steps: Step, bus: FakeBus | None = None) -> FakeBus:
        bus = bus or FakeBus()
        transport(bus, Script(*steps)).exchange(Request(b"", TRAITS, meanwhile))
        return bus

    def test_once_in_the_first_long_pause(self) -> None:
        done: list[str] = []
        bus = FakeBus()
        self.exchange(lambda: done.append(f"after {len(bus.calls)}"), Pause(0.0009), Pause(0.01), Pause(0.01), bus=bus)
        assert done == ["after 1"]
        assert bus.calls == ["wait 0.001", "wait 0.010", "wait 0.010"]

    def test_its_time_is_the_pauses(self) -> None:
        bus = FakeBus()

        def work() -> None:
            bus.time += 0.3

        self.exchange(work, Pause(1.0), bus=bus)
        assert bus.calls == ["wait 0.700"]

    def test_longer_than_the_pause(self) -> None:
        bus = FakeBus()

        def work() -> None:
            bus.time += 3

        self.exchange(work, Pause(1.0), bus=bus)
        assert bus.calls == []

    def test_it_cannot_fail_an_exchange(self) -> None:
        tried: list[str] = []

        def fail() -> None:
            tried.append("tried")
            raise BoardError("cannot be done")

        assert self.exchange(fail, Pause(0.1), Pause(0.1)).calls == ["wait 0.100", "wait 0.100"]
        assert tried == ["tried"]

    def test_whoever_ends_the_run_is_heard(self) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.exchange(interrupt, Pause(0.1))

    def test_not_without_a_pause(self) -> None:
        done: list[str] = []
        bus = FakeBus()
        line = transport(bus, Script())
        line.exchange(Request(b"", TRAITS, lambda: done.append("done")))
        line = transport(bus, Script(Pause(0.1)))
        line.exchange(Request(b"", TRAITS))
        assert done == []

    def test_not_that_of_another_command(self) -> None:
        done: list[str] = []
        script = Script()
        line = transport(FakeBus(), script)
        line.exchange(Request(b"", TRAITS, lambda: done.append("done")))
        script._steps = (Pause(0.1),)
        line.exchange(Request(b"", TRAITS))
        assert done == []


class TestLog:
    def test_what_passes(self, log: pytest.LogCaptureFixture) -> None:
        script = Script(Write(b"\x82\xab"), Read(4), Write(b"\x55"), Note("a frame was lost"))
        transport(FakeBus(True, b"\x08\x80\0\x01", False), script).exchange(Request(b"", TRAITS))
        assert log.messages == [
            "i2c:/dev/i2c-1 > 82ab",
            "i2c:/dev/i2c-1 < 08800001",
            "i2c:/dev/i2c-1 > not acknowledged",
            "i2c:/dev/i2c-1: a frame was lost",
        ]
        assert [record.levelname for record in log.records] == ["DEBUG", "DEBUG", "DEBUG", "INFO"]

    def test_no_secret(self, log: pytest.LogCaptureFixture) -> None:
        script = Script(Write(b"\x80\x5e\xc7", hides=True), Read(3, hides=True), Read(2, hides=True))
        transport(FakeBus(True, b"\xca\xfe\xba", None), script).exchange(Request(b"", TRAITS))
        assert "5ec7" not in log.text
        assert "cafe" not in log.text
        assert log.text.count("3 bytes") == 2
        assert log.messages[-1].endswith("not acknowledged")

    @pytest.mark.parametrize("secret", [None, SECRET])
    def test_no_secret_of_a_real_exchange(self, log: pytest.LogCaptureFixture, secret: bytes | None) -> None:
        drawn: list[bytes] = []

        def draw(size: int) -> bytes:
            drawn.append(bytes(7 * number % 256 for number in range(size)))
            return drawn[-1]

        on_bus = OnBus(random=draw)
        bus = SimpleNamespace(
            write=on_bus.slave.write,
            read=on_bus.slave.read,
            now=on_bus.clock,
            wait=lambda seconds: setattr(on_bus.clock, "now", on_bus.clock.now + seconds),
            close=lambda: None,
        )
        line = transport(bus, I2cConversation(port="bus", secret=secret))
        assert line.exchange(OPEN)[0] == 0
        text = b"a secret that nobody may see"
        write = ask((b"\x82\x40" + (4 + len(text)).to_bytes(2, "big") + b"\xf1\xd0\0\0" + text).hex(), hides=True)
        assert line.exchange(write)[0] == 0
        assert line.exchange(ask("81000006f1d00000001c", hides=True))[4:] == text
        assert text.hex()[:16] not in log.text
        assert SECRET.hex()[:16] not in log.text
        assert "bytes with a secret" in log.text
        randoms = [random.hex() for random in drawn if len(random) >= 8]
        assert bool(randoms) == (secret is not None), "the chip's, from which the keys are derived"
        assert not any(random[:16] in log.text for random in randoms)


class TestClosing:
    def test_the_bus_is_given_back_once(self) -> None:
        told: list[bool] = []
        bus = FakeBus()
        line = transport(bus, Script(), on_close=lambda *, done: told.append(done))
        line.close()
        line.close()
        assert bus.closed
        assert told == [True]

    def test_in_the_middle_of_an_exchange(self) -> None:
        told: list[bool] = []
        line = transport(FakeBus(), Script(is_settled=False), on_close=lambda *, done: told.append(done))
        line.close()
        assert told == [False]

    def test_a_bus_that_cannot_be_closed(self) -> None:
        told: list[bool] = []
        bus = FakeBus()

        def close() -> None:
            raise OSError("it is gone")

        bus.close = close  # type: ignore[method-assign]
        with pytest.raises(OSError, match="gone"):
            transport(bus, Script(), on_close=lambda *, done: told.append(done)).close()
        assert told == [True], "the lock is given back all the same"

    def test_whether_every_exchange_came_to_its_end(self) -> None:
        told: list[bool] = []
        bus = FakeBus(*[BoardError("the bus is gone")] * 9)
        line = transport(bus, I2cConversation(port="bus"), on_close=lambda *, done: told.append(done))
        with pytest.raises(BoardError, match="gone"):
            line.exchange(OPEN)
        line.close()
        assert told == [False]


class TestEmulatedBus:
    def chip(self) -> EmulatedChip:
        return EmulatedChip(MemoryStore(factory_content()))

    def test_nobody_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def sleep(_: float) -> None:
            raise AssertionError("somebody waits")

        monkeypatch.setattr("time.sleep", sleep)
        bus: Bus = EmulatedBus(self.chip())
        before = bus.now()
        bus.wait(1000)
        assert bus.now() == before + 1000
        line = transport(bus, I2cConversation(port="bus"))
        assert line.exchange(OPEN)[0] == 0
        assert len(line.exchange(UID)) == 4 + 27

    def test_real_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It begins at once: a real chip starts in 15 ms."""
        slept: list[float] = []
        monkeypatch.setattr("time.sleep", slept.append)
        monkeypatch.setattr("time.monotonic", lambda: 42.0 + sum(slept))
        bus = EmulatedBus(self.chip(), real_timing=True)
        assert slept == []
        bus.wait(0.5)
        assert slept == [0.5]
        assert bus.now() == 42.5

    @pytest.mark.parametrize("is_shielded", [False, True])
    def test_an_exchange_in_real_time(self, is_shielded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        slept: list[float] = []
        monkeypatch.setattr("time.sleep", slept.append)
        monkeypatch.setattr("time.monotonic", lambda: 42.0 + sum(slept))
        bus = EmulatedBus(self.chip(), real_timing=True)
        line = transport(bus, I2cConversation(port="bus", secret=SECRET if is_shielded else None))
        assert line.exchange(OPEN)[0] == 0
        assert 0.015 < sum(slept) < 0.5

    def test_closed_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        chip = self.chip()
        closed: list[str] = []
        monkeypatch.setattr(chip, "close", lambda: closed.append("closed"))
        line = shielded_transport(chip, SECRET, port="emulator:chip")
        line.close()
        line.close()
        assert closed == ["closed"]

    def test_shielded(self) -> None:
        line = shielded_transport(self.chip(), SECRET, port="emulator:chip")
        assert line.exchange(OPEN)[0] == 0
        assert len(line.exchange(UID)) == 4 + 27

    def test_the_wrong_secret(self, tmp_path: Path) -> None:
        """The chip works afterwards."""
        chip, secret = tmp_path / "chip", tmp_path / "secret"
        secret.write_bytes(b"x" * 64)
        secret.chmod(0o600)
        resolve_port(f"emulator:{chip}").open().close()
        line = resolve_port(f"emulator:{chip}?shielded={secret}").open()
        with pytest.raises(BoardError, match="does not prove that it has the secret"):
            line.exchange(OPEN)
        line.close()
        secret.write_bytes(SECRET)
        line = resolve_port(f"emulator:{chip}?shielded={secret}").open()
        assert line.exchange(OPEN)[0] == 0
        line.close()
