"""``config new``: a configuration file of what the user answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from optiga.cli.commands.config.results import CheckedConfiguration, describe, warn_of_lone_name
from optiga.cli.commands.identity.csr import warn_of_names
from optiga.cli.support.again import told_to_start_again
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.confirm import ask as ask_at_terminal
from optiga.cli.support.confirm import is_somebody_there
from optiga.cli.support.content import check_not_chip
from optiga.cli.support.file_names import FileName, force_option
from optiga.cli.support.printing import say
from optiga.cli.support.replacing import check_replaced, write_output
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cloud.aws.aws_names import check_name
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import check_output_file
from optiga.files.shown import shown
from optiga.identity.configuration import parse_configuration
from optiga.identity.keys_on_chip import find_algorithm
from optiga.identity.new_configuration import (
    ALGORITHMS,
    Wanted,
    component_mistake,
    compose,
    slot_mistake,
    slots_for,
    small_country,
    usual_slot,
)
from optiga.objects.names import algorithm_other_names
from optiga.suggestions import suggest

_CONFIG: FileName = FileName("CONFIG", dash=False)
_ASKED = {
    "country_name": "Country, two letters",
    "state_or_province_name": "State or province",
    "locality_name": "City",
    "organization_name": "Organization",
    "organizational_unit_name": "Organizational unit",
}
"""Components that are asked for and may be left out; the common name comes behind them."""
_ANOTHER = "Name another file"
_NONE = "-"
"""The answer for no thing and no policy."""


@click.command(name="new")
@click.argument("name", type=_CONFIG)
@click.option(
    "--subject",
    "components",
    metavar="NAME=VALUE",
    multiple=True,
    help="A component of the subject; OpenSSL's names such as CN and O work, too (default: common_name={uid}). May be "
    "given several times.",
)
@click.option(
    "--algorithm",
    type=NamedChoice(ALGORITHMS, find_algorithm, algorithm_other_names()),
    metavar="ALGORITHM",
    help="Algorithm of the key: secp256r1, rsa2048 … (default: secp256r1).",
)
@click.option("--slot", metavar="SLOT", help="Slot of the key (default: second; for RSA: five).")
@click.option("--thing", metavar="NAME", help="Thing in AWS IoT, - for none (default: thing_{uid}).")
@click.option("--policy", metavar="NAME", help="Policy in AWS IoT, - for none (default: my_policy).")
@click.option(
    "--yes",
    is_flag=True,
    help="Do not ask for values: use the defaults where no option gives one. A file is replaced only with --force.",
)
@force_option
@common_options(board=False)
@pass_settings
def new(
    settings: Settings,
    name: str,
    components: tuple[str, ...],
    algorithm: str | None,
    slot: str | None,
    thing: str | None,
    policy: str | None,
    yes: bool,
) -> None:
    """Write a new configuration file. Ask for every value that no option gives.

    {uid} in a value is replaced with the chip's UID, so that each chip gets its own name from the same file.
    """
    settings.check_query(CheckedConfiguration)
    check_output_file(Path(name), _ANOTHER)
    check_not_chip(Path(name))
    subject = tuple(map(_component, components))
    mistakes = [("subject", component_mistake(*one)) for one in subject]
    if slot is not None and algorithm is not None:
        mistakes.append(("slot", slot_mistake(slot, algorithm)))
    for option, value in (("thing", thing), ("policy", policy)):
        mistakes.append((option, "" if value is None else _name_mistake(option, value)))
    _refuse(*mistakes)
    ask = not (yes or (subject and algorithm and slot and thing and policy))
    if ask:  # nobody answers in vain
        check_replaced(settings, name, None, is_kept=True, another=_ANOTHER)
    with told_to_start_again("Nothing was changed"):
        wanted = _choose(subject, algorithm, slot, thing, policy, ask=ask)
    text = compose(wanted)
    write_output(settings, name, text.encode(), is_kept=True, another=_ANOTHER)
    settings.note(f"The configuration has been written to {name}")
    configuration = parse_configuration(text, name)
    warn_of_names(settings, configuration)
    warn_of_lone_name(settings, describe(configuration))
    for component, value in subject:
        if odd := small_country(component, value):
            settings.warn(f"--subject {component}={value}: {odd}")
    if configuration.slot.certificate_oid is None:
        settings.note(
            f"Slot {configuration.slot.name} has no object for a certificate: with 'provision', choose one with --id"
        )
    if settings.wants_result:
        settings.print_result(describe(configuration))


def _choose(
    subject: tuple[tuple[str, str], ...],
    algorithm: str | None,
    slot: str | None,
    thing: str | None,
    policy: str | None,
    *,
    ask: bool,
) -> Wanted:
    """What the file is to say: of the options, else of the answers, else the usual.

    :raises ConfigurationError: if somebody should be asked, and nobody is there; or if the slot does not fit the key.
    """
    usual = Wanted()
    if ask and not is_somebody_there():
        raise ConfigurationError(
            "cannot ask for the values of the configuration: standard input is not a terminal",
            hint="Use --yes to take the values of the options, and the defaults for the rest",
            reason=Reason.MISSING,
            parameter="yes",
        )

    def answer(given: str | None, question: str, default: str, mistake: Callable[[str], str]) -> str:
        return given if given is not None else _ask(question, default, mistake) if ask else default

    subject = subject or (_ask_subject() if ask else usual.subject)
    algorithm = answer(algorithm, f"Key ({', '.join(ALGORITHMS)})", usual.algorithm, _algorithm_mistake)
    algorithm = find_algorithm(algorithm) or algorithm
    if slot is not None:
        _refuse(("slot", slot_mistake(slot, algorithm)))
    question = f"Slot ({', '.join(slots_for(algorithm))})"
    slot = answer(slot, question, usual_slot(algorithm), partial(slot_mistake, algorithm=algorithm))
    question = f"{{}} in AWS IoT, {_NONE} for none"
    thing = answer(thing, question.format("Thing"), usual.thing or _NONE, partial(_name_mistake, "thing"))
    policy = answer(policy, question.format("Its policy"), usual.policy or _NONE, partial(_name_mistake, "policy"))
    return Wanted(subject, algorithm, slot, *(None if name == _NONE else name for name in (thing, policy)))


def _ask_subject() -> tuple[tuple[str, str], ...]:
    """The components that the user names, and the common name."""
    _say("Empty answers are left out. {uid} is replaced with the chip's UID.")
    given = [(name, _ask(question, "", partial(_mistake_if_any, name))) for name, question in _ASKED.items()]
    ((name, usual),) = Wanted().subject
    given.append((name, _ask("Common name", usual, partial(component_mistake, name))))
    return tuple((name, value) for name, value in given if value)


def _mistake_if_any(name: str, value: str) -> str:
    """What is wrong with a component that may be left out."""
    return (component_mistake(name, value) or small_country(name, value)) if value else ""


def _ask(question: str, default: str, mistake: Callable[[str], str]) -> str:
    """An answer without a mistake; the question is asked until there is one.

    :raises ConfigurationError: if nobody answers any more.
    """
    shown_default = f" [{default}]" if default else ""
    while True:
        try:
            text = ask_at_terminal(f"{question}{shown_default}: ").strip() or default
        except EOFError:
            raise ConfigurationError(
                "the questions were not answered: no configuration was written", reason=Reason.MISSING
            ) from None
        if not (said := mistake(text)):
            return text
        _say(f"{said}.")


def _say(text: str) -> None:
    """To the one who is asked, ``--quiet`` or not."""
    say(shown(text))


def _component(text: str) -> tuple[str, str]:
    """The name and the value that ``--subject`` gives."""
    name, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"--subject {text!r}: it must be NAME=VALUE, for example common_name=lamp.")
    return name.strip(), value


def _refuse(*mistakes: tuple[str, str]) -> None:
    """Refuse mistakes, all of them at once.

    :param mistakes: the name of an option, and what is wrong with it; empty if nothing.
    """
    found = [(option, f"--{option} {mistake}") for option, mistake in mistakes if mistake]
    if found:
        (option, first), *others = found
        raise ConfigurationError(first, problems=tuple(text for _, text in others), parameter=option)


def _algorithm_mistake(text: str) -> str:
    if find_algorithm(text) in ALGORITHMS:
        return ""
    return f"{text!r} is not one of {', '.join(ALGORITHMS)}{suggest(text, ALGORITHMS, algorithm_other_names())}"


def _name_mistake(kind: str, name: str) -> str:
    """What is wrong with the name of a thing or policy, empty if nothing."""
    if name == _NONE:
        return ""
    try:
        check_name(kind, name)
    except ConfigurationError as error:
        return str(error)
    return ""
