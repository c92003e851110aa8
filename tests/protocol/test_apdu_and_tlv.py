"""APDUs, TLVs, TLS identities and the UID."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from optiga.protocol import apdu, tls_identity, tlv
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.uid import Uid


def test_open_application_as_infineons_host_sends_it() -> None:
    sent = apdu.encode_command(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
    assert sent.hex() == "f0000010d27600000447656e417574684170706c"
    assert apdu.decode_command(sent) == apdu.Command(0xF0, 0, APPLICATION_ID)


def test_reading_the_last_error_must_not_clear_it() -> None:
    sent = apdu.encode_command(CommandCode.GET_DATA_OBJECT, 0, b"\xf1\xc2\0\0\0\x01", clear_last_error=False)
    assert sent.hex() == "01000006f1c200000001"


def test_the_chips_buffer_is_the_limit() -> None:
    assert len(apdu.encode_command(CommandCode.SET_DATA_OBJECT, 0, bytes(1553))) == 0x0615
    with pytest.raises(ValueError, match="exceed"):
        apdu.encode_command(CommandCode.SET_DATA_OBJECT, 0, bytes(1554))


@pytest.mark.parametrize("data", ["", "00", "000000", "00000001", "0000000100ff", "80000000", "01000000"])
def test_no_answer(data: str) -> None:
    with pytest.raises(ValueError, match=r"APDU|status"):
        apdu.decode_answer(bytes.fromhex(data))


def test_the_undefined_byte_of_an_answer_may_be_anything() -> None:
    for undefined in range(256):
        assert apdu.decode_answer(bytes([0xFF, undefined, 0, 0])) == apdu.Answer(ok=False, data=b"")


@given(st.booleans(), st.binary(max_size=1553))
def test_answers_come_back(ok: bool, data: bytes) -> None:
    assert apdu.decode_answer(apdu.encode_answer(data, ok=ok)) == apdu.Answer(ok, data)


def test_golden_tlvs() -> None:
    """The data of GenKeyPair in the golden frame."""
    data = bytes.fromhex("010002e0f102000121")
    assert tlv.decode(data) == [(1, b"\xe0\xf1"), (2, b"\x21")]
    assert tlv.encode_integer(1, 0xE0F1, 2) + tlv.encode_integer(2, 0x21, 1) == data


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=6))
def test_tlvs_come_back(items: list[tuple[int, bytes]]) -> None:
    assert tlv.decode(b"".join(tlv.encode(tag, value) for tag, value in items)) == items


@given(st.binary(max_size=40))
def test_any_bytes_are_tlvs_or_a_value_error(data: bytes) -> None:
    try:
        items = tlv.decode(data)
    except ValueError:
        return
    assert b"".join(tlv.encode(tag, value) for tag, value in items) == data


def test_tls_identity_of_one_certificate() -> None:
    """Lengths as in a real chip's 0xE0E0: ``c0 0200 0001fd 0001fa`` before a certificate of 0x1fa bytes."""
    certificate = b"\x30" + bytes(0x1F9)
    identity = tls_identity.encode([certificate])
    assert identity[:9].hex() == "c002000001fd0001fa"
    assert tls_identity.decode(identity) == [certificate]


@given(st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=4), st.binary(max_size=5))
def test_tls_identities_come_back_whatever_lies_behind(certificates: list[bytes], behind: bytes) -> None:
    assert tls_identity.decode(tls_identity.encode(certificates) + behind) == certificates


@example(data=b"\xc0\x00\x00\x00\x00\x00")  # no room for the length of a chain
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\xc0" + rest))
def test_any_bytes_are_a_tls_identity_or_a_value_error(data: bytes) -> None:
    try:
        certificates = tls_identity.decode(data)
    except ValueError:
        return
    assert data.startswith(tls_identity.encode(certificates))


def test_uid_fields() -> None:
    """The UID in the golden frame, field by field as the manual's table has them."""
    data = bytes.fromhex("cd16338201001c000500000a091b5c0007006200ad801010712564")
    uid = Uid.parse(data)
    assert (uid.cim_id, uid.platform_id, uid.model_id, uid.rom_mask_id) == ("cd", "16", "33", "8201")
    assert (uid.chip_type, uid.batch_number) == ("001c00050000", "0a091b5c0007")
    assert (uid.x_coordinate, uid.y_coordinate) == ("0062", "00ad")
    assert (uid.firmware_id, uid.firmware_build) == ("80101071", "2564")
    assert uid.hex == data.hex()
    with pytest.raises(ValueError, match="27 bytes"):
        Uid.parse(data[1:])


def test_names_of_codes_are_the_manuals() -> None:
    assert CommandCode.GEN_KEY_PAIR.title == "GenKeyPair"
    assert CommandCode.SET_OBJECT_PROTECTED.title == "SetObjectProtected"
    assert ErrorCode(0x07).title == "access conditions not satisfied"
    assert ErrorCode(0x2C).title == "signature verification failure"


def test_commands_are_named_as_in_the_manual() -> None:
    """SRM, table "Command Codes"."""
    assert [code.title for code in CommandCode] == [
        *("GetDataObject", "SetDataObject", "SetObjectProtected", "GetRandom", "EncryptSym", "DecryptSym"),
        *("EncryptAsym", "DecryptAsym", "CalcHash", "CalcSign", "VerifySign", "CalcSSec", "DeriveKey", "GenKeyPair"),
        *("GenSymKey", "OpenApplication", "CloseApplication"),
    ]
