"""``emulator``: chips as files, and one served as a board for the other commands."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

import optiga
from optiga.chip import Chip
from optiga.emulator.store import SqliteStore
from optiga.transport.emulated import open_emulated
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate_for
from tests.support.places import ROOT
from tests.support.processes import OPTIGA, run_process, serving
from tests.support.sampling import sampled

BOARD = 3
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and pseudo terminals are POSIX")
CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a chip that another holds."""
    monkeypatch.setitem(SqliteStore.__init__.__kwdefaults__, "wait_s", 0.05)


def uid(cli: Cli, port: str) -> str:
    return cli("--port", port, "info", "--query", "uid").out.strip()


class TestFiles:
    def test_new(self, cli: Cli) -> None:
        result = cli("emulator", "new", "bench.chip")
        assert (result.code, result.out) == (0, "")
        assert result.err == "A new chip is in bench.chip: use it with --port emulator:bench.chip\n"
        if os.name == "posix":
            assert Path("bench.chip").stat().st_mode & 0o777 == 0o600
        assert len(uid(cli, "emulator:bench.chip")) == 54

    def test_every_new_chip_is_another(self, cli: Cli) -> None:
        for name in "abc":
            cli("emulator", "new", name)
        assert len({uid(cli, f"emulator:{name}") for name in "abc"}) == 3

    def test_new_of_a_model(self, cli: Cli) -> None:
        assert cli("emulator", "new", "bench.chip", "--model", "trust-m-v3").code == 0
        refused = cli("emulator", "new", "other.chip", "--model", "Z")
        assert (refused.code, len(refused.errors)) == (2, 1)
        assert not Path("other.chip").exists()

    def test_reset(self, cli: Cli, port: str) -> None:
        before = uid(cli, port)
        cli("--port", port, "--csr", CONFIG)
        file = port.removeprefix("emulator:")
        result = cli("emulator", "reset", file, "--yes")
        assert (result.code, result.out) == (0, "")
        assert result.err.endswith(f"The chip in {file} is in its factory state\n")
        assert uid(cli, port) == before
        assert "Slot second      key 0xE0F1 empty" in cli("--port", port, "info").out

    def test_a_chip_is_there_already(self, cli: Cli) -> None:
        """A reset helps who wants a new chip, and not who wants another state; each line can be pasted."""
        for name in ("a.chip", "my own.chip"):
            assert cli("emulator", "new", name).code == 0
        dumped = cli("emulator", "dump", "a.chip", "--out", "state.json")
        assert dumped.code == 0
        assert "state.json secret: it contains the chip's keys" in dumped.err
        before = Path("a.chip").read_bytes()
        assert "'emulator reset a.chip'" in cli("emulator", "new", "a.chip").errors[0]
        assert "'emulator reset \"my own.chip\"'" in cli("emulator", "new", "my own.chip").errors[0]
        loading = cli("emulator", "load", "state.json", "a.chip")
        assert (loading.code, len(loading.errors)) == (BOARD, 1)
        assert "reset" not in loading.err
        assert "delete the file" in loading.errors[0]
        assert "delete" not in cli("emulator", "load", "state.json", "state.json").errors[0]
        assert Path("a.chip").read_bytes() == before
        assert "emulator dump" in cli("emulator", "load", "a.chip", "b.chip").errors[0]

    def test_ones_own_chip(self, cli: Cli) -> None:
        assert cli("emulator", "reset", "--yes").code == BOARD  # there is none yet
        before = uid(cli, "emulator")
        assert cli("emulator", "reset", "--yes").code == 0
        assert uid(cli, "emulator") == before

    def test_root_has_issued_the_chips_own_certificate(self, cli: Cli, port: str) -> None:
        from cryptography import x509

        result = cli("emulator", "root")
        assert (result.code, result.err) == (0, "")
        root = x509.load_pem_x509_certificate(result.out.encode())
        own = x509.load_pem_x509_certificate(cli("--port", port, "--read", "first").out.encode())
        own.verify_directly_issued_by(root)


class TestStates:
    """A chip's whole state as a document."""

    def test_there_and_back(self, cli: Cli, port: str) -> None:
        """A key made on one chip signs on the other; what the host is told of the two is the same."""
        made = cli("--port", port, "key", "generate", "third", "--out", "third.pem")
        assert made.code == 0, made.err
        assert cli("emulator", "dump", port.removeprefix("emulator:"), "--out", "state.json").code == 0
        if os.name == "posix":
            assert stat.S_IMODE(Path("state.json").stat().st_mode) == 0o600
        assert cli("emulator", "load", "state.json", "copy.chip").code == 0
        assert cli("--port", "emulator:copy.chip", "export", "-").out == cli("--port", port, "export", "-").out
        Path("message").write_bytes(b"message")
        assert cli("--port", "emulator:copy.chip", "key", "sign", "third", "message", "--out", "signature").code == 0
        assert cli("--port", port, "key", "verify", "third.pem", "signature", "message").code == 0

    def test_a_state_that_is_written_by_hand(self, cli: Cli) -> None:
        """What it leaves out is as new."""
        state = {
            "format": "optiga emulated chip",
            "version": 1,
            "model": "trust-m-v1",
            "objects": {"0xf1d0": {"data": "c0ffee", "metadata": "2011c00107c4018cc50103d003e1fc07d10100"}},
        }
        Path("state.json").write_text(json.dumps(state))
        assert cli("emulator", "load", "state.json", "chip").code == 0
        assert "c0 ff ee" in cli("--port", "emulator:chip", "object", "read", "0xF1D0").out
        assert "Trust M V1" in cli("--port", "emulator:chip", "info").out
        dumped = json.loads(cli("emulator", "dump", "chip").out)
        assert dumped["objects"]["0xF1D0"]["data"] == "c0ffee"

    def test_a_saved_context_is_in_it(self, cli: Cli) -> None:
        with optiga.open_chip("emulator:chip") as chip:
            chip.crypto.draw_pre_master_secret(0xE100)
            before = chip.crypto.hkdf(0xE100, 32)
            handle = chip.hibernate()
        assert cli("emulator", "dump", "chip", "--out", "state.json").code == 0
        assert cli("emulator", "load", "state.json", "copy").code == 0
        with Chip(open_emulated(Path("copy")), handle=handle) as chip:
            assert chip.crypto.hkdf(0xE100, 32) == before

    @pytest.mark.parametrize(
        ("content", "line"),
        [
            ("{", "state.json:1: not JSON"),
            ("[]", "state.json: this is not the state of an emulated chip"),
            ('{"format": 1,\n "format": 2}', "state.json:2: 'format' is given twice"),
            ('{"format": "optiga emulated chip", "version": 2}', "version 2 is unknown"),
        ],
    )
    def test_what_is_no_state(self, cli: Cli, content: str, line: str) -> None:
        Path("state.json").write_text(content)
        result = cli("emulator", "load", "state.json", "chip")
        assert result.code == 2
        assert line in result.errors[0]
        assert not Path("chip").exists()

    def test_no_chip_is_replaced(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "info").code == 0
        path = Path(port.removeprefix("emulator:"))
        assert cli("emulator", "dump", path, "--out", "state.json").code == 0
        before = path.read_bytes()
        result = cli("emulator", "load", "state.json", path)
        assert (result.code, path.read_bytes()) == (BOARD, before)
        assert "the file already exists" in result.errors[0]
        assert cli("emulator", "dump", "none").code == BOARD


class TestHeld:
    """A chip that somebody else works on."""

    @pytest.mark.long
    def test_by_a_server(self, cli: Cli, short_wait: None) -> None:
        with serving(Path.cwd(), "--chip", "held.chip", "--tcp", "0") as served:
            result = cli("--port", "emulator:held.chip", "info")
            assert (result.code, result.out, len(result.errors)) == (BOARD, "", 1)
            assert f"in use by process {served.pid} (" in result.errors[0]
            assert "Use the port that it printed" in result.errors[0]
            for words in (("reset", "held.chip"), ("serve", "--chip", "held.chip", "--tcp", "0")):
                assert f"in use by process {served.pid} (" in cli("emulator", *words).errors[0]

    def test_by_a_program(self, cli: Cli) -> None:
        with optiga.open_chip("emulator:held.chip"):
            result = cli("--port", "emulator:held.chip", "--csr", CONFIG)
            assert (result.code, len(result.errors)) == (BOARD, 1)
            assert "in use by this process" in result.errors[0]
        assert cli("--port", "emulator:held.chip", "--csr", CONFIG).code == 0


class TestServe:
    def work(self, cli: Cli, port: str) -> None:
        """What one does with a board, from CSR to certificate."""
        csr = cli("--port", port, "--csr", CONFIG, "--query", "filename")
        assert csr.code == 0
        assert "Emulated chip" not in csr.err  # behind a port it is a board like any other
        certificate = Path("cert.pem")
        certificate.write_bytes(make_certificate_for(Path(csr.out.strip())))
        written = cli("--port", port, "--write", certificate, "--strict", "--query", "key_match")
        assert (written.code, written.out) == (0, "True\n")
        assert cli("--port", port, "--read", "second").out == certificate.read_text()
        assert "subject CN=test device" in cli("--port", port, "info").out

    @pytest.mark.long
    def test_over_a_shielded_connection(self, cli: Cli) -> None:
        """What may only be read over one is read from a board that has one, and from no other."""
        Path("data.bin").write_bytes(b"\xc0\xff\xee")
        cli("--port", "emulator:a.chip", "object", "write", "0xF1D0", "data.bin")
        cli("--port", "emulator:a.chip", "object", "metadata", "0xF1D0", "read: conf 0xE140")
        for options, code in (((), 4), (("--shielded",), 0)):
            with serving(Path.cwd(), "--chip", "a.chip", "--tcp", "0", *options) as served:
                assert cli("--port", served.port, "object", "read", "0xF1D0").code == code
        assert "c0 ff ee" in cli("--port", "emulator:a.chip?shielded=yes", "object", "read", "0xF1D0").out

    @POSIX
    @pytest.mark.parametrize("number", sampled([signal.SIGTERM, signal.SIGINT], keep=1))
    def test_tcp(self, cli: Cli, number: int) -> None:
        with serving(Path.cwd(), "--chip", "board.chip", "--tcp", "127.0.0.1:0") as served:
            assert served.port.startswith("socket://127.0.0.1:")
            assert int(served.port.rpartition(":")[2]) > 0
            self.work(cli, served.port)
            out, err, code = served.end(number)
        assert (out, code) == ("", 0)
        announced, *others = err.splitlines()
        assert announced == "Emulated chip: board.chip. Its keys are in that file and protect nothing."
        assert others == ["A new chip was created in board.chip", "Stopped"]
        # What was done behind the port is in the file.
        assert "subject CN=test device" in cli("--port", "emulator:board.chip", "info").out

    @POSIX
    @pytest.mark.long
    def test_pty_with_a_link(self, cli: Cli) -> None:
        link = Path.cwd() / "board"
        with serving(Path.cwd(), "--chip", "board.chip", "--pty", str(link)) as served:
            assert served.port == str(link)
            assert link.is_symlink()
            self.work(cli, served.port)
            assert served.end(signal.SIGINT)[::2] == ("", 0)
        assert not os.path.lexists(link)

    @pytest.mark.long
    @POSIX
    def test_pty_without_a_link(self, cli: Cli) -> None:
        with serving(Path.cwd(), "--chip", "board.chip", "--pty") as served:
            assert served.port.startswith("/dev/")
            assert len(uid(cli, served.port)) == 54
            assert served.end()[::2] == ("", 0)

    @pytest.mark.long
    @POSIX
    def test_ones_own_chip_is_served_if_none_is_named(self, cli: Cli) -> None:
        own = uid(cli, "emulator")
        with serving(Path.cwd(), "-q", "--tcp", "0") as served:
            assert uid(cli, served.port) == own
            out, err, code = served.end()
        assert (out, code) == ("", 0)
        assert err.startswith("Emulated chip: ")
        assert err.count("\n") == 1

    @pytest.mark.long
    def test_verbose_and_very_verbose(self, cli: Cli) -> None:
        with serving(Path.cwd(), "--chip", "board.chip", "--tcp", "127.0.0.1:0") as served:
            command = [*OPTIGA, "--port", served.port, "--read", "0xE0C2", "--query", "data", "-q"]
            quiet, verbose, loud = (run_process([*command, *more], Path.cwd()) for more in ([], ["-v"], ["-vv"]))
        assert (quiet.returncode, quiet.stderr) == (0, "")
        assert quiet.stdout == verbose.stdout == loud.stdout
        opened, *commands = verbose.stderr.splitlines()
        assert opened == f"optiga.transport: {served.port}: open"
        assert [line.rpartition(": ")[0] for line in commands] == [
            "optiga.chip: open the application",
            "optiga.chip: read 0xE0C2",
        ]
        frames = [line.partition(f"{served.port} ")[2] for line in loud.stderr.splitlines() if " beef" in line]
        assert frames[:3] == [  # OpenApplication, its answer, and a whole GetDataObject
            "> beefdead0014f0000010d27600000447656e417574684170706ce4f6",
            "< beefdead0004000000003de8",
            "> beefdead000a81000006e0c2000006111e1b",
        ]
        assert frames[3].startswith("< beefdead001f0000001b" + quiet.stdout.strip())

    @pytest.mark.long
    def test_an_address_that_is_taken(self, cli: Cli) -> None:
        with serving(Path.cwd(), "--chip", "board.chip", "--tcp", "0") as served:
            number = served.port.rpartition(":")[2]
            result = cli("emulator", "serve", "--chip", "other.chip", "--tcp", number)
        assert (result.code, result.out, len(result.errors)) == (BOARD, "", 1)
        assert f"127.0.0.1:{number}: cannot serve there" in result.errors[0]
        assert "new chip" not in result.err
        assert not Path("other.chip").exists()
        assert Path("board.chip").exists()

    @pytest.mark.parametrize("address", ["host:http", "127.0.0.1:70000", "127.0.0.1:", "-1"])
    def test_an_address_that_is_none(self, cli: Cli, address: str) -> None:
        result = cli("emulator", "serve", f"--tcp={address}")
        assert (result.code, len(result.errors)) == (2, 1)
        assert "a port is a number up to 65535" in result.errors[0]

    @pytest.mark.parametrize("host", ["a..b", "x" * 64], ids=["empty label", "long label"])
    def test_a_name_that_no_host_can_have(self, cli: Cli, host: str) -> None:
        result = cli("emulator", "serve", "--chip", "board.chip", f"--tcp={host}:0")
        assert (result.code, len(result.errors)) == (BOARD, 1)
        assert "not a valid host name" in result.errors[0]

    @POSIX
    def test_a_link_where_a_file_is(self, cli: Cli) -> None:
        Path("mine").write_text("kept")
        result = cli("emulator", "serve", "--chip", "board.chip", "--pty", "mine")
        assert (result.code, len(result.errors)) == (BOARD, 1)
        assert "already exists and is not a symbolic link" in result.errors[0]
        assert Path("mine").read_text() == "kept"


def test_reset_takes_the_chip_of_the_port_or_the_path(cli: Cli) -> None:
    """And never another: a reset erases keys."""
    for name in ("a.chip", "b.chip"):
        assert cli("--port", f"emulator:{name}", "--write", __file__, "--id", "0xF1E0", "-q").code in (0, 2)
        Path("data").write_bytes(name.encode())
        assert cli("--port", f"emulator:{name}", "--write", "data", "--id", "0xF1D0").code == 0
    held = [cli("--port", f"emulator:{name}", "--read", "0xF1D0").out for name in ("a.chip", "b.chip")]
    assert cli("--port", "emulator:a.chip", "emulator", "reset", "--yes").code == 0
    after = [cli("--port", f"emulator:{name}", "--read", "0xF1D0").out for name in ("a.chip", "b.chip")]
    assert after[0] != held[0]
    assert after[1] == held[1]


def test_a_file_that_is_no_chip_is_not_called_one(cli: Cli) -> None:
    for content in (b"root:x:0:0\n" * 100, b"SQLite format 3\0" + bytes(4080)):
        Path("other").write_bytes(content)
        result = cli("--port", "emulator:other", "info")
        assert (result.code, len(result.err.splitlines())) == (3, 1)
        assert "not an emulated chip" in result.err
        assert Path("other").read_bytes() == content
