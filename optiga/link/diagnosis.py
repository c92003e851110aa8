"""What a board's silence, noise or complaints most likely mean, in words."""

from __future__ import annotations

from optiga.errors import BoardError, Reason

_ANOTHER_CABLE = "Try another cable or USB port, and close other programs on this port"
_REPLUG = "Unplug and replug the board, then try again: it starts from a clean line"


class Symptoms:
    """What was seen instead of the answer to one command."""

    def __init__(self) -> None:
        self.complaints = 0  # ``ff ff`` in place of the answer
        self.damaged = 0  # frames with a wrong CRC, or half of them
        self.noise = 0  # bytes outside frames
        self.fences = 0  # ``ff ff`` to filler bytes: the board itself is well
        self.unasked = 0  # whole answers that cannot be one to the command


def diagnose(seen: Symptoms, *, port: str, has_answered: bool, is_loud: bool) -> BoardError:
    """The error that says what was seen.

    :param has_answered: whether the board has answered a command before.
    :param is_loud: whether more came than a board has to say.
    """
    reason = Reason.DISTURBED
    if seen.damaged:
        message, hint = "the board's answers arrive damaged", _ANOTHER_CABLE
    elif seen.complaints and seen.complaints >= seen.fences:  # each attempt was answered so, at once
        reason = Reason.NO_ANSWER
        message = "the board reports that it cannot reach its chip (ff ff)"
        hint = (
            "Check that a chip is plugged in, the right way round. If it is, bytes may be lost: try another cable or "
            "USB port"
        )
    elif is_loud and (seen.unasked or has_answered):
        message, hint = "the board keeps sending bytes that are not answers to the commands", _REPLUG
    elif seen.fences and (seen.complaints or seen.unasked):
        message = "the board's answers come late, or out of order"
        hint = (
            "The connection may be slow, or a device on it may send bytes twice: try another cable, port "
            "or serial server"
        )
    elif seen.fences:
        message, hint = "the board answers, but bytes to or from the board get lost", _ANOTHER_CABLE
    elif has_answered:
        reason = Reason.NO_ANSWER
        message, hint = "the board stopped answering", _REPLUG
    elif seen.noise or seen.unasked:
        reason = Reason.BAD_ANSWER
        message = "something answers, but not a personalization board"
        hint = (
            "Check the port ('python -m optiga boards' lists the ports), and that the board's firmware is in "
            "provisioning mode"
        )
    else:
        reason = Reason.NO_ANSWER
        message = "no answer"
        hint = (
            "Check the port ('python -m optiga boards' lists the ports), that no other program uses it, that the "
            "board's firmware is in provisioning mode, and that the board has a chip. Then unplug and replug the board"
        )
    return BoardError(message, hint=hint, port=port, reason=reason)
