"""Commands that tests strike at their events: what each begins with, and what must hold behind a strike and in the end.

After a strike nothing is half there: each file that people see is whole or absent, and a chip is as one of its commands
left it. The next run of the same command comes to the end, or says that the struck one had come there.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from optiga.emulator import SqliteStore
from optiga.emulator.objects import StoredObject
from tests.support.ca_helpers import make_request
from tests.support.cli.update_bench import prepare, save_files
from tests.support.events import Job, Outcome, Runner
from tests.support.makers import make_certificate_for
from tests.support.places import CONFIG

PORT = ("--port", "emulator:chip", "-q")
OBJECTS = ("--object", "0xF1D0", "--object", "0xF1D1", "--object", "0xF1E0")
_USAGE, _BOARD = 2, 3


@dataclass(frozen=True)
class Place:
    """A folder that commands work in."""

    folder: Path
    runner: Runner

    def run(self, *words: object) -> Outcome:
        return self.runner.run(Job(self.folder, words))

    def ok(self, *words: object) -> str:
        """What a command prints that must come to its end."""
        outcome = self.run(*words)
        assert outcome.code == 0, str(outcome)
        return outcome.out

    def objects(self, name: str = "chip") -> dict[int, StoredObject]:
        """What an emulated chip holds, which is whole if it can be loaded."""
        with closing(SqliteStore(self.folder / name, wait_s=0)) as store:
            return store.load()

    def visible(self) -> set[str]:
        """The names that people see, without those that stand beside an emulated chip or a file of SQLite's."""
        return {
            path.name
            for path in self.folder.iterdir()
            if not path.name.startswith(".") and not path.name.endswith(("-journal", ".owner"))
        }

    def leftovers(self) -> set[str]:
        """What only a killed run may leave."""
        paths = {path.relative_to(self.folder) for path in self.folder.rglob("*")}
        return {str(path) for path in paths if path.name.endswith((".tmp", "-journal", ".owner"))}


class Command:
    """A command. :meth:`check` and :meth:`check_done` raise AssertionError."""

    words: tuple[object, ...]
    ended: tuple[int, ...] = (0,)
    """Exit codes of the next run where the struck one had done its work."""
    output: str = ""
    """The file or folder that it makes."""

    def prepare(self, place: Place) -> None:
        """Make what it begins with."""

    def check(self, place: Place) -> None:
        """What must hold wherever the run ended."""

    def check_done(self, place: Place) -> None:
        """What must hold once a run has come to its end."""

    def check_again(self, place: Place) -> None:
        """Run it once more, which must bring it to its end."""
        was_there = bool(self.output) and (place.folder / self.output).exists()
        outcome = place.run(*self.words)
        assert outcome.code in (self.ended if was_there or not self.output else (0,)), str(outcome)
        assert "Traceback" not in outcome.err
        self.check(place)
        self.check_done(place)


class Csr(Command):
    """On a chip that is made by it."""

    words = (*PORT, "--csr", CONFIG)

    def check(self, place: Place) -> None:
        names = place.visible()
        assert {Path(name).suffix for name in names} <= {".csr", ""}
        if "chip" in names:
            place.objects()
        for path in place.folder.glob("*.csr"):
            assert x509.load_pem_x509_csr(path.read_bytes()).is_signature_valid

    def check_done(self, place: Place) -> None:
        newest = max(place.folder.glob("*.csr"), key=lambda path: path.stat().st_mtime_ns)
        (place.folder / "cert.pem").write_bytes(make_certificate_for(newest))
        place.ok(*PORT, "--write", "cert.pem", "--strict")


class Write(Command):
    words = (*PORT, "--write", "new.pem", "--strict")

    def prepare(self, place: Place) -> None:
        place.ok(*PORT, "--csr", CONFIG)
        (csr,) = place.folder.glob("*.csr")
        for name in ("old", "new"):
            (place.folder / f"{name}.pem").write_bytes(make_certificate_for(csr))
        place.ok(*PORT, "--write", "old.pem")

    def check(self, place: Place) -> None:
        files = [x509.load_pem_x509_certificate((place.folder / f"{name}.pem").read_bytes()) for name in ("old", "new")]
        held = place.objects()[0xE0E1].data
        assert any(file.tbs_certificate_bytes in held for file in files)

    def check_done(self, place: Place) -> None:
        assert place.ok(*PORT, "--read", "second") == (place.folder / "new.pem").read_text()


class CaInit(Command):
    words = ("ca", "init", "my-ca", "--no-passphrase", "-q")
    output = "my-ca"
    ended = (_USAGE,)

    def check(self, place: Place) -> None:
        assert place.visible() <= {"my-ca", "root"}
        folder = place.folder / "my-ca"
        if folder.exists():
            public_key = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()).public_key()
            key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
            assert isinstance(public_key, ec.EllipticCurvePublicKey)
            assert key.public_key() == public_key
            assert stat.S_IMODE((folder / "ca.key").stat().st_mode) == 0o600
            assert x509.load_pem_x509_crl((folder / "crl.pem").read_bytes()).is_signature_valid(public_key)
            assert _issued(folder) == {}

    def check_done(self, place: Place) -> None:
        assert (place.folder / "my-ca").exists()


class CaIntermediate(CaInit):
    words = ("ca", "intermediate", "my-ca", "--ca", "root", "--no-passphrase", "-q")

    def prepare(self, place: Place) -> None:
        place.ok("ca", "init", "root", "--no-passphrase")


class CaSign(Command):
    words = ("ca", "sign", "device.csr", "--ca", "root", "-q")
    output = "device.pem"

    def prepare(self, place: Place) -> None:
        place.ok("ca", "init", "root", "--no-passphrase")
        (place.folder / "device.csr").write_bytes(make_request())

    def check(self, place: Place) -> None:
        assert place.visible() <= {"root", "device.csr", "device.pem"}
        issued = _issued(place.folder / "root")
        for path in place.folder.glob("device.pem"):
            assert x509.load_pem_x509_certificate(path.read_bytes()).serial_number in issued

    def check_done(self, place: Place) -> None:
        assert (place.folder / "device.pem").exists()
        assert 1 <= len(_issued(place.folder / "root")) <= 2, "the struck run's and this one's"


class CaRevoke(Command):
    words = ("ca", "revoke", "--yes", "device.pem", "--ca", "root", "-q")

    def prepare(self, place: Place) -> None:
        CaSign().prepare(place)
        place.ok(*CaSign.words)

    def check(self, place: Place) -> None:
        authority = x509.load_pem_x509_certificate((place.folder / "root" / "ca.pem").read_bytes())
        crl = x509.load_pem_x509_crl((place.folder / "root" / "crl.pem").read_bytes())
        assert crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
        ((_, is_revoked),) = _issued(place.folder / "root").items()
        assert len(crl) <= is_revoked, "revoked in the list, and not in the records"

    def check_done(self, place: Place) -> None:
        crl = x509.load_pem_x509_crl((place.folder / "root" / "crl.pem").read_bytes())
        assert {one.serial_number: True for one in crl} == _issued(place.folder / "root")


class EmulatorNew(Command):
    words = ("emulator", "new", "my.chip", "-q")
    output = "my.chip"
    ended = (_BOARD,)

    def check(self, place: Place) -> None:
        assert place.visible() <= {"my.chip"}
        if "my.chip" in place.visible():
            place.objects("my.chip")

    def check_done(self, place: Place) -> None:
        assert stat.S_IMODE((place.folder / "my.chip").stat().st_mode) == 0o600
        place.ok("--port", "emulator:my.chip", "--csr", CONFIG)
        for path in place.folder.glob("*.csr"):
            path.unlink()


class UpdateApply(Command):
    """In several fragments: the object may be there in part, until the same update ends it."""

    words = (*PORT, "update", "apply", "set.json")
    data = os.urandom(1400)

    def prepare(self, place: Place) -> None:
        prepare(place.folder / "chip")
        save_files(place.folder)
        (place.folder / "data").write_bytes(self.data)
        made = "update make data 0xF1E0 data --version 1 --anchor 0xE0E8 --signer signer.pem --out set.json"
        place.ok(*made.split())

    def check(self, place: Place) -> None:
        place.objects()

    def check_done(self, place: Place) -> None:
        assert place.objects()[0xF1E0].data == self.data


class Import(Command):
    words = (*PORT, "import", "dump.json", "--yes", *OBJECTS)

    def prepare(self, place: Place) -> None:
        source = ("--port", "emulator:source", "-q")
        for oid in ("0xF1D0", "0xF1E0"):
            (place.folder / "data").write_bytes(os.urandom(100))
            place.ok(*source, "object", "write", oid, "data")
        place.ok(*source, "object", "metadata", "0xF1D1", "read: never")
        place.ok(*source, "export", "dump.json")
        place.ok(*PORT, "info")

    def check(self, place: Place) -> None:
        place.objects()

    def check_done(self, place: Place) -> None:
        target, source = place.objects(), place.objects("source")
        for oid in (0xF1D0, 0xF1D1, 0xF1E0):
            assert target[oid] == source[oid]


class Export(Command):
    words = (*PORT, "export", "dump.json", *OBJECTS)
    output = "dump.json"

    def prepare(self, place: Place) -> None:
        place.ok(*PORT, "info")

    def check(self, place: Place) -> None:
        assert place.visible() <= {"chip", "dump.json"}
        for path in place.folder.glob("dump.json"):
            assert set(json.loads(path.read_bytes())) == {"f1d0", "f1d1", "f1e0"}
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def check_done(self, place: Place) -> None:
        assert (place.folder / "dump.json").exists()


class KeyDraw(Command):
    words = (*PORT, "key", "draw", "secp256r1", "--out", "key.pem", "--yes")
    output = "key.pem"

    def prepare(self, place: Place) -> None:
        place.ok(*PORT, "info")

    def check(self, place: Place) -> None:
        assert place.visible() <= {"chip", "key.pem"}
        for path in place.folder.glob("key.pem"):
            assert load_pem_private_key(path.read_bytes(), None)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def check_done(self, place: Place) -> None:
        assert (place.folder / "key.pem").exists()


COMMANDS: dict[str, Command] = {
    "--csr": Csr(),
    "--write": Write(),
    "ca init": CaInit(),
    "ca intermediate": CaIntermediate(),
    "ca sign": CaSign(),
    "ca revoke": CaRevoke(),
    "emulator new": EmulatorNew(),
    "update apply": UpdateApply(),
    "import": Import(),
    "export": Export(),
    "key draw": KeyDraw(),
}


def _issued(folder: Path) -> dict[int, bool]:
    """Serial numbers of what a CA has issued, and whether it is revoked; its records are whole."""
    with closing(sqlite3.connect(folder / "issued.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT serial, revoked_at IS NOT NULL FROM issued").fetchall()
    return {int(serial, 16): bool(is_revoked) for serial, is_revoked in rows}


class Templates:
    """What commands begin with, made once for each, and given out in copies."""

    def __init__(self, folder: Path, runner: Runner) -> None:
        self._folder = folder
        self._runner = runner
        self._copies = 0

    def at(self, folder: Path) -> Place:
        return Place(folder, self._runner)

    def copy(self, name: str) -> Place:
        template = self._folder / "templates" / name
        if not template.exists():
            template.mkdir(parents=True)
            COMMANDS[name].prepare(Place(template, self._runner))
        self._copies += 1
        return Place(Path(shutil.copytree(template, self._folder / f"{self._copies}")), self._runner)
