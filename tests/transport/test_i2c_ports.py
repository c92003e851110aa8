"""I2C buses and FT260 boards as ports: what people write, their mistakes, what is opened and given back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optiga import BoardError, ConfigurationError
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.link.i2c.host import I2cConversation
from optiga.transport import boards, i2c_ports, resolve_port
from optiga.transport.hid_boards import HidBoard
from optiga.transport.i2c import I2cTransport
from optiga.transport.i2c_ports import Ft260Port, I2cPort
from optiga.transport.serial_port import SerialPort
from tests.support.i2c_chips import OPEN, OnBus

posix = pytest.mark.skipif(sys.platform == "win32", reason="owners, permissions and links are POSIX's")


class FakeBus:
    """A bus with an emulated chip; knows whether it is open."""

    def __init__(self, *, fails_to_reset: bool = False) -> None:
        self._on_bus = OnBus()
        self._fails_to_reset = fails_to_reset
        self.closed = 0
        self.resets = 0

    def write(self, data: bytes) -> bool:
        return self._on_bus.slave.write(data)

    def read(self, size: int) -> bytes | None:
        return self._on_bus.slave.read(size)

    def wait(self, seconds: float) -> None:
        self._on_bus.clock.now += seconds

    def now(self) -> float:
        return self._on_bus.clock.now

    def reset_chip(self) -> None:
        self.resets += 1
        if self._fails_to_reset:
            raise BoardError("the pins cannot be set")

    def close(self) -> None:
        self.closed += 1


class FakePins:
    def __init__(self, **options: Any) -> None:
        self.options = options
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Opened:
    """What was opened.

    :ivar calls: the options with which buses were opened.
    :ivar error: what opening a bus fails with, if it does.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.buses: list[FakeBus] = []
        self.pins: list[FakePins] = []
        self.named: list[tuple[str, int, int]] = []
        self.error: BaseException | None = None
        self.fails_to_reset = False

    def bus(self, what: object, **options: Any) -> FakeBus:
        self.calls.append({"what": what, **options})
        if self.error is not None:
            raise self.error
        self.buses.append(FakeBus(fails_to_reset=self.fails_to_reset))
        return self.buses[-1]

    def hold(self, **options: Any) -> FakePins:
        self.pins.append(FakePins(**options))
        return self.pins[-1]

    def choose(self, path: str, *, port: str, vendor: int, product: int) -> HidBoard:
        self.named.append((path, vendor, product))
        return HidBoard("1-1:1.0", ())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Buses that are fakes."""
    opened = Opened()
    monkeypatch.setattr(i2c_ports, "I2cDevice", opened.bus)
    monkeypatch.setattr(i2c_ports, "Ft260Bus", opened.bus)
    monkeypatch.setattr(i2c_ports, "ResetPins", opened.hold)
    monkeypatch.setattr(i2c_ports, "choose_board", opened.choose)
    monkeypatch.setattr(i2c_ports, "open_hid", lambda board, *, port: (board.name, port))
    return opened


@pytest.fixture
def bus_file(tmp_path: Path) -> Path:
    path = tmp_path / "i2c-1"
    path.touch()
    return path


@pytest.fixture(params=["i2c", "ft260"])
def place(request: pytest.FixtureRequest, bus_file: Path) -> tuple[str, str]:
    """A port, and the one name by which it is locked."""
    if request.param == "ft260":
        return "ft260", "usb:1-1:1.0"
    return f"i2c:{bus_file}", os.path.realpath(bus_file)


def is_free(lock: str) -> bool:
    """Whether nobody holds a lock."""
    taken = PortLock(lock_path_for_port(lock), port="x", wait_s=0)
    try:
        taken.acquire()
    except BoardError:
        return False
    taken.release(done=not taken.was_left)
    return True


def was_left(lock: str) -> bool:
    taken = PortLock(lock_path_for_port(lock), port="x", wait_s=0)
    taken.acquire()
    taken.release()
    return taken.was_left


@pytest.mark.parametrize("is_left", [False, True])
@pytest.mark.parametrize("kind", ["i2c", "serial"])
def test_what_cannot_be_opened_is_as_it_was(kind: str, is_left: bool, tmp_path: Path) -> None:
    """A run was killed on it, and its cable comes back later: whoever opens it then must know."""
    name = str(tmp_path / "no-such-device")
    lock = os.path.realpath(name)
    taken = PortLock(lock_path_for_port(lock), port="x", wait_s=0)
    taken.acquire()
    taken.release(done=not is_left)
    with pytest.raises(BoardError):
        resolve_port(f"i2c:{name}" if kind == "i2c" else name).open()
    assert was_left(lock) == is_left


class TestOpening:
    def test_locked_as_long_as_it_is_open(self, place: tuple[str, str], opened: Opened) -> None:
        text, lock = place
        transport = resolve_port(text).open()
        assert isinstance(transport, I2cTransport)
        assert not is_free(lock)
        assert transport.exchange(OPEN)[:1] == b"\0"
        transport.close()
        transport.close()
        assert is_free(lock)
        assert not was_left(lock)
        assert opened.buses[0].closed

    def test_left_in_the_middle(self, place: tuple[str, str], opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever comes next is told so."""
        text, lock = place
        transport = resolve_port(text).open()

        def interrupt(*_: object) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(opened.buses[0], "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            transport.exchange(OPEN)
        transport.close()
        assert is_free(lock)
        assert was_left(lock)

    @pytest.mark.parametrize("error", [BoardError("the bus is gone"), KeyboardInterrupt()])
    def test_it_cannot_be_opened(self, place: tuple[str, str], opened: Opened, error: BaseException) -> None:
        text, lock = place
        opened.error = error
        with pytest.raises(type(error)):
            resolve_port(text).open()
        assert is_free(lock)
        opened.error = None
        resolve_port(text).open().close()

    def test_in_use(self, place: tuple[str, str], opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PortLock.__init__.__kwdefaults__, "wait_s", 0)
        text, _ = place
        first = resolve_port(text).open()
        with pytest.raises(BoardError, match="in use by") as caught:
            resolve_port(text).open()
        assert caught.value.port == text
        assert len(opened.buses) == 1, "who waits for the lock touches no bus"
        first.close()

    @posix
    def test_two_names_of_one_bus(self, bus_file: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PortLock.__init__.__kwdefaults__, "wait_s", 0)
        link = bus_file.with_name("sensors")
        link.symlink_to(bus_file)
        first = resolve_port(f"i2c:{bus_file}?address=31").open()
        with pytest.raises(BoardError, match="in use by"):
            resolve_port(f"I2C:{link}").open()
        first.close()
        resolve_port(f"I2C:{link}").open().close()

    def test_what_the_bus_is_told(self, bus_file: Path, opened: Opened) -> None:
        text = f"i2c:{bus_file}?address=31"
        resolve_port(text).open().close()
        assert opened.calls == [{"what": str(bus_file), "port": text, "address": 0x31, "reset": None}]
        assert not opened.pins

    def test_what_the_board_is_told(self, opened: Opened) -> None:
        text = "ft260:1-1:1.0?vid=1234&pid=5&address=31"
        resolve_port(text).open().close()
        assert opened.named == [("1-1:1.0", 0x1234, 5)]
        assert opened.calls == [{"what": ("1-1:1.0", text), "port": text, "address": 0x31}]

    def test_reset_by_its_pins(self, bus_file: Path, opened: Opened) -> None:
        text = f"i2c:{bus_file}?reset=GPIO17&supply=GPIO27"
        resolve_port(text).open().close()
        assert opened.pins[0].options == {"reset": 17, "supply": 27, "port": text}
        assert opened.calls[0]["reset"] is opened.pins[0]
        assert opened.buses[0].resets == 1

    def test_pins_are_given_back(self, bus_file: Path, opened: Opened) -> None:
        opened.error = BoardError("no such bus")
        with pytest.raises(BoardError, match="no such bus"):
            resolve_port(f"i2c:{bus_file}?reset=GPIO17").open()
        assert opened.pins[0].closed == 1

    def test_a_reset_that_fails(self, bus_file: Path, opened: Opened) -> None:
        opened.fails_to_reset = True
        with pytest.raises(BoardError, match="pins cannot be set"):
            resolve_port(f"i2c:{bus_file}?reset=GPIO17").open()
        assert opened.buses[0].closed, "the bus, and the pins with it, are given back"
        assert is_free(os.path.realpath(bus_file))

    def test_shielded(self, place: tuple[str, str], opened: Opened, tmp_path: Path) -> None:
        secret = write_secret(tmp_path, bytes(range(1, 65)))
        transport = resolve_port(f"{place[0]}?shielded={secret}").open()
        assert transport.exchange(OPEN)[:1] == b"\0"
        transport.close()

    def test_another_chips_secret(self, place: tuple[str, str], opened: Opened, tmp_path: Path) -> None:
        secret = write_secret(tmp_path, b"x" * 64)
        transport = resolve_port(f"{place[0]}?shielded={secret}").open()
        with pytest.raises(BoardError, match="does not prove that it has the secret"):
            transport.exchange(OPEN)
        transport.close()


def test_what_a_killed_run_left(place: tuple[str, str], opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversation with the chip knows of it."""
    text, lock = place
    settled: list[bool] = []

    def converse(**options: Any) -> I2cConversation:
        settled.append(options["settled"])
        return I2cConversation(**options)

    monkeypatch.setattr(i2c_ports, "I2cConversation", converse)
    for done in (True, False):
        taken = PortLock(lock_path_for_port(lock), port="x")
        taken.acquire()
        taken.release(done=done)
        resolve_port(text).open().close()
    assert settled == [True, False]


def write_secret(folder: Path, data: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(data)
    path.chmod(mode)
    return path


def _no_file(folder: Path) -> Path:
    return folder / "none"


def _folder(folder: Path) -> Path:
    return folder


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


class TestSecrets:
    @posix
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (_no_file, "cannot read"),
            (_folder, "cannot read"),
            (_pipe, "cannot read"),
            (lambda folder: write_secret(folder, b""), "0 bytes"),
            (lambda folder: write_secret(folder, b"x" * 31), "31 bytes"),
            (lambda folder: write_secret(folder, b"x" * 5000), "not 32 to 64. Give a file with the raw bytes"),
            (lambda folder: write_secret(folder, b"x" * 65), "not 32 to 64. Give a file with the raw bytes"),
            (lambda folder: write_secret(folder, b"ab" * 64), "not 32 to 64. Give a file with the raw bytes"),
            (lambda folder: write_secret(folder, b"x" * 64, 0o606), "can write"),
            (lambda folder: write_secret(folder, b"x" * 64, 0o602), "can write"),
        ],
    )
    @pytest.mark.parametrize(
        "form", ["{bus}?shielded={file}", "ft260?shielded={file}", "emulator:{chip}?shielded={file}"]
    )
    def test_none(
        self, make: Callable[[Path], Path], words: str, form: str, bus_file: Path, tmp_path: Path, opened: Opened
    ) -> None:
        (tmp_path / "s").mkdir()
        chip = tmp_path / "chip"
        text = form.format(bus=f"i2c:{bus_file}", file=make(tmp_path / "s"), chip=chip)
        with pytest.raises(ConfigurationError, match=words) as caught:
            resolve_port(text).open()
        assert "\n" not in str(caught.value)
        assert not opened.calls
        assert not opened.named, "no board is looked for"
        assert not opened.pins
        assert not chip.exists()

    @posix
    def test_another_users(
        self, bus_file: Path, tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = write_secret(tmp_path, b"x" * 64)
        stranger = secret.stat().st_uid + 1
        os_fstat = os.fstat

        def fstat(descriptor: int) -> os.stat_result:
            values = list(os_fstat(descriptor))
            values[4] = stranger
            return os.stat_result(values)

        monkeypatch.setattr("optiga.files.secrets.os.fstat", fstat)
        with pytest.raises(ConfigurationError, match="belongs to another user"):
            resolve_port(f"i2c:{bus_file}?shielded={secret}").open()
        assert not opened.calls

    @pytest.mark.parametrize("size", [32, 48, 64])
    def test_of_these_lengths(self, size: int, bus_file: Path, tmp_path: Path, opened: Opened) -> None:
        resolve_port(f"i2c:{bus_file}?shielded={write_secret(tmp_path, b'x' * size)}").open().close()


@pytest.mark.parametrize(("found", "kind"), [("ft260", Ft260Port), ("/dev/i2c-1", I2cPort), ("COM5", SerialPort)])
def test_the_one_board_is_of_any_kind(found: str, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "find_board", lambda: found)
    port = resolve_port(None)
    assert isinstance(port, kind)
    assert port.name == found


def test_a_bus_that_is_only_shown_is_locked_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two programs on two emulated chips do not wait for each other, nor for the bus of the machine."""
    names = {i2c_ports._shown_bus()}
    for socket in ("/tmp/a/bus", "/tmp/b/bus"):
        monkeypatch.setenv("I2C_SHIM", socket)
        names.add(i2c_ports._shown_bus())
    assert len(names) == 3
