"""Runs of ``provision`` that tests strike at their events: each on a fresh chip, folder and cloud, then run again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cryptography import x509

from optiga.testing import Cloud
from tests.support.cli.provisioned import Bench, to_der
from tests.support.events import HAS_CALLS, Job, Outcome, Runner
from tests.support.places import CONFIG


@dataclass(frozen=True)
class Kind:
    """A kind of run.

    :param inside: SQLite's own calls are events, too.
    """

    options: tuple[str, ...]
    inside: bool = False

    @property
    def has_ca(self) -> bool:
        return "--ca" in self.options

    @property
    def has_cloud(self) -> bool:
        return "--no-cloud" not in self.options


KINDS = {
    "AWS": Kind(("--thing-group", "hall")),
    "own CA": Kind(("--ca", "root")),
    "own CA, no cloud": Kind(("--ca", "root", "--no-cloud"), inside=HAS_CALLS),
}


class Trial:
    """Runs of a kind, each on a fresh chip, folder and cloud."""

    def __init__(self, kind: Kind, cloud: Cloud, runner: Runner, folder: Path, *, inside: bool = True) -> None:
        self._kind = kind
        self._inside = kind.inside and inside
        self._cloud = cloud
        self._runner = runner
        self._folder = folder
        self._numbers = count()
        self._ca = folder / "root"
        if kind.has_ca:
            assert runner.run(Job(folder, ("ca", "init", "root", "--no-passphrase"))).code == 0

    def make(self) -> Job:
        self._cloud.reset()
        self._cloud.iot.create_thing_group(thingGroupName="hall")
        folder = self._folder / f"{next(self._numbers)}" / "work"
        folder.mkdir(parents=True)
        if self._kind.has_ca:
            shutil.copytree(self._ca, folder / "root")
        words = ("--port", f"emulator:{folder.parent / 'chip'}", "provision", CONFIG, *self._kind.options)
        return Job(folder, words, load="tests.support.aws:load", inside=self._inside)

    def finish(self, outcome: Outcome) -> None:
        """What must hold after a strike, and after the run that follows it."""
        job = outcome.job
        try:
            assert outcome.struck
            self._finish(job)
        except AssertionError as error:
            raise AssertionError(f"{outcome}\nthen: {error}") from error
        shutil.rmtree(job.folder.parent)

    def _finish(self, job: Job) -> None:
        bench = Bench(self._cloud, job.folder, job.folder.parent / "chip")
        self._cloud.settle()
        if bench.chip.exists():
            bench.check_proven()
        again = self._runner.run(job)
        assert again.code == 0, str(again)
        if self._kind.has_cloud:
            bench.check_finished()
        if self._kind.has_ca:
            check_own(bench)


def check_own(bench: Bench) -> None:
    """The CA has issued one certificate, which the chip has."""
    with closing(sqlite3.connect(bench.folder / "root" / "issued.db")) as connection:
        ((issued,),) = connection.execute("SELECT certificate FROM issued").fetchall()
    (pem,) = (path.read_text() for path in bench.folder.glob("*.pem"))
    assert bench.stored() == [to_der(pem)] == [issued]
    assert bench.has_key_of(pem)
    (csr,) = bench.folder.glob("*.csr")
    assert x509.load_pem_x509_csr(csr.read_bytes()).is_signature_valid
