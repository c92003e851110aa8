"""The host's commands, byte for byte as Infineon's host sends them, and what becomes of the answers."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import optiga
from optiga import testing
from optiga.chip import Chip, Key
from optiga.chip.commands import calc_hash
from optiga.chip.commands.calc_hash import CalcHash, ObjectPart
from optiga.chip.commands.close_application import CloseApplication, Hibernate
from optiga.chip.commands.get_random import GetRandom
from optiga.chip.commands.open_application import OpenApplication
from optiga.chip.commands.verify_sign import VerifySign
from optiga.errors import ChipError
from optiga.protocol import der
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands.calc_hash import HashStep
from optiga.protocol.metadata import Metadata
from optiga.protocol.public_key import PublicKey
from optiga.testing import bench
from tests.support.scripted import ASK_LAST_ERROR, OK, REFUSED, ScriptedTransport, answer

EC_KEY = (
    "0342000421d44d1bbe9f0357fc4ca506f38399c016457d0c3d419f284fd318c1ef7ef41b"
    "215e3a45570cb2700a1ba375fd4d6f1562f66afe519b4295e26b7a6bb432540b"
)
UID = "cd16338201001c000500000a091b5c0007006200ad801010712564"


def open_with(*answers: bytes) -> tuple[Chip, ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    return Chip(transport, port="board"), transport


@pytest.mark.parametrize(("offset", "said"), [(-1, "an offset of -1 is negative"), (0x10000, "65536 is greater than")])
def test_an_offset_that_no_command_has(offset: int, said: str) -> None:
    with testing.emulated_chip() as chip:
        for act in (lambda: chip.read(0xF1D0, offset), lambda: chip.write(0xF1D0, b"1", offset=offset)):
            with pytest.raises(optiga.ConfigurationError, match=said) as raised:
                act()
            assert raised.value.parameter == "offset"


def test_a_key_of_the_usual_algorithm() -> None:
    with testing.emulated_chip() as chip:
        made = {slot: chip.generate_key(slot).algorithm for slot in ("second", "five", 0xE0FD)}
    assert set(made.values()) == {optiga.KeyAlgorithm.SECP256R1, optiga.KeyAlgorithm.RSA2048}
    assert made["second"] is optiga.KeyAlgorithm.SECP256R1


def test_metadata_that_are_none() -> None:
    with testing.emulated_chip() as chip, pytest.raises(TypeError, match="parse_metadata_words"):
        chip.write_metadata(0xF1D0, {"change": "always"})  # type: ignore[arg-type]
    for items in ({"change": b"\x00"}, {0xD0: "always"}):
        with pytest.raises(TypeError, match="bytes by tag"):
            optiga.Metadata(items)  # type: ignore[arg-type]


def test_opening_is_one_exchange_and_leaving_closes_the_transport() -> None:
    chip, transport = open_with()
    assert [sent.hex() for sent in transport.sent] == ["f0000010d27600000447656e417574684170706c"]
    with chip:
        pass
    assert transport.closed
    assert len(transport.sent) == 1


def test_generate_p256_as_infineons_host_sends_it() -> None:
    chip, transport = open_with(answer("020044" + EC_KEY))
    key = chip.generate_key("second", "secp256r1")
    assert transport.sent[1].hex() == "b8030009010002e0f102000121"
    assert key.public_key is not None
    assert key.public_key.hex() == EC_KEY
    assert key.public_key_info.hex() == "3059301306072a8648ce3d020106082a8648ce3d030107" + EC_KEY


def test_generate_rsa_as_infineons_host_sends_it() -> None:
    bit_string = bytes.fromhex("0382010f003082010a") + bytes(0x10A)
    chip, transport = open_with(answer(UID), answer(b"\x02\x01\x13" + bit_string))
    key = chip.generate_key(0xE0FC, optiga.KeyAlgorithm.RSA2048, optiga.KeyUsage.AUTHENTICATION)
    assert [sent.hex() for sent in transport.sent[1:]] == ["81000006e0c200000611", "b8420009010002e0fc02000101"]
    assert key.public_key_info.startswith(bytes.fromhex("30820122300d06092a864886f70d01010105000382010f00"))


def test_sign_asks_for_a_digest_and_wraps_r_and_s() -> None:
    r_and_s = "02200" + "1" * 63 + "022100" + "ff" * 32
    chip, transport = open_with(answer(r_and_s))
    signature = Key(chip, 0xE0F1, optiga.KeyAlgorithm.SECP256R1).sign(b"hello")
    digest = hashlib.sha256(b"hello").hexdigest()
    assert transport.sent[1].hex() == f"b1110028010020{digest}030002e0f1"
    assert signature.hex() == "3045" + r_and_s


def test_a_long_signature_has_a_long_length() -> None:
    r_and_s = 2 * (b"\x02\x42\x01" + bytes(65))
    chip, _ = open_with(answer(r_and_s))
    assert Key(chip, 0xE0F1, optiga.KeyAlgorithm.SECP521R1).sign(b"").startswith(bytes.fromhex("308188") + r_and_s)


@pytest.mark.parametrize(
    ("algorithm", "answered", "content"),
    [
        ("SECP256R1", f"0220 00 7f{'11' * 30} 0220 22{'33' * 31}", f"021f7f{'11' * 30}022022{'33' * 31}"),
        ("SECP256R1", f"0221 00 ff{'11' * 31} 0220 0000 80{'33' * 29}", f"022100ff{'11' * 31}021f0080{'33' * 29}"),
        ("SECP521R1", f"0242 00 7f{'11' * 64} 0242 0000 01{'33' * 63}", f"02417f{'11' * 64}024001{'33' * 63}"),
    ],
)
def test_numbers_that_the_chip_fills_up_are_made_as_short_as_der_has_them(
    algorithm: str, answered: str, content: str
) -> None:
    """Manual, notes to "ECDSA Signature". OpenSSL refuses a number with needless zeros in front."""
    chip = Chip(ScriptedTransport(answer(answered)))
    signature = Key(chip, 0xE0F1, optiga.KeyAlgorithm[algorithm]).sign(b"hello")
    assert decode_dss_signature(signature)
    assert der.content_of(der.SEQUENCE, signature).hex() == content


@pytest.mark.parametrize(
    "answered", ["", "0201", "020101", "020101 0201", "020101 020101 00", "020101 0401ff", "020181 020101"]
)
def test_what_is_no_ecdsa_signature_is_said_to_be_none(answered: str) -> None:
    chip = Chip(ScriptedTransport(answer(answered)))
    with pytest.raises(ChipError, match="answer does not follow the manual"):
        Key(chip, 0xE0F1, optiga.KeyAlgorithm.SECP256R1).sign(b"hello")


@pytest.mark.parametrize(("hash_name", "scheme", "size"), [("sha256", 1, 32), ("sha384", 2, 48), ("sha512", 3, 64)])
def test_rsa_signs_with_the_scheme_of_the_hash(hash_name: str, scheme: int, size: int) -> None:
    chip, transport = open_with(answer(UID), answer(bytes(256)))
    assert Key(chip, 0xE0FC, optiga.KeyAlgorithm.RSA2048).sign(b"hello", hash_name) == bytes(256)
    sent = transport.sent[2]  # behind the UID: not every model has RSA
    assert (sent[0], sent[1], sent[4:7]) == (0xB1, scheme, bytes([1, 0, size]))
    assert sent[7 : 7 + size] == hashlib.new(hash_name, b"hello").digest()


def test_uid_is_read_once() -> None:
    chip, transport = open_with(answer(UID))
    assert chip.uid.hex == chip.uid.hex == UID
    assert [sent.hex() for sent in transport.sent[1:]] == ["81000006e0c200000611"]


def test_a_large_object_is_read_in_as_few_exchanges_as_it_takes() -> None:
    content = bytes(range(256)) * 7
    chip, transport = open_with(answer(content[:1553]), answer(content[1553:1728]))
    assert chip.read(0xE0E1) == content[:1728]
    assert [sent[4:].hex() for sent in transport.sent[1:]] == ["e0e100000611", "e0e106110611"]


def test_an_object_of_exactly_one_answer_ends_there() -> None:
    chip, _ = open_with(answer(bytes(1553)), REFUSED, answer("08"))
    assert chip.read(0xE0E1) == bytes(1553)


def test_an_empty_object_holds_nothing() -> None:
    """It has no byte that an offset could name."""
    chip, _ = open_with(REFUSED, answer("08"), REFUSED, answer("08"))
    assert chip.read(0xF1D0) == b""
    with pytest.raises(ChipError, match="0x08"):
        chip.read(0xF1D0, 1)


@pytest.mark.parametrize("part", [(0, -1), (-1, None), (-1, 5), (2**16, None)])
def test_reading_a_part_that_cannot_be(part: tuple[int, int | None]) -> None:
    chip, transport = open_with()
    with pytest.raises(optiga.ConfigurationError, match=r"negative|greater"):
        chip.read(0xF1D0, *part)
    assert len(transport.sent) == 1


def test_reading_a_part() -> None:
    chip, transport = open_with(answer("aabb"))
    assert chip.read(0xF1D0, 5, 2) == b"\xaa\xbb"
    assert transport.sent[1].hex() == "81000006f1d000050002"


def test_write_as_infineons_host_sends_it() -> None:
    chip, transport = open_with(OK)
    chip.write(0xF1D0, b"hello")
    assert transport.sent[1].hex() == "82400009f1d0000068656c6c6f"


def test_a_large_write_fills_the_buffer_and_erases_once() -> None:
    chip, transport = open_with(OK, OK)
    chip.write(0xE0E1, bytes(1728))
    assert [(sent[1], sent[4:8].hex(), len(sent)) for sent in transport.sent[1:]] == [
        (0x40, "e0e10000", 0x0615),
        (0x00, "e0e1060d", 4 + 4 + 1728 - 1549),
    ]


def test_metadata_both_ways() -> None:
    chip, transport = open_with(answer("200ec00101d003e1fc07d101ffd30100"), OK)
    metadata = chip.metadata(0xE0F1)
    assert metadata.in_words()["lcso"] == "creation"
    chip.write_metadata(0xE0F1, Metadata({0xC0: b"\x03"}))
    assert [sent.hex() for sent in transport.sent[1:]] == ["81010002e0f1", "82010009e0f100002003c00103"]


def test_random() -> None:
    chip, transport = open_with(answer(bytes(16)))
    assert chip.random(16) == bytes(16)
    assert transport.sent[1].hex() == "8c0000020010"


def test_hash_of_data_and_of_an_object() -> None:
    digest = "01002000" + "11" * 31
    chip, transport = open_with(answer(digest), answer(""), answer(digest))
    assert chip.execute(CalcHash(b"abc")).hex() == digest[6:]
    chip.execute(CalcHash(b"", HashStep.START))
    chip.execute(CalcHash(ObjectPart(0xF1D0, 2, 3), HashStep.FINAL))
    assert [sent.hex() for sent in transport.sent[1:]] == [
        "b0e20006010003616263",
        "b0e20003000000",
        "b0e20009130006f1d000020003",
    ]


def test_hash_contexts_leave_the_chip_and_come_back() -> None:
    chip, transport = open_with(answer("060003aabbcc"), answer("060003ddeeff"), answer("010020" + "11" * 32))
    context = chip.execute(CalcHash(b"", HashStep.START, export=True))
    context = chip.execute(CalcHash(b"abc", HashStep.CONTINUE, context, export=True))
    assert chip.execute(CalcHash(b"", HashStep.FINAL, context)) == b"\x11" * 32
    assert [sent.hex() for sent in transport.sent[1:]] == [
        "b0e20006000000070000",
        "b0e2000f020003616263060003aabbcc070000",
        "b0e20009030000060003ddeeff",
    ]


def test_a_long_message_takes_several_commands_that_fit_the_chip() -> None:
    part = ObjectPart(0xF1D0, 0, 9)
    steps = [(command.step, command.content) for command in calc_hash.whole([b"x" * 3103, part, b"", b"end"])]
    assert steps == [
        (HashStep.START, b"x" * 1550),
        (HashStep.CONTINUE, b"x" * 1550),
        (HashStep.CONTINUE, b"xxx"),
        (HashStep.CONTINUE, part),
        (HashStep.FINAL, b"end"),
    ]
    assert [command.step for command in calc_hash.whole([b"abc"])] == [HashStep.START_AND_FINAL]
    assert [command.step for command in calc_hash.whole([])] == [HashStep.START, HashStep.FINAL]
    commands = list(calc_hash.continuation(b"c" * 209, [b"x" * 2000]))
    assert [len(command.apdu()) for command in commands] == [4 + 1553 - 3, 4 + 3 + 665 + 3]
    assert [(command.context, command.export) for command in commands] == [(b"c" * 209, False), (b"", True)]
    (empty,) = calc_hash.continuation(b"c", [])
    assert empty.data.hex() == "0200000600016307" + "0000"


@pytest.mark.parametrize("bad", ["", "010002aabb", "06000100", "010020" + "11" * 32 + "06000100"])
def test_answers_that_are_no_digest(bad: str) -> None:
    chip, _ = open_with(answer(bad))
    with pytest.raises(optiga.ChipError, match="does not follow the manual"):
        chip.execute(CalcHash(b"abc"))


def test_hibernating_and_waking() -> None:
    chip, transport = open_with(answer("0102030405060708"), OK)
    handle = chip.execute(Hibernate())
    assert handle.hex() == "0102030405060708"
    chip.execute(OpenApplication(handle))
    assert [sent.hex() for sent in transport.sent[1:]] == [
        "f1010000",
        "f0010018d27600000447656e417574684170706c0102030405060708",
    ]


def test_hibernating_that_is_refused_says_what_to_do() -> None:
    chip, _ = open_with(REFUSED, answer("0b"), REFUSED, answer("05"), answer("0102"))
    with pytest.raises(optiga.ChipError, match="CloseApplication: the chip returned error 0x0B") as refusal:
        chip.execute(Hibernate())
    assert "0xE0C5" in refusal.value.hint
    with pytest.raises(optiga.ChipError, match="OpenApplication: the chip returned error 0x05") as refusal:
        chip.execute(OpenApplication(bytes(8)))
    assert "no context with this handle" in refusal.value.hint
    with pytest.raises(optiga.ChipError, match="handle of 2 bytes"):
        chip.execute(Hibernate())
    with pytest.raises(optiga.ConfigurationError, match="8 bytes, not 7"):
        chip.execute(OpenApplication(bytes(7)))


def test_verify_with_a_key_and_with_a_certificate_on_the_chip() -> None:
    chip, transport = open_with(OK, OK)
    key = PublicKey.of_chip(optiga.KeyAlgorithm.SECP256R1, bytes.fromhex(EC_KEY))
    chip.execute(VerifySign(b"d" * 32, b"s", key, SignatureScheme.ECDSA))
    chip.execute(VerifySign(b"d" * 32, b"s", 0xE0E8, SignatureScheme.ECDSA))
    start = "010020" + "64" * 32 + "02000173"
    assert transport.sent[1][4:].hex() == f"{start}05000103060044{EC_KEY}"
    assert transport.sent[2][4:].hex() == f"{start}040002e0e8"


def test_closing_the_application() -> None:
    chip, transport = open_with(OK)
    chip.execute(CloseApplication())
    assert transport.sent[1].hex() == "f1000000"


def test_a_refusal_names_command_object_cause_and_what_to_do() -> None:
    chip, transport = open_with(REFUSED, answer("07"))
    with pytest.raises(optiga.ChipError) as caught:
        chip.generate_key(0xE0F0)
    assert transport.sent[2] == ASK_LAST_ERROR
    error = caught.value
    assert (error.code, error.name, error.oid, error.port) == (7, "access conditions not satisfied", 0xE0F0, "board")
    assert str(error) == (
        "board: GenKeyPair 0xE0F0: the chip returned error 0x07, access conditions not satisfied. "
        "0xE0F0 has Infineon's own key and is locked: use another slot, for example second (0xE0F1)"
    )


def test_a_cause_that_cannot_be_read_is_said_to_be_unknown() -> None:
    chip, _ = open_with(REFUSED, REFUSED)
    with pytest.raises(optiga.ChipError, match="reset in the meantime"):
        chip.random(8)
    for cause in (answer(""), b"\x01\x00\x00\x00", answer("00")):
        chip, _ = open_with(REFUSED, cause)
        with pytest.raises(optiga.ChipError, match="0x00, no reason given"):
            chip.random(8)
    chip, _ = open_with(REFUSED, answer("77"))
    with pytest.raises(optiga.ChipError, match="0x77, an error that the manual does not list"):
        chip.random(8)


@pytest.mark.parametrize(
    "wrong",
    ["00", "", "020003abcdef", "020044" + EC_KEY + "02", "020044" + EC_KEY + "020044" + EC_KEY, "010044" + EC_KEY],
)
def test_an_answer_against_the_manual_is_an_error(wrong: str) -> None:
    chip, _ = open_with(answer(wrong))
    with pytest.raises(optiga.ChipError, match="does not follow the manual"):
        chip.generate_key("second")


def test_answers_of_the_wrong_size_are_errors() -> None:
    chip, _ = open_with(answer(bytes(7)), answer(bytes(3)), answer("00"), b"\x42\0\0\0")
    with pytest.raises(optiga.ChipError, match="7 random bytes"):
        chip.random(8)
    with pytest.raises(optiga.ChipError, match="3 bytes instead of 2"):
        chip.read(0xF1D0, 0, 2)
    with pytest.raises(optiga.ChipError, match="instead of none"):
        chip.write(0xF1D0, b"x")
    with pytest.raises(optiga.ChipError, match="unknown status 0x42"):
        chip.random(8)


def test_a_key_that_is_not_there() -> None:
    chip, _ = open_with(answer("200ec00101d003e1fc07d101ffd30100"))
    with pytest.raises(optiga.ChipError, match="has no key yet"):
        chip.key(0xE0F1)


def test_a_key_that_was_there_before_does_not_know_its_public_key() -> None:
    chip, _ = open_with(answer("2014c00101d003e1fc07d101ffd30100e00104e10121"))
    key = chip.key(0xE0F1)
    assert key.algorithm is optiga.KeyAlgorithm.SECP384R1
    assert key.default_hash == "sha384"
    with pytest.raises(optiga.ConfigurationError, match="not known"):
        _ = key.public_key_info


def test_what_fits_no_command_never_reaches_the_chip() -> None:
    chip, transport = open_with()
    for call in (
        lambda: chip.write(0xE0E1, bytes(1729)),
        lambda: chip.write(0xF1D0, b"x", offset=140),
        lambda: chip.metadata(0x10000),
        lambda: chip.random(-1),
        lambda: chip.read(0xF1D0, 70000),
        lambda: Key(chip, 0xE0F1, optiga.KeyAlgorithm.SECP256R1).sign_digest(bytes(2000)),
    ):
        with pytest.raises(optiga.ConfigurationError):
            call()
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    ("algorithm", "size", "sizes"),
    [("secp384r1", 1, "10 to 48"), ("secp384r1", 63, "10 to 48"), ("secp256r1", 33, "10 to 32"), ("rsa2048", 31, "32")],
)
def test_a_digest_of_a_wrong_length_never_reaches_the_chip(algorithm: str, size: int, sizes: str) -> None:
    with bench() as there, there.open() as chip:
        key = chip.generate_key("0xE0FC" if algorithm == "rsa2048" else "second", algorithm)
        public_key = PublicKey.from_info(key.public_key_info)
        scheme = key.algorithm.scheme(key.default_hash)
        there.forget_commands()
        with pytest.raises(optiga.ConfigurationError, match=f"{size} bytes?, but .*{sizes}") as caught:
            key.sign_digest(bytes(size))
        assert caught.value.oid == key.oid
        if size > 1:
            with pytest.raises(optiga.ConfigurationError, match=f"{size} bytes?, but"):
                chip.crypto.verify_digest(bytes(size), bytes(64), public_key, scheme)
        for of_object in (b"", bytes(65)):
            with pytest.raises(optiga.ConfigurationError, match="but "):
                chip.crypto.verify_digest(of_object, bytes(64), "second", scheme)
        assert there.commands == ()
        with pytest.raises(TypeError, match="sign_digest: digest"):
            key.sign_digest("text")  # type: ignore[arg-type]


def test_words_the_chip_does_not_know_never_reach_it() -> None:
    chip, transport = open_with()
    for call in (
        lambda: chip.generate_key("ninth"),
        lambda: chip.generate_key("second", "secp256k1"),
        lambda: Key(chip, 0xE0FC, optiga.KeyAlgorithm.RSA2048).sign(b"", "md5"),
    ):
        with pytest.raises(optiga.ConfigurationError):
            call()
    assert len(transport.sent) == 1


@pytest.mark.parametrize("size", [-1, 1 << 16])
def test_a_number_that_no_command_has_room_for(size: int) -> None:
    chip, _ = open_with()
    with pytest.raises(optiga.ConfigurationError, match="GetRandom: a number is negative, or too large"):
        chip.execute(GetRandom(size))
