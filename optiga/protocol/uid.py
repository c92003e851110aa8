"""The coprocessor's unique identifier, object 0xE0C2. SRM, table "Coprocessor UID"."""

from __future__ import annotations

from dataclasses import fields

from optiga.arguments import takes
from optiga.values import Value, frozen

SIZE = 27


@frozen
class Uid(Value):
    """The UID with its fields, each in hex as on the chip."""

    cim_id: str
    platform_id: str
    model_id: str
    rom_mask_id: str
    chip_type: str
    batch_number: str
    x_coordinate: str
    y_coordinate: str
    firmware_id: str
    firmware_build: str

    @classmethod
    @takes
    def parse(cls, data: bytes) -> Uid:
        """Parse the 27 bytes of object 0xE0C2.

        :raises ValueError: if the data do not have 27 bytes.
        """
        if len(data) != SIZE:
            raise ValueError(f"a UID has {SIZE} bytes, not {len(data)}")
        ends = (1, 2, 3, 5, 11, 17, 19, 21, 25, SIZE)
        starts = (0, *ends[:-1])
        return cls(*(data[start:end].hex() for start, end in zip(starts, ends, strict=True)))

    @property
    def hex(self) -> str:
        """All 27 bytes in hex."""
        return "".join(getattr(self, field.name) for field in fields(self))
