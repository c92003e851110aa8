"""Metadata of objects: TLVs with one-byte lengths inside the constructed tag 0x20. SRM, "Metadata expression"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import unique

from optiga.arguments import explains_arguments
from optiga.errors import counted
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import (
    ALL_KEY_USAGES,
    CodeEnum,
    Flush,
    KeyUsage,
    LifeCycleState,
    ObjectType,
    is_reset_type,
    life_cycle_word,
)
from optiga.protocol.conditions import NEVER, AccessCondition

CONSTRUCTED_TAG = 0x20
MAX_SIZE = 44
"""Most bytes of an object's metadata, constructed tag and length included."""
MAX_VERSION = 0x7FFF
"""The last version that an object can have."""
INVALID_FLAG = MAX_VERSION + 1
"""Bit of a version that says that an update of the object has begun and not ended."""


MAX_UPDATE_SECRET = 64
"""Most bytes of a secret that encrypts protected updates, whatever room its object has. SRM, "Data Object Types"."""


@unique
class Tag(CodeEnum):
    """SRM, table "Metadata associated with data and key objects"."""

    LCSO = 0xC0
    VERSION = 0xC1
    MAX_SIZE = 0xC4
    USED_SIZE = 0xC5
    CHANGE = 0xD0
    READ = 0xD1
    EXECUTE = 0xD3
    METADATA_UPDATE = 0xD8
    ALGORITHM = 0xE0
    KEY_USAGE = 0xE1
    TYPE = 0xE8
    RESET_TYPE = 0xF0


ACCESS_TAGS = (Tag.CHANGE, Tag.READ, Tag.EXECUTE, Tag.METADATA_UPDATE)
OWN_TAGS = (Tag.MAX_SIZE, Tag.USED_SIZE, Tag.ALGORITHM)
"""Tags that the chip alone sets."""
NEVER_UPDATED = (Tag.VERSION, *OWN_TAGS)
"""Tags that a protected update of metadata cannot bring."""
FLUSH_WORDS = {"flush": Flush.ZEROS, "random": Flush.RANDOM}
"""Each way of a reset type to overwrite content by the word for it."""
_WORDS_OF_FLUSHES: dict[int, str] = {flush: word for word, flush in FLUSH_WORDS.items()}


@explains_arguments
class Metadata:
    """The metadata of one object, in the order on the chip. Immutable.

    :param items: value (bytes) by tag; unknown tags are kept unchanged.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[int, bytes]) -> None:
        if not isinstance(items, Mapping):
            raise TypeError(f"Metadata: items must be Mapping[int, bytes], not {type(items).__name__}")
        for tag, value in items.items():
            if not isinstance(tag, int) or not isinstance(value, (bytes, bytearray)):
                raise TypeError(
                    "Metadata: items must be bytes by tag, a number such as Tag.CHANGE, not "
                    f"{type(value).__name__} by {type(tag).__name__}"
                )
        self._items = dict(items)

    @classmethod
    def parse(cls, data: bytes) -> Metadata:
        """Parse the bytes that GetDataObject returns with param 1.

        :raises ValueError: if the bytes are not one constructed TLV of complete TLVs with each tag once.
        """
        if not isinstance(data, (bytes, bytearray)):
            raise TypeError(f"Metadata.parse: data must be bytes, not {type(data).__name__}")
        if len(data) < 2 or data[0] != CONSTRUCTED_TAG:
            raise ValueError("metadata: not one constructed TLV 0x20")
        if data[1] != len(data) - 2:
            raise ValueError(
                f"metadata: not one constructed TLV 0x20: the length is {counted(data[1], 'byte')}, but there are "
                f"{len(data) - 2}"
            )
        items: dict[int, bytes] = {}
        rest = data[2:]
        while rest:
            if len(rest) < 2 or len(rest) < 2 + rest[1]:
                raise ValueError(f"metadata: tag 0x{rest[0]:02x} is cut off")
            if rest[0] in items:
                raise ValueError(f"metadata: tag 0x{rest[0]:02x} is given twice")
            items[rest[0]] = rest[2 : 2 + rest[1]]
            rest = rest[2 + rest[1] :]
        return cls(items)

    def encode(self) -> bytes:
        """The bytes that :meth:`parse` takes.

        :raises ValueError: if a tag is not 0 to 255, or they are too many.
        """
        try:
            body = b"".join(bytes([tag, len(value)]) + value for tag, value in self._items.items())
            return bytes([CONSTRUCTED_TAG, len(body)]) + body
        except ValueError:
            raise ValueError("a metadata tag is 0 to 255, and all tags with their values have 255 bytes") from None

    def get(self, tag: int) -> bytes | None:
        """The value of a tag, None if it is absent."""
        if not isinstance(tag, int):  # which would be absent otherwise
            raise TypeError("a tag is a number")
        return self._items.get(tag)

    def items(self) -> Iterator[tuple[int, bytes]]:
        """Tags and values in their order."""
        return iter(self._items.items())

    def with_tags(self, changes: Mapping[int, bytes]) -> Metadata:
        """A copy of these metadata with some tags set, in the order of the tags, as real chips return them."""
        return Metadata(dict(sorted({**self._items, **changes}.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Metadata) and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"Metadata.parse(bytes.fromhex('{self.encode().hex()}'))"

    @property
    def life_cycle_state(self) -> LifeCycleState:
        """Life cycle state (LcsO); operational if the tag is absent, by the manual's implicit rule.

        :raises ValueError: if the value is not a life cycle state.
        """
        return LifeCycleState(self.state)

    @property
    def state(self) -> int:
        """Life cycle state (LcsO) as a number; operational if the tag is absent."""
        value = self._items.get(Tag.LCSO)
        return value[0] if value else LifeCycleState.OPERATIONAL

    @property
    def is_locked(self) -> bool:
        """Whether the metadata are fixed: the object is operational, or has no life cycle state."""
        return self.state >= LifeCycleState.OPERATIONAL

    @property
    def max_size(self) -> int | None:
        """Maximum size of the data in bytes; None if the tag is absent (keys)."""
        return self._number(Tag.MAX_SIZE)

    @property
    def room(self) -> int:
        """Maximum size of data that can be written, in bytes; 0 for keys. An update secret has its own limit."""
        room = self.max_size or 0
        return min(room, MAX_UPDATE_SECRET) if self._number(Tag.TYPE) == ObjectType.UPDATE_SECRET else room

    @property
    def used_size(self) -> int | None:
        """Size of the data in bytes; the maximum if the tag is absent, by the manual's implicit rule."""
        used = self._number(Tag.USED_SIZE)
        return self.max_size if used is None else used

    @property
    def algorithm(self) -> KeyAlgorithm | None:
        """Algorithm of the key in the object; None if there is no key yet, or its algorithm is unknown."""
        value = self._number(Tag.ALGORITHM)
        return None if value is None else KeyAlgorithm.of(value)

    @property
    def key_usage(self) -> KeyUsage:
        """Usage of the key; none if the tag is absent."""
        return KeyUsage(self._number(Tag.KEY_USAGE) or 0)

    @property
    def object_type(self) -> ObjectType | None:
        """Type of the data; None if the tag is absent (plain bytes).

        :raises ValueError: if the value is not a type of the manual.
        """
        value = self._number(Tag.TYPE)
        return None if value is None else ObjectType(value)

    @property
    def is_counter(self) -> bool:
        """Whether the data are a counter (value and threshold). SRM, "Data Object Types"."""
        return self._number(Tag.TYPE) == ObjectType.UP_COUNTER

    @property
    def version(self) -> int:
        """Version of the last protected update; 0 if the tag is absent."""
        return (self._number(Tag.VERSION) or 0) & MAX_VERSION

    @property
    def is_invalid(self) -> bool:
        """Whether a protected update of the object was started but not finished."""
        return bool((self._number(Tag.VERSION) or 0) & INVALID_FLAG)

    def access(self, tag: Tag) -> AccessCondition:
        """The access condition of a tag (change, read, execute, metadata update); never if the tag is absent.

        :raises ValueError: if the value is not a valid condition.
        """
        value = self.get(tag)
        return NEVER if value is None else AccessCondition.parse(value)

    def _number(self, tag: Tag) -> int | None:
        value = self._items.get(tag)
        return None if value is None else int.from_bytes(value, "big")

    def in_words(self) -> dict[str, str]:
        """The tags in words: ``{"lcso": "creation", "change": "lcso < operational", …}``."""
        return {tag_word(tag): self._value_in_words(tag, value) for tag, value in self._items.items()}

    def _value_in_words(self, tag: int, value: bytes) -> str:
        number = int.from_bytes(value, "big")
        try:
            if tag in ACCESS_TAGS:
                return str(AccessCondition.parse(value))
            if tag in (Tag.MAX_SIZE, Tag.USED_SIZE):
                return str(number)
            if tag == Tag.VERSION:
                return f"{number & MAX_VERSION}" + (" (invalid)" if number & INVALID_FLAG else "")
            if tag == Tag.LCSO:
                return LifeCycleState(number).name.lower()
            if tag == Tag.ALGORITHM:
                return KeyAlgorithm(number).title
            if tag == Tag.TYPE:
                return ObjectType(number).name.lower()
            if tag == Tag.KEY_USAGE:
                return _usage_words(number)
            if tag == Tag.RESET_TYPE:
                return _reset_words(number)
        except ValueError:
            pass
        return f"0x{value.hex()}"


def _usage_words(usage: int) -> str:
    """The usages of a key.

    :raises ValueError: if any has no name.
    """
    if usage & ~ALL_KEY_USAGES:
        raise ValueError("no key usage")
    return ", ".join(KeyUsage(usage).words) or "none"


def _reset_words(reset: int) -> str:
    """A reset type: the life cycle state that the object goes to, and what its content is overwritten with.

    :raises ValueError: if either has no name.
    """
    if not is_reset_type(reset):
        raise ValueError("no reset type")
    state, flush = reset & 0x0F, reset & ~0x0F
    words = [life_cycle_word(state)] if state else []
    if flush:
        words.append(_WORDS_OF_FLUSHES[flush])
    return ", ".join(words) or "none"


def tag_word(tag: int) -> str:
    """A tag in words; in hex where it has none."""
    known = Tag.of(tag)
    return f"0x{tag:02x}" if known is None else known.name.lower()
