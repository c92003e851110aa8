"""What has become of the key in an object, for every failure on the way to a new one."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from optiga.errors import ChipError, ClosedError, OptigaError, UnsavedError
from optiga.files.interruptions import Unchanged
from optiga.naming import replaced
from optiga.protocol.objects import SLOTS, Slot, format_oid

if TYPE_CHECKING:
    from types import TracebackType

    from optiga.protocol.algorithms import KeyAlgorithm


_TO_BE_SURE = "To be sure, generate the key again"
_OR_SEE = ", or see with 'python -m optiga info' whether a certificate in the slot still matches its key"


class Fate(Enum):
    """How far the new key is."""

    AS_IT_WAS = "as it was"
    UNKNOWN = "unknown"
    """The chip has been asked for it, and has not said that it has made it, nor that it refuses."""
    MADE = "made"


class KeyFate:
    """Says of every failure, and of an interruption, what has become of the key in an object.

    A context manager around all that is done with a new key until it is sure. An
    :class:`~optiga.errors.OptigaError` says it in its hint, a :class:`KeyboardInterrupt` in its arguments.

    :param oid: the key's object.
    :param had_certificate: whether the slot had a certificate; None if nobody has looked.
    """

    def __init__(self, oid: int, *, had_certificate: bool | None = None) -> None:
        self._label = format_oid(oid)
        self._is_in_slot = any(slot.key_oid == oid and slot.certificate_oid is not None for slot in SLOTS)
        self._had_certificate = had_certificate
        self._is_said = False
        self.fate: Fate = Fate.AS_IT_WAS

    def __enter__(self) -> KeyFate:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, (OptigaError, KeyboardInterrupt)):
            self.tell(error)

    def tell(self, error: OptigaError | KeyboardInterrupt) -> None:
        """Have a failure say what has become of the key, once."""
        if self._is_said:
            return
        is_refused = isinstance(error, (ClosedError, UnsavedError)) or (isinstance(error, ChipError) and error.code)
        if self.fate is Fate.UNKNOWN and is_refused:
            self.fate = Fate.AS_IT_WAS
        if self.fate is Fate.AS_IT_WAS:
            if isinstance(error, UnsavedError) and self.text not in error.hint:
                error.advise(self.text, first=True)
            if isinstance(error, KeyboardInterrupt) and not error.args:
                error.args = (Unchanged(self.text),)
            return
        self._is_said = True
        if isinstance(error, OptigaError):
            if self.text not in error.hint:  # who has asked the chip has said it
                error.advise(self.text, first=True)
        else:
            error.args = (self.text,)

    def asked(self) -> None:
        """The chip is about to be asked for the new key."""
        self.fate = Fate.UNKNOWN

    def made(self) -> None:
        """The chip has made the new key."""
        self.fate = Fate.MADE

    @property
    def text(self) -> str:
        """What has become of the key, and how to be sure; sentences without the last full stop."""
        if self.fate is Fate.MADE:
            text = f"{self._label} has a new key: any earlier key is lost"
            if self._had_certificate is None:
                return f"{text}, and a certificate of it, if there is one, no longer matches"
            return f"{text}, and the certificate in the slot no longer matches" if self._had_certificate else text
        if self.fate is Fate.UNKNOWN:
            text = f"{self._label} may have a new key: if so, any earlier key is lost. {_TO_BE_SURE}"
            return text + _OR_SEE * (self._is_in_slot and self._had_certificate is not False)
        return f"The key in {self._label} did not change"


def goes_on_by_itself(error: OptigaError | KeyboardInterrupt) -> None:
    """Leave out how to be sure of a key, where whoever goes on generates it again anyway."""
    if isinstance(error, OptigaError):
        error.hint = _without_way(error.hint)
    else:
        error.args = tuple(_without_way(one) if isinstance(one, str) else one for one in error.args)


def _without_way(text: str) -> str:
    for way in (_TO_BE_SURE + _OR_SEE, _TO_BE_SURE):
        text = replaced(text, f". {way}", "")
    return text


def what_it_means(slot: Slot, algorithm: KeyAlgorithm, *, is_blank: bool = False) -> str:
    """What a new key means for its slot, one sentence without the full stop.

    :param is_blank: whether the slot is known to have had no certificate; otherwise it may have one, as nobody looks.
    """
    where = f"Slot {slot.name} has a new key ({algorithm.title}) in {format_oid(slot.key_oid)}"
    if is_blank:
        return where
    if slot.certificate_oid is None:
        return f"{where}. Any certificate of an earlier key no longer matches"
    return f"{where}. If {format_oid(slot.certificate_oid)} holds a certificate of an earlier key, it no longer matches"


def name_key(oid: int | None) -> str:
    """A key by its object and slot, for example ``0xE0F2, slot third``."""
    return next(f"{format_oid(slot.key_oid)}, slot {slot.name}" for slot in SLOTS if slot.key_oid == oid)
