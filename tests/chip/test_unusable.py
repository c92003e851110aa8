"""Objects that a chip neither reads nor uses: what their metadata say, and what errors on their way out say of it."""

from __future__ import annotations

import pytest

from optiga.chip import Chip
from optiga.chip.key_fate import KeyFate
from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError
from optiga.protocol.metadata import Metadata, Tag
from tests.support.scripted import REFUSED, ScriptedTransport, answer

OID = 0xF1D3
ENDED = {Tag.METADATA_UPDATE: bytes.fromhex("21e0e8fde1fc07"), Tag.RESET_TYPE: b"\x01"}
UPDATABLE = {Tag.METADATA_UPDATE: bytes.fromhex("21e0e8"), Tag.RESET_TYPE: b"\x01"}


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {Tag.LCSO: b"\x01"},
        {Tag.LCSO: b"\x07", Tag.VERSION: b"\x00\x05"},
        {Tag.VERSION: b"\x7f\xff", Tag.READ: b"\xff", Tag.EXECUTE: b"\xff"},
    ],
)
def test_all_others(tags: dict[int, bytes]) -> None:
    assert find_unusable(OID, Metadata(tags)) is None


@pytest.mark.parametrize(
    ("lcso", "version", "way_back"),
    [
        (b"\x01", b"\x80\x01", 0),
        (b"\x03", b"\x80\x09", 8),
        (b"\x01", b"\x80\x00", 0),
        (b"\x01", b"\xff\xff", 32766),
        (b"\x07", b"\x80\x01", None),
        (None, b"\x80\x01", None),
    ],
)
def test_an_update_that_was_interrupted(lcso: bytes | None, version: bytes, way_back: int | None) -> None:
    tags: dict[int, bytes] = {Tag.VERSION: version} | ({} if lcso is None else {Tag.LCSO: lcso})
    found = find_unusable(OID, Metadata(tags))
    assert found is not None
    assert (found.oid, found.code, found.is_interrupted) == (OID, 0x11, True)
    assert f"0xF1D3 to version {int.from_bytes(version, 'big') & 0x7FFF} was interrupted" in found.problem
    assert "the same update again" in found.ways_out
    command = f'object metadata 0xF1D3 "version: {way_back}"'
    assert (command in found.ways_out) is (way_back is not None)
    assert ("metadata are fixed" in found.ways_out) is (way_back is None)


@pytest.mark.parametrize("version", [b"\x00\x01", b"\x80\x01"])
@pytest.mark.parametrize(
    ("tags", "way_back"), [({}, False), (UPDATABLE, True), (ENDED, False), ({Tag.RESET_TYPE: b"\x01"}, False)]
)
def test_termination(version: bytes, tags: dict[int, bytes], way_back: bool) -> None:
    found = find_unusable(OID, Metadata({Tag.LCSO: b"\x0f", Tag.VERSION: version, **tags}))
    assert found is not None
    assert (found.code, found.is_interrupted) == (0x07, False)
    assert "0xF1D3 is in termination" in found.problem
    assert ("protected update of its metadata" in found.ways_out) is way_back


def leave(*answers: bytes) -> tuple[ChipError, ScriptedTransport]:
    """What becomes of a refused read on its way out."""
    transport = ScriptedTransport(*answers)
    with pytest.raises(ChipError) as caught, Chip(transport, port="board 7") as chip:
        chip.read(OID)
    assert transport.closed
    return caught.value, transport


class TestOnTheWayOut:
    def test_a_refusal_that_is_explained(self) -> None:
        error, _ = leave(REFUSED, answer("07"), answer("2003c0010f"))
        assert str(error) == (
            "board 7: GetDataObject 0xF1D3: the chip returned error 0x07, access conditions not satisfied: 0xF1D3 is "
            "in termination (LcsO 0x0F): the chip neither reads nor uses it. This can never be undone"
        )

    def test_a_refusal_that_is_not(self) -> None:
        error, _ = leave(REFUSED, answer("07"), answer("2003c00101"))
        assert str(error).endswith("satisfied. The read access condition of 0xF1D3 is absent, which means never")

    @pytest.mark.parametrize("tags", ["2003c0010f", "2004c1028001"])
    def test_another_cause(self, tags: str) -> None:
        """Whatever the object is, the chip has given another one, and is asked no more."""
        error, transport = leave(REFUSED, answer("06"), answer(tags))
        assert "termination" not in str(error)
        assert "interrupted" not in str(error)
        assert len(transport.sent) == 3

    @pytest.mark.parametrize("metadata", [REFUSED, answer("20"), answer("2004c1028001")])
    def test_metadata_that_do_not_explain_it(self, metadata: bytes) -> None:
        """Those that are not to be had, are none, or say something else than the code does."""
        error, _ = leave(REFUSED, answer("07"), metadata, answer("01"))
        assert "read access condition" in str(error)

    def new_key(self) -> KeyFate:
        fate = KeyFate(0xE0F1)
        fate.made()
        return fate

    def test_what_was_said_in_between_stays(self) -> None:
        transport = ScriptedTransport(REFUSED, answer("11"), answer("2004c1028001"))
        with pytest.raises(ChipError) as caught, Chip(transport) as chip, self.new_key():
            chip.read(OID)
        said = str(caught.value)
        assert "0xE0F1 has a new key" in said
        assert "Apply the same update again" in said
        assert said.count("interrupted") == 1
