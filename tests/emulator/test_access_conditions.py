"""Access conditions through the APDU door (SRM, "Access Conditions (ACs)", table 44)."""

from __future__ import annotations

import pytest

from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import Probe

OID = 0xF1D0


def readable(probe: Probe, condition: str) -> bool:
    """Whether an object can be read whose read condition is this."""
    probe.set_tags(OID, {Tag.READ: bytes.fromhex(condition)})
    return allowed(probe)


def allowed(probe: Probe) -> bool:
    answer = probe.chip.execute(bytes([CommandCode.GET_DATA_OBJECT | 0x80]) + bytes.fromhex("000002f1d0"))
    if answer[0] == 0:
        return True
    assert probe.last_error() == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    return False


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("00", True),
        ("ff", False),
        # LcsO is creation (1)
        ("e1fc07", True),
        ("e1fc01", False),
        ("e1fa01", True),
        ("e1fa03", False),
        ("e1fb00", True),
        ("e1fb01", False),
        # LcsG is operational (7)
        ("70fa07", True),
        ("70fc07", False),
        ("70fb03", True),
        # LcsA is creation (1)
        ("e0fa01", True),
        ("e0fb01", False),
        ("e0fc03", True),
        # boot phase flag set
        ("1020", True),
        ("1001", False),
        ("1021", False),
        ("1000", True),
        ("9020", True),
        ("9040", False),
        # what no command can give here
        ("20e140", False),
        ("21e0e8", False),
        ("23f1d0", False),
        ("40e121fd70fa03", False),  # nor does a counter, be its threshold reached or not
        ("40f1d1", False),  # linked to what is no counter
        # and, or
        ("e1fc07fd70fa07", True),
        ("e1fc07fd70fa03", False),
        ("e1fc01fe70fa07", True),
        ("e1fc01fe70fa03", False),
        ("20e140fee1fc07", True),
        ("20e140fde1fc07", False),
        ("e1fc07fd20e140fe9020", True),
        ("9020fee1fc07fd20e140", True),
        ("9040fee1fc07fd20e140", False),
        ("9040fe21e0e8fe1020", True),
    ],
)
def test_reading_under_a_condition(probe: Probe, condition: str, holds: bool) -> None:
    assert readable(probe, condition) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [("20e140", True), ("21e140", True), ("20f1d1", False), ("21e0e8", False), ("20e140fde1fc01", False)],
)
def test_reading_over_a_shielded_connection(probe: Probe, condition: str, holds: bool) -> None:
    probe.write(0xE140, bytes(range(64)))
    assert not readable(probe, condition)
    probe.chip.is_shielded = True
    assert allowed(probe) is holds
    probe.chip.is_shielded = False
    assert not allowed(probe)


def test_no_connection_is_shielded_with_another_kind_of_secret(probe: Probe) -> None:
    probe.chip.is_shielded = True
    assert readable(probe, "20e140")
    probe.set_tags(0xE140, {Tag.TYPE: b"\x21"})
    assert not allowed(probe)


def test_the_binding_secret_is_renewed_over_the_connection_that_it_shields(probe: Probe) -> None:
    """SRM, "Use Case: Update Platform Binding Secret during runtime"."""
    probe.write(0xE140, bytes(range(64)))
    probe.set_tags(0xE140, {Tag.LCSO: b"\x07"})
    assert probe.write_refused(0xE140, bytes(64)) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    probe.chip.is_shielded = True
    probe.write(0xE140, bytes(64))


def test_an_absent_condition_is_never(probe: Probe) -> None:
    """SRM, implicit rule. A data object leaves the factory without an execute condition."""
    probe.set_tags(OID, {Tag.TYPE: b"\x01"})
    probe.write(OID, bytes.fromhex("0000000000000009"))
    assert probe.write_refused(OID, b"\x01", how=2) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_conditions_follow_the_objects_life_cycle(probe: Probe) -> None:
    assert readable(probe, "e1fc07")
    probe.set_tags(OID, {Tag.LCSO: b"\x03"})
    assert allowed(probe)
    probe.set_tags(OID, {Tag.LCSO: b"\x07"})
    assert not allowed(probe)


def test_conditions_follow_the_applications_life_cycle(probe: Probe) -> None:
    assert readable(probe, "e0fc07")
    probe.write(0xF1C0, b"\x07")
    assert not allowed(probe)


@pytest.mark.parametrize(("condition", "status"), [("1020", 0xE0C1), ("9020", 0xF1C1)])
def test_conditions_follow_the_security_status(probe: Probe, condition: str, status: int) -> None:
    assert readable(probe, condition)
    probe.write(status, b"\xdf")
    assert not allowed(probe)


def test_each_access_has_its_own_condition(probe: Probe) -> None:
    probe.set_tags(OID, {Tag.READ: b"\xff"})
    probe.write(OID, b"still written")
    assert not allowed(probe)
    probe.set_tags(OID, {Tag.READ: b"\x00", Tag.CHANGE: b"\xff"})
    assert allowed(probe)
    assert probe.write_refused(OID, b"x") is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert probe.read(OID) == b"still written"


def test_metadata_are_always_readable(probe: Probe) -> None:
    probe.set_tags(OID, {Tag.READ: b"\xff", Tag.LCSO: b"\x07"})
    assert probe.metadata(OID).get(Tag.READ) == b"\xff"
