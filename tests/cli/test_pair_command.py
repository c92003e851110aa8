"""``pair``: a secret of chip and host that is proven before it counts, whatever happens in between."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga.chip.sessions.objects import Objects
from optiga.emulator.store import SqliteStore
from optiga.errors import BoardError, ChipError, OptigaError, Reason
from optiga.objects import pairing
from optiga.objects.pairing import FACTORY_SECRET, Pairing, pair
from optiga.transport.registry import resolve_port
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.events import Action, Job, Moment, Outcome, Runner
from tests.support.sampling import sampled

BOARD, CHIP, CONFIGURATION = 3, 4, 2
LOCKED = ("--lock", "--yes")
POSIX = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX's")


def shielded(port: str, secret: str) -> str:
    return f"{port}?shielded={secret}"


def write_secret(name: str, secret: bytes) -> None:
    Path(name).write_bytes(secret)
    Path(name).chmod(0o600)


def test_a_fresh_chip(cli: Cli, port: str) -> None:
    result = cli("--port", port, "pair", "--out", "my.secret", "--output", "json")
    assert result.code == 0, result
    said = json.loads(result.out)
    with optiga.open_chip(port) as chip:
        assert said["uid"] == chip.uid.hex
        held = chip.read(0xE140)
    assert (said["factory_secret"], said["locked"]) == (False, False)
    assert Path("my.secret").read_bytes() == held != FACTORY_SECRET
    assert len(held) == 64
    if os.name == "posix":
        assert Path("my.secret").stat().st_mode & 0o777 == 0o600
    assert [*map(str, Path().iterdir())] == ["my.secret"]
    assert held.hex() not in result.out + result.err


@pytest.mark.long
def test_the_former_secret_is_said_to_be_replaced(cli: Cli, port: str) -> None:
    """Not the factory's, which nobody has a file of; and not where nothing changes."""
    said = "the file of the former secret can no longer be used"
    for name, replaced in (("first", False), ("first", False), ("second", True), ("second", False), ("third", True)):
        result = cli("--port", port, "pair", "--out", name, "--output", "json", "-q")
        assert result.code == 0, result
        assert json.loads(result.out)["former_secret_replaced"] is replaced, name
        assert (said in result.err) is replaced
    checked = json.loads(cli("--port", port, "pair", "check", "third", "--output", "json").out)
    assert "former_secret_replaced" not in checked
    locked = cli("--port", port, "pair", "--out", "third", *LOCKED)
    assert locked.code == 0
    assert said not in locked.err
    replaced = cli("--port", shielded(port, "third"), "pair", "--out", "fourth")
    assert replaced.code == 0
    assert said in replaced.err


@POSIX
def test_a_secret_that_others_can_read(cli: Cli, port: str) -> None:
    assert cli("--port", port, "pair", "--out", "my.secret").code == 0
    Path("my.secret").chmod(0o644)
    result = cli("--port", shielded(port, "my.secret"), "random", "16")
    assert result.code == 0
    assert "other users can read the platform binding secret my.secret" in result.err


def test_locked(cli: Cli, port: str) -> None:
    asked = fails(cli, CONFIGURATION, "--port", port, "-q", "pair", "--out", "my.secret", "--lock")
    assert "never be undone" in asked
    assert not [*Path().iterdir()]
    result = cli("--port", port, "pair", "--out", "my.secret", "--lock", "--yes", "--query", "locked")
    assert (result.code, result.out) == (0, "true\n"), result
    refused: tuple[tuple[str, ...], ...] = (("object", "read", "0xE140"), ("pair", "--out", "other"))
    for plain in refused:
        assert "0xE140" in fails(cli, CHIP, "--port", port, *plain)
    assert [*map(str, Path().iterdir())] == ["my.secret"]
    assert cli("--port", shielded(port, "my.secret"), "pair", "--out", "other").code == 0
    assert Path("other").read_bytes() != Path("my.secret").read_bytes()
    assert cli("--port", port, "pair", "check", "other").code == 0
    assert "does not prove" in fails(cli, BOARD, "--port", port, "pair", "check", "my.secret")


def test_locked_again(cli: Cli, port: str) -> None:
    """Nobody is asked for what is so already; what cannot be done is not asked for, either."""
    assert cli("--port", port, "pair", "--out", "my.secret", *LOCKED).code == 0
    error = fails(cli, CHIP, "--port", port, "pair", "--out", "other", "--lock")
    assert "?shielded=FILE" in error
    for secret in ("my.secret", "other"):
        result = cli("--port", shielded(port, "my.secret"), "pair", "--out", secret, "--lock")
        assert result.code == 0, result
        assert "the pairing is locked" in result.err
        assert "can never be undone" not in result.err


def test_locked_again_without_the_secret(cli: Cli, port: str) -> None:
    """What to do is said, and works."""
    assert cli("--port", port, "pair", "--out", "my.secret", *LOCKED).code == 0
    error = fails(cli, CHIP, "--port", port, "pair", "--out", "other.secret")
    assert f"--port, as in {port}?shielded=FILE" in error
    assert sorted(path.name for path in Path().glob("*.secret*")) == ["my.secret"]
    assert cli("--port", shielded(port, "my.secret"), "pair", "--out", "other.secret").code == 0


def test_the_factorys_secret_is_named_loudly(cli: Cli, port: str) -> None:
    write_secret("factory", FACTORY_SECRET)
    assert cli("--port", port, "info").code == 0
    result = cli("--port", port, "-q", "pair", "check", "factory", "--query", "factory_secret")
    assert (result.code, result.out) == (0, "true\n")
    assert "PUBLIC" in result.err


def test_a_wrong_secret_leaves_a_chip_that_works(cli: Cli, port: str) -> None:
    write_secret("wrong", b"\x5a" * 32)
    assert cli("--port", port, "info").code == 0
    for command in (("pair", "check", "wrong"), ("pair", "--out", "wrong")):
        fails(cli, BOARD if command[1] == "check" else CONFIGURATION, "--port", port, *command)
    commands: tuple[tuple[str, ...], ...] = (("info",), ("pair", "--out", "x"), ("object", "write", "0xF1D0", "wrong"))
    for words in commands:
        assert "does not prove" in fails(cli, BOARD, "--port", shielded(port, "wrong"), *words)
    assert cli("--port", port, "info").code == 0
    with optiga.open_chip(port) as chip:
        assert chip.read(0xE140) == FACTORY_SECRET
    assert [*map(str, Path().iterdir())] == ["wrong"]


@pytest.mark.parametrize("size", [0, 31, 65, 1 << 16])
def test_what_is_no_secret(cli: Cli, port: str, size: int) -> None:
    write_secret("secret", bytes(size))
    for command in (("--port", port, "pair", "check", "secret"), ("--port", shielded(port, "secret"), "info")):
        assert "platform binding secret secret" in fails(cli, CONFIGURATION, *command)


@pytest.mark.parametrize("port_name", ["socket://127.0.0.1:1", "/dev/ttyACM9"])
def test_a_port_without_such_connections(cli: Cli, port_name: str) -> None:
    assert "UART" in fails(cli, CONFIGURATION, "--port", port_name, "pair", "--out", "my.secret")
    assert not [*Path().iterdir()]


def test_another_chips_secret_is_not_replaced(cli: Cli, port: str) -> None:
    assert cli("--port", port, "pair", "--out", "my.secret").code == 0
    held = Path("my.secret").read_bytes()
    assert "does not prove that it has the secret" in fails(
        cli, CONFIGURATION, "--port", "emulator:other", "-q", "pair", "--out", "my.secret"
    )
    assert Path("my.secret").read_bytes() == held
    again = cli("--port", port, "pair", "--out", "my.secret")
    assert (again.code, Path("my.secret").read_bytes()) == (0, held)


def test_no_file_is_replaced_that_comes_meanwhile(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two runs for one file, the second to come says so; the chip's secret is in a file all the same."""
    others = b"\x11" * 64
    prove = pairing.check_pairing

    def prove_while_another_run_ends(*arguments: Any) -> Any:
        write_secret("my.secret", others)
        return prove(*arguments)

    with monkeypatch.context() as change:
        change.setattr(pairing, "check_pairing", prove_while_another_run_ends)
        error = fails(cli, CONFIGURATION, "--port", port, "pair", "--out", "my.secret")
    assert Path("my.secret").read_bytes() == others
    (begun,) = Path().glob("my.secret.*.new")
    assert str(begun) in error
    with optiga.open_chip(port) as chip:
        assert chip.read(0xE140) == begun.read_bytes()
    begun.rename("mine.secret")
    assert cli("--port", port, "pair", "--out", "mine.secret").code == 0


def at_once(runs: Sequence[Callable[[], Pairing]]) -> list[Pairing | OptigaError]:
    """What comes of runs that begin together."""
    start = threading.Barrier(len(runs))

    def one(run: Callable[[], Pairing]) -> Pairing | OptigaError:
        start.wait()
        try:
            return run()
        except OptigaError as error:
            return error

    with ThreadPoolExecutor(len(runs)) as pool:
        return [*pool.map(one, runs)]


@pytest.mark.long
@pytest.mark.parametrize("final", sampled([False, True], keep=1))
def test_several_runs_at_once_for_one_file(port: str, final: bool, tmp_path: Path) -> None:
    """They take turns: the first pairs the chip, and the others find it paired."""
    out = tmp_path / "my.secret"
    for number in range(3):
        chip = resolve_port(f"emulator:{tmp_path / str(number)}")
        out.unlink(missing_ok=True)
        done = at_once([lambda chip=chip: pair(chip, out, final=final)] * 3)  # type: ignore[misc]
        assert [one for one in done if isinstance(one, Exception)] == []
        assert pairing.check_pairing(chip, out).is_locked is final
        assert not [*tmp_path.glob("my.secret.*")]


def test_several_chips_at_once_for_one_file(tmp_path: Path) -> None:
    """One gets it. The others keep the secret that they have, and are told so."""
    out = tmp_path / "my.secret"
    chips = [resolve_port(f"emulator:{tmp_path / str(number)}") for number in range(3)]
    done = at_once([lambda chip=chip: pair(chip, out) for chip in chips])  # type: ignore[misc]
    failed = [number for number, one in enumerate(done) if isinstance(one, OptigaError)]
    assert len(failed) == 2
    for number in failed:
        assert done[number].reason is Reason.EXISTS  # type: ignore[union-attr]
        with optiga.open_chip(chips[number].name) as chip:
            assert chip.read(0xE140) == FACTORY_SECRET
    assert not [*tmp_path.glob("my.secret.*")]


def test_several_files_at_once_for_one_chip(port: str, tmp_path: Path) -> None:
    """Each run is whole; a lock holds what is in its file."""
    chip = resolve_port(port)
    outs = [tmp_path / f"{number}.secret" for number in range(3)]
    done = at_once([lambda out=out: pair(chip, out, final=True) for out in outs])  # type: ignore[misc]
    (won,) = [one for one in done if isinstance(one, Pairing)]
    assert pairing.check_pairing(chip, Path(won.path)).is_locked
    assert [*tmp_path.glob("*.secret*")] == [Path(won.path)]


@pytest.mark.parametrize(
    "error", [ChipError("an answer that is none"), BoardError("no answer")], ids=["no answer of a chip's", "no answer"]
)
def test_a_secret_that_the_chip_may_have_is_kept(
    cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch, error: OptigaError
) -> None:
    """The next run, when it cannot tell yet, keeps it as well."""
    assert cli("--port", port, "pair", "--out", "old.secret", "--lock", "--yes").code == 0
    write = Objects.write

    def write_and_fail(*arguments: Any, **options: Any) -> None:
        write(*arguments, **options)
        raise error

    with monkeypatch.context() as change:
        change.setattr(Objects, "write", write_and_fail)
        assert cli("--port", shielded(port, "old.secret"), "pair", "--out", "my.secret").code != 0
    (begun,) = Path().glob("my.secret.*.new")
    secret = begun.read_bytes()
    prove = pairing.check_pairing

    def lose(*_: Any) -> Any:
        raise BoardError("in use by process 1")

    with monkeypatch.context() as change:
        change.setattr(pairing, "check_pairing", lose)
        fails(cli, BOARD, "--port", port, "pair", "--out", "my.secret")
    assert pairing.check_pairing is prove
    assert begun.read_bytes() == secret
    assert cli("--port", port, "pair", "--out", "my.secret").code == 0
    assert Path("my.secret").read_bytes() == secret
    assert not begun.exists()


def test_a_refused_secret_goes_away_alone(cli: Cli, port: str) -> None:
    """What an earlier run has begun may be the chip's; that this run wrote is not."""
    assert cli("--port", port, "pair", "--out", "old.secret", "--lock", "--yes").code == 0
    with optiga.open_chip(port) as chip:
        begun = Path(f"my.secret.{chip.uid.hex}.0.new")
    write_secret(str(begun), b"\x22" * 64)
    fails(cli, CHIP, "--port", port, "pair", "--out", "my.secret")
    assert sorted(map(str, Path().iterdir())) == [str(begun), "old.secret"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_secret_that_others_may_read(cli: Cli, port: str) -> None:
    assert cli("--port", port, "pair", "--out", "my.secret").code == 0
    commands: tuple[tuple[str, ...], ...] = (
        ("--port", port, "-q", "pair", "--out", "my.secret"),
        ("--port", port, "-q", "pair", "check", "my.secret"),
        ("--port", shielded(port, "my.secret"), "-q", "info"),
    )
    for mode, is_told in ((0o600, False), (0o644, True)):
        Path("my.secret").chmod(mode)
        for words in commands:
            result = cli(*words)
            assert result.code == 0
            assert ("chmod 600" in result.err) == is_told, words


@pytest.mark.long
def test_what_was_begun_with_another_chip_is_kept(cli: Cli, port: str) -> None:
    """Its file may be the only one with the secret of a chip that is locked."""
    assert cli("--port", port, "pair", "--out", "a.secret", "--lock", "--yes").code == 0
    assert cli("--port", shielded(port, "a.secret"), "pair", "--out", "line.secret").code == 0
    with optiga.open_chip(f"{port}?shielded=line.secret") as chip:
        begun = Path(f"line.secret.{chip.uid.hex}.0.new")
        other = Path(f"line.secret.{chip.uid.hex}.1.new")
    Path("line.secret").rename(begun)  # as a kill leaves it
    secret = begun.read_bytes()
    Path("line.secret.0.new").write_bytes(b"rubbish")
    other.symlink_to("a.secret")
    assert cli("--port", "emulator:other", "pair", "--out", "line.secret").code == 0
    assert begun.read_bytes() == secret != Path("line.secret").read_bytes()
    assert "does not prove that it has the secret" in fails(
        cli, CONFIGURATION, "--port", port, "-q", "pair", "--out", "line.secret"
    )
    Path("line.secret").rename("others.secret")
    assert cli("--port", port, "pair", "--out", "line.secret").code == 0
    assert Path("line.secret").read_bytes() == secret
    assert not begun.exists()
    for _ in range(2):
        locked = cli("--port", port, "pair", "--out", "line.secret", "--lock", "--query", "locked")
        assert (locked.code, locked.out) == (0, "true\n")


def test_the_factorys_secret_is_no_pairing(cli: Cli, port: str) -> None:
    write_secret("factory", FACTORY_SECRET)
    assert "public secret" in fails(cli, CONFIGURATION, "--port", port, "-q", "pair", "--out", "factory")


def test_what_is_read_and_written_over_it(cli: Cli, port: str) -> None:
    """Conditions on the connection hold for real: what asks for it is refused without it."""
    assert cli("--port", port, "pair", "--out", "my.secret").code == 0
    for change in ("read: conf 0xE140", "change: int 0xE140"):
        assert cli("--port", port, "object", "metadata", "0xF1D0", change, "--yes").code == 0
    Path("data").write_bytes(b"kept for few")
    assert "0x07" in fails(cli, CHIP, "--port", port, "object", "write", "0xF1D0", "data")
    assert cli("--port", shielded(port, "my.secret"), "object", "write", "0xF1D0", "data").code == 0
    assert "0x07" in fails(cli, CHIP, "--port", port, "object", "read", "0xF1D0")
    assert b"kept for few".hex() in cli("--port", shielded(port, "my.secret"), "object", "read", "0xF1D0").out.replace(
        " ", ""
    )


@POSIX
class TestKilled:
    """At each event: the chip answers to the former secret or to the new one, and the files say to which."""

    def job(self, folder: Path, *options: str) -> Job:
        folder.mkdir()
        with optiga.open_chip(f"emulator:{folder / 'chip'}") as chip:
            assert chip.read(0xE140) == FACTORY_SECRET
        return Job(folder, ("--port", "emulator:chip", "-q", "pair", "--out", "my.secret", *options))

    def held(self, folder: Path) -> bytes:
        """What the chip holds, whether it tells or not."""
        with closing(SqliteStore(folder / "chip")) as store:
            return store.load()[0xE140].data

    def check(self, outcome: Outcome, runner: Runner) -> None:
        folder = outcome.job.folder
        held = self.held(folder)
        done, begun = folder / "my.secret", [*folder.glob("my.secret.*.new")]
        if done.exists():
            assert done.read_bytes() == held
        elif held != FACTORY_SECRET:
            assert [one.read_bytes() for one in begun] == [held]
        is_final = done.exists() and "--lock" in outcome.job.arguments
        port = "emulator:chip?shielded=my.secret" if is_final else "emulator:chip"
        again = runner.run(replace(outcome.job, arguments=("--port", port, *outcome.job.arguments[2:])))
        assert again.code == 0, str(again)
        assert self.held(folder) == done.read_bytes()
        assert not [*folder.glob("my.secret.*.new")]

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("options", "moment"),
        [((), Moment.BEFORE), (LOCKED, Moment.AFTER)],
        ids=["paired", "locked"],
    )
    def test_at_each_event(self, tmp_path: Path, runner: Runner, options: tuple[str, ...], moment: Moment) -> None:
        folders = (tmp_path / f"run{number}" for number in count())
        kills = 0
        for outcome in runner.sweep(lambda: self.job(next(folders), *options), Action.KILL, moment):
            self.check(outcome, runner)
            kills += 1
        assert kills >= 30

    @pytest.mark.long
    def test_behind_the_write(self, tmp_path: Path, runner: Runner) -> None:
        events = runner.record(self.job(tmp_path / "whole"))
        named = [event.number for event in events if event.kind == "link"]
        outcome = runner.strike(self.job(tmp_path / "killed"), named[-1], Action.KILL, Moment.BEFORE)
        assert outcome.is_killed
        self.check(outcome, runner)


def test_a_secret_that_is_not_there_is_missed_before_a_chip_is_made(cli: Cli) -> None:
    result = cli("--port", "emulator:chip", "pair", "check", "nix")
    assert (result.code, result.err) == (2, result.errors[0] + "\n")
    assert not Path("chip").exists()


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n" + b"A" * 900, b"0" * 31])
def test_a_file_that_is_no_secret_is_not_replaced(cli: Cli, port: str, content: bytes) -> None:
    """It is named as an output: what is there is said, not what a secret must be."""
    write_secret("dev.pem", content)
    result = cli("--port", port, "--output", "json", "pair", "--out", "dev.pem")
    assert result.code == CONFIGURATION
    error = json.loads(result.err.splitlines()[-1])["error"]
    assert error["reason"] == "exists"
    assert error["message"].startswith("dev.pem already exists")
    assert Path("dev.pem").read_bytes() == content
