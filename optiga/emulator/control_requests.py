"""What a server of controls is asked for, checked, and done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from optiga.emulator import state as states
from optiga.emulator.control import CLEAR, FAULT_KINDS, LONGEST_MS
from optiga.emulator.controls import Controls
from optiga.emulator.events import Events
from optiga.emulator.faults import MOST_TIMES
from optiga.emulator.security_monitor import MAX_COUNT
from optiga.errors import ConfigurationError, Reason, shorten
from optiga.files.json_lines import parse_json
from optiga.suggestions import suggest

_Answer = Mapping[str, object]


class Desk:
    """Answers requests.

    :param controls: of the chip.
    :param events: what it has executed.
    """

    def __init__(self, controls: Controls, events: Events) -> None:
        self._controls = controls
        self._events = events
        self._verbs: dict[str, tuple[Callable[[Mapping[str, Any]], _Answer], frozenset[str]]] = {
            "power": (self._power, frozenset()),
            "fault": (self._fault, frozenset(("kind", "times", "ms"))),
            "events": (self._tell, frozenset(("follow",))),
            "snapshot": (self._snapshot, frozenset()),
            "restore": (self._restore, frozenset(("state", "partial"))),
            "security-counter": (self._jump, frozenset(("value",))),
        }

    def answer(self, request: Mapping[str, Any]) -> _Answer:
        """Do what a request asks for.

        :returns: what its answer has beside ``ok``.
        :raises ConfigurationError: if there is no such request; nothing has happened.
        :raises BoardError: if the chip's file cannot be written; nothing has happened.
        """
        verb = request.get("verb")
        if not isinstance(verb, str) or verb not in self._verbs:
            raise _unknown("verb", verb, self._verbs)
        do, known = self._verbs[verb]
        unknown = sorted(request.keys() - known - {"verb"})
        if unknown:
            raise ConfigurationError(f"{verb} does not take {_shown(unknown[0])}")
        return do(request)

    def _power(self, _: Mapping[str, Any]) -> _Answer:
        self._controls.power_cycle()
        return {}

    def _fault(self, request: Mapping[str, Any]) -> _Answer:
        kind = request.get("kind")
        if kind not in FAULT_KINDS:
            raise _unknown("fault", kind, FAULT_KINDS)
        if kind == CLEAR:
            for name in {"times", "ms"} & request.keys():
                raise ConfigurationError(f"{name} is not allowed with {CLEAR}", reason=Reason.CONFLICT)
            self._controls.faults.clear()
            return {}
        times = _number(request, "times", 1, MOST_TIMES, default=1)
        if kind == "delay":
            self._controls.faults.delay_next_answer(_number(request, "ms", 0, LONGEST_MS) / 1000, times)
            return {}
        if "ms" in request:
            raise ConfigurationError(f"ms is allowed only with delay, not with {kind}", reason=Reason.CONFLICT)
        faults = self._controls.faults
        {"lose": faults.lose_next_answer, "damage": faults.damage_next_answer, "repeat": faults.repeat_next_answer}[
            kind
        ](times)
        return {}

    def _tell(self, request: Mapping[str, Any]) -> _Answer:
        if not isinstance(request.get("follow", False), bool):
            raise ConfigurationError("follow must be true or false")
        return {} if request.get("follow") else {"events": [asdict(event) for event in self._events.kept()]}

    def _snapshot(self, _: Mapping[str, Any]) -> _Answer:
        return {"state": states.document_of(self._controls.chip.snapshot())}

    def _restore(self, request: Mapping[str, Any]) -> _Answer:
        document = request.get("state")
        if not isinstance(document, Mapping):
            raise ConfigurationError("restore needs a state", reason=Reason.MISSING)
        if not isinstance(request.get("partial", False), bool):
            raise ConfigurationError("partial must be true or false")
        state = states.load(document)
        held = self._controls.chip.snapshot()
        is_asked = not request.get("partial") and held.model is state.model  # another model is refused in any case
        if is_asked and (lost := states.lost_by(held, state, states.told_by(document))):
            raise ConfigurationError(
                f"the chip would lose what the state does not contain: {states.listed(lost)}",
                hint="Restore a complete state, or set partial to true",
                reason=Reason.NOT_CONFIRMED,
            )
        self._controls.restore(state)
        return {}

    def _jump(self, request: Mapping[str, Any]) -> _Answer:
        self._controls.chip.set_security_counter(_number(request, "value", 0, MAX_COUNT))
        return {}


def parse_request(line: bytes) -> Mapping[str, Any]:
    """The request in a line.

    :raises ConfigurationError: if there is none.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError("the request is not UTF-8") from None
    document = parse_json(text, "the request")
    if not isinstance(document.value, dict):
        raise ConfigurationError("the request is not a JSON object", reason=Reason.WRONG_TYPE)
    for place, _ in document.duplicates:
        raise ConfigurationError(f"the request: {_shown('.'.join(map(str, place)))} is given twice")
    return document.value


def _number(request: Mapping[str, Any], name: str, least: int, most: int, *, default: int | None = None) -> int:
    value = request.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigurationError(f"{name} must be a number from {least} to {most}, not {_shown(value)}")
    return value


def _unknown(what: str, value: object, known: Iterable[str]) -> ConfigurationError:
    meant = suggest(value, known, {}) if isinstance(value, str) else ""
    return ConfigurationError(f"unknown {what} {_shown(value)}{meant}", hint=f"Use one of {', '.join(known)}")


def _shown(value: object) -> str:
    return shorten(f"{value!r:.60}") if isinstance(value, (str, int, float, type(None))) else type(value).__name__
