"""The traits of a command APDU, told from its bytes."""

from __future__ import annotations

from optiga.protocol.answers import returned_by
from optiga.protocol.repeating import is_repeatable
from optiga.protocol.request import Request, Traits
from optiga.protocol.secrecy import hides_answer, hides_command
from optiga.protocol.timing import longest_ms, typical_ms


def request_of(command: bytes) -> Request:
    """The command APDU as a request."""
    return Request(
        command,
        Traits(
            returned_by(command),
            typical_ms(command),
            longest_ms(command),
            is_repeatable(command),
            hides_command(command),
            hides_answer(command),
        ),
    )
