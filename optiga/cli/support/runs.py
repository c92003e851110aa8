"""What people are told of a run: events become notes and warnings."""

from __future__ import annotations

from optiga.cli.support.settings import Settings
from optiga.provision.events import Event, Listener, Noted, StepDone, StepName, Warned


def tell_of_chip_file(settings: Settings, step: StepName, what: str) -> Listener:
    """Who tells the people at the terminal that the file of an emulated chip has a key, once a step is done.

    :param step: after which the key is worth something.
    :param what: the key, in words.
    """

    def listen(event: Event) -> None:
        if isinstance(event, StepDone) and event.step is step and settings.find_port().chip_file is not None:
            settings.note(f"{what} is in the file of the emulated chip: anyone who copies the file has the key")

    return listen


def tell_people(settings: Settings) -> Listener:
    """Who hears events for the people at the terminal, as the common options want it."""

    def listen(event: Event) -> None:
        if isinstance(event, Noted):
            settings.note(event.text)
        elif isinstance(event, Warned):
            settings.warn(event.text)

    return listen
