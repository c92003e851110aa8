"""``--csr`` makes a key in place of another: what it says of that, and what is left where it fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

import optiga
from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode
from optiga.provision.entry import Step
from optiga.provision.journal import open_journal
from tests.support.cli.runner import Cli, Result
from tests.support.journals import make_entry
from tests.support.told_wire import Wire, raising

BOARD, CHIP, CERTIFICATE, INTERRUPTED = 3, 4, 5, 130
GEN, SIGN = CommandCode.GEN_KEY_PAIR, CommandCode.CALC_SIGN


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    monkeypatch.setattr("optiga.transport.emulator_port.EmulatorPort.open", lambda self: made)
    return made


@pytest.fixture
def run(cli: Cli, port: str, config: Path) -> Cli:
    return lambda *options: cli("--port", port, "--csr", config, *options)


def left() -> list[str]:
    """The files of the folder, those that begin with a dot, too."""
    return sorted(path.name for path in Path.cwd().iterdir())


def uid_of(wire: Wire) -> str:
    uid = optiga.Chip(wire).uid.hex
    wire.sent.clear()
    return uid


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestWhatIsSaid:
    @pytest.mark.parametrize(("slot", "key", "certificate"), [("second", "F1", "E1"), ("third", "F2", "E2")])
    def test_one_note_names_slot_and_certificate(
        self, cli: Cli, port: str, run: Cli, wire: Wire, slot: str, key: str, certificate: str
    ) -> None:
        assert cli("emulator", "new", port.removeprefix("emulator:")).code == 0
        result = run("--slot", slot)
        notes = [line for line in result.err.splitlines() if "new key" in line]
        assert (result.code, len(notes)) == (0, 1)
        assert all(word in notes[0] for word in (slot, f"0xE0{key}", f"0xE0{certificate}", "no longer matches"))
        assert "Warning" not in result.err
        assert len(wire.sent) == 3

    def test_a_new_chip_has_no_certificate_that_no_longer_matches(self, run: Cli) -> None:
        first, again = run().err, run().err
        assert ("A new chip was created" in first, "no longer matches" in first) == (True, False)
        assert ("A new chip was created" in again, "no longer matches" in again) == (False, True)

    def test_a_key_without_an_object_for_its_certificate(self, cli: Cli, port: str, configs: Path) -> None:
        rsa = next(path for path in configs.iterdir() if "rsa" in path.name)
        (note,) = [line for line in cli("--port", port, "--csr", rsa).err.splitlines() if "new key" in line]
        assert "0xE0FC" in note
        assert "None" not in note

    def test_quiet(self, run: Cli, wire: Wire) -> None:
        result = run("-q")
        assert (result.code, "new key" in result.err) == (0, False)

    def test_nobody_is_asked_though_a_key_is_there(self, run: Cli, wire: Wire) -> None:
        assert [run().code, run("-q").code] == [0, 0]
        assert wire.sent.count(GEN) == 2


class TestJournal:
    @staticmethod
    def keep(uid: str, step: Step = Step.FINISHED, slot: str = "second", folder: str = ".") -> None:
        with open_journal(Path(folder) / "personalization.db", make=True) as journal:
            journal.save(make_entry(uid, slot, "aws", "x", step=step))

    def test_a_finished_device_is_warned_of_for_one_exchange(self, run: Cli, wire: Wire) -> None:
        self.keep(uid_of(wire))
        result = run("-q")
        (warning,) = [line for line in result.err.splitlines() if line.startswith("Warning: ")]
        assert all(word in warning for word in ("personalization.db", "second", "finished", "no longer matches"))
        assert (result.code, len(wire.sent), len(list(Path.cwd().glob("*.csr")))) == (0, 4, 1)

    def test_a_dry_run_warns_of_it_too(self, cli: Cli, port: str, run: Cli, wire: Wire, tmp_path: Path) -> None:
        assert cli("emulator", "new", port.removeprefix("emulator:")).code == 0
        self.keep(uid_of(wire), folder=str(tmp_path))
        (warning,) = [line for line in run("--out-dir", tmp_path).err.splitlines() if line.startswith("Warning: ")]
        for options in ((), ("-q",)):
            told = run("--out-dir", tmp_path, "--dry-run", *options)
            assert (told.code, told.err.count(warning)) == (0, 1)
        assert "Warning" not in run("--dry-run").err

    def test_the_folder_of_the_output_counts(self, run: Cli, wire: Wire, tmp_path: Path) -> None:
        self.keep(uid_of(wire), folder=str(tmp_path))
        assert "Warning" not in run().err
        assert "Warning" in run("--out-dir", tmp_path).err

    @pytest.mark.parametrize(("step", "slot"), [(Step.FINISHED, "third"), (Step.DEPROVISIONED, "second")])
    def test_others_cost_nothing(self, run: Cli, wire: Wire, step: Step, slot: str) -> None:
        self.keep(uid_of(wire), step, slot)
        result = run()
        assert (result.code, "Warning" in result.err, len(wire.sent)) == (0, False, 3)

    def test_another_chips(self, run: Cli, wire: Wire) -> None:
        self.keep("00" * 27)
        result = run()
        assert (result.code, "Warning" in result.err, len(wire.sent)) == (0, False, 4)

    def test_a_damaged_journal_stops_nothing(self, run: Cli, wire: Wire) -> None:
        Path("personalization.db").write_bytes(b"no journal" * 100)
        result = run()
        assert result.code == 0
        assert "Warning: " in result.err
        assert Path("personalization.db").read_bytes() == b"no journal" * 100

    def test_an_empty_journal_is_none(self, run: Cli, wire: Wire) -> None:
        """As a run leaves it that finds the disk full; with a seal beside it, it held something."""
        Path("personalization.db").touch()
        assert "Warning" not in run("-q").err
        Path("personalization.db.seal").touch()
        assert "Warning: cannot check" in run("-q").err


class TestRoom:
    def test_it_is_taken_before_the_key_is_made(self, run: Cli, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("optiga.files.reserved.os.write", full)
        result = run()
        assert (result.code, result.out, wire.sent, left()) == (2, "", [], [])
        assert "the disk is full. Delete files" in result.errors[0]

    def test_it_is_as_large_as_the_file(self, run: Cli, wire: Wire) -> None:
        sizes = []
        wire.before[GEN] = lambda: sizes.append(sum(Path(name).stat().st_size for name in left()))
        result = run("--query", "filename")
        assert left() == [result.out.strip()]
        assert sizes[0] > Path(left()[0]).stat().st_size

    @pytest.mark.parametrize("name", ["write", "fsync", "ftruncate", "replace"])
    def test_a_file_that_cannot_be_kept(self, run: Cli, wire: Wire, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        place = "pathlib.Path.replace" if name == "replace" else f"optiga.files.reserved.os.{name}"
        wire.before[SIGN] = lambda: monkeypatch.setattr(place, full)
        result = run("-q")
        assert (result.code, result.out, len(result.errors), left()) == (2, "", 1, [])
        assert all(word in result.errors[0] for word in ("the disk is full", "0xE0F1", "new key", "is lost"))
        pem = result.err[result.err.index("-----BEGIN") : result.err.index("Error: ")]
        assert x509.load_pem_x509_csr(pem.encode()).is_signature_valid

    def test_interrupted_before_the_key(self, run: Cli, wire: Wire) -> None:
        wire.before[CommandCode.OPEN_APPLICATION] = raising(KeyboardInterrupt())
        *_, said, last = run().err.splitlines()
        assert (said, last) == ("The key in 0xE0F1 did not change", "Interrupted")

    def test_interrupted_while_it_is_kept(self, run: Cli, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
        wire.before[SIGN] = lambda: monkeypatch.setattr("pathlib.Path.replace", raising_always(KeyboardInterrupt()))
        result = run()
        assert (result.code, left()) == (INTERRUPTED, [])
        assert "-----END CERTIFICATE REQUEST-----" in result.err
        assert "new key" in interrupted(result)


def raising_always(error: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def interrupted(result: Result) -> str:
    *_, warning, last = result.err.splitlines()
    assert (result.code, last) == (INTERRUPTED, "Interrupted")
    return warning


class TestFailures:
    """Behind GenKeyPair every ending says what has become of the key."""

    REFUSED = staticmethod(lambda: apdu.encode_answer(ok=False))

    def made(self, text: str) -> bool:
        return "0xE0F1 has a new key" in text and "is lost" in text

    @pytest.mark.parametrize(
        ("before", "code"),
        [(raising(optiga.BoardError("the board is gone")), BOARD), (REFUSED, CHIP)],
        ids=["unplugged", "refused"],
    )
    def test_the_signature_fails(self, run: Cli, wire: Wire, before: Callable[[], bytes | None], code: int) -> None:
        wire.before[SIGN] = before
        result = run("-q")
        assert (result.code, result.out, len(result.errors), left()) == (code, "", 1, [])
        assert self.made(result.errors[0])

    def test_the_signature_is_another_keys(self, run: Cli, wire: Wire) -> None:
        wire.change[SIGN] = lambda data: data[:-1] + bytes([data[-1] ^ 1])
        result = run("-q")
        assert (result.code, left()) == (CERTIFICATE, [])
        assert "does not verify" in result.errors[0]
        assert self.made(result.errors[0])

    def test_interrupted_at_the_signature(self, run: Cli, wire: Wire) -> None:
        wire.before[SIGN] = raising(KeyboardInterrupt())
        result = run("-q")
        assert (result.code, result.out, left()) == (INTERRUPTED, "", [])
        assert self.made(interrupted(result))

    def test_unplugged_while_the_key_is_made(self, run: Cli, wire: Wire) -> None:
        wire.before[GEN] = raising(optiga.BoardError("the board is gone"))
        result = run("-q")
        assert (result.code, left()) == (BOARD, [])
        assert "0xE0F1 may have a new key" in result.errors[0]

    def test_interrupted_while_the_key_is_made(self, run: Cli, wire: Wire) -> None:
        wire.before[GEN] = raising(KeyboardInterrupt())
        assert "may have a new key" in interrupted(run("-q"))

    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda bits: bits[:2] + b"\x04" + bits[3:], id="unused bits"),
            pytest.param(lambda bits: b"\x03\x22\x00" + b"\x02" + bits[4:36], id="compressed point"),
            pytest.param(lambda bits: b"\x03\x41" + bits[2:-1], id="too short"),
            pytest.param(lambda bits: b"\x03\x43" + bits[2:] + b"\x00", id="too long"),
            pytest.param(lambda bits: b"\x03\x43" + bits[2:], id="wrong length"),
            pytest.param(lambda bits: b"\x03\x81\x42" + bits[2:], id="no DER"),
            pytest.param(lambda bits: b"\x04" + bits[1:], id="OCTET STRING"),
        ],
    )
    def test_a_public_key_that_nobody_takes(self, run: Cli, wire: Wire, spoil: Callable[[bytes], bytes]) -> None:
        def change(data: bytes) -> bytes:
            bits = spoil(data[3:])
            return b"\x02" + len(bits).to_bytes(2, "big") + bits

        wire.change[GEN] = change
        result = run("-q")
        assert (result.code, result.out, len(result.errors), left()) == (CHIP, "", 1, [])
        assert "GenKeyPair" in result.errors[0]
        assert "new key" in result.errors[0]

    def test_a_refused_key_is_no_new_one(self, run: Cli, wire: Wire) -> None:
        wire.before[GEN] = self.REFUSED
        wire.before[CommandCode.GET_DATA_OBJECT] = lambda: apdu.encode_answer(b"\x07")
        result = run("-q")
        assert (result.code, "new key is not" in result.errors[0], "has a new key" in result.errors[0]) == (
            CHIP,
            False,
            False,
        )

    def test_before_it_nothing_is_said_of_a_key(self, run: Cli, wire: Wire) -> None:
        wire.before[CommandCode.OPEN_APPLICATION] = raising(optiga.BoardError("the board is gone"))
        assert "new key" not in run("-q").err


def test_the_result_cannot_be_printed(run: Cli, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is made and the CSR saved: the error says both, because the name of the file has not been printed."""

    def refuse(*_: object, **__: object) -> None:
        raise optiga.ConfigurationError("the disk is full")

    monkeypatch.setattr("optiga.cli.support.settings.print_lines", refuse)
    result = run("-q")
    assert (result.code, result.out) == (2, "")
    (request,) = left()
    assert "0xE0F1 has a new key" in result.errors[0]
    assert request in result.errors[0]
