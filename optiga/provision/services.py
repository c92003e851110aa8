"""What jobs are done with: the way to AWS, the CA's key, the journal, the clock. One set for a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from optiga.arguments import check_fields, takes
from optiga.cloud.aws.connection import Aws, AwsOptions, connect
from optiga.cloud.aws.patience import Notice
from optiga.errors import ConfigurationError, Reason
from optiga.pki.pkcs12 import Unlock
from optiga.provision.events import Clock, Listener, Reporter, utc_now
from optiga.transport import Port
from optiga.values import NotCopied

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority
    from optiga.files.passphrases import Passphrase
    from optiga.provision.journal import Journal

Connector: TypeAlias = Callable[[AwsOptions, Notice], Aws]
"""Finds the way to AWS that options name; is given whom to tell when something takes long."""
Confirm: TypeAlias = Callable[[str, tuple[str, ...]], bool | None]
"""Asks a person before something is done that can never be undone: what is done, and what is lost, one sentence each.
It returns False or raises an :class:`optiga.OptigaError` if the person does not want it."""


def have_confirmed(confirm: Confirm, what: str, lost: tuple[str, ...]) -> None:
    """Ask before something is done that can never be undone.

    :raises ConfigurationError: if the answer is False. None and True are a yes.
    """
    if confirm(what, lost) is False:
        raise ConfigurationError(f"{what} was not confirmed: nothing was changed", reason=Reason.NOT_CONFIRMED)


def no_journal() -> ConfigurationError:
    """That services have no journal, and how to give one."""
    hint = "Give one to the services: optiga.Services(journal=optiga.open_journal(…))"
    return ConfigurationError("no journal is given", hint=hint, reason=Reason.MISSING, parameter="journal")


@dataclass(frozen=True, slots=True)
class Services(NotCopied):
    """The resources with which a worker runs jobs. A job itself contains none of them.

    :param journal: journal that records each step; None is enough for a plan and a dry run.
    :param authority: the open CA for jobs with a :class:`.specs.CaIssuerSpec`.
    :param connect: function that makes the AWS clients, or returns existing ones.
    :param clock: function that returns the time for events and requests.
    :param listeners: functions that get each event; if there are none, warnings go to the logger ``optiga``.
    :param port: port of the worker's chip; None if exactly one board is connected.
    :param trust_passphrase: passphrase for a PKCS #12 container with the trusted roots, or a function that asks for it.
    :param station: name of the station in events.
    :param confirm: function that asks before a key is replaced that the journal does not know, or before a device is
        deprovisioned. It returns False, or raises an :class:`optiga.OptigaError`, to refuse: then nothing is changed.
        None instead of a function replaces the key with a warning.
    """

    journal: Journal | None = None
    authority: CertificateAuthority | None = None
    connect: Connector = connect
    clock: Clock = utc_now
    listeners: tuple[Listener, ...] = ()
    station: str = ""
    port: str | Port | None = None
    trust_passphrase: Passphrase | Unlock | None = field(default=None, repr=False)
    confirm: Confirm | None = None

    def __post_init__(self) -> None:
        check_fields(self)

    @takes
    def reporter(self, *, port: str = "", slot: str = "") -> Reporter:
        """Make the reporter of one run, which sends events to the listeners.

        :param port: port of the chip.
        :param slot: name of the slot.
        """
        return Reporter(self.listeners, self.clock, station=self.station, port=port, slot=slot)
