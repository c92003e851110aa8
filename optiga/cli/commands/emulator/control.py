"""``emulator control``: a chip that is served, its power, its line, what it holds and what it does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from optiga.cli.commands.emulator.read_state import ChipFile, read_chip
from optiga.cli.commands.emulator.results import ControlResult
from optiga.cli.support.choices import NamedChoice, WholeNumber
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.file_names import FileName, force_option, refuse_force
from optiga.cli.support.options import in_full
from optiga.cli.support.replacing import write_output
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.emulator import state
from optiga.emulator.control import CLEAR, FAULT_KINDS, LONGEST_MS, Control
from optiga.emulator.events import Event
from optiga.emulator.faults import MOST_TIMES
from optiga.emulator.security_monitor import MAX_COUNT
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import check_output_file
from optiga.suggestions import suggest

_ANOTHER = "Name another file"
_VERBS = ("power", "fault", "events", "snapshot", "restore", "security-counter")
_VALUES = {
    "fault": f"fault requires one of {', '.join(FAULT_KINDS)}.",
    "snapshot": "snapshot requires the name of the file to write.",
    "restore": "restore takes the file of a state or of an export, or '-'.",
    "security-counter": f"security-counter requires a number from 0 to {MAX_COUNT}.",
}
"""What is said where the value of a verb that takes one is missing or wrong."""
_OTHER_FAULTS = {
    **dict.fromkeys(("drop", "loss", "lost", "skip", "omit"), "lose"),
    **dict.fromkeys(("corrupt", "garble", "flip", "break"), "damage"),
    **dict.fromkeys(("slow", "late", "wait"), "delay"),
    **dict.fromkeys(("duplicate", "double", "twice"), "repeat"),
    **dict.fromkeys(("none", "off", "reset", "cancel"), CLEAR),
}
"""What people may call a fault."""


@click.command(name="control", short_help="Control a served chip: power, faults, state, events.")
@click.argument("socket", type=FileName("PORT", dash=False, takes_folder=True))
@click.argument("verb", type=NamedChoice(_VERBS), metavar="VERB")
@click.argument("value", required=False, metavar="[VALUE]")
@click.option(
    "--times", metavar="N", type=WholeNumber(1, MOST_TIMES), help="With a fault: number of answers (default: 1)."
)
@click.option(
    "--ms", "milliseconds", metavar="N", type=WholeNumber(0, LONGEST_MS), help="With fault delay: milliseconds."
)
@force_option
@click.option(
    "--model",
    metavar="MODEL",
    help="With restore, for a file of 'export': model of the chip (default: model in the UID).",
)
@click.option("--follow", is_flag=True, help="With events: keep printing new events.")
@yes_option
@common_options(board=False)
@pass_settings
def control(
    settings: Settings,
    socket: str,
    verb: str,
    value: str | None,
    times: int | None,
    milliseconds: int | None,
    model: str | None,
    follow: bool,
    yes: bool,
) -> None:
    """Control a chip that 'emulator serve --control SOCKET' serves, while its host talks to it.

    PORT is the port that 'emulator serve' prints, the chip file, or the SOCKET.

    \b
    power                switch the chip's power off and on
    fault lose           lose the next answer
    fault damage         damage one bit of the next answer
    fault delay --ms N   delay the next answer by N milliseconds
    fault repeat         send the next answer twice
    fault clear          cancel the faults that have not happened yet
    events               print the newest commands, a line of JSON each
    snapshot FILE        save the state of the chip, as 'emulator dump' does
    restore FILE|-       restore a file of 'snapshot', or one for 'emulator load'
    security-counter N   set the security event counter to N, 0 to 255

    A restored state must be of a chip of the same model. The command asks before the chip loses keys and data that the
    file does not contain: these are as in a new chip afterwards.
    An event has the command, the object, the result and the time in milliseconds. It never has data. Events have no
    --query: each is a line of its own, printed when it happens, for a program that reads lines.
    """
    _check(verb, value, times, milliseconds, follow)
    _check_restore(verb, {"--model": model is not None, "--yes": yes})
    _check_query(settings, verb)
    given = value or ""
    if verb == "snapshot":
        check_output_file(Path(given), _ANOTHER, secret=True)
    else:
        refuse_force("snapshot")
    loaded = read_chip(given, model) if verb == "restore" else None
    remarks: tuple[str, ...] = ()
    with Control(socket) as chip:
        if verb == "events":
            for event in chip.follow() if follow else chip.events():
                _show(event)
            return
        if verb == "power":
            chip.power_cycle()
        elif verb == "fault":
            chip.fault(given, times=times, milliseconds=milliseconds)
        elif verb == "security-counter":
            chip.set_security_counter(int(given))
        elif verb == "snapshot":
            content = state.encode(chip.snapshot())
            write_output(settings, given, content, secret=True, is_kept=True, another=_ANOTHER)
            settings.note(f"The state has been written to {given}")
        elif loaded is not None:
            remarks = _restore(settings, chip, loaded, yes=yes)
        if settings.wants_result:
            shown, file = (None, value) if verb in ("snapshot", "restore") else (value, None)
            settings.print_result(ControlResult(chip.address, verb, shown, file, remarks))


def _restore(settings: Settings, chip: Control, file: ChipFile, *, yes: bool) -> tuple[str, ...]:
    """Have the chip hold what a file says, and say what the file did not tell.

    :param yes: do not ask before the chip loses what the file does not contain.
    :returns: what the file did not tell, one sentence each.
    :raises ConfigurationError: if that is of a chip of another model, or is not confirmed.
    """
    served = state.load(chip.snapshot())
    held, remarks = file.make(served.model)
    if held.model is not served.model:
        raise ConfigurationError(
            f"{file.name} is of an {held.model.title}, and the chip that is served is an {served.model.title}",
            reason=Reason.MISMATCH,
        )
    if lost := state.lost_by(served, held, file.told):
        stays = f"the chip loses what {file.name} does not contain: {state.listed(lost)}"
        confirm(settings, f"Restoring {file.name}", [stays], yes=yes, short="Restore this state")
    chip.restore(state.document_of(held))
    for remark in remarks:
        settings.note(remark)
    return tuple(map(in_full, remarks))


def _show(event: Event) -> None:
    """Print an event at once."""
    click.echo(json.dumps(asdict(event)))


def _check_restore(verb: str, given: Mapping[str, bool]) -> None:
    """Refuse options that only a restored state needs."""
    wrong = [option for option, is_given in given.items() if is_given and verb != "restore"]
    if wrong:
        raise click.UsageError(f"{wrong[0]} requires restore.")


def _check_query(settings: Settings, verb: str) -> None:
    if verb != "events":
        settings.check_query(ControlResult)
    elif settings.query is not None:
        raise click.UsageError("--query does not go with events: each is a line of JSON.")


def _check(verb: str, value: str | None, times: int | None, milliseconds: int | None, follow: bool) -> None:
    """Refuse what does not go together."""
    if (value is None) == (verb in _VALUES):
        raise click.UsageError(_VALUES.get(verb, f"{verb} takes no value."))
    is_wrong = value is not None and {
        "fault": value not in FAULT_KINDS,
        "security-counter": not (value.isascii() and value.isdigit() and len(value) < 4 and int(value) <= MAX_COUNT),
    }.get(verb, not value)
    if is_wrong:
        meant = suggest(str(value), FAULT_KINDS, _OTHER_FAULTS) if verb == "fault" else ""
        raise ConfigurationError(
            f"{value!r:.60} is not valid{meant}",
            hint=_VALUES[verb].removesuffix("."),
            parameter="value",
            reason=Reason.BAD_VALUE,
        )
    if times is not None and (verb != "fault" or value == CLEAR):
        raise click.UsageError("--times requires fault lose, damage, delay or repeat.")
    if (milliseconds is not None) != (verb == "fault" and value == "delay"):
        raise click.UsageError("fault delay requires --ms." if milliseconds is None else "--ms requires fault delay.")
    if follow and verb != "events":
        raise click.UsageError("--follow requires events.")
