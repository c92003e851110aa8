"""Exchanges with a chip through a board's bridge firmware, over a line that may lose, damage, double or delay bytes.

The firmware reads a head of six bytes, then as many bytes as the head announces and two more, with no time limit.
After a lost byte it sits waiting and takes the next frame for the rest of this one. Two things follow:

- The line is brought back by filler bytes, until the firmware finds itself at a wrong start sequence and says
  ``ff ff``. That answer is a fence: whatever the chip had to say to earlier commands has come before it.
- A late answer is therefore never mistaken for the answer to a later command: the last whole answer before the fence
  belongs to the last command sent.

An answer carries nothing that says which command it is one to. What lies on the line before a command is sent is
therefore dropped, behind a fence; and an answer that has come before, byte for byte, is believed only behind a fence.

A run that hears no valid answer ends: after :data:`LIMIT_S` at the latest, however much the other side talks.
"""

from __future__ import annotations

from collections import deque

from optiga.errors import BoardError, Reason
from optiga.link import uart_frame as frame
from optiga.link.diagnosis import Symptoms, diagnose
from optiga.link.scanner import AnswerScanner, Found
from optiga.link.steps import Conversation, Note, Send, Step, Wait
from optiga.protocol.apdu import command_code
from optiga.protocol.request import Request

ATTEMPTS = 3
"""How often a command is sent before the line is given up."""
LIMIT_S = 20.0
"""Longest that a run goes on without a valid answer, from its first byte to its end, in seconds."""
WRITE_TIMEOUT_S = 4.0
"""How long a line may try to send bytes before it says that the board takes none, in seconds."""

_ENDING_S = 1.0
"""What closing the line may take of that."""
_WRITING_S = WRITE_TIMEOUT_S + 1
"""How long before a run has to end its last bytes are sent, for a board that takes none holds them up."""
_REST_S = 1.0
"""How long the rest of an answer is waited for that begins after the limit, where a chip may work for longer."""
_LOUD = 1 << 14
"""Bytes without a valid answer among them that no board has to say which can be brought back."""
_MOST_HEARD = 1 << 20
"""Bytes without a valid answer among them, after which a line is given up: twenty times what a board that is brought
back has to say."""
_REMEMBERED = 32
"""How many answers back a second copy is known again."""
_FILLER = b"\x00"
_FIRST_STEP_S = 0.05
"""How long a single filler byte is given to be answered; doubled with each attempt."""
_FENCE_QUIET_S = 0.02
"""How long the board must be quiet behind a fence that was set because an answer came a second time."""
_DOUBLING_QUIET_S = 0.3
"""The same on a line that is known to double: a fence may be a copy, and the answer still to come."""
_MOST_FILLER = 1024
"""Filler bytes sent at a time. What the firmware answers to so many fits the buffers of any line."""
_BULK_QUIET = 4
"""How many times as long the board must be quiet after much filler, which it complains of for a while."""
_SLACK_S = 0.3
"""What an answer may be late, beyond the manual's times, before the line is looked after; and how long its bytes may
be apart."""
_SLOW_BYTES_PER_MS = 0.96
"""What the slowest line that is waited for carries: 9600 baud, behind a serial server that is set so."""
_SETTLING_S = 6.0
"""How long a board is heard out that somebody left in the middle of an exchange: a little longer than its chip can be
delayed by its security monitor."""
_MAX_FRAME_S = frame.BUFFER_SIZE / frame.LINE_BYTES_PER_MS / 1000
_MOST_MISSING = 0xFFFF + frame.CRC_SIZE
"""Most bytes that the firmware can be waiting for, after a head whose length was damaged."""
_DONE = bytes(4)
"""The answer without error and without data, which says nothing that could be wrong of another command."""


class BridgeConversation:
    """Everything that is said to a board's bridge firmware, and what is understood of what it says.

    :param port: how the user names the board, for messages.
    :param settled: False if somebody may have left the board in the middle of an exchange; it is heard out, then,
        before the first command.
    :param spent_s: what opening the line has taken of the run's time, in seconds.
    :param limit_s: longest that a run goes on without a valid answer, in seconds.
    """

    def __init__(self, *, port: str, settled: bool = True, spent_s: float = 0.0, limit_s: float = LIMIT_S) -> None:
        self._now = 0.0
        self._is_settled = settled
        self._port = port
        self._limit_s = limit_s
        self._spent_s = spent_s  # without a valid answer
        self._limit = self._firm_limit = 0.0
        self._is_slow_command = False
        self._heard_bytes = 0
        self._scanner = AnswerScanner()
        self._quiet_s = _FENCE_QUIET_S
        self._answers: list[bytes] = []  # to the command on its way, or to one before
        self._believed: deque[bytes] = deque(maxlen=_REMEMBERED)
        self._symptoms = Symptoms()
        self._hides = not settled  # what somebody else was told may be a secret

    @property
    def is_settled(self) -> bool:
        """Whether every exchange has come to its end, so that the board owes no answer."""
        return self._is_settled

    def tell_time(self, now: float) -> None:
        """Tell the time at which a step failed, before its failure is thrown into the conversation."""
        self._now = now

    def exchange(self, request: Request, now: float) -> Conversation[bytes]:
        """Send a command and return the answer APDU, whatever the line does to either, as long as it can be had.

        :param now: the time at which it begins, in seconds; the conversation goes on with that of each :class:`Heard`.
        :raises BoardError: after a bounded number of attempts, and of seconds since the last valid answer; or after the
            first attempt, if the answer to a command that must not be repeated is lost. A line that was given up for
            its time stays so.
        """
        self._now = now
        self._symptoms = Symptoms()
        self._start_limit(self._limit_s - self._spent_s)
        began = now
        was_settled, self._is_settled = self._is_settled, False
        try:
            if was_settled:
                yield from self._drop_leftover()
            else:
                yield from self._settle()
            answer = yield from self._exchange(request)
        except BaseException:
            self._spent_s += self._now - began
            raise
        self._is_settled = True
        self._spent_s, self._heard_bytes = 0.0, 0
        self._believed.append(answer)
        return answer

    def _drop_leftover(self) -> Conversation[None]:
        """Drop what is on the line though no command is on its way, and all that came before a fence.

        :raises BoardError: if it shows that an earlier answer belonged to another command.
        """
        left = yield from self._do(Wait(0, hides=True))
        if not left and self._scanner.is_empty:
            return
        yield from self._do(Note("bytes on the line before a command"))
        self._quiet_s = _DOUBLING_QUIET_S if self._believed else self._quiet_s
        self._answers.clear()
        self._take(left)
        while (yield from self._next(0)) is not None:
            pass
        if not (yield from self._fence(_SLACK_S)):
            yield from self._recover(_MOST_MISSING, self._now + _SETTLING_S, 1)
        if self._believed and any(answer not in self._believed for answer in self._answers):
            raise BoardError(
                "answers come twice or out of order: this run may have read the answer to another command",
                hint="Try again; if it happens again, try another cable or USB port",
                port=self._port,
                reason=Reason.DISTURBED,
            )

    def _settle(self) -> Conversation[None]:
        """Hear out a board that may still owe an answer, or wait for the rest of a frame, and drop what it says.

        :raises BoardError: if it says nothing.
        """
        self._begin_hearing(hides=True)
        yield from self._recover(frame.BUFFER_SIZE, self._now + _SETTLING_S, 1)

    def _exchange(self, request: Request) -> Conversation[bytes]:
        code = command_code(request.apdu)
        for attempt in range(1, ATTEMPTS + 1):
            answer = yield from self._attempt(request, attempt)
            if answer is not None:
                return answer
            if not request.traits.is_repeatable:
                raise BoardError(
                    f"the answer to {request.name} was lost, and this command must not be sent twice",
                    hint="Check the object before you try again: it may or may not have changed",
                    port=self._port,
                    reason=Reason.OUTCOME_UNKNOWN,
                )
            yield from self._do(Note(f"no usable answer to command 0x{code:02x}, attempt {attempt}"))
        raise self._diagnosis()

    def _attempt(self, request: Request, attempt: int) -> Conversation[bytes | None]:
        """Send once; the answer, or None once the board is ready to hear the command again."""
        traits = request.traits
        self._begin_hearing(hides=traits.hides_command or traits.hides_answer)
        sent = frame.encode(request.apdu)
        started = self._now
        yield from self._write(Send(sent, hides=traits.hides_command))
        slow_s = len(sent) / _SLOW_BYTES_PER_MS / 1000
        patience = slow_s + _MAX_FRAME_S + 1.5 * traits.typical_ms / 1000 + _SLACK_S
        deadline = started + len(sent) / frame.LINE_BYTES_PER_MS / 1000 + traits.longest_ms / 1000
        if self._believed and traits.longest_ms > self._limit_s * 1000:
            self._limit = max(self._firm_limit, deadline)  # as long as nothing comes: the chip looks for primes
            self._is_slow_command = True
        found = yield from self._next(patience)
        if found is not None and found.apdu is not None and request.is_surely_answered_by(found.apdu):
            if found.apdu == _DONE or found.apdu not in self._believed:
                return found.apdu
            if (yield from self._fence(patience)):  # has it come twice, and the right one is still on its way?
                return self._choose(request)
        self._symptoms.complaints += found is not None and found.is_error
        yield from self._recover(frame.longest_wait(sent), deadline, attempt)
        return self._choose(request)

    def _choose(self, request: Request) -> bytes | None:
        """The answer to a command among those that came before the fence; None if that cannot be told.

        It is the last one, if not one that has come before comes again.
        """
        possible = [answer for answer in self._answers if request.is_answered_by(answer)]
        new = [answer for answer in possible if answer not in self._believed]
        if new:
            if len(new) < len(possible):
                self._quiet_s = _DOUBLING_QUIET_S
            return new[-1]
        return possible[-1] if len(set(possible)) == 1 else None

    def _recover(self, missing: int, deadline: float, attempt: int) -> Conversation[None]:
        """Bring the board to a frame boundary, and keep the answers that came before the fence.

        :param missing: most bytes that the board is likely to be waiting for.
        :raises BoardError: if the board stays silent until the deadline, and then takes as many bytes as it can be
            waiting for at all.
        """
        step = _FIRST_STEP_S * 2 ** (attempt - 1)
        yield from self._drain(step)
        is_bulk = not (yield from self._fill_singly(step))
        if is_bulk and not (
            (yield from self._fill_in_bulk(missing, step))
            or (yield from self._hear_fence(deadline))
            or (yield from self._fill_in_bulk(_MOST_MISSING - missing, step))
        ):
            raise self._diagnosis()
        before = list(self._answers)
        if is_bulk:
            yield from self._drain(_BULK_QUIET * step)
            yield from self._fill_singly(step)
        self._symptoms.fences += 1
        yield from self._drain(step)
        # What is new behind a fence shows that it was none, and that what came before need not be this command's.
        self._answers = [] if self._has_new(before) else before

    def _fence(self, patience: float) -> Conversation[bool]:
        """Send a whole head of filler to a board that is at a frame boundary; whether it complains of it in time.

        What comes right behind the fence is heard out and dropped: a fence that comes twice is none the second time.
        An answer among it that is new shows that the fence was an earlier one's copy; the right one is still to come.
        """
        yield from self._write_filler(frame.HEAD_SIZE)
        while (yield from self._hear_fence(self._now + patience)):
            before = list(self._answers)
            yield from self._drain(self._quiet_s)
            if not self._has_new(before):
                self._answers = before
                return True
            self._quiet_s = _DOUBLING_QUIET_S
        return False

    def _has_new(self, before: list[bytes]) -> bool:
        """Whether an answer has come since that is neither one of those before nor one to an earlier command."""
        return any(answer not in before and answer not in self._believed for answer in self._answers)

    def _hear_fence(self, deadline: float) -> Conversation[bool]:
        """Wait for ``ff ff`` until a deadline; whether it came."""
        while (found := (yield from self._next(max(0.0, deadline - self._now)))) is not None:
            if found.is_error:
                return True
        return False

    def _fill_singly(self, step: float) -> Conversation[bool]:
        """Send filler bytes one by one, up to a whole head, until the firmware complains of the one that completes it.

        :returns: whether it did.
        """
        for _ in range(frame.HEAD_SIZE):
            if (yield from self._fill(1, step)):
                return True
        return False

    def _fill_in_bulk(self, missing: int, step: float) -> Conversation[bool]:
        """Send filler in growing portions, as fast as a board takes it; whether the firmware complained."""
        portion = 4 * frame.HEAD_SIZE
        while missing > 0:
            count = min(portion, missing)
            if (yield from self._fill(count, max(step, count / frame.LINE_BYTES_PER_MS / 1000))):
                return True
            missing -= count
            portion = min(2 * portion, _MOST_FILLER)
        return (yield from self._hear_fence(self._now + _SLACK_S))

    def _fill(self, count: int, patience: float) -> Conversation[bool]:
        """Send filler bytes; whether the firmware complained of them before it went quiet.

        :param patience: how long that may be, in seconds, with what sending them takes.
        """
        started = self._now
        yield from self._write_filler(count)
        patience -= min(self._now - started, count / frame.LINE_BYTES_PER_MS / 1000)
        while (found := (yield from self._next(max(patience, 0.0)))) is not None:
            if found.is_error:
                return True
        return False

    def _write_filler(self, count: int) -> Conversation[None]:
        yield from self._write(Send(_FILLER * count, is_filler=True))

    def _write(self, sent: Send) -> Conversation[None]:
        """Send bytes.

        :raises BoardError: if no valid answer has been heard for too long.
        """
        if self._now > self._limit - _WRITING_S:
            raise self._diagnosis()
        yield from self._do(sent)

    def _do(self, step: Step) -> Conversation[bytes]:
        """Take a step; what has come with it."""
        heard = yield step
        self._now = heard.now
        return heard.data

    def _begin_hearing(self, *, hides: bool) -> None:
        """Forget what has come; what comes now is an answer to what is sent next.

        :param hides: whether a secret goes there or comes back. A line may echo it, or bring it again however late:
            from then on no log has what comes, as it comes.
        """
        self._hides = self._hides or hides
        self._scanner.clear()
        self._answers.clear()

    def _drain(self, quiet: float) -> Conversation[None]:
        """Hear out what the board still has to say, until it has been quiet for a time, in seconds."""
        while (yield from self._next(quiet)) is not None:
            pass
        self._count_symptoms()

    def _next(self, seconds: float) -> Conversation[Found | None]:
        """The next whole answer that comes within a time, in seconds; None if none does."""
        found = yield from self._listen(seconds)
        if found is not None and found.apdu is not None:
            self._answers.append(found.apdu)
            self._symptoms.unasked += 1  # counts only where none of them was an answer in the end
            if self._is_slow_command and self._now > self._firm_limit:  # the chip has found its primes
                self._start_limit(self._limit_s)
        return found

    def _listen(self, seconds: float) -> Conversation[Found | None]:
        """As :meth:`_next`; an answer that has begun is waited for as long as its bytes keep coming.

        :raises BoardError: if no valid answer has been heard for too long.
        """
        deadline = self._now + seconds
        while (found := self._scanner.next()) is None:
            now = self._now
            if now >= self._limit or self._heard_bytes > _MOST_HEARD:
                raise self._diagnosis()
            patience = max(0.0, min(deadline, self._limit) - now)
            data = yield from self._do(Wait(patience, hides=self._hides))
            now = self._now
            if data:
                self._take(data)
                if self._scanner.has_begun:
                    deadline = max(deadline, now + _SLACK_S)
            if now >= deadline:
                break
        if found is None and (found := self._scanner.next()) is None:
            self._scanner.give_up_partial()
            found = self._scanner.next()
        return found

    def _start_limit(self, seconds: float) -> None:
        self._limit = self._firm_limit = self._now + seconds - _ENDING_S
        self._is_slow_command = False

    def _take(self, data: bytes) -> None:
        self._heard_bytes += len(data)
        self._limit = min(self._limit, max(self._firm_limit, self._now + _REST_S))
        self._scanner.feed(data)

    def _count_symptoms(self) -> None:
        self._symptoms.damaged += self._scanner.damaged
        self._symptoms.noise += self._scanner.noise
        self._scanner.clear()

    def _diagnosis(self) -> BoardError:
        """The error that says what this board's silence, noise or complaints most likely mean."""
        self._count_symptoms()
        is_loud = self._heard_bytes > _LOUD
        return diagnose(self._symptoms, port=self._port, has_answered=bool(self._believed), is_loud=is_loud)
