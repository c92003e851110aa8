"""What is asked at the terminal: answers, and a yes before what can never be undone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from optiga.cli.support.again import told_to_start_again
from optiga.cli.support.printing import say
from optiga.cli.support.settings import Decorator, Settings
from optiga.errors import ConfigurationError, Reason
from optiga.files.shown import shown

yes_option: Decorator = click.option(
    "--yes", is_flag=True, help="Do not ask for confirmation before changes that can never be undone."
)
_LONGEST_ASKED = 60
"""Most letters of a question."""
_VERBS = {
    "Beginning": "Begin",
    "Changing": "Change",
    "Deprovisioning": "Deprovision",
    "Generating": "Generate",
    "Importing": "Import",
    "Locking": "Lock",
    "Replacing": "Replace",
    "Resetting": "Reset",
    "Restoring": "Restore",
    "Revoking": "Revoke",
    "Signing": "Sign",
    "Updating": "Update",
    "Writing": "Write",
}
"""What a question calls an action, by what the lines before it call it."""
_ANSWERS = {"y": True, "yes": True, "": False, "n": False, "no": False}


def confirm(settings: Settings, what: str, stays: Sequence[str], *, yes: bool, short: str = "") -> None:
    """Say what can never be undone, and have the user confirm it; nothing is asked where there is nothing such.

    :param what: what is going to be done to what: ``Locking 0xF1D0``. The question is about it: ``Lock 0xF1D0?``.
    :param stays: what can never be undone, one sentence each, without the full stop.
    :param yes: say it and do not ask.
    :param short: what the question says where ``what`` is long: ``Revoke this certificate``.
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
    if yes:
        return
    with told_to_start_again("Nothing was changed"):
        is_confirmed = _is_confirmed(_question(what, short))
    if not is_confirmed:
        raise ConfigurationError(f"{what} was not confirmed: nothing was changed", reason=Reason.NOT_CONFIRMED)


def is_somebody_there() -> bool:
    """Whether somebody sits at a terminal, and can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(prompt: str) -> str:
    """What the one at the terminal types behind a prompt, which can be edited where Python can do that.

    :raises EOFError: if it is Ctrl-D; the terminal's line has been ended.
    :raises OSError: if the prompt cannot be printed.
    """
    try:
        return _read(prompt)
    except EOFError:
        _say("")
        raise


def _read(prompt: str) -> str:
    if all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        with suppress(ImportError, AttributeError):
            import readline

            readline.set_auto_history(False)
        return input(prompt)  # which readline prints itself, and so keeps it
    click.echo(prompt, err=True, nl=False)
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.removesuffix("\n")


def answered_yes(question: str) -> bool:
    """The answer of the one at the terminal; it is asked until it is yes or no, and nothing is no."""
    while True:
        try:
            answer = ask(f"{question} [y/N]: ").strip().lower()
        except EOFError:
            return False
        if answer in _ANSWERS:
            return _ANSWERS[answer]
        _say("Answer y or n.")


def _question(what: str, short: str) -> str:
    """The question about an action, with its verb."""
    doing, _, rest = what.partition(" ")
    question = f"{_VERBS[doing]} {rest}"
    if len(question) > _LONGEST_ASKED:
        question = short or f"{question[: _LONGEST_ASKED - 1]}…"
    return f"{question}?"


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
