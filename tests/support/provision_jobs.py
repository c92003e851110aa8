"""Jobs of every kind, and a place where they are done: emulated chips, one journal, a cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import optiga
from optiga.ca.authority import CertificateAuthority
from optiga.chip import Chip
from optiga.cloud.aws.connection import AwsOptions
from optiga.identity.configuration import Configuration, load_configuration
from optiga.provision.entry import Entry
from optiga.provision.events import Event
from optiga.provision.job import Job
from optiga.provision.journal import open_journal
from optiga.provision.outputs import OutputLayout
from optiga.provision.run import provision
from optiga.provision.services import Services
from optiga.provision.specs import CaIssuerSpec, ThingSpec, TrustSpec
from tests.support.places import CONFIG

CA = CaIssuerSpec(Path("ca"))
WISHES = ThingSpec("lamp-{uid}", "lamps", thing_type="lamps", groups=("hall", "lab"), attributes=(("room", "7"),))
FLEET = ThingSpec(template="fleet.json", parameters=(("Room", "7"), ("Site", "{uid}")), join=True)
FAR = AwsOptions("eu-central-1", "factory", "https://iot.example", allow_http=True, timeout_s=7.5)


def configuration(slot: str | None = None) -> Configuration:
    return load_configuration(CONFIG, slot=slot)


def all_jobs() -> dict[str, Job]:
    """One of every kind, and of what makes a difference within one."""
    seeds = configuration()
    layout = OutputLayout(Path("out/{uid}"), "{slot}.aws_arn", "{policy}-{uid}.aws_iot_policy")
    return {
        "AWS": Job.new_identity(seeds),
        "AWS, all of it": Job.new_identity(
            configuration("third"),
            certificate="0xE0E3",
            thing=replace(WISHES, policy_template=Path("mine.template")),
            aws=FAR,
            outputs=layout,
            trust=TrustSpec(Path("roots.pem"), emulated=True),
            renew=True,
        ),
        "a provisioning template": Job.new_identity(seeds, thing=FLEET),
        "own CA": Job.new_identity(seeds, CaIssuerSpec(Path("ca"), 30, server=True, ignore_names=True)),
        "own CA, no cloud": Job.new_identity(seeds, CA, thing=None),
        "own certificate": Job.own_certificate(thing=WISHES),
        "own certificate, proven": Job.own_certificate(trust=TrustSpec(Path("roots.pem"))),
    }


@dataclass
class Place:
    """Where jobs are done.

    :param folder: of chips, the journal and the files.
    :ivar heard: the events so far.
    """

    folder: Path
    authority: CertificateAuthority | None = None
    heard: list[Event] = field(default_factory=list)

    @contextmanager
    def chip(self, name: str = "chip") -> Iterator[Chip]:
        with optiga.open_chip(f"emulator:{self.folder / name}") as chip:
            yield chip

    @property
    def services(self) -> Services:
        """All but the journal."""
        return Services(authority=self.authority, listeners=(self.heard.append,), station="left")

    def provision(self, job: Job, chip_name: str = "chip") -> Entry:
        """Take a chip through a job."""
        with open_journal(self.folder / "journal.db", make=True) as journal, self.chip(chip_name) as chip:
            return provision(job, replace(self.services, journal=journal), chip)
