"""What is said of a line: secrets over a network, boards served to everybody, ports that are none, a chip reset."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from optiga.emulator import Board, EmulatedChip
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG
from tests.support.processes import serving
from tests.support.served_boards import board_on_tcp

IN_CLEAR = "crosses the network unencrypted"


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of another process are Linux's")
@pytest.mark.long
def test_a_served_board_outlives_a_write_that_fails(tmp_path: Path, cli: Cli) -> None:
    """Its chip's file may not grow for a while, as on a full disk."""
    import resource

    for name, byte in (("first", b"\x02"), ("second", b"\x01")):
        Path(name).write_bytes(1400 * byte)
    with serving(tmp_path, "--chip", "chip", "--tcp", "127.0.0.1:0", "-q") as served:
        before = resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        refused = cli("--port", served.port, "object", "write", "0xF1E0", "first")
        resource.prlimit(served.pid, resource.RLIMIT_FSIZE, before)
        assert refused.code == 3
        written = cli("--port", served.port, "object", "write", "0xF1E0", "second")
        assert written.code == 0, written.err
        read = cli("--port", served.port, "object", "read", "0xF1E0", "--output", "json")
        assert "01" * 1400 in read.out
        ended = served.end()
    assert ended.code == 0
    assert "Error: " in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("words", ["key draw secp256r1", "key draw aes128 --out key -q"])
def test_a_key_over_a_network_is_said_to_be_in_clear(words: str, cli: Cli) -> None:
    with board_on_tcp(Board(EmulatedChip().execute)) as port:
        drawn = cli("--port", port, *words.split())
    assert drawn.code == 0
    assert IN_CLEAR in drawn.err


def test_a_key_of_a_chip_in_this_process_is_not(cli: Cli) -> None:
    drawn = cli("--port", "emulator:chip", "key", "draw", "secp256r1")
    assert drawn.code == 0
    assert IN_CLEAR not in drawn.err


@pytest.mark.long
@pytest.mark.parametrize(("address", "is_open"), [("0.0.0.0:0", True), ("127.0.0.1:0", False), ("localhost:0", False)])
def test_a_board_served_to_everybody_is_warned_of(address: str, is_open: bool, tmp_path: Path) -> None:
    with serving(tmp_path, "--chip", "chip", "--tcp", address, "-q") as served:
        ended = served.end()
    assert ended.code == 0
    assert ("Warning" in ended.err) == is_open


@pytest.mark.parametrize(
    "port",
    [
        "spy:///dev/null?file=stolen",
        "SPY:///dev/null?file=stolen",
        "loop://",
        "alt:///dev/null?class=VTIMESerial",
        "hwgrep://.",
        "cp2110://0",
        "http://127.0.0.1:1",
        "://",
        "socket://",
        "socket://:1",
        "socket://127.0.0.1",
        "socket://127.0.0.1:0",
        "socket://127.0.0.1:65536",
        "socket://127.0.0.1:1/path",
        "socket://me:pass@127.0.0.1:1",
        "socket://127.0.0.1:1?logging=debug",
        "rfc2217://127.0.0.1:1?logging=debug",
        "rfc2217://127.0.0.1:1?timeout=1e9",
        "rfc2217://127.0.0.1:1?timeout=soon",
        "socket://[::1:1",
    ],
)
@pytest.mark.parametrize("words", ["info", f"--csr {CONFIG}", "key draw secp256r1"], ids=["info", "csr", "draw"])
def test_what_is_no_documented_port_is_refused(port: str, words: str, cli: Cli) -> None:
    before = set(Path.cwd().iterdir())
    done = cli("--port", port, *words.split())
    assert done.code == 2
    assert "not a port" in done.err
    assert "Traceback" not in done.err
    assert set(Path.cwd().iterdir()) == before


def test_a_chip_that_was_reset_is_said_to_be(cli: Cli) -> None:
    """Its application is closed behind the tool's back; a chip that is closed may not even tell its last error."""
    chip = EmulatedChip()
    commands = 0

    def execute(command: bytes) -> bytes:
        nonlocal commands
        commands += 1
        if commands > 1:
            return bytes.fromhex("ff000000")
        return chip.execute(command)

    with board_on_tcp(Board(execute)) as port:
        done = cli("--port", port, "random", "16")
    assert done.code == 4
    assert "reset in the meantime" in done.errors[-1]
    assert done.errors[-1].endswith(". To continue, run the command again")
