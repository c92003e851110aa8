"""Asking before what can never be undone is done."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from optiga.cli.support.printing import say
from optiga.cli.support.settings import Decorator, Settings
from optiga.errors import ConfigurationError, Reason
from optiga.files.shown import shown

yes_option: Decorator = click.option(
    "--yes", is_flag=True, help="Do not ask for confirmation before changes that can never be undone."
)
_LONGEST_ASKED = 60
"""Most letters of a question that repeats what will be done."""
_ANSWERS = {"y": True, "yes": True, "": False, "n": False, "no": False}


def confirm(settings: Settings, what: str, stays: Sequence[str], *, yes: bool) -> None:
    """Say what can never be undone, and have the user confirm it; nothing is asked where there is nothing such.

    :param what: what is going to be done to what, for the first line, and for the question if it is short.
    :param stays: what can never be undone, one sentence each, without the full stop.
    :param yes: say it and do not ask.
    :raises ConfigurationError: if it is not confirmed, or nobody is there to be asked.
    """
    if not stays:
        return
    if not yes and not is_somebody_there():
        raise ConfigurationError(
            f"{what} can never be undone ({'; '.join(stays)}), and cannot be confirmed: standard input is not a "
            "terminal",
            hint="Use --yes to confirm without being asked",
            reason=Reason.NOT_CONFIRMED,
        )
    what, stays = shown(what), [shown(sentence) for sentence in stays]
    say = settings.note if yes else _say
    say(f"{what} can never be undone:")
    for sentence in stays:
        say(f"  {sentence}")
    question = f"{what}?" if len(what) <= _LONGEST_ASKED else "Continue?"  # the first line has said what
    if not yes and not _is_confirmed(question):
        raise ConfigurationError(f"{what} was not confirmed: nothing was changed", reason=Reason.NOT_CONFIRMED)


def is_somebody_there() -> bool:
    """Whether somebody sits at a terminal, and can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def answered_yes(question: str) -> bool:
    """The answer of the one at the terminal; it is asked until it is yes or no, and nothing is no."""
    while True:
        text: str = click.prompt(f"{question} [y/N]", default="", show_default=False, err=True)
        answer = text.strip().lower()
        if answer in _ANSWERS:
            return _ANSWERS[answer]
        _say("Answer y or n.")


def _is_confirmed(question: str) -> bool:
    try:
        return answered_yes(question)
    except OSError as error:
        raise ConfigurationError(
            f"cannot ask for confirmation: standard error cannot be written ({error.strerror})",
            reason=Reason.NOT_CONFIRMED,
        ) from None


def _say(text: str) -> None:
    """To the one who is asked, ``--quiet`` or not."""
    say(text)
