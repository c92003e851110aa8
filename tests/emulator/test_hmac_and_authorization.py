"""HMAC with shared secrets, and the authorization states that an HMAC sets (SRM, tables 24, 25, 41 and 45).

Vectors: RFC 4231.
"""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.sessions import Origin, SessionSecret
from optiga.protocol import tlv
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import ALWAYS, NEVER, Probe, command, two

ENCRYPT, DECRYPT = CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM
HASHES = {0x20: "sha256", 0x21: "sha384", 0x22: "sha512"}
START, WHOLE, CONTINUE, FINAL = range(4)
PRESSEC, AUTOREF = b"\x21", b"\x31"
SECRET_OID, GUARDED, SESSION = 0xF1D0, 0xF1E0, 0xE101
SECRET = bytes(range(64))
RANDOM = b"optional data" + bytes(range(100, 132))
DENIED = ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
FAILURE = ErrorCode.AUTHORIZATION_FAILURE
VECTORS = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
    ),
]
FACTORY = MemoryStore()
EmulatedChip(FACTORY)
"""A chip is made once; each test works on its own copy of it."""


@pytest.fixture
def probe() -> Probe:
    return Probe(MemoryStore(FACTORY.load()))


def put_secret(probe: Probe, secret: bytes, kind: bytes, oid: int = SECRET_OID) -> None:
    probe.set_tags(oid, {Tag.TYPE: kind, Tag.EXECUTE: ALWAYS})
    probe.write(oid, secret, how=0x40)


def put_random(probe: Probe, session: int = SESSION, value: bytes = RANDOM, origin: Origin = Origin.RANDOM) -> None:
    probe.machine.sessions[session] = SessionSecret(value, origin)


def part(content: bytes, step: int = WHOLE, oid: int = SECRET_OID) -> bytes:
    return two(oid) + tlv.encode(step, content)


def make_mac(probe: Probe, mode: int, parts: list[bytes], oid: int = SECRET_OID) -> str:
    """The MAC of a chain, in hexadecimal."""
    steps = [WHOLE] if len(parts) == 1 else [START, *[CONTINUE] * (len(parts) - 2), FINAL]
    answers = [probe.ok(ENCRYPT, mode, part(p, step, oid)) for p, step in zip(parts, steps, strict=True)]
    assert not any(answers[:-1])
    ((tag, mac),) = tlv.decode(answers[-1])
    assert tag == 0x61
    return mac.hex()


@pytest.mark.parametrize("vector", VECTORS, ids=["short", "Jefe", "long key"])
def test_hmac_of_an_object_and_of_a_session(probe: Probe, vector: tuple[bytes, bytes, str, str, str]) -> None:
    secret, message, *macs = vector
    put_secret(probe, secret, PRESSEC)
    for mode, mac in zip(HASHES, macs, strict=True):
        assert make_mac(probe, mode, [message]) == mac
        for cut in range(1, len(message)):
            assert make_mac(probe, mode, [message[:cut], message[cut:]]) == mac
        assert make_mac(probe, mode, [bytes([byte]) for byte in message]) == mac
        for origin in (Origin.AGREED, Origin.DERIVED):
            put_random(probe, 0xE102, secret, origin)
            assert make_mac(probe, mode, [message], 0xE102) == mac


@settings(max_examples=50, deadline=None)
@given(
    st.binary(min_size=1, max_size=140),
    st.lists(st.binary(min_size=1, max_size=635), min_size=1, max_size=6),
    st.sampled_from([*HASHES]),
)
def test_any_secret_and_message(secret: bytes, parts: list[bytes], mode: int) -> None:
    probe = Probe(MemoryStore(FACTORY.load()))
    put_secret(probe, secret, PRESSEC)
    assert make_mac(probe, mode, parts) == hmac.new(secret, b"".join(parts), HASHES[mode]).hexdigest()


@pytest.mark.parametrize("origin", [Origin.RANDOM, Origin.PRE_MASTER, Origin.DECRYPTED])
def test_secrets_of_sessions_that_make_no_hmac(probe: Probe, origin: Origin) -> None:
    assert probe.refused(ENCRYPT, 0x20, part(b"x", oid=SESSION)) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    put_random(probe, SESSION, SECRET, origin)
    assert probe.refused(ENCRYPT, 0x20, part(b"x", oid=SESSION)) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


@pytest.mark.parametrize("oid", [0xE200, 0xE0F1, 0xE120, 0xE140, 0xF1D1, 0xBEEF])
def test_objects_that_make_no_hmac(probe: Probe, oid: int) -> None:
    assert probe.refused(ENCRYPT, 0x20, part(b"x", oid=oid)) is ErrorCode.INVALID_OID


def test_an_authorization_reference_makes_no_hmac(probe: Probe) -> None:
    """The chip would otherwise answer its own challenge."""
    put_secret(probe, SECRET, AUTOREF)
    assert probe.refused(ENCRYPT, 0x20, part(b"x")) is ErrorCode.INVALID_OID


def test_what_an_hmac_refuses(probe: Probe) -> None:
    put_secret(probe, SECRET, PRESSEC)
    assert probe.refused(ENCRYPT, 0x20, part(b"")) is ErrorCode.INVALID_LENGTH
    assert probe.refused(ENCRYPT, 0x20, part(bytes(636))) is ErrorCode.INVALID_LENGTH
    for tag in (0x40, 0x41, 0x42, 0x43):
        data = part(b"x") + tlv.encode(tag, bytes(32))
        assert probe.refused(ENCRYPT, 0x20, data) is ErrorCode.UNSUPPORTED_PARAMETERS
    probe.ok(ENCRYPT, 0x20, part(b"x", START))
    assert probe.chip.execute(command(ENCRYPT, 0x21, part(b"x", FINAL))) == bytes.fromhex("ff000000")
    assert probe.chip.execute(command(ENCRYPT, 0x20, part(b"x", FINAL))) == bytes.fromhex("ff000000")
    assert probe.last_error() == ErrorCode.COMMAND_OUT_OF_SEQUENCE
    probe.set_tags(SECRET_OID, {Tag.EXECUTE: NEVER})
    assert probe.refused(ENCRYPT, 0x20, part(b"x")) is DENIED


def test_nothing_is_no_secret(probe: Probe) -> None:
    put_secret(probe, SECRET, PRESSEC)
    probe.install(SECRET_OID, b"")
    assert probe.refused(ENCRYPT, 0x20, part(b"x")) is ErrorCode.UNSUPPORTED_EXTENSION


def answer(
    *, mode: int = 0x20, session: int = SESSION, random: bytes = RANDOM, rest: bytes = b"", secret: bytes = SECRET
) -> tuple[bytes, bytes]:
    """What an authorized host sends: session and message, with the HMAC of the message alone.

    So does Infineon's host, example_optiga_hmac_verify_with_authorization_reference.c of optiga-trust-m.
    """
    message = random + rest
    return two(session) + message, hmac.new(secret, message, HASHES[mode]).digest()


def verification(message: bytes, mac: bytes, oid: int = SECRET_OID, step: int = WHOLE) -> bytes:
    return part(message, step, oid) + tlv.encode(0x43, mac)


@pytest.fixture
def guarded(probe: Probe) -> Probe:
    """A chip whose object 0xF1E0 can be read only by who knows the secret in 0xF1D0; a random is drawn."""
    put_secret(probe, SECRET, AUTOREF)
    probe.write(GUARDED, b"for the authorized")
    probe.set_tags(GUARDED, {Tag.READ: bytes.fromhex("23f1d0")})
    put_random(probe)
    return probe


def is_open(probe: Probe) -> bool:
    """Whether the guarded object can be read now."""
    if SECRET_OID in probe.machine.authorized:
        assert probe.read(GUARDED) == b"for the authorized"
        return True
    assert probe.read_refused(GUARDED) is DENIED
    return False


def authorize(probe: Probe) -> None:
    put_random(probe)
    assert probe.ok(DECRYPT, 0x20, verification(*answer())) == b""
    assert is_open(probe)


@pytest.mark.parametrize("mode", HASHES)
@pytest.mark.parametrize("rest", [b"", b"arbitrary data"])
def test_who_knows_the_secret_is_authorized(guarded: Probe, mode: int, rest: bytes) -> None:
    assert not is_open(guarded)
    assert guarded.ok(DECRYPT, mode, verification(*answer(mode=mode, rest=rest))) == b""
    assert is_open(guarded)
    assert SESSION not in guarded.machine.sessions


def test_a_replay_is_refused_and_takes_the_state_away(guarded: Probe) -> None:
    authorize(guarded)
    assert guarded.refused(DECRYPT, 0x20, verification(*answer())) is FAILURE
    assert not is_open(guarded)


def test_another_random_and_another_session_are_refused(guarded: Probe) -> None:
    for wrong in (
        answer(random=RANDOM[:-1] + b"x"),
        answer(random=RANDOM[:-1]),
        answer(random=b""),
        answer(session=0xE100),
        answer(secret=SECRET[:-1]),
        (answer()[0], bytes(32)),
        (answer()[0] + b"x", answer()[1]),
    ):
        authorize(guarded)
        put_random(guarded)
        put_random(guarded, 0xE103)
        assert guarded.refused(DECRYPT, 0x20, verification(*wrong)) is FAILURE
        assert not is_open(guarded)
    # The random of the session that was named is spent, others' are not.
    assert SESSION not in guarded.machine.sessions
    assert 0xE103 in guarded.machine.sessions


@pytest.mark.parametrize("origin", [Origin.AGREED, Origin.DERIVED, Origin.PRE_MASTER, Origin.DECRYPTED])
def test_only_a_random_is_a_challenge(guarded: Probe, origin: Origin) -> None:
    put_random(guarded, origin=origin)
    assert guarded.refused(DECRYPT, 0x20, verification(*answer())) is FAILURE
    assert SESSION in guarded.machine.sessions


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (two(SECRET_OID), ErrorCode.INVALID_LENGTH),
        (verification(b"", bytes(32)), ErrorCode.INVALID_LENGTH),
        (verification(b"\xe1", bytes(32)), ErrorCode.INVALID_LENGTH),
        (verification(answer()[0], answer()[1][:-1]), ErrorCode.INVALID_LENGTH),
        (verification(answer()[0], answer(mode=0x21)[1]), ErrorCode.INVALID_LENGTH),
        (verification(two(SESSION) + bytes(600), bytes(32)), ErrorCode.INVALID_LENGTH),
        (part(answer()[0]), ErrorCode.INVALID_DATA),
        (part(two(SESSION)), ErrorCode.INVALID_DATA),
        (verification(*answer(), step=0x04), ErrorCode.INVALID_DATA),
        (verification(*answer(), step=START), ErrorCode.UNSUPPORTED_PARAMETERS),
        (verification(*answer(), step=CONTINUE), ErrorCode.UNSUPPORTED_PARAMETERS),
        (verification(*answer(), step=FINAL), ErrorCode.UNSUPPORTED_PARAMETERS),
        (verification(*answer()) + tlv.encode(0x41, bytes(16)), ErrorCode.UNSUPPORTED_PARAMETERS),
        (verification(*answer(session=0xF1D1)), ErrorCode.INVALID_OID),
    ],
)
def test_any_failure_takes_the_state_away(guarded: Probe, data: bytes, error: ErrorCode) -> None:
    authorize(guarded)
    put_random(guarded)
    assert guarded.refused(DECRYPT, 0x20, data) is error
    assert not is_open(guarded)


def test_a_verification_breaks_into_a_decryption(guarded: Probe) -> None:
    """From start to final nothing may come between (note 3 to DecryptSym), not even DecryptSym itself."""
    guarded.install(0xE200, bytes(16), {Tag.EXECUTE: ALWAYS, Tag.ALGORITHM: b"\x81", Tag.KEY_USAGE: b"\x02"})
    guarded.ok(DECRYPT, 0x08, part(bytes(16), START, 0xE200))
    guarded.ok(DECRYPT, 0x20, verification(*answer()))
    assert guarded.chip.execute(command(DECRYPT, 0x08, part(bytes(16), FINAL, 0xE200))) == bytes.fromhex("ff000000")
    assert guarded.last_error() == ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_only_an_authorization_reference_authorizes(guarded: Probe) -> None:
    put_secret(guarded, SECRET, PRESSEC, 0xF1D2)
    for oid in (0xF1D2, 0xF1D3, 0xE200, 0xE140, 0xBEEF, SESSION):
        put_random(guarded)
        assert guarded.refused(DECRYPT, 0x20, verification(*answer(), oid)) is ErrorCode.INVALID_OID
    assert guarded.machine.authorized == set()


def test_the_execute_condition_guards_the_reference(guarded: Probe) -> None:
    authorize(guarded)
    guarded.set_tags(SECRET_OID, {Tag.EXECUTE: NEVER})
    put_random(guarded)
    assert guarded.refused(DECRYPT, 0x20, verification(*answer())) is DENIED
    assert not is_open(guarded)


def test_a_failure_for_one_reference_leaves_another_alone(guarded: Probe) -> None:
    authorize(guarded)
    put_secret(guarded, SECRET, AUTOREF, 0xF1D1)
    assert guarded.refused(DECRYPT, 0x20, verification(*answer(), 0xF1D1)) is FAILURE
    assert is_open(guarded)


def test_four_states_at_a_time(guarded: Probe) -> None:
    for oid in range(0xF1D0, 0xF1D4):
        put_secret(guarded, SECRET, AUTOREF, oid)
        put_random(guarded)
        guarded.ok(DECRYPT, 0x20, verification(*answer(), oid))
    put_secret(guarded, SECRET, AUTOREF, 0xF1D4)
    put_random(guarded)
    assert guarded.refused(DECRYPT, 0x20, verification(*answer(), 0xF1D4)) is ErrorCode.INSUFFICIENT_BUFFER
    authorize(guarded)  # again one of the four
    assert guarded.machine.authorized == set(range(0xF1D0, 0xF1D4))


def test_opening_the_application_takes_the_state_away(guarded: Probe) -> None:
    authorize(guarded)
    guarded.ok(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
    assert not is_open(guarded)


def test_a_wrong_hmac_counts_as_a_use_of_the_reference(guarded: Probe) -> None:
    guarded.write(0xE120, bytes.fromhex("0000000000000002"))
    guarded.set_tags(SECRET_OID, {Tag.EXECUTE: bytes.fromhex("40e120")})
    for _ in range(2):
        assert guarded.refused(DECRYPT, 0x20, verification(answer()[0], bytes(32))) is FAILURE
    put_random(guarded)
    assert guarded.refused(DECRYPT, 0x20, verification(*answer())) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_changed_bit_authorizes(data: st.DataObject) -> None:
    probe = Probe(MemoryStore(FACTORY.load()))
    put_secret(probe, SECRET, AUTOREF)
    put_random(probe)
    sound = command(DECRYPT, 0x20, verification(*answer()))
    changed = bytearray(sound)
    place = data.draw(st.integers(4, len(sound) - 1))
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    assert probe.chip.execute(bytes(changed)) == bytes.fromhex("ff000000")
    assert not probe.machine.authorized
    put_random(probe)
    assert probe.chip.execute(sound) == bytes(4)
