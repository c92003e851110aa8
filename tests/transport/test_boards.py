"""The boards that are listed and found: serial ports, FT260 boards and I2C buses of machines made in a folder."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from serial.tools.list_ports_common import ListPortInfo

import optiga
from optiga import BoardError, ConfigurationError
from optiga.cli import main
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.transport import boards, hid_boards
from optiga.transport.boards import FoundPort, find_board, list_ports
from optiga.transport.i2c_adapters import FT260_NAME
from tests.support.linux_tree import LinuxTree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of its devices in files")
PI = "Raspberry Pi 4 Model B Rev 1.4"
PI_ADAPTER = "bcm2835 (i2c@7e804000)"
STATE = bytes.fromhex("08800000")
INSTALL = "pip install hidapi"


class Hidapi:
    """The modules of hidapi: which paths each lists; None where it is not installed."""

    def __init__(self) -> None:
        self.paths: list[list[str]] | None = [[]]
        self.names = True

    def load(self, *_: object) -> list[Any]:
        if self.paths is None:
            raise ConfigurationError(
                "hidapi is not installed. It is needed for USB boards", hint=f"Install it: {INSTALL}"
            )
        return [SimpleNamespace(enumerate=self._enumerate_for(paths), device=None) for paths in self.paths]

    def _enumerate_for(self, paths: list[str]) -> Callable[[int, int], list[dict[str, Any]]]:
        def enumerate_(vendor: int, product: int) -> list[dict[str, Any]]:
            name = "FT260" if self.names else ""
            return [{"path": path.encode(), "interface_number": 0, "product_string": name} for path in paths]

        return enumerate_


class Buses:
    """I2C buses: what is on them, and what was asked there.

    :ivar answers: of each device, what each look at it finds, None for no acknowledgment; the last for ever.
    :ivar closed: what the user may not open.
    :ivar errors: what opening one fails with.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[bytes | None]] = {}
        self.closed: set[str] = set()
        self.missing: set[str] = set()
        self.errors: dict[str, BoardError] = {}
        self.asked: list[str] = []
        self.written: list[bytes] = []
        self.open = 0

    def device(self, path: str) -> Any:
        self.asked.append(path)
        if path in self.errors:
            raise self.errors[path]
        self.open += 1
        answers = self.answers.get(path, [None])

        def write(data: bytes) -> bool:
            self.written.append(data)
            return answers[0] is not None if len(answers) == 1 else answers.pop(0) is not None

        return SimpleNamespace(write=write, read=lambda size: answers[0], wait=lambda _: None, close=self._close)

    def access(self, path: object, mode: int) -> bool:
        return str(path) not in self.closed

    def _close(self) -> None:
        self.open -= 1


class Machine:
    """A Linux machine, with what a user has installed and may do."""

    def __init__(self, tree: LinuxTree) -> None:
        self.tree = tree
        self.hidapi = Hidapi()
        self.buses = Buses()
        self.serial: list[ListPortInfo] = []

    def ports(self) -> list[FoundPort]:
        ports = list_ports()
        assert self.buses.open == 0
        return ports

    def one(self) -> FoundPort:
        (port,) = self.ports()
        return port

    def add_kitprog(self) -> None:
        info = ListPortInfo("/dev/ttyACM0")
        info.vid, info.pid, info.product = 0x04B4, 0xF155, "KitProg3"
        self.serial.append(info)

    def add_chip(self, name: str = "i2c-1") -> None:
        """A Raspberry Pi's bus with a chip."""
        if not (self.tree.root / "proc/device-tree").exists():
            self.tree.be(PI)
        self.tree.add_bus(name, PI_ADAPTER)
        self.buses.answers[f"/dev/{name}"] = [STATE]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(LinuxTree(tmp_path))
    access = os.access
    for module in (boards, hid_boards):
        monkeypatch.setattr(module, "LinuxDevices", lambda: machine.tree.devices)
    monkeypatch.setattr(hid_boards, "load_modules", machine.hidapi.load)
    monkeypatch.setattr(boards, "I2cDevice", machine.buses.device)
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: machine.serial)
    monkeypatch.setattr(
        boards,
        "os",
        SimpleNamespace(
            environ=os.environ,
            R_OK=os.R_OK,
            W_OK=os.W_OK,
            access=machine.buses.access,
            path=SimpleNamespace(exists=lambda name: name not in machine.buses.missing),
        ),
    )
    monkeypatch.setattr(
        hid_boards.os,
        "access",
        lambda path, mode: machine.buses.access(path, mode) and access(path, mode),
    )
    return machine


class TestFt260:
    def test_by_hidapi(self, machine: Machine) -> None:
        machine.tree.plug_in()
        machine.hidapi.paths = [["1-1:1.0"]]
        port = machine.one()
        assert (port.device, port.kind, port.usb_id) == ("ft260", "ft260", "0403:6030")
        assert port.is_board
        assert "1-1:1.0" in port.why
        assert port.needs == ""
        assert find_board() == "ft260"

    def test_two_have_names(self, machine: Machine) -> None:
        machine.tree.plug_in()
        machine.tree.plug_in("1-2.4", address=6)
        machine.hidapi.paths = [["1-1:1.0", "1-2.4:1.0"]]
        assert [port.device for port in machine.ports()] == ["ft260:1-1:1.0", "ft260:1-2.4:1.0"]
        with pytest.raises(BoardError, match=r"more than one.*ft260:1-1:1\.0, ft260:1-2\.4:1\.0"):
            find_board()

    def test_without_hidapi(self, machine: Machine) -> None:
        machine.tree.plug_in()
        machine.hidapi.paths = None
        port = machine.one()
        assert (port.device, port.is_board) == ("ft260", True)
        assert INSTALL in port.needs
        with pytest.raises(ConfigurationError) as caught:  # as where the port is named
            find_board()
        assert INSTALL in caught.value.hint

    def test_two_without_hidapi(self, machine: Machine) -> None:
        machine.tree.plug_in()
        machine.tree.plug_in("1-2.4", address=6)
        machine.hidapi.paths = None
        assert [port.device for port in machine.ports()] == ["ft260:1-1:1.0", "ft260:1-2.4:1.0"]

    def test_nothing_at_all_without_hidapi(self, machine: Machine) -> None:
        machine.hidapi.paths = None
        assert machine.ports() == []
        with pytest.raises(BoardError, match="no personalization board"):
            find_board()

    @pytest.mark.parametrize(("port", "is_told"), [("socket://127.0.0.1:1", True), ("", False), (None, False)])
    def test_a_variable_that_programs_do_not_read(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, port: str | None, is_told: bool
    ) -> None:
        """A shell's variable leads no program to another chip than it asks for; the error says how to use it."""
        machine.hidapi.paths = None
        monkeypatch.delenv("OPTIGA_PORT", raising=False)
        if port is not None:
            monkeypatch.setenv("OPTIGA_PORT", port)
        with pytest.raises(BoardError, match="no personalization board") as raised:
            optiga.open_chip()
        assert ('os.environ["OPTIGA_PORT"]' in str(raised.value)) is is_told

    def test_no_permission(self, machine: Machine) -> None:
        node = machine.tree.plug_in()
        machine.hidapi.paths = [["1-1:1.0"]]
        machine.buses.closed.add(str(node))
        port = machine.one()
        assert port.is_board
        assert "no permission" in port.needs
        assert "boards udev" in port.needs
        with pytest.raises(BoardError, match="boards udev"):
            find_board()

    def test_hidapi_does_not_see_it(self, machine: Machine) -> None:
        machine.tree.plug_in()
        assert "hidapi does not see it" in machine.one().needs

    def test_another_usb_device(self, machine: Machine) -> None:
        machine.tree.plug_in(identity="0403:6001")
        machine.hidapi.paths = None
        assert machine.ports() == []


class TestByTheKernelsDriver:
    """A board that hid-ft260 has is an I2C bus, too; it is listed once, in a way that can be used."""

    def plug_in(self, machine: Machine) -> str:
        node = machine.tree.plug_in(driver="ft260", i2c_bus="i2c-7")
        machine.buses.answers["/dev/i2c-7"] = [STATE]
        return str(node)

    def test_as_the_bus(self, machine: Machine) -> None:
        self.plug_in(machine)
        port = machine.one()
        assert (port.device, port.kind, port.is_board, port.needs) == ("/dev/i2c-7", "i2c", True, "")
        assert port.description == FT260_NAME
        assert find_board() == "/dev/i2c-7"

    def test_without_hidapi(self, machine: Machine) -> None:
        self.plug_in(machine)
        machine.hidapi.paths = None
        assert machine.one().device == "/dev/i2c-7"
        assert find_board() == "/dev/i2c-7"

    def test_by_libusb(self, machine: Machine) -> None:
        self.plug_in(machine)
        machine.hidapi.paths = [["1-1:1.0"]]
        assert machine.one().device == "ft260"
        assert machine.buses.asked == [], "a bus that is used in the other way is not probed"

    def test_libusb_may_not_open_it(self, machine: Machine) -> None:
        node = self.plug_in(machine)
        machine.hidapi.paths = [["1-1:1.0"]]
        machine.buses.closed.add(node)
        assert machine.one().device == "/dev/i2c-7"
        assert find_board() == "/dev/i2c-7"

    def test_neither_way(self, machine: Machine) -> None:
        node = self.plug_in(machine)
        machine.hidapi.paths = [["1-1:1.0"]]
        machine.buses.closed |= {node, "/dev/i2c-7"}
        port = machine.one()
        assert (port.device, port.is_board) == ("/dev/i2c-7", True)
        assert "no permission" in port.needs
        with pytest.raises(BoardError, match="cannot be used yet"):
            find_board()

    def test_its_bus_is_not_for_programs(self, machine: Machine) -> None:
        """The module i2c-dev is not loaded."""
        self.plug_in(machine)
        for path in (machine.tree.root / "sys/class/i2c-dev/i2c-7").iterdir():
            path.unlink()
        (machine.tree.root / "sys/class/i2c-dev/i2c-7").rmdir()
        port = machine.one()
        assert (port.device, port.is_board) == ("ft260", True)
        assert "/dev/i2c-7" in port.needs
        machine.hidapi.paths = None
        assert machine.one().device == "ft260"

    def test_no_chip_there(self, machine: Machine) -> None:
        self.plug_in(machine)
        machine.buses.answers["/dev/i2c-7"] = [None]
        assert "no chip answers" in machine.one().why


class TestI2c:
    def test_a_chip(self, machine: Machine) -> None:
        machine.add_chip()
        port = machine.one()
        assert (port.device, port.kind, port.is_board, port.needs) == ("/dev/i2c-1", "i2c", True, "")
        assert "answers at 0x30" in port.why
        assert machine.buses.written == [b"\x82"], "I2C_STATE is read, and nothing is written"
        assert find_board() == "/dev/i2c-1"

    def test_one_that_sleeps(self, machine: Machine) -> None:
        machine.add_chip()
        machine.buses.answers["/dev/i2c-1"] = [None, None, STATE]
        assert machine.one().is_board

    @pytest.mark.parametrize(
        ("answer", "words"),
        [(None, "no chip answers"), (b"\xff\xff\xff\xff", "not an OPTIGA Trust chip"), (bytes(4), "answers")],
    )
    def test_none(self, machine: Machine, answer: bytes | None, words: str) -> None:
        machine.add_chip()
        machine.buses.answers["/dev/i2c-1"] = [answer]
        port = machine.one()
        assert port.is_board == (answer == bytes(4))
        assert words in port.why

    @pytest.mark.parametrize(
        ("model", "adapter", "driver"),
        [
            ("", "SMBus I801 adapter at efa0", "i801_smbus"),
            ("", "Synopsys DesignWare I2C adapter", "i2c_designware"),
            ("", PI_ADAPTER, ""),
            ("", "NVIDIA i2c adapter 1 at 1:00.0", ""),
            ("Pine64 RockPro64", "rk3x-i2c", ""),
            ("", "", ""),
        ],
    )
    def test_another_is_never_probed(self, machine: Machine, model: str, adapter: str, driver: str) -> None:
        if model:
            machine.tree.be(model)
        machine.tree.add_bus("i2c-1", adapter, driver=driver)
        machine.buses.answers["/dev/i2c-1"] = [STATE]
        port = machine.one()
        assert (port.device, port.is_board, port.description) == ("/dev/i2c-1", False, adapter)
        assert machine.buses.asked == []
        with pytest.raises(BoardError, match="no personalization board"):
            find_board()
        assert machine.buses.asked == []

    def test_no_permission(self, machine: Machine) -> None:
        machine.add_chip()
        machine.buses.closed.add("/dev/i2c-1")
        port = machine.one()
        assert "no permission" in port.needs
        assert machine.buses.asked == []
        assert not port.is_board, "nobody knows"

    def test_no_device_file(self, machine: Machine) -> None:
        """As in a container, or without the module i2c-dev: that is no want of a group."""
        machine.add_chip()
        machine.buses.closed.add("/dev/i2c-1")
        machine.buses.missing.add("/dev/i2c-1")
        hint = "Load its module: sudo modprobe i2c-dev"
        machine.buses.errors["/dev/i2c-1"] = BoardError("the bus exists, but has no device file", hint=hint)
        port = machine.one()
        assert (port.is_board, port.needs) == (False, hint)
        assert "has no device file" in port.why

    def test_an_error_has_its_line(self, machine: Machine) -> None:
        machine.add_chip()
        hint = "Unload the driver: sudo modprobe -r optiga"
        machine.buses.errors["/dev/i2c-1"] = BoardError("address 0x30 is in use by the driver optiga", hint=hint)
        port = machine.one()
        assert (port.is_board, port.needs) == (False, hint)
        assert "in use by the driver" in port.why

    def test_in_use_by_another_process(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is a board all the same, as one on a UART is: whoever wants it waits for it."""
        monkeypatch.setattr(boards, "_OTHERS_LOOK_S", 0)
        machine.add_chip()
        lock = PortLock(lock_path_for_port("/dev/i2c-1"), port="x")
        lock.acquire()
        port = machine.one()
        assert port.is_board
        assert "in use by" in port.why
        assert machine.buses.asked == []
        assert find_board() == "/dev/i2c-1"
        lock.release()

    @pytest.mark.parametrize("was_left", [False, True])
    def test_the_lock_is_given_back_as_it_was(self, machine: Machine, was_left: bool) -> None:
        """Whoever opens a bus must know that a run was killed on it, however often it was looked at meanwhile."""
        machine.add_chip()
        lock = PortLock(lock_path_for_port("/dev/i2c-1"), port="x", wait_s=0)
        lock.acquire()
        lock.release(done=not was_left)
        machine.ports()
        lock.acquire()
        assert lock.was_left == was_left
        lock.release()


class TestFound:
    def test_exactly_one_of_any_kind(self, machine: Machine) -> None:
        machine.tree.add_bus("i2c-0", "SMBus I801 adapter at efa0")
        for add, name in (
            (machine.add_kitprog, "/dev/ttyACM0"),
            (machine.add_chip, "/dev/i2c-1"),
        ):
            add()
            assert find_board() == name
            machine.serial.clear()

    def test_two_of_different_kinds(self, machine: Machine) -> None:
        machine.add_kitprog()
        machine.add_chip()
        machine.tree.plug_in()
        machine.hidapi.paths = [["1-1:1.0"]]
        with pytest.raises(BoardError) as caught:
            find_board()
        said = str(caught.value)
        assert all(name in said for name in ("/dev/ttyACM0", "/dev/i2c-1", "ft260", "port=PORT"))

    def test_one_that_can_be_used_beside_one_that_cannot(self, machine: Machine) -> None:
        machine.tree.plug_in()
        machine.hidapi.paths = None
        machine.add_chip()
        assert find_board() == "/dev/i2c-1"

    def test_boards_come_first(self, machine: Machine) -> None:
        machine.tree.add_bus("i2c-0", "SMBus I801 adapter at efa0")
        machine.serial.append(ListPortInfo("/dev/ttyS0"))
        machine.add_chip()
        machine.add_kitprog()
        assert [port.device for port in machine.ports()] == ["/dev/ttyACM0", "/dev/i2c-1", "/dev/ttyS0", "/dev/i2c-0"]

    def test_a_port_without_a_description(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        machine.serial.append(ListPortInfo("/dev/ttyS0"))
        assert [port.description for port in machine.ports()] == [""]
        assert main(["boards"]) == 0
        assert "n/a" not in capsys.readouterr().out


class TestCommand:
    def test_a_table_and_what_is_needed(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        machine.tree.plug_in()
        machine.hidapi.paths = None
        machine.add_chip()
        assert main(["boards"]) == 0
        said = capsys.readouterr()
        rows = [line.split()[:3] for line in said.out.splitlines()]
        assert rows == [["port", "kind", "board"], ["/dev/i2c-1", "i2c", "yes"], ["ft260", "ft260", "yes"]]
        assert INSTALL in said.err
        assert "ft260" in said.err

    def test_in_json(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        machine.tree.plug_in()
        machine.hidapi.paths = None
        machine.add_chip()
        assert main(["-q", "boards", "--output", "json"]) == 0
        ports = json.loads(capsys.readouterr().out)["ports"]
        assert [(port["device"], port["kind"], port["is_board"]) for port in ports] == [
            ("/dev/i2c-1", "i2c", True),
            ("ft260", "ft260", True),
        ]
        assert INSTALL in ports[1]["needs"]

    def test_none(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["boards"]) == 0
        assert "--port emulator" in capsys.readouterr().out

    def test_a_run_without_a_port_says_what_is_needed(
        self, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        machine.tree.plug_in()
        machine.hidapi.paths = None
        assert main(["info"]) == main(["--port", "ft260", "info"]) == 2
        one, other = (line for line in capsys.readouterr().err.splitlines() if line.startswith("Error: "))
        assert one == other
        assert INSTALL in one

    def test_rules(self, capsys: pytest.CaptureFixture[str]) -> None:
        """As they are to stand in a file: nothing else is printed."""
        assert main(["boards", "udev"]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        assert len(said.out.splitlines()) == 2
        assert said.out.endswith("\n")
        for line in said.out.splitlines():
            assert "0403" in line
            assert "6030" in line
            assert 'TAG+="uaccess"' in line

    def test_rules_take_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["boards", "udev", "now"]) == 2
