"""``counter``: the counters of a chip."""

from __future__ import annotations

from dataclasses import dataclass

import click

from optiga.cli.render.tables import table
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.choices import WholeNumber
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.wide import wide_option, width_for
from optiga.objects.addressing import COUNTER, resolve
from optiga.objects.counters import (
    CounterState,
    CounterStep,
    check_values,
    count_up,
    list_counters,
    plan_set,
    read_counter,
    what_it_lacks,
    write_counter,
)

_MAX_STEP = 255  # what one command of the chip counts
_NUMBER = WholeNumber(0, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class CounterList:
    """The result of ``counter list``."""

    counters: tuple[CounterState, ...]


@click.group(cls=GuidedGroup, name="counter", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show, increment and set the counters of the chip. A counter stops at its threshold.

    \b
    optiga.py counter set 0xE120 --value 0 --threshold 100
    optiga.py counter count 0xE120
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)


@command.command(name="list", short_help="List every counter.")
@wide_option
@common_options()
@pass_settings
def list_all(settings: Settings) -> None:
    """List every counter: the four counters of the chip, and data objects of the type up_counter."""
    _list(settings)


@command.command(name="show", short_help="Show a counter, or every counter.")
@click.argument("oid", metavar="[OID]", required=False)
@authorize_option
@common_options()
@pass_settings
def show(settings: Settings, oid: str | None) -> None:
    """Show a counter's value, its threshold, and how many counts are left; without OID, list every counter."""
    if oid is None:
        _list(settings)
        return
    info = resolve(oid, COUNTER).info
    settings.check_query(CounterState)
    with settings.open_chip(info.oid) as chip:
        counter = read_counter(chip, info)
        lack = what_it_lacks(chip, info)
    if lack:
        settings.warn(lack)
    _print(settings, counter.state)


@command.command(name="count", short_help="Increment a counter by 1 to 255.")
@click.argument("oid", metavar="OID")
@click.argument("step", metavar="[N]", type=WholeNumber(1, _MAX_STEP), default=1)
@authorize_option
@common_options()
@pass_settings
def count(settings: Settings, oid: str, step: int) -> None:
    """Increment a counter by N, 1 to 255 (default: 1). A counter stops at its threshold; the chip then refuses to
    increment it.
    """
    info = resolve(oid, COUNTER).info
    settings.check_query(CounterStep)
    refuse_a_blank_chip(settings, info.oid, "no counter with a threshold")
    with settings.open_chip(info.oid) as chip:
        result = count_up(chip, info, step)
    if result.counted is not None and result.counted < step:
        settings.warn(f"{info.label} counted {result.counted} of {step}: it is at its threshold {result.threshold}")
    elif result.frozen:
        settings.note(f"{info.label} is at its threshold {result.threshold}: it cannot count further")
    _print(settings, result)


@command.command(name="set", short_help="Set a counter's value and threshold.")
@click.argument("oid", metavar="OID")
@click.option("--value", type=_NUMBER, metavar="N", help="Value (default: unchanged).")
@click.option("--threshold", type=_NUMBER, metavar="N", help="Value at which the counter stops (default: unchanged).")
@authorize_option
@common_options()
@pass_settings
def set_counter(settings: Settings, oid: str, value: int | None, threshold: int | None) -> None:
    """Set a counter's value and threshold, if the counter's access condition for change allows it."""
    info = resolve(oid, COUNTER).info
    settings.check_query(CounterState)
    if value is None and threshold is None:
        raise click.UsageError("counter set requires --value, --threshold or both.")
    check_values(info, value, threshold)
    with settings.open_chip(info.oid) as chip:
        before, after = plan_set(chip, info, value, threshold)
        if before == after:
            settings.note(f"{info.label} already has these values: nothing was written")
        else:
            write_counter(chip, after)
        lack = what_it_lacks(chip, info)
    if lack:
        settings.warn(lack)
    if not after.left:
        settings.note(f"{info.label} is at its threshold {after.threshold}: it cannot count further")
    _print(settings, after.state)


def _print(settings: Settings, state: CounterState | CounterStep) -> None:
    settings.print_result(state, text=f"{state.oid}  {state.value} of {state.threshold}, {state.left} left")


def _list(settings: Settings) -> None:
    settings.check_query(CounterList)
    with settings.open_chip() as chip:
        listed, unusable = list_counters(chip)
    for one in unusable:
        settings.warn(one.text)
    counters = tuple(counter.state for counter in listed)
    settings.print_result(
        CounterList(counters), text=table(("oid", "value", "threshold", "left"), counters, width_for(settings))
    )
