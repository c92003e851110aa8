"""Events of a run, as values for listeners: the command line, a log, a dashboard.

A listener is called in the thread of the run and must not take long. One that raises is logged, and the run goes on.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any, TypeAlias, cast

from optiga.arguments import takes
from optiga.errors import OptigaError, Reason, shorten
from optiga.files.interruptions import place_interruption
from optiga.provision.facts import Fact, encode_fact

_log = logging.getLogger(__name__)


class StepName(Enum):
    """The steps of jobs; a job has some of them, in this order."""

    GENUINE = "genuine"
    """The chip proves that it is genuine."""
    KEY = "key"
    """It makes the key pair."""
    CSR = "csr"
    """It signs the CSR."""
    CERTIFIED = "certified"
    """The issuer certifies the key; of a chip that keeps its own certificate, it proves the key of that."""
    WRITTEN = "written"
    """The chip holds the certificate and proves its key."""
    REGISTERED = "registered"
    """AWS IoT gets a certificate that it has not made itself."""
    THING = "thing"
    """The certificate is attached to its thing."""
    POLICY = "policy"
    """It gets its policy; with a provisioning template its thing, too."""
    FINISHED = "finished"
    """It becomes active, and those before it inactive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of a provisioning run.

    :param at: time of the event, with time zone.
    :param station: name of the station in :class:`.services.Services`; may be empty.
    :param port: port of the chip; empty if the event concerns no chip.
    :param uid: UID of the chip in hex; empty until it is known.
    :param slot: name of the slot; empty if the event concerns no slot.
    """

    at: datetime
    station: str = ""
    port: str = ""
    uid: str = ""
    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run begins.

    :param steps: all of its job's; those that the journal has as done are not done again.
    """

    steps: tuple[StepName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A step begins."""

    step: StepName


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone(Event):
    """A step is done, and written down.

    :param facts: what has been written down of it, in that order.
    """

    step: StepName
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Event):
    """A step has failed; the next run goes on with it.

    :param error: what has happened, one line for people.
    :param reason: the same for programs.
    """

    step: StepName
    error: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDone(Event):
    """A run has come to its end.

    :param is_changed: whether it has done something; False for a chip that was finished already.
    :param journal_seal: the journal's newest seal, SHA-256 in hex; None where it has none.
    :param thing_deleted: whether the thing was to be deleted, and AWS IoT does not have it any more.
    :param policy_deleted: the same of the policy.
    """

    is_changed: bool
    journal_seal: str | None = None
    thing_deleted: bool = False
    policy_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(Event):
    """A run has failed, in a step or beside them.

    :param error: what has happened, one line for people.
    :param reason: the same for programs.
    """

    error: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    """Something is worth knowing.

    :param text: one sentence without the final full stop. Where it names parameters (:func:`optiga.errors.naming`),
        whoever shows it may call them otherwise.
    :param step: the step in which it came up; None beside all of them.
    """

    text: str
    step: StepName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something must be known.

    :param text: as of :class:`Noted`; further lines are details.
    :param step: the step in which it came up; None beside all of them.
    """

    text: str
    step: StepName | None = None


Listener: TypeAlias = Callable[[Event], None]
"""Who is told of events; called one after the other."""
Clock: TypeAlias = Callable[[], datetime]
"""Tells the time, with its zone."""


def utc_now() -> datetime:
    """The time in UTC."""
    return datetime.now(timezone.utc)


@takes
def encode_event(event: Event) -> str:
    """Encode an event as a JSON object on one line: its kind as ``event``, times in ISO 8601, facts as in the
    journal.
    """
    document = {"event": type(event).__name__}
    document.update((field.name, _encode(getattr(event, field.name))) for field in fields(event))
    return json.dumps(document)


def _encode(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_encode(one) for one in value]
    if is_dataclass(value):
        kind, body = encode_fact(cast("Fact", value))
        return {"fact": kind, **json.loads(body)}
    return value


class Reporter:
    """Tells listeners what happens in one run.

    :ivar uid: the chip's UID in hex, once it is known.
    """

    def __init__(
        self,
        listeners: tuple[Listener, ...],
        clock: Clock = utc_now,
        *,
        station: str = "",
        port: str = "",
        slot: str = "",
    ) -> None:
        self._listeners = listeners
        self._clock = clock
        self._station = station
        self._port = port
        self._slot = slot
        self._step: StepName | None = None
        self.uid: str = ""

    def note(self, text: str) -> None:
        """Say what is worth knowing.

        :param text: one sentence without the final full stop.
        """
        self.tell(Noted, text=text, step=self._step)

    def warn(self, text: str) -> None:
        """Say what must be known; it is logged where nobody listens.

        :param text: one sentence without the final full stop.
        """
        if not self._listeners:
            _log.warning("%s%s", f"chip {self.uid}: " * bool(self.uid), text)
        self.tell(Warned, text=text, step=self._step)

    def tell(self, kind: type[Event], **values: Any) -> None:
        """Tell every listener of an event.

        :param values: its fields beside those that every event has.
        """
        place: dict[str, Any] = {"station": self._station, "port": self._port, "uid": self.uid, "slot": self._slot}
        event = kind(at=self._clock(), **place, **values)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:
                _log.warning("a listener failed at %s: %s: %s", kind.__name__, type(error).__name__, error)
                _log.debug("where it failed", exc_info=True)

    @contextmanager
    def step(self, name: StepName) -> Iterator[list[Fact]]:
        """Tell that a step begins, and what becomes of it.

        :returns: a list for the facts that are written down meanwhile.
        """
        self._step = name
        self.tell(StepStarted, step=name)
        facts: list[Fact] = []
        try:
            yield facts
        except BaseException as error:
            self.tell(StepFailed, step=name, error=_text_of(error), reason=_reason_of(error))
            raise
        finally:
            self._step = None
        self.tell(StepDone, step=name, facts=tuple(facts))

    @contextmanager
    def run(self) -> Iterator[None]:
        """Tell of a run that fails."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                place_interruption(error, self._port, self.uid)
            self.tell(RunFailed, error=_text_of(error), reason=_reason_of(error))
            raise


def _reason_of(error: BaseException) -> Reason:
    if isinstance(error, OptigaError):
        return error.reason
    return Reason.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Reason.UNEXPECTED


def _text_of(error: BaseException) -> str:
    """What has happened, on one line."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return shorten(str(error) if isinstance(error, OptigaError) else " ".join(f"{error}".split()))
