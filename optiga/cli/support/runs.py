"""What people are told of a run: events become notes and warnings, and parameters the options that stand for them."""

from __future__ import annotations

from optiga.cli.support.journals import JOURNAL_OPTIONS
from optiga.cli.support.options import in_options
from optiga.cli.support.settings import Settings
from optiga.provision.events import Event, Listener, Noted, Warned

RUN_OPTIONS = JOURNAL_OPTIONS | {
    "attributes": "--attribute",
    "groups": "--thing-group",
    "issuer": "--ca",
    "join": "--join",
    "outputs": "--out-dir",
    "parameters": "--parameter",
    "policy": "--policy",
    "policy_template": "--policy-template",
    "profile": "--profile NAME",
    "region": "--region REGION",
    "renew": "--renew",
    "slot": "--slot",
    "template": "--template",
    "thing=None": "--no-cloud",
    "thing_type": "--thing-type",
    "trust": "--trust",
}
"""The options of runs, by the parameters that texts of :mod:`optiga.provision` name."""


def tell_people(settings: Settings) -> Listener:
    """Who hears events for the people at the terminal, as the common options want it."""

    def listen(event: Event) -> None:
        if isinstance(event, Noted):
            settings.note(in_options(event.text, RUN_OPTIONS))
        elif isinstance(event, Warned):
            settings.warn(in_options(event.text, RUN_OPTIONS))

    return listen
