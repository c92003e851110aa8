"""``--trust``: what was proven is what is used, with one chip from the first challenge to the last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import optiga
from optiga.emulator import Board, EmulatedChip, SqliteStore
from optiga.protocol.uid import Uid
from optiga.provision.entry import Entry
from optiga.provision.journal import FILE_NAME, open_journal
from optiga.provision.seal_file import seal_path
from optiga.testing import CloudFault
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CLOUD_EXIT, CONFIGURATION_EXIT, Bench, result_of, to_der
from tests.support.cli.runner import Cli, Result
from tests.support.emulator.emulated import Probe
from tests.support.journals import old_of, write_version_1
from tests.support.sampling import sampled
from tests.support.served_boards import board_on_pty, board_on_tcp
from tests.support.swapped import CERTIFICATE, UID, SwappedTransport, make_impostor, swap

COMMANDS = ("register", "provision")
NOT_PROVEN = "The chip has not proven that it is genuine"
NAMED = "is emulated: its certificate in 0xE0E0 says EMULATED, NOT A REAL DEVICE"


@pytest.fixture
def root(cli: Cli, bench: Bench) -> Path:
    """The emulator's root in a file."""
    path = bench.folder / "root.pem"
    path.write_text(cli("emulator", "root").out)
    return path


@pytest.fixture
def served(bench: Bench) -> Iterator[str]:
    """The bench's chip behind a port that looks like a board's."""
    with closing(SqliteStore(bench.chip)) as store, board_on_tcp(Board(EmulatedChip(store).execute)) as port:
        yield port


def words_of(command: str, config: Path) -> tuple[object, ...]:
    return ("register", "--thing", "lamp") if command == "register" else ("provision", config, "--thing-group", "hall")


def factory_of(bench: Bench) -> dict[int, bytes]:
    """What the bench's chip says that it is."""
    with optiga.open_chip(bench.port) as chip:
        return {oid: chip.read(oid) for oid in (UID, CERTIFICATE)}


def entries() -> list[Entry]:
    with open_journal(Path(FILE_NAME), make=True) as journal:  # a run that is refused has left none
        return journal.all()


@pytest.fixture(autouse=True)
def _group(bench: Bench) -> None:
    bench.cloud.iot.create_thing_group(thingGroupName="hall")


@pytest.mark.parametrize("replays", [False, True])
@pytest.mark.parametrize("command", COMMANDS)
class TestSwapped:
    def run(self, cli: Cli, bench: Bench, root: Path, config: Path, command: str) -> Result:
        return cli("--port", bench.port, *words_of(command, config), "--trust", root)

    @pytest.mark.long
    def test_after_the_first_signature(
        self,
        cli: Cli, bench: Bench, root: Path, config: Path, monkeypatch: pytest.MonkeyPatch, command: str, replays: bool,
    ) -> None:  # fmt: skip
        impostor = make_impostor(factory_of(bench), replays=replays)
        swap(monkeypatch, impostor, 1)
        result = self.run(cli, bench, root, config, command)
        assert (result.code, result.out) == (CERTIFICATE_EXIT, "")
        assert "not the chip that proved that it is genuine" in result.errors[0]
        assert bench.certificates() == []

    @pytest.mark.long
    def test_after_any_signature(
        self,
        cli: Cli, bench: Bench, root: Path, config: Path, monkeypatch: pytest.MonkeyPatch, command: str, replays: bool,
    ) -> None:  # fmt: skip
        """Up to the last, nothing becomes active; with that one the run is proven."""
        genuine = factory_of(bench)
        for after in range(1, 40):
            bench.cloud.reset()
            bench.cloud.iot.create_thing_group(thingGroupName="hall")
            bench.chip.unlink(missing_ok=True)
            for path in (Path(FILE_NAME), seal_path(Path(FILE_NAME))):
                path.unlink(missing_ok=True)
            genuine = factory_of(bench)
            impostor = make_impostor(genuine, replays=replays)
            with monkeypatch.context() as patched:
                opened: list[SwappedTransport] = swap(patched, impostor, after)
                result = self.run(cli, bench, root, config, command)
            if result.code == 0:
                assert opened[-1].signatures == after > 2
                (active,) = bench.active()
                if command == "register":
                    assert to_der(active["certificatePem"]) in genuine[CERTIFICATE]
                return
            assert result.code in (4, CERTIFICATE_EXIT), result.err
            assert bench.active() == []
        pytest.fail("it never ends")

    @pytest.mark.long
    def test_between_two_runs(
        self,
        cli: Cli, bench: Bench, root: Path, config: Path, monkeypatch: pytest.MonkeyPatch, command: str, replays: bool,
    ) -> None:  # fmt: skip
        """A run that goes on proves again, and compares with what the journal has."""
        genuine = factory_of(bench)
        bench.cloud.fail("UpdateCertificate", CloudFault.BREAK_BEFORE, times=1)
        assert self.run(cli, bench, root, config, command).code == CLOUD_EXIT
        impostor = make_impostor(genuine, replays=replays)
        with monkeypatch.context() as patched:
            swap(patched, impostor, 0)
            assert self.run(cli, bench, root, config, command).code == CERTIFICATE_EXIT
        assert bench.active() == []
        assert self.run(cli, bench, root, config, command).code == 0
        assert len(bench.active()) == 1


@pytest.mark.parametrize("command", COMMANDS)
class TestProven:
    @pytest.mark.long
    def test_the_journal_keeps_it(self, cli: Cli, bench: Bench, root: Path, config: Path, command: str) -> None:
        words = ("--port", bench.port, *words_of(command, config), "--trust", root)
        result = cli(*words)
        assert result.code == 0, result.err
        assert "Root CA of its certificate: " in result.err
        assert NOT_PROVEN not in result.err
        (entry,) = entries()
        assert entry.attested is not None
        assert len(bytes.fromhex(entry.attested)) == 32
        assert entry.emulated is True
        (shown,) = json.loads(cli("journal", "show", "--output", "json").out)["slots"]
        assert (shown["attested"], shown["emulated"]) == (entry.attested, True)
        assert cli(*words).code == 0

    @pytest.mark.long
    def test_another_genuine_chip_goes_on(
        self, cli: Cli, bench: Bench, root: Path, config: Path, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It proves itself, and is not the one that the run began with."""
        words = (*words_of(command, config), "--trust", root)
        bench.cloud.fail("UpdateCertificate", CloudFault.BREAK_BEFORE, times=1)
        assert cli("--port", bench.port, *words).code == CLOUD_EXIT
        other, held = Probe(), bench.objects()
        for oid in (UID, 0xE0F1, 0xE0E1):
            other.install(oid, held[oid].data, dict(held[oid].metadata.items()))
        with monkeypatch.context() as patched:
            swap(patched, other, 0)
            result = cli("--port", bench.port, *words)
        assert result.code == CERTIFICATE_EXIT
        if command == "provision":
            assert "this is not the chip that proved" in result.errors[0]
        assert bench.active() == []

    @pytest.mark.long
    def test_a_run_that_was_begun_with_it_needs_it(
        self, cli: Cli, bench: Bench, root: Path, config: Path, command: str
    ) -> None:
        words = ("--port", bench.port, *words_of(command, config))
        bench.cloud.fail("UpdateCertificate", CloudFault.BREAK_BEFORE, times=1)
        assert cli(*words, "--trust", root).code == CLOUD_EXIT
        result = cli(*words)
        assert result.code == CERTIFICATE_EXIT
        assert "--trust" in result.errors[0]
        assert bench.active() == []
        assert cli(*words, "--trust", root).code == 0

    @pytest.mark.long
    def test_what_was_proven_is_renewed_without_it(
        self, cli: Cli, bench: Bench, root: Path, config: Path, command: str
    ) -> None:
        """Another key is another run; a chip's own certificate there is nothing to renew of."""
        words = ("--port", bench.port, *words_of(command, config))
        assert cli(*words, "--trust", root).code == 0
        assert cli(*words).code == 0
        (entry,) = entries()
        assert entry.attested is not None
        if command == "provision":
            result = cli(*words, "--renew", "-q")
            assert result.code == 0
            assert [entry.attested for entry in entries()] == [None]
            assert (
                "Warning: the old certificate was activated after the chip had proven that it is genuine" in result.err
            )
            assert (
                "proven that it is genuine, but the new" not in cli(*words, "--renew", "-q").err
            )  # there is nothing to lose now

    @pytest.mark.long
    def test_another_uid_than_the_first(
        self, cli: Cli, bench: Bench, root: Path, config: Path, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Probe().read(UID)
        monkeypatch.setattr(optiga.Chip, "uid", property(lambda _: Uid.parse(other)))
        result = cli("--port", bench.port, *words_of(command, config), "--trust", root)
        assert result.code == CERTIFICATE_EXIT
        assert other.hex() in result.errors[0]
        assert bench.certificates() == []

    @pytest.mark.long
    def test_without_it_one_note_says_so(self, cli: Cli, bench: Bench, config: Path, command: str) -> None:
        words = ("--port", bench.port, *words_of(command, config))
        result = cli(*words)
        assert result.code == 0
        assert result.err.count(NOT_PROVEN) == 1
        assert [entry.attested for entry in entries()] == [None]
        assert NOT_PROVEN not in cli(*words, "-q").err

    @pytest.mark.long
    def test_no_root_of_this_chip(self, cli: Cli, bench: Bench, config: Path, command: str) -> None:
        assert cli("ca", "init", "mine", "--no-passphrase").code == 0
        result = cli("--port", bench.port, *words_of(command, config), "--trust", "mine/ca.pem")
        assert result.code == CERTIFICATE_EXIT
        assert bench.certificates() == []
        assert entries() == []
        with optiga.open_chip(bench.port) as chip:
            assert chip.metadata(0xE0F1).algorithm is None


class TestPlan:
    @pytest.mark.long
    def test_a_dry_run_says_it(self, run: Cli, bench: Bench, root: Path) -> None:
        result = run("--dry-run", "--trust", root)
        assert result.code == 0
        assert "proves that it is genuine" in result.out
        assert not bench.chip.exists()

    def test_a_file_that_is_none(self, run: Cli, bench: Bench) -> None:
        Path("none.pem").write_text("hello")
        for options in ((), ("--dry-run",)):
            assert run("--trust", "none.pem", *options).code == CERTIFICATE_EXIT
        assert bench.cloud.calls == []

    def test_over_the_factorys_certificate(self, run: Cli, bench: Bench, root: Path) -> None:
        result = run("--slot", "first", "--trust", root)
        assert result.code == CONFIGURATION_EXIT
        assert bench.certificates() == []

    def test_emulated_alone(self, run: Cli, bench: Bench) -> None:
        result = run("--emulated")
        assert result.code == CONFIGURATION_EXIT
        assert "--emulated requires --trust" in result.errors[0]

    def test_without_a_cloud(self, cli: Cli, bench: Bench, root: Path, config: Path) -> None:
        assert cli("ca", "init", "mine", "--no-passphrase").code == 0
        words = ("--port", bench.port, "provision", config, "--ca", "mine")
        assert cli(*words, "--no-cloud", "--trust", root).code == 0
        (entry,) = entries()
        assert entry.emulated is True
        assert cli(*words).code == CERTIFICATE_EXIT  # into the cloud without the proof
        assert entries() == [entry]
        assert cli(*words, "--trust", root).code == 0
        assert len(bench.active()) == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.long
class TestServedBoard:
    def test_its_root_does_not_count(
        self, cli: Cli, bench: Bench, served: str, root: Path, config: Path, command: str
    ) -> None:
        result = cli("--port", served, *words_of(command, config), "--trust", root)
        assert (result.code, result.out) == (CERTIFICATE_EXIT, "")
        assert "emulated" in result.errors[0]
        assert "--emulated" in result.errors[0]
        assert bench.certificates() == []
        assert entries() == []

    def test_unless_asked_for(
        self, cli: Cli, bench: Bench, served: str, root: Path, config: Path, command: str
    ) -> None:
        result = cli("--port", served, "-q", *words_of(command, config), "--trust", root, "--emulated")
        assert result.code == 0, result.err
        assert result.err.count(NAMED) == 1
        assert [entry.emulated for entry in entries()] == [True]


class TestNamed:
    """A served chip is named as emulated wherever its certificate is read."""

    @pytest.mark.parametrize(
        "words", sampled([("--read", "first"), ("--read", "0xE0E0"), ("info",), ("register",)], keep=2)
    )
    def test_at_a_boards_port(self, cli: Cli, bench: Bench, served: str, words: tuple[str, ...]) -> None:
        result = cli("--port", served, "-q", *words)
        assert result.code == 0
        assert result.err.count(NAMED) == 1
        assert served in result.err

    def test_at_a_pty(self, cli: Cli, bench: Bench) -> None:
        with closing(SqliteStore(bench.chip)) as store, board_on_pty(Board(EmulatedChip(store).execute)) as port:
            result = cli("--port", port, "-q", "--read", "first")
        assert result.err.count(NAMED) == 1

    @pytest.mark.parametrize("words", [("--read", "first"), ("info",), ("register",)])
    @pytest.mark.long
    def test_once_where_the_port_has_said_it(self, cli: Cli, bench: Bench, words: tuple[str, ...]) -> None:
        result = cli("--port", bench.port, "-q", *words)
        assert result.code == 0
        assert NAMED not in result.err
        assert result.err.count("Emulated chip: ") == 1

    @pytest.mark.long
    @pytest.mark.parametrize("command", COMMANDS)
    def test_without_a_proof_it_is_marked(
        self, cli: Cli, bench: Bench, served: str, config: Path, command: str
    ) -> None:
        result = cli("--port", served, "-q", *words_of(command, config))
        assert result.code == 0
        assert result.err.count(NAMED) == 1
        assert [(entry.emulated, entry.attested) for entry in entries()] == [(True, None)]


@pytest.mark.long
def test_a_journal_of_an_earlier_version(cli: Cli, run: Cli, bench: Bench, root: Path) -> None:
    """It has no columns for this: it is read as it is, and taken over with the next fact."""
    assert run().code == 0
    with open_journal(Path(FILE_NAME)) as journal:
        old = [old_of(entry) for entry in journal.all()]
    write_version_1(Path(FILE_NAME), old, without=("attested", "emulated"))
    seal_path(Path(FILE_NAME)).unlink()
    before = Path(FILE_NAME).read_bytes()
    assert cli("journal", "show").code == 0
    assert run("--trust", root).code == 0
    assert Path(FILE_NAME).read_bytes() == before
    assert result_of(run("--renew", "--trust", root))["slot"] == "second"
    (entry,) = entries()
    assert entry.attested is not None
