"""Which FT260 boards there are, by which way they are reached, and what is said where they are not."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from optiga import BoardError, ConfigurationError
from optiga.transport import hid_boards
from optiga.transport.hid_boards import HidBoard, choose_board, list_boards, load_modules, open_hid, udev_rules
from optiga.transport.linux_devices import LinuxDevices
from tests.support.linux_tree import LinuxTree

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of USB devices by itself")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Linux's device files")


class Module:
    """A module of hidapi that lists some paths and opens some of them."""

    def __init__(self, *paths: str, opens: bool | tuple[str, ...] = True, names: bool = True) -> None:
        self.paths = paths
        self.opens = paths if opens is True else opens or ()
        self.names = names
        self.opened: list[bytes] = []
        self.asked: list[tuple[int, int]] = []

    def enumerate(self, vendor: int, product: int) -> list[dict[str, Any]]:
        self.asked.append((vendor, product))
        found = []
        for path in self.paths:
            number = 1 if path.endswith((":1.1", "MI_01")) else -1 if "old" in path else 0
            found.append({"path": path.encode(), "interface_number": number, "product_string": "FT260" * self.names})
        return found

    def device(self) -> Any:
        def open_path(path: bytes) -> None:
            assert isinstance(path, bytes)
            if path.decode() not in self.opens:
                raise OSError("open failed")
            self.opened.append(path)

        return SimpleNamespace(open_path=open_path)


@pytest.fixture
def tree(tmp_path: Path) -> LinuxTree:
    return LinuxTree(tmp_path)


def boards(tree: LinuxTree, *modules: Module) -> list[HidBoard]:
    return list_boards(modules=list(modules), platform="linux", devices=tree.devices)


def opened(tree: LinuxTree, *modules: Module, path: str = "") -> Any:
    board = choose_board(path, port="ft260", boards=boards(tree, *modules))
    return open_hid(board, port="ft260", platform="linux", devices=tree.devices)


def refusal(tree: LinuxTree, *modules: Module, path: str = "") -> str:
    with pytest.raises(BoardError) as caught:
        opened(tree, *modules, path=path)
    assert caught.value.port == "ft260"
    assert caught.value.hint
    return str(caught.value)


class TestModules:
    def load(self, **modules: object) -> Any:
        def load(name: str) -> object:
            found = modules.get(name, ModuleNotFoundError(name))
            if isinstance(found, ImportError):
                raise found
            return found

        return load

    def test_linux_has_two_and_hidraw_comes_first(self) -> None:
        hid, hidraw = Module(), Module()
        assert load_modules("linux", self.load(hid=hid, hidraw=hidraw)) == [hidraw, hid]
        assert load_modules("win32", self.load(hid=hid, hidraw=hidraw)) == [hid]
        assert load_modules("linux", self.load(hidraw=hidraw)) == [hidraw]

    @pytest.mark.parametrize(
        ("modules", "words"),
        [
            ({}, "not installed"),
            ({"hid": SimpleNamespace(Device=object, enumerate=list)}, "another package"),
            ({"hid": ImportError("Unable to load any of: libhidapi-hidraw.so")}, "cannot be loaded"),
        ],
    )
    @pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
    def test_none(self, modules: dict[str, object], words: str, platform: str) -> None:
        with pytest.raises(ConfigurationError, match=words) as caught:
            load_modules(platform, self.load(**modules))
        assert "pip install hidapi" in caught.value.hint
        assert ("[ft260]" in caught.value.hint) is ("another package" not in words)

    def test_another_packages_hid_beside_ours(self) -> None:
        hidraw = Module()
        assert load_modules("linux", self.load(hid=SimpleNamespace(Device=1), hidraw=hidraw)) == [hidraw]


@posix
class TestLinux:
    def test_a_node_comes_first(self, tree: LinuxTree) -> None:
        tree.plug_in(node=3)
        node, usb = Module("/dev/hidraw3"), Module("1-1:1.0", "1-1:1.1")
        (board,) = boards(tree, node, usb)
        assert board.name == "1-1:1.0"
        assert [way.path for way in board.ways] == ["/dev/hidraw3", "1-1:1.0"]
        assert board.lock == "usb:1-1:1.0"
        opened(tree, node, usb)
        assert node.opened
        assert not usb.opened

    @pytest.mark.parametrize("path", ["1-1:1.0", "1-1", "/dev/hidraw3"])
    def test_named(self, tree: LinuxTree, path: str) -> None:
        tree.plug_in(node=3)
        tree.plug_in("1-2.4", node=4, address=6)
        node, usb = Module("/dev/hidraw3", "/dev/hidraw4"), Module("1-1:1.0", "1-2.4:1.0")
        opened(tree, node, usb, path=path)
        assert (node.opened, usb.opened) == (([], [b"1-1:1.0"]) if path == "1-1:1.0" else ([b"/dev/hidraw3"], []))

    def test_named_by_a_link(self, tree: LinuxTree) -> None:
        tree.plug_in(node=3)
        link = tree.root / "dev" / "my-board"
        link.symlink_to("/dev/hidraw3")
        node = Module("/dev/hidraw3")
        opened(tree, node, path=str(link))
        assert node.opened

    def test_the_other_way_where_the_first_is_shut(self, tree: LinuxTree) -> None:
        tree.plug_in(node=3)
        node, usb = Module("/dev/hidraw3", opens=False), Module("1-1:1.0")
        opened(tree, node, usb)
        assert usb.opened

    def test_never_the_node_of_the_kernels_driver(self, tree: LinuxTree) -> None:
        tree.plug_in(node=3, driver="ft260", i2c_bus="i2c-7")
        node, usb = Module("/dev/hidraw3"), Module("1-1:1.0")
        for path in ("", "/dev/hidraw3"):
            opened(tree, node, usb, path=path)
        assert not node.opened
        assert len(usb.opened) == 2

    def test_the_kernels_driver_has_it(self, tree: LinuxTree) -> None:
        """From Linux 6.2 on it makes no node; without libusb nothing but its bus is left."""
        tree.plug_in(driver="ft260", i2c_bus="i2c-7")
        assert "i2c:/dev/i2c-7" in refusal(tree, Module())
        assert boards(tree, Module())[0].i2c_bus == "/dev/i2c-7"

    def test_the_kernels_driver_has_it_and_no_permission(self, tree: LinuxTree, monkeypatch: Any) -> None:
        tree.plug_in(driver="ft260", i2c_bus="i2c-7")
        monkeypatch.setattr(hid_boards.os, "access", lambda *_: False)
        text = refusal(tree, Module("1-1:1.0", opens=False))
        assert "i2c:/dev/i2c-7" in text
        assert "udev" in text

    def test_no_permission(self, tree: LinuxTree, monkeypatch: Any) -> None:
        tree.plug_in()
        monkeypatch.setattr(hid_boards.os, "access", lambda *_: False)
        text = refusal(tree, Module("1-1:1.0", opens=False))
        assert "no permission" in text
        assert "boards udev" in text

    def test_no_permission_by_the_empty_name(self, tree: LinuxTree) -> None:
        """Where sysfs says nothing, as in a container: libusb lists what it may not open, without its name."""
        assert "no permission" in refusal(tree, Module("1-1:1.0", opens=False, names=False))

    def test_in_use(self, tree: LinuxTree) -> None:
        tree.plug_in()
        assert "in use by another program" in refusal(tree, Module("1-1:1.0", opens=False))

    def test_nothing_known_of_why(self, tree: LinuxTree) -> None:
        assert "open failed" in refusal(tree, Module("1-1:1.0", opens=False))

    def test_not_reached(self, tree: LinuxTree) -> None:
        tree.plug_in()
        assert "hidapi" in refusal(tree, Module())

    def test_none(self, tree: LinuxTree) -> None:
        text = refusal(tree, Module())
        assert "plugged in" in text
        assert "0403:6030" in text

    def test_none_of_that_name(self, tree: LinuxTree) -> None:
        tree.plug_in()
        text = refusal(tree, Module("1-1:1.0"), path="1-9")
        assert "1-9" in text
        assert "1-1:1.0" in text

    def test_two(self, tree: LinuxTree) -> None:
        tree.plug_in(node=3)
        tree.plug_in("1-2", node=4, address=6)
        text = refusal(tree, Module("/dev/hidraw3", "/dev/hidraw4"), Module("1-1:1.0", "1-2:1.0"))
        assert "more than one" in text
        assert "1-2:1.0" in text

    def test_another_identity(self, tree: LinuxTree) -> None:
        tree.plug_in(identity="1234:abcd")
        module = Module("1-1:1.0")
        (board,) = list_boards(0x1234, 0xABCD, modules=[module], platform="linux", devices=tree.devices)
        assert board.name == "1-1:1.0"
        assert module.asked == [(0x1234, 0xABCD)]
        assert "1234" in udev_rules(0x1234, 0xABCD)

    def test_older_paths_of_libusb(self, tree: LinuxTree) -> None:
        tree.plug_in(node=3)
        (board,) = boards(tree, Module("/dev/hidraw3"), Module("0001:0005:00"))
        assert len(board.ways) == 2
        assert tree.devices.place_of("0001:0009:00") == ""

    def test_a_sysfs_that_says_nothing(self, tmp_path: Path) -> None:
        nothing = LinuxDevices(tmp_path / "sys", tmp_path / "dev", tmp_path / "proc")
        modules: list[Any] = [Module("/dev/hidraw90"), Module("1-1:1.0")]
        (board,) = list_boards(modules=modules, platform="linux", devices=nothing)
        assert [way.path for way in board.ways] == ["/dev/hidraw90", "1-1:1.0"]
        two: list[Any] = [Module("/dev/hidraw90", "/dev/hidraw92"), Module()]
        assert len(list_boards(modules=two, platform="linux", devices=nothing)) == 2, "never taken for one another"

    def test_what_is_needed_is_known_before_it_is_opened(self, tree: LinuxTree, monkeypatch: Any) -> None:
        tree.plug_in(node=3)
        (board,) = boards(tree, Module("1-1:1.0", opens=False))
        assert hid_boards.obstacle(board, tree.devices) is None
        monkeypatch.setattr(hid_boards.os, "access", lambda *_: False)
        seen = hid_boards.obstacle(board, tree.devices)
        assert seen is not None
        assert "no permission" in seen[0]


class TestElsewhere:
    @pytest.mark.parametrize(
        ("platform", "paths"),
        [
            ("win32", (r"\\?\HID#VID_0403&PID_6030&MI_00#7", r"\\?\HID#VID_0403&PID_6030&MI_01")),
            ("win32", (r"\\?\HID#VID_0403&PID_6030&old#7",)),
            ("darwin", ("DevSrvsID:4294969", "DevSrvsID:4294969")),
        ],
    )
    def test_interface_0_or_one_without_a_number(self, platform: str, paths: tuple[str, ...]) -> None:
        module = Module(*paths)
        (board,) = list_boards(modules=[module], platform=platform)
        assert board.is_named(paths[0])
        open_hid(board, port="ft260", platform=platform)
        assert module.opened == [paths[0].encode()]
        assert hid_boards.obstacle(board, None) is None

    @pytest.mark.parametrize("platform", ["win32", "darwin"])
    def test_in_use(self, platform: str) -> None:
        (board,) = list_boards(modules=[Module("path", opens=False)], platform=platform)
        with pytest.raises(BoardError, match="another program"):
            open_hid(board, port="ft260", platform=platform)


def test_the_rules() -> None:
    usb, node = udev_rules().splitlines()
    assert usb == (
        'SUBSYSTEM=="usb", ATTR{idVendor}=="0403", ATTR{idProduct}=="6030", '
        'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
    )
    assert node == (
        'KERNEL=="hidraw*", ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6030", '
        'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
    )


class TestWithoutHidapi:
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch, tree: LinuxTree) -> None:
        def refuse(*_: object) -> list[Any]:
            raise ConfigurationError("hidapi is not installed", hint="pip install hidapi")

        monkeypatch.setattr(hid_boards, "load_modules", refuse)
        monkeypatch.setattr(hid_boards, "LinuxDevices", lambda: tree.devices)

    def test_one_line_says_what_to_install(self) -> None:
        with pytest.raises(ConfigurationError, match="not installed"):
            choose_board(port="ft260")

    @linux
    def test_the_kernels_driver_is_named_too(self, tree: LinuxTree) -> None:
        tree.plug_in(driver="ft260", i2c_bus="i2c-7")
        with pytest.raises(ConfigurationError, match="i2c:/dev/i2c-7") as caught:
            choose_board(port="ft260")
        assert "pip install hidapi" in caught.value.hint

    @linux
    def test_a_board_is_seen_all_the_same(self, tree: LinuxTree) -> None:
        tree.plug_in()
        (board,) = list_boards(modules=[], devices=tree.devices)
        seen = hid_boards.obstacle(board, tree.devices)
        assert seen is not None
        assert "hidapi" in seen[1]
