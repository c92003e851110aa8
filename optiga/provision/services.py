"""What jobs are done with: the way to AWS, the CA's key, the journal, the clock. One set for a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from optiga.cloud.aws.connection import Aws, AwsOptions, connect
from optiga.cloud.aws.patience import Notice
from optiga.provision.events import Clock, Listener, Reporter, utc_now

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority
    from optiga.files.passphrases import Passphrase
    from optiga.pki.pkcs12 import Unlock
    from optiga.provision.journal import Journal
    from optiga.transport import Port

Connector: TypeAlias = Callable[[AwsOptions, Notice], Aws]
"""Finds the way to AWS that options name; is given whom to tell when something takes long."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a worker does jobs with. A job says what is wanted and holds none of this.

    :param journal: where each step is written down; None suffices for a plan and a dry run.
    :param authority: the CA that jobs with a :class:`.specs.CaIssuerSpec` name, its key open.
    :param connect: makes AWS's clients; one that returns clients it has already is as good.
    :param clock: tells the time that events and requests are given.
    :param listeners: are told of events.
    :param port: where the worker's chip is, as ``--port`` has it; None for the one board that is plugged in.
    :param trust_passphrase: what opens the PKCS #12 container of the roots that a job trusts, or who is asked for it.
    :param station: what the place of work is called in events.
    """

    journal: Journal | None = None
    authority: CertificateAuthority | None = None
    connect: Connector = connect
    clock: Clock = utc_now
    listeners: tuple[Listener, ...] = ()
    station: str = ""
    port: str | Port | None = None
    trust_passphrase: Passphrase | Unlock | None = field(default=None, repr=False)

    def reporter(self, *, port: str = "", slot: str = "") -> Reporter:
        """Who tells the listeners of one run.

        :param port: the chip's.
        :param slot: the slot's name.
        """
        return Reporter(self.listeners, self.clock, station=self.station, port=port, slot=slot)
