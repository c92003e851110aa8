"""CalcHash with contexts that leave the chip and come back (SRM, table 28)."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator import sha256
from optiga.emulator.sha256 import RunningSha256
from optiga.protocol import tlv
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import NEVER, Probe, two

START, WHOLE, CONTINUE, FINAL, TERMINATE, KEEP = range(6)
OF_OBJECT = 0x10
EXPORT = bytes.fromhex("070000")

VECTORS = {
    # FIPS 180-4, examples of NIST
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    # CAVP, SHA256ShortMsg.rsp
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"\xd3": "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1",
    bytes.fromhex("b4190e"): "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2",
    bytes.fromhex(
        "5a86b737eaea8ee976a0a24da63e7ed7eefad18a101c1211e2b3650c5187c2a8a650547208251f6d4237e661c7bf4c77"
        "f335390394c37fa1a9f9be836ac28509"
    ): "42e61e174fbb3897d6dd6cef3dd2802fe67b331953b06114a65c772859dfc1aa",
}


def step(probe: Probe, tag: int, message: bytes = b"", more: bytes = b"") -> bytes:
    """The digest or context that a step answers with; nothing where it answers nothing."""
    answer = probe.ok(CommandCode.CALC_HASH, 0xE2, tlv.encode(tag, message) + more)
    if not answer:
        return b""
    ((given_tag, value),) = tlv.decode(answer)
    assert given_tag == (0x06 if (0x07, b"") in tlv.decode(more) else 0x01)
    return value


def refused(probe: Probe, tag: int, message: bytes = b"", more: bytes = b"") -> ErrorCode:
    return probe.refused(CommandCode.CALC_HASH, 0xE2, tlv.encode(tag, message) + more)


def begin(probe: Probe, message: bytes = b"") -> bytes:
    return step(probe, START, message, EXPORT)


def go_on(probe: Probe, context: bytes, message: bytes) -> bytes:
    return step(probe, CONTINUE, message, tlv.encode(0x06, context) + EXPORT)


def finish(probe: Probe, context: bytes, message: bytes = b"") -> bytes:
    return step(probe, FINAL, message, tlv.encode(0x06, context))


def digest(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


@pytest.mark.parametrize("message", VECTORS, ids=lambda message: f"{8 * len(message)} bits")
def test_vectors_of_nist_through_contexts(probe: Probe, message: bytes) -> None:
    expected = VECTORS[message]
    for cut in range(len(message) + 1):
        context = go_on(probe, begin(probe), message[:cut])
        assert finish(probe, context, message[cut:]).hex() == expected
        assert finish(probe, go_on(probe, begin(probe, message[:cut]), message[cut:])).hex() == expected


def test_a_million_times_a() -> None:
    """FIPS 180-4, the long example, through the arithmetic that contexts need."""
    running = RunningSha256.from_state(RunningSha256().state())
    for _ in range(0, 1_000_000, 10_000):
        running.update(b"a" * 10_000)
    assert running.digest().hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"


def test_what_infineons_host_sends(probe: Probe) -> None:
    """``optiga_crypt_hash_start``, ``_update`` and ``_finalize``; the host has room for 209 bytes of context."""
    answer = probe.ok(CommandCode.CALC_HASH, 0xE2, bytes.fromhex("000000070000"))
    assert answer[:3].hex() == "0600d1"
    assert len(answer) == 3 + 209
    updated = probe.ok(CommandCode.CALC_HASH, 0xE2, bytes.fromhex("020003616263") + answer + bytes.fromhex("070000"))
    assert updated[:3].hex() == "0600d1"
    assert updated != answer
    # a long update comes in two commands: the first takes the context, the last asks for it
    assert probe.ok(CommandCode.CALC_HASH, 0xE2, tlv.encode(0x02, b"x" * 1300) + updated) == b""
    last = probe.ok(CommandCode.CALC_HASH, 0xE2, tlv.encode(0x02, b"y" * 100) + bytes.fromhex("070000"))
    final = probe.ok(CommandCode.CALC_HASH, 0xE2, bytes.fromhex("030000") + last)
    assert final == tlv.encode(0x01, digest(b"abc" + b"x" * 1300 + b"y" * 100))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=200)), max_size=12))
def test_contexts_interleaved(turns: list[tuple[int, bytes]]) -> None:
    probe = Probe()
    contexts = [begin(probe) for _ in range(4)]
    messages = [b""] * 4
    for which, part in turns:
        contexts[which] = go_on(probe, contexts[which], part)
        messages[which] += part
    assert [finish(probe, context) for context in contexts] == [digest(message) for message in messages]


def test_a_context_serves_as_often_as_it_is_given(probe: Probe) -> None:
    context = begin(probe, b"prefix ")
    for message in (b"one", b"two", b"one"):
        assert finish(probe, context, message) == digest(b"prefix " + message)


def test_a_context_outlives_the_chip_that_made_it(probe: Probe) -> None:
    context = begin(probe, b"before")
    probe.ok(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
    assert finish(probe, context, b" and after") == digest(b"before and after")
    assert finish(Probe(), context, b" elsewhere") == digest(b"before elsewhere")


def test_exporting_leaves_the_sequence_running(probe: Probe) -> None:
    first = begin(probe, b"a")
    assert step(probe, CONTINUE, b"b") == b""
    second = step(probe, CONTINUE, b"c", EXPORT)
    assert step(probe, FINAL, b"d") == digest(b"abcd")
    assert finish(probe, first) == digest(b"a")
    assert finish(probe, second) == digest(b"abc")


def test_continuing_a_context_drops_what_is_running(probe: Probe) -> None:
    context = begin(probe, b"kept ")
    step(probe, START, b"dropped")
    step(probe, CONTINUE, b"message", tlv.encode(0x06, context))
    assert step(probe, FINAL) == digest(b"kept message")
    assert refused(probe, FINAL) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_a_hash_in_between_leaves_the_context(probe: Probe) -> None:
    context = begin(probe, b"kept")
    assert step(probe, WHOLE, b"other") == digest(b"other")
    assert finish(probe, context) == digest(b"kept")


def test_the_final_step_that_keeps_the_sequence(probe: Probe) -> None:
    step(probe, START, b"a")
    assert step(probe, KEEP, b"b") == digest(b"ab")
    assert step(probe, KEEP) == digest(b"ab")
    assert step(probe, CONTINUE, b"c") == b""
    assert step(probe, FINAL, b"d") == digest(b"abcd")
    assert refused(probe, KEEP) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_the_final_step_that_keeps_a_context(probe: Probe) -> None:
    context = begin(probe, b"a")
    assert step(probe, KEEP, b"b", tlv.encode(0x06, context)) == digest(b"ab")
    assert step(probe, FINAL, b"c") == digest(b"abc")


def test_objects_as_input_of_every_step(probe: Probe) -> None:
    content = bytes(range(140))
    probe.write(0xF1D0, content)
    where = two(0xF1D0) + two(10)
    part = content[10:40]
    assert step(probe, OF_OBJECT | WHOLE, where + two(30)) == digest(part)
    context = step(probe, OF_OBJECT | START, where + two(30), EXPORT)
    context = step(probe, OF_OBJECT | CONTINUE, where + two(30), tlv.encode(0x06, context) + EXPORT)
    assert step(probe, OF_OBJECT | KEEP, where + two(30), tlv.encode(0x06, context)) == digest(part * 3)
    assert step(probe, OF_OBJECT | FINAL, where + two(0)) == digest(part * 3)


def test_an_object_that_cannot_be_read_leaves_the_sequence(probe: Probe) -> None:
    probe.set_tags(0xF1D0, {Tag.READ: NEVER})
    context = begin(probe, b"other")
    step(probe, START, b"a")
    given = two(0xF1D0) + two(0) + two(1)
    error = refused(probe, OF_OBJECT | CONTINUE, given, tlv.encode(0x06, context))
    assert error is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert step(probe, FINAL, b"b") == digest(b"ab")


def test_terminating_what_is_not_running(probe: Probe) -> None:
    assert step(probe, TERMINATE) == b""
    context = begin(probe, b"a")
    assert step(probe, TERMINATE) == b""
    assert refused(probe, CONTINUE, b"b") is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    assert finish(probe, context, b"b") == digest(b"ab")


@pytest.mark.parametrize(
    ("tag", "more", "code"),
    [
        (WHOLE, EXPORT, ErrorCode.UNSUPPORTED_PARAMETERS),
        (FINAL, EXPORT, ErrorCode.UNSUPPORTED_PARAMETERS),
        (KEEP, EXPORT, ErrorCode.UNSUPPORTED_PARAMETERS),
        (START, tlv.encode(0x06, bytes(209)), ErrorCode.UNSUPPORTED_PARAMETERS),
        (WHOLE, tlv.encode(0x06, bytes(209)), ErrorCode.UNSUPPORTED_PARAMETERS),
        (CONTINUE, tlv.encode(0x08, b""), ErrorCode.UNSUPPORTED_PARAMETERS),
        (TERMINATE, EXPORT, ErrorCode.UNSUPPORTED_PARAMETERS),
        (CONTINUE, EXPORT + EXPORT, ErrorCode.INVALID_DATA),
        (CONTINUE, tlv.encode(0x07, b"x"), ErrorCode.INVALID_LENGTH),
        (CONTINUE, tlv.encode(0x06, bytes(208)), ErrorCode.INVALID_LENGTH),
        (CONTINUE, tlv.encode(0x06, b""), ErrorCode.INVALID_LENGTH),
        (CONTINUE, tlv.encode(0x06, bytes(209)), ErrorCode.INVALID_DATA),
    ],
)
def test_options_that_do_not_fit(probe: Probe, tag: int, more: bytes, code: ErrorCode) -> None:
    step(probe, START, b"a")
    assert refused(probe, tag, b"" if tag == TERMINATE else b"b", more) is code
    assert step(probe, FINAL, b"c") == digest(b"ac")


def test_a_context_that_was_changed_is_refused(probe: Probe) -> None:
    context = bytearray(begin(probe, b"a"))
    for place in random.sample(range(209), 20):
        changed = context.copy()
        changed[place] ^= 1
        assert refused(probe, FINAL, b"", tlv.encode(0x06, bytes(changed))) is ErrorCode.INVALID_DATA


def test_a_long_message_is_kept_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sha256, "MAX_KEPT", 1000)
    message = random.randbytes(5000)
    running = RunningSha256()
    for start in range(0, len(message), 700):
        running.update(message[start : start + 700])
        assert len(running._kept) <= 1000
    assert running.digest() == digest(message)
    again = RunningSha256.from_state(running.state())
    again.update(b"end")
    running.update(b"end")
    assert again.digest() == running.digest() == digest(message + b"end")
