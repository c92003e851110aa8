"""What people are told of a run: events become notes and warnings."""

from __future__ import annotations

from optiga.cli.support.settings import Settings
from optiga.provision.events import Event, Listener, Noted, Warned


def tell_people(settings: Settings) -> Listener:
    """Who hears events for the people at the terminal, as the common options want it."""

    def listen(event: Event) -> None:
        if isinstance(event, Noted):
            settings.note(event.text)
        elif isinstance(event, Warned):
            settings.warn(event.text)

    return listen
