"""The objects of a chip: their data and metadata. SRM, "GetDataObject", "SetDataObject"."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from optiga.arguments import explains_arguments
from optiga.chip.abilities import require_room
from optiga.chip.commands.get_data_object import GetData, GetMetadata
from optiga.chip.commands.set_data_object import Count, SetData, SetMetadata
from optiga.chip.limits import check_number
from optiga.chip.references import oid_of
from optiga.chip.threads import one_at_a_time
from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError, ConfigurationError, OptigaError, Reason
from optiga.files.activity import each
from optiga.protocol import apdu
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.set_data_object import COUNTS, MAX_FRAGMENT
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import COUNTER_SIZE, format_oid
from optiga.protocol.rules.known import is_counted
from optiga.values import NotCopied

if TYPE_CHECKING:
    from optiga.chip.session import Session
    from optiga.chip.unusable import Unusable
    from optiga.protocol.objects import Reference

_MOST_OFFSET = 0xFFFF
"""The field of the command has two bytes."""
_VALUE_SIZE = COUNTER_SIZE // 2
"""Bytes of a counter's value; as many of its threshold follow."""


@explains_arguments
@one_at_a_time
class Objects(NotCopied):
    """The objects of an open chip.

    Name an object with its OID, a text such as ``0xE0E1`` or ``second``, or an :class:`~optiga.ObjectRef`. The name of
    a slot means the object of its certificate. Every method raises ChipError, with the manual's code, if the chip
    refuses.
    """

    def __init__(self, chip: Session) -> None:
        self._chip = chip

    def __repr__(self) -> str:
        return f"<Objects of the chip at {self._chip.port!r}>"

    def read(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes:
        """Read the data of an object, from an offset to the used size, or ``length`` bytes. As few exchanges as
        possible.

        :raises ConfigurationError: if a number is negative, or too large for the command.
        :raises ChipError: if the chip refuses, or the offset is greater than the used size.
        """
        oid, data = oid_of(oid), b""
        _check_offset(oid, offset)
        if length is not None and length < 0:
            raise ConfigurationError(f"a length of {length} is negative", oid=oid, parameter="length")
        while length is None or len(data) < length:
            wanted = apdu.MAX_DATA if length is None else min(apdu.MAX_DATA, length - len(data))
            try:
                part = self._chip.execute(GetData(oid, offset + len(data), wanted))
            except ChipError as error:
                if (data or not offset) and error.code == ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED:
                    break  # the part before ended exactly where the object does, or the object is empty
                raise
            data += part
            if len(part) < wanted:
                break
        return data

    def read_if_allowed(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes | None:
        """Like :meth:`read`, but returns None if the access conditions do not allow reading.

        :raises ChipError: if the chip refuses for another reason.
        """
        try:
            return self.read(oid, offset, length)
        except ChipError as error:
            if error.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
                return None
            raise

    def write(self, oid: Reference, data: bytes, *, offset: int = 0, erase: bool = True) -> None:
        """Write data to an object. As few exchanges as the chip's buffer allows.

        :param erase: erase the other data of the object.
        :param data: at least one byte.
        :raises ConfigurationError: if there are no data, or they do not fit in the object; nothing is written then.
        """
        oid = oid_of(oid)
        if not data:
            raise ConfigurationError(f"no data are given for {format_oid(oid)}", oid=oid, parameter="data")
        _check_offset(oid, offset)
        require_room(self._chip, oid, offset + len(data))
        for start in each(f"Writing {format_oid(oid)}", range(0, len(data), MAX_FRAGMENT)):
            fragment = data[start : start + MAX_FRAGMENT]
            self._chip.execute(SetData(oid, offset + start, fragment, erase=erase and start == 0))

    def metadata(self, oid: Reference) -> Metadata:
        """Read the metadata of an object. One exchange."""
        return self._chip.execute(GetMetadata(oid_of(oid)))

    def write_metadata(self, oid: Reference, changes: Metadata) -> None:
        """Change only the given metadata tags. One exchange. This may lock the object for ever.

        :param changes: for example ``parse_metadata_words(["change: always"])`` of
            :mod:`optiga.protocol.metadata_words`, or bytes by tag: ``Metadata({Tag.CHANGE: b"\\x00"})``.
        """
        if not isinstance(changes, Metadata):  # a text, too, has encode(), and the chip would get its letters
            raise TypeError(f"write_metadata: changes must be Metadata, not {type(changes).__name__}")
        self._chip.execute(SetMetadata(oid_of(oid), changes))

    def find_unusable(self, oid: Reference) -> Unusable | None:
        """Why the chip neither reads nor uses an object, whatever its access conditions are; None if it does. One
        exchange.

        :raises ChipError: if the chip does not have the object.
        """
        return find_unusable(oid_of(oid), self.metadata(oid))

    def count(self, oid: Reference, step: int = 1) -> int | None:
        """Advance a counter by 1 to 255. A counter stops at its threshold. One exchange; for more than 1, three more
        that read the counter before and after.

        :returns: what was counted: less than ``step`` if the counter stopped at its threshold; None if the counter
            cannot be read.
        :raises ConfigurationError: if the chip's model has no counters.
        :raises ChipError: if the counter is already at its threshold, or the object is not a counter.
        """
        oid, before = oid_of(oid), None
        check_number(step, COUNTS, "step", "the number of steps")
        if step > 1:
            with suppress(ChipError):  # the chip says in its answer to the command itself what is wrong
                before = self._counter_value(oid)
        self._chip.perform(Count(oid, step))
        if step == 1:
            return step
        if before is not None:
            with suppress(OptigaError):  # it has counted: an error would say that it has not
                return int.from_bytes(self.read(oid, 0, _VALUE_SIZE), "big") - before
        return None

    def _counter_value(self, oid: int) -> int | None:
        """The value of a counter; None if reading it would count another."""
        if is_counted(self.metadata(oid), Tag.READ):
            return None
        return int.from_bytes(self.read(oid, 0, _VALUE_SIZE), "big")


def _check_offset(oid: int, offset: int) -> None:
    """Refuse an offset that no command has.

    :raises ConfigurationError: if it is negative, or too large.
    """
    if not 0 <= offset <= _MOST_OFFSET:
        said = f"an offset of {offset} is {'negative' if offset < 0 else f'greater than {_MOST_OFFSET}'}"
        raise ConfigurationError(said, oid=oid, reason=Reason.BAD_VALUE, parameter="offset")
