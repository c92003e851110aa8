"""Exchanges with a chip through a board's bridge firmware, over a line that may lose, damage or delay bytes.

The firmware reads a head of six bytes, then as many bytes as the head announces and two more, with no time limit.
After a lost byte it sits waiting and takes the next frame for the rest of this one. Two things follow:

- The line is brought back by filler bytes, until the firmware finds itself at a wrong start sequence and says
  ``ff ff``. That answer is a fence: whatever the chip had to say to earlier commands has come before it.
- A late answer is therefore never mistaken for the answer to a later command: the last whole answer before the fence
  belongs to the last command sent.
"""

from __future__ import annotations

from optiga.errors import BoardError
from optiga.protocol import frame
from optiga.protocol.answers import can_answer, is_sure_answer
from optiga.protocol.apdu import command_code
from optiga.protocol.repeating import is_repeatable
from optiga.protocol.secrecy import hides_answer, hides_command
from optiga.protocol.timing import LINE_BYTES_PER_MS, longest_ms, typical_ms
from optiga.transport.line import Line
from optiga.transport.scanner import AnswerScanner, Found
from optiga.transport.trace import inform, trace

ATTEMPTS = 3
"""How often a command is sent before the line is given up."""

_FILLER = b"\x00"
_FIRST_STEP_S = 0.05
"""How long a single filler byte is given to be answered; doubled with each attempt."""
_BULK_QUIET = 4
"""How many times as long the board must be quiet after much filler, which it complains of for a while."""
_SLACK_S = 0.3
"""What an answer may be late, beyond the manual's times, before the line is looked after."""
_SETTLING_S = 6.0
"""How long a board is heard out that somebody left in the middle of an exchange: a little longer than its chip can be
delayed by its security monitor."""
_MAX_FRAME_S = frame.BUFFER_SIZE / LINE_BYTES_PER_MS / 1000


class BridgeTransport:
    """A chip behind a board's bridge firmware.

    :param line: the bytes' way to the board; closed with this.
    :param port: how the user names the board, for messages.
    :param settled: False if somebody may have left the board in the middle of an exchange; it is heard out, then,
        before the first command.
    """

    def __init__(self, line: Line, *, port: str, settled: bool = True) -> None:
        self._line = line
        self._is_settled = settled
        self._port = port
        self._scanner = AnswerScanner()
        self._has_answered = False
        self._symptoms = _Symptoms()
        self._show_answer = settled  # what somebody else was told may be a secret

    @property
    def is_settled(self) -> bool:
        """Whether every exchange has come to its end, so that the board owes no answer."""
        return self._is_settled

    def close(self) -> None:
        self._line.close()

    def exchange(self, apdu: bytes) -> bytes:
        """Send a command APDU and return the answer APDU, whatever the line does to either, as long as it can be had.

        :raises BoardError: after a bounded number of attempts; or after the first, if the answer to a command that
            must not be repeated is lost.
        """
        self._symptoms = _Symptoms()
        if not self._is_settled:
            self._settle()
        self._is_settled = False
        answer = self._exchange(apdu)
        self._is_settled = True
        return answer

    def _settle(self) -> None:
        """Hear out a board that may still owe an answer, or wait for the rest of a frame, and drop what it says.

        :raises BoardError: if it says nothing.
        """
        self._scanner.clear()
        self._recover(frame.BUFFER_SIZE, self._line.now() + _SETTLING_S, 1, None)

    def _exchange(self, apdu: bytes) -> bytes:
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._attempt(apdu, attempt)
            if answer is not None and can_answer(apdu, answer):
                self._has_answered = True
                return answer
            if not is_repeatable(apdu):
                raise BoardError(
                    f"the answer to command 0x{command_code(apdu):02x} was lost, and it must not be sent twice",
                    hint="Look at the object before trying again: it may or may not have changed",
                    port=self._port,
                )
            inform("%s: no usable answer to command 0x%02x, attempt %d", self._port, command_code(apdu), attempt)
        raise self._diagnosis()

    def _attempt(self, apdu: bytes, attempt: int) -> bytes | None:
        """Send once; the answer, or None once the board is ready to hear the command again."""
        self._scanner.clear()
        sent = frame.encode(apdu)
        started = self._line.now()
        self._show_answer = not hides_answer(apdu)
        trace("%s > %s", self._port, _shown(sent, not hides_command(apdu)))
        self._line.write(sent)
        sending_s = len(sent) / LINE_BYTES_PER_MS / 1000
        patience = sending_s + _MAX_FRAME_S + 1.5 * typical_ms(apdu) / 1000 + _SLACK_S
        found = self._listen(patience)
        if found is not None and found.apdu is not None and is_sure_answer(apdu, found.apdu):
            return found.apdu
        self._symptoms.complaints += found is not None and found.is_error
        self._symptoms.damaged += self._scanner.damaged
        self._symptoms.noise += self._scanner.noise
        deadline = started + sending_s + longest_ms(apdu) / 1000
        return self._recover(longest_wait(sent), deadline, attempt, found)

    def _recover(self, missing: int, deadline: float, attempt: int, first: Found | None) -> bytes | None:
        """Bring the board to a frame boundary.

        :param missing: most bytes that the board can be waiting for.
        :param first: what came in its place, if anything whole did.
        :returns: the last answer that came before the fence, if one did.
        :raises BoardError: if the board stays silent until the deadline.
        """
        step = _FIRST_STEP_S * 2 ** (attempt - 1)
        late = self._drain(step) or (first.apdu if first is not None else None)
        fenced, answer = self._fill_singly(step)
        late = answer or late
        if not fenced:
            fenced, answer = self._fill_in_bulk(missing, step)
            late = answer or late
            while not fenced and self._line.now() < deadline:
                found = self._listen(deadline - self._line.now())
                if found is None:
                    break
                fenced, late = found.is_error, found.apdu or late
            if not fenced:
                raise self._diagnosis()
            self._drain(_BULK_QUIET * step)
            self._fill_singly(step)
        self._symptoms.fences += 1
        self._drain(step)
        return late

    def _fill_singly(self, step: float) -> tuple[bool, bytes | None]:
        """Send filler bytes one by one, up to a whole head, until the firmware complains of the one that completes it.

        :returns: whether it did, and the last answer that came before.
        """
        answer = None
        for _ in range(frame.HEAD_SIZE):
            self._write_filler(1)
            while (found := self._listen(step)) is not None:
                if found.is_error:
                    return True, answer
                answer = found.apdu
        return False, answer

    def _fill_in_bulk(self, missing: int, step: float) -> tuple[bool, bytes | None]:
        """Send filler in growing portions, as much as the firmware can still be waiting for.

        :returns: whether it complained, and the last answer that came before.
        """
        answer = None
        portion = 4 * frame.HEAD_SIZE
        while missing > 0:
            count = min(portion, missing)
            self._write_filler(count)
            while (found := self._listen(step + count / LINE_BYTES_PER_MS / 1000)) is not None:
                if found.is_error:
                    return True, answer
                answer = found.apdu
            missing -= count
            portion *= 2
        return False, answer

    def _write_filler(self, count: int) -> None:
        trace("%s > filler, %d bytes", self._port, count)
        self._line.write(_FILLER * count)

    def _drain(self, quiet: float) -> bytes | None:
        """Hear out what the board still has to say, until it has been quiet for a time, in seconds.

        :returns: the last answer among it.
        """
        answer = None
        while (found := self._listen(quiet)) is not None:
            answer = found.apdu or answer
        self._scanner.clear()
        return answer

    def _listen(self, seconds: float) -> Found | None:
        """The next whole answer that comes within a time, in seconds; None if the line goes quiet without one."""
        deadline = self._line.now() + seconds
        while True:
            found = self._scanner.next()
            if found is not None:
                return found
            data = self._line.read(max(0.0, deadline - self._line.now()))
            if data:
                trace("%s < %s", self._port, _shown(data, self._show_answer))
                self._scanner.feed(data)
            elif self._line.now() >= deadline:
                self._scanner.give_up_partial()
                return self._scanner.next()

    def _diagnosis(self) -> BoardError:
        """The error that says what this board's silence, noise or complaints most likely mean."""
        seen = self._symptoms
        if seen.damaged:
            message = "the board's answers arrive damaged"
            hint = "Try another cable or USB port, and close other programs on this port"
        elif seen.complaints:
            message = "the board reports that it cannot reach its chip (ff ff)"
            hint = (
                "Is a chip plugged in, the right way round? If it is, bytes may be lost: try another cable or USB port"
            )
        elif seen.fences:
            message = "the board is there, but bytes to it or from it get lost"
            hint = "Try another cable or USB port, and close other programs on this port"
        elif self._has_answered:
            message = "the board stopped answering"
            hint = "Unplug and replug the board, then run the command again: it starts from a clean line"
        elif seen.noise:
            message = "something answers, but not a personalization board"
            hint = "Is it the right port ('boards' lists them)? Is the board's firmware in provisioning mode?"
        else:
            message = "no answer"
            hint = (
                "Is it the right port ('boards' lists them), with no other client on it? Is the board's firmware in "
                "provisioning mode, a chip on it? If so, unplug and replug the board"
            )
        return BoardError(message, hint=hint, port=self._port)


class _Symptoms:
    """What was seen instead of the answer to one command."""

    def __init__(self) -> None:
        self.complaints = 0  # ``ff ff`` in place of the answer
        self.damaged = 0  # frames with a wrong CRC, or half of them
        self.noise = 0  # bytes outside frames
        self.fences = 0  # ``ff ff`` to filler bytes: the board itself is well


def _shown(data: bytes, visible: bool) -> str:
    """Bytes for the log; only their number where they carry a secret."""
    return data.hex() if visible else f"({len(data)} bytes with a secret, not shown)"


def longest_wait(sent: bytes) -> int:
    """Most bytes that the firmware can still be waiting for if any one byte of a frame was lost on its way.

    A lost byte of the length makes it read the first byte of the APDU as part of the length.
    """
    longest = 0
    for lost in range(len(frame.START), frame.HEAD_SIZE):
        arrived = sent[:lost] + sent[lost + 1 :]
        announced = frame.body_length(arrived[: frame.HEAD_SIZE]) or 0
        longest = max(longest, frame.OVERHEAD + announced - len(arrived))
    return max(longest, 1)
