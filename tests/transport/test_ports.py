"""What people write for a port, and what it stands for."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from platformdirs import user_state_path
from serial.tools.list_ports_common import ListPortInfo

from optiga import BoardError, ConfigurationError
from optiga.transport import resolve_port
from optiga.transport.boards import list_ports
from optiga.transport.emulator_port import EmulatorPort
from optiga.transport.serial_port import SerialPort, one_name


def usb(device: str, vid: int | None, pid: int | None, product: str | None) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid, info.pid, info.product = vid, pid, product
    return info


KITPROG = usb("/dev/ttyACM0", 0x04B4, 0xF155, "KitProg3 CMSIS-DAP")
KITPROG_OTHER = usb("/dev/ttyACM7", 0x04B4, 0xF999, "KitProg3 USB-UART")
XMC = usb("COM5", 0x058B, 0x0058, "IFX CDC")
ARDUINO = usb("/dev/ttyACM1", 0x2341, 0x0043, "Arduino")
BUILT_IN = usb("/dev/ttyS0", None, None, None)


def plug_in(monkeypatch: pytest.MonkeyPatch, *ports: ListPortInfo) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: list(ports))


@pytest.mark.parametrize("board", [KITPROG, KITPROG_OTHER, XMC], ids=lambda info: info.device)
def test_the_one_board_is_found_among_others(board: ListPortInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, ARDUINO, board, BUILT_IN)
    assert resolve_port(None) == SerialPort(board.device)


def test_no_board_names_the_three_ways_on(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, ARDUINO, BUILT_IN)
    with pytest.raises(BoardError, match=r"Connect a board.*port=PORT.*port='emulator'"):
        resolve_port(None)


def test_what_names_no_port() -> None:
    for wrong in (True, 1.5, b"COM5", []):
        with pytest.raises(TypeError, match="a port must be a text"):
            resolve_port(wrong)  # type: ignore[arg-type]
    for text in ("\0", "/dev/tty\0", "socket://\0:1", "emulator:\0"):
        with pytest.raises(ConfigurationError, match="null character"):
            resolve_port(text)


class TestOneName:
    """However a port is written, two processes meet at one lock."""

    @pytest.mark.parametrize(
        "text",
        [
            "rfc2217://Line:4001",
            "RFC2217://line:4001/",
            "rfc2217://LINE:04001?ign_set_control",
            "rfc2217://line:4001/?timeout=3&poll_modem",
        ],
    )
    def test_of_a_url(self, text: str) -> None:
        port = resolve_port(text)
        assert isinstance(port, SerialPort)
        assert one_name(port.name, is_network=True) == "rfc2217://line:4001"

    def test_of_others(self) -> None:
        texts = ["socket://line:4001", "socket://line:4002", "socket://[::1]:4001", "socket://other:4001"]
        assert [one_name(text, is_network=True) for text in texts] == texts

    @pytest.mark.skipif(sys.platform == "win32", reason="links to devices are POSIX's")
    def test_of_a_link(self, tmp_path: Path) -> None:
        device, link = tmp_path / "ttyX", tmp_path / "by-id"
        device.touch()
        link.symlink_to(device)
        assert one_name(str(link), is_network=False) == one_name(str(device), is_network=False) == str(device)

    @pytest.mark.parametrize("text", ["COM5", "com5", r"\\.\COM5", r"\\.\com5", "//./com5", "COM5:", r"\\?\COM5"])
    def test_on_windows(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.platform", "win32")
        assert one_name(text, is_network=False) == "COM5"


def test_two_boards_are_not_chosen_from(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, XMC, KITPROG)
    with pytest.raises(BoardError, match=r"COM5.*/dev/ttyACM0|/dev/ttyACM0.*COM5"):
        resolve_port(None)


def test_ports_are_listed_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, ARDUINO, BUILT_IN, KITPROG)
    assert [(port.device, port.is_board, port.why) for port in list_ports()] == [
        ("/dev/ttyACM0", True, "KitProg3 of a PSOC 6 kit"),
        ("/dev/ttyACM1", False, "USB identity 2341:0043 does not belong to a known board"),
        ("/dev/ttyS0", False, "not a USB port"),
    ]


@pytest.mark.parametrize(
    "text", ["/dev/ttyACM0", "COM5", "socket://host:1", "rfc2217://h:2?ign_set_control", "./emulator", "emu"]
)
def test_these_are_boards(text: str) -> None:
    assert resolve_port(text) == SerialPort(text, is_network="://" in text)


@pytest.mark.skipif(sys.platform == "win32", reason="links there want rights")
def test_links_that_run_in_a_circle_are_no_port(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BoardError):
        resolve_port(str(tmp_path / "loop")).open()


@pytest.mark.parametrize(
    ("text", "path", "model", "real", "shielded"),
    [
        ("emulator", None, None, False, False),
        ("Emulator", None, None, False, False),
        ("emulator:a/b.chip", "a/b.chip", None, False, False),
        (r"emulator:C:\chips\a", r"C:\chips\a", None, False, False),
        ("emulator:a?timing=real", "a", None, True, False),
        ("emulator?timing=real&model=trust-m-v3", None, "trust-m-v3", True, False),
        ("emulator:a?timing=none&shielded=no", "a", None, False, False),
        ("emulator:a?shielded=yes", "a", None, False, True),
    ],
)
def test_these_are_emulated_chips(text: str, path: str | None, model: str | None, real: bool, shielded: bool) -> None:
    assert resolve_port(text) == EmulatorPort(text, Path(path) if path else None, model, real, shielded)


@pytest.mark.parametrize("home", ["/home/x", "relative", "", None])
@pytest.mark.parametrize("state", ["/var/lib/x", "relative/y", "", " ", None])
def test_the_users_own_emulated_chip_lies_in_the_state_folder(
    home: str | None, state: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("HOME", home), ("XDG_STATE_HOME", state)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("optiga.files.user_folders._is_home_gone", lambda: False)
    port = resolve_port("emulator")
    named = [state, None if home is None else f"{home}/.local/state"]
    base = next((path for path in named if path is not None and path.startswith("/") and path[1:2] != "."), None)
    if base is not None:
        assert port.chip_file == Path(base, "optiga", "emulator.chip")
        if state in (base, "", None):  # what is no absolute path, releases of platformdirs take differently
            assert port.chip_file == user_state_path("optiga", appauthor=False) / "emulator.chip"
        return
    with contextlib.suppress(BoardError):
        assert port.chip_file is not None
        assert port.chip_file.is_absolute()


def test_a_home_that_is_nobodys() -> None:
    for text in ("emulator:~nobody-of-that-name/chip", "emulator:~nobody-of-that-name"):
        with pytest.raises(ConfigurationError, match="~nobody-of-that-name is not a home folder"):
            resolve_port(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "emulator:",
        "emulator: ",
        "emulator:?model=trust-x",
        "emulator:a?speed=9",
        "emulator?timing=",
        "emulator?timing=slow",
    ],
)
def test_these_are_nothing(text: str) -> None:
    with pytest.raises(ConfigurationError):
        resolve_port(text)


LONG = "x" * 5000


@pytest.mark.parametrize(
    "port",
    [
        *(LONG, f"/dev/{LONG}", f"COM{LONG}", f"emulator:{LONG}", f"emulator?model={LONG}", f"emulator?{LONG}=1"),
        *(f"socket://{LONG}", f"socket://127.0.0.1:{'1' * 5000}", f"socket://127.0.0.1:1?{LONG}", f"{LONG}://x"),
        *(f"ft260?{LONG}", f"i2c:/dev/i2c-1?address={LONG}", f"i2c:{LONG}", f"rfc2217://{LONG}"),
        *(
            "/dev/" + "a b " * 1000,
            "emulator:" + "a " * 2500,
            "emulator?model=" + "a " * 2000,
            "socket://" + "a " * 2500,
        ),
    ],
    ids=lambda port: f"{port[:16]}…",
)
def test_a_long_port_is_not_repeated_whole(port: str) -> None:
    with pytest.raises((BoardError, ConfigurationError)) as caught:
        resolve_port(port).open()
    said = str(caught.value)
    assert len(said) < 500
    assert "…" in said
