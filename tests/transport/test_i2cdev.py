"""I2C buses of a Linux machine: which may be probed, how they are opened, and what their errors mean."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optiga import BoardError, ConfigurationError
from optiga.transport import i2cdev
from optiga.transport.i2c_adapters import describe_adapter, list_adapters
from optiga.transport.i2c_bus import Bus
from optiga.transport.i2cdev import I2cDevice
from tests.support.linux_tree import LinuxTree

linux = pytest.mark.skipif(sys.platform != "linux", reason="I2C device files are Linux's")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Linux's files")

SLAVE, FUNCTIONS = 0x0703, 0x0705


@pytest.fixture
def tree(tmp_path: Path) -> LinuxTree:
    return LinuxTree(tmp_path)


@posix
class TestAdapters:
    @pytest.mark.parametrize(
        ("model", "bus", "name", "driver", "may"),
        [
            ("Raspberry Pi 4 Model B Rev 1.4", "i2c-1", "bcm2835 (i2c@7e804000)", "", True),
            ("Raspberry Pi Model B Rev 1", "i2c-0", "bcm2835 I2C adapter", "", True),
            ("Raspberry Pi 5 Model B Rev 1.0", "i2c-1", "Synopsys DesignWare I2C adapter", "", True),
            ("Raspberry Pi 3 Model B", "i2c-3", "i2c-gpio3", "", True),
            ("Raspberry Pi 4 Model B", "i2c-22", "i2c@0", "i2c-gpio", True),
            ("Raspberry Pi 4 Model B", "i2c-20", "fef04500.i2c", "brcmstb-i2c", False),
            ("Raspberry Pi 5 Model B", "i2c-10", "Synopsys DesignWare I2C adapter", "", False),
            ("Raspberry Pi 4 Model B", "i2c-10", "i2c-22-mux (chan_id 1)", "", False),
            ("Raspberry Pi 4 Model B", "i2c-11", "bcm2835 (i2c@7e205000)", "", False),
            ("", "i2c-0", "SMBus I801 adapter at efa0", "i801_smbus", False),
            ("", "i2c-1", "SMBus PIIX4 adapter port 0 at 0b00", "piix4_smbus", False),
            ("", "i2c-2", "Synopsys DesignWare I2C adapter", "i2c_designware", False),  # of a laptop
            ("", "i2c-3", "bcm2835 (i2c@7e804000)", "", False),  # whoever says so on a PC
            ("", "i2c-4", "i915 gmbus dpb", "", False),
            ("", "i2c-5", "NVIDIA i2c adapter 1 at 1:00.0", "", False),
            ("Pine64 RockPro64", "i2c-1", "rk3x-i2c", "", False),
            ("", "i2c-6", "", "", False),
        ],
    )
    def test_probed_only_where_nothing_can_break(
        self, tree: LinuxTree, model: str, bus: str, name: str, driver: str, may: bool
    ) -> None:
        if model:
            tree.be(model)
        tree.add_bus(bus, name, driver=driver)
        (adapter,) = list_adapters(tree.devices)
        assert adapter.device == f"/dev/{bus}"
        assert adapter.name == name
        assert adapter.may_be_probed is may
        assert adapter.why
        assert not adapter.is_ft260
        assert adapter.lock == f"/dev/{bus}"

    @pytest.mark.parametrize("name", ["FT260 usb-i2c bridge", "FT260 usb-i2c bridge on hidraw3"])
    def test_an_ft260_by_the_kernels_driver(self, tree: LinuxTree, name: str) -> None:
        hid = tree.plug_in(driver="ft260")
        tree.add_bus("i2c-7", name, parent=next((tree.root / "sys/devices").rglob("0003*")))
        assert hid.exists()
        (adapter,) = list_adapters(tree.devices)
        assert adapter.may_be_probed
        assert adapter.is_ft260
        assert adapter.lock == "usb:1-1:1.0", "that of the board, whatever way leads to it"

    def test_in_the_order_of_their_numbers(self, tree: LinuxTree) -> None:
        for number in (10, 2, 1):
            tree.add_bus(f"i2c-{number}", "x")
        assert [adapter.device for adapter in list_adapters(tree.devices)] == [
            "/dev/i2c-1",
            "/dev/i2c-2",
            "/dev/i2c-10",
        ]

    def test_one_of_another_name(self, tree: LinuxTree) -> None:
        tree.add_bus("i2c-3", "i2c-gpio3")
        link = tree.root / "bus"
        link.symlink_to(tree.root / "dev/i2c-3")
        assert describe_adapter(str(link), tree.devices).may_be_probed
        assert not describe_adapter("/dev/ttyACM0", tree.devices).may_be_probed

    def test_none_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        tree = LinuxTree(tmp_path / "empty")
        (tree.root / "sys/class/i2c-dev").rmdir()
        assert list_adapters(tree.devices) == []


class Kernel:
    """Calls of the kernel about one file, as an I2C bus answers them.

    :ivar failure: what reads, writes and requests fail with, if they do.
    """

    def __init__(self) -> None:
        self.failure: dict[str, int] = {}
        self.functions = 0x0EFF0001
        self.written: list[bytes] = []
        self.address = 0
        self.short = 0

    def ioctl(self, descriptor: int, request: int, argument: Any) -> int:
        self._fail(f"{request:#06x}")
        if request == SLAVE:
            self.address = argument
        elif request == FUNCTIONS:
            argument[:] = self.functions.to_bytes(8, sys.byteorder)
        return 0

    def write(self, _: int, data: bytes) -> int:
        self._fail("write")
        self.written.append(data)
        return len(data) - self.short

    def read(self, _: int, size: int) -> bytes:
        self._fail("read")
        return bytes(range(size - self.short))

    def _fail(self, name: str) -> None:
        if name in self.failure:
            raise OSError(self.failure[name], os.strerror(self.failure[name]))


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(i2cdev, "ioctl", kernel.ioctl)
    return kernel


@pytest.fixture
def opened(tree: LinuxTree, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> I2cDevice:
    tree.add_bus("i2c-1", "bcm2835 (i2c@7e804000)")
    device = I2cDevice(str(tree.root / "dev/i2c-1"), port="/dev/i2c-1", devices=tree.devices)
    monkeypatch.setattr(i2cdev.os, "write", kernel.write)
    monkeypatch.setattr(i2cdev.os, "read", kernel.read)
    return device


@linux
class TestTransactions:
    def test_they_are_plain_reads_and_writes(self, opened: I2cDevice, kernel: Kernel) -> None:
        bus: Bus = opened
        assert kernel.address == 0x30
        assert bus.write(b"\x82")
        assert bus.read(4) == bytes(range(4))
        assert kernel.written == [b"\x82"]
        began = bus.now()
        bus.wait(0.001)
        assert bus.now() > began

    @pytest.mark.parametrize("number", [121, 6, 5])
    def test_not_acknowledged(self, opened: I2cDevice, kernel: Kernel, number: int) -> None:
        kernel.failure = {"read": number, "write": number}
        for _ in range(10):
            assert not opened.write(b"\x82")
            assert opened.read(4) is None

    @pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.EAGAIN])
    def test_stuck(self, opened: I2cDevice, kernel: Kernel, number: int) -> None:
        kernel.failure = {"read": number, "write": number}
        for _ in range(2):
            assert not opened.write(b"\x82")
            assert opened.read(4) is None
            kernel.failure = {}
            assert opened.write(b"\x82"), "once is nothing"
            kernel.failure = {"read": number, "write": number}
        assert not opened.write(b"\x82")
        assert opened.read(4) is None
        with pytest.raises(BoardError, match="stuck"):
            opened.write(b"\x82")

    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (errno.ENODEV, "gone"),
            (errno.ESHUTDOWN, "gone"),
            (errno.EOPNOTSUPP, "cannot do this"),
            (errno.EINVAL, "cannot do this"),
            (errno.EPROTO, "failed"),
        ],
    )
    def test_other_errors(self, opened: I2cDevice, kernel: Kernel, number: int, words: str) -> None:
        kernel.failure = {"read": number, "write": number}
        acts: list[Callable[[], object]] = [lambda: opened.read(4), lambda: opened.write(b"\x82")]
        for act in acts:
            with pytest.raises(BoardError, match=words) as caught:
                act()
            assert str(caught.value).startswith("/dev/i2c-1: ")
            assert caught.value.hint

    def test_fewer_bytes(self, opened: I2cDevice, kernel: Kernel) -> None:
        kernel.short = 1
        with pytest.raises(BoardError, match="3 of 4"):
            opened.read(4)
        with pytest.raises(BoardError, match="1 of 2"):
            opened.write(b"\x82\x00")

    @pytest.mark.parametrize("size", [0, 8193])
    def test_no_such_transaction(self, opened: I2cDevice, size: int) -> None:
        with pytest.raises(ValueError, match="8192"):
            opened.read(size)
        with pytest.raises(ValueError, match="8192"):
            opened.write(bytes(size))

    def test_closed(self, opened: I2cDevice) -> None:
        opened.close()
        opened.close()
        with pytest.raises(BoardError, match="closed"):
            opened.read(4)

    def test_pins(self, tree: LinuxTree, kernel: Kernel) -> None:
        done: list[str] = []

        class Pins:
            def pulse(self) -> None:
                done.append("pulse")

            def close(self) -> None:
                done.append("close")

        tree.add_bus("i2c-1", "x")
        device = I2cDevice(str(tree.root / "dev/i2c-1"), reset=Pins(), devices=tree.devices)
        assert device.can_reset
        device.reset_chip()
        device.close()
        device.close()
        assert done == ["pulse", "close"]
        assert not device.can_reset
        device.reset_chip()


@linux
class TestOpening:
    def refusal(self, tree: LinuxTree, path: str = "dev/i2c-1") -> str:
        with pytest.raises(BoardError) as caught:
            I2cDevice(str(tree.root / path), port="i2c", devices=tree.devices)
        assert caught.value.port == "i2c"
        assert caught.value.hint
        return str(caught.value)

    def test_no_such_bus(self, tree: LinuxTree) -> None:
        assert "raspi-config" in self.refusal(tree)

    def test_the_module_is_not_loaded(self, tree: LinuxTree) -> None:
        tree.add_bus("i2c-1", "bcm2835 (i2c@7e804000)")
        (tree.root / "dev/i2c-1").unlink()
        assert "modprobe i2c-dev" in self.refusal(tree)

    def test_something_else(self, tree: LinuxTree) -> None:
        (tree.root / "dev/i2c-1").touch()
        assert "not an I2C bus" in self.refusal(tree)
        assert "not an I2C bus" in self.refusal(tree, "dev")

    @pytest.mark.parametrize(
        ("number", "words"),
        [(errno.EACCES, "no permission"), (errno.EBUSY, "in use"), (errno.EMFILE, "cannot be opened")],
    )
    def test_not_opened(self, tree: LinuxTree, monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
        def refuse(*_: object) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(i2cdev.os, "open", refuse)
        assert words in self.refusal(tree)

    def test_a_driver_of_the_kernel_has_the_address(self, tree: LinuxTree, kernel: Kernel) -> None:
        tree.add_bus("i2c-1", "x")
        kernel.failure = {"0x0703": errno.EBUSY}
        assert "1-0030" in self.refusal(tree)
        client = tree.root / "sys/bus/i2c/devices/1-0030"
        client.mkdir()
        (client / "driver").symlink_to(tree.root / "sys/bus/drivers/tpm_tis_i2c")
        text = self.refusal(tree)
        assert "0x30" in text
        assert "modprobe -r tpm_tis_i2c" in text

    def test_no_address(self, tree: LinuxTree, kernel: Kernel) -> None:
        tree.add_bus("i2c-1", "x")
        kernel.failure = {"0x0703": errno.EINVAL}
        assert "7 bits" in self.refusal(tree)

    def test_smbus_only(self, tree: LinuxTree, kernel: Kernel) -> None:
        tree.add_bus("i2c-1", "x")
        kernel.functions = 0x0EFF0000
        assert "SMBus" in self.refusal(tree)
        kernel.failure = {"0x0705": errno.ENOTTY}  # what does not say it is taken to speak it
        I2cDevice(str(tree.root / "dev/i2c-1"), devices=tree.devices).close()


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_another_system(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(i2cdev.sys, "platform", platform)
    with pytest.raises(ConfigurationError, match="Linux"):
        I2cDevice("/dev/i2c-1")
