"""What the emulated chip costs beside the plain call of the cryptography library, in one process.

    python benchmarks/emulator.py [ROUNDS]

Each operation is done through ``EmulatedChip.execute``, in memory, and beside it by the call that does the work. The
two take turns of a few calls each; printed are the median of a call and the median of the ratios within each turn,
which a machine that grows slower or faster meanwhile leaves alone. Then a thousand chips in one process: each makes a
key and signs.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from tables import print_table

from optiga.emulator import EmulatedChip, MemoryStore, keys
from optiga.protocol.codes import APPLICATION_ID
from optiga.protocol.codes import CommandCode as Code
from tests.support.emulator.apdu_corpus import (
    AES_KEY,
    DIGEST,
    EC_KEY,
    ECDSA,
    LARGE,
    SHARED,
    SMALL,
    prepared_store,
    private_keys,
    tlvs,
)
from tests.support.emulator.emulated import command, key_target, to_sign, two

CALLS_OF_A_TURN = 50
CHIPS = 1000
MOST_FOR_A_SIGNATURE = 1.4
OPEN = command(Code.OPEN_APPLICATION, 0, APPLICATION_ID)
BLOCKS = bytes(range(256))


class Pair(NamedTuple):
    """One operation: the APDU, and the plain call; None where there is nothing bare to compare with."""

    name: str
    apdu: bytes
    bare: Callable[[], object] | None


def pairs() -> list[Pair]:
    private = private_keys()[EC_KEY]
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    public, scheme = private.public_key(), ec.ECDSA(Prehashed(hashes.SHA256()))
    signature = private.sign(DIGEST, scheme)
    bits = keys.public_bit_string(private)
    key = bytes(range(16))
    secret = bytes(range(64))

    def encrypt() -> bytes:
        encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
        return encryptor.update(BLOCKS) + encryptor.finalize()

    given = tlvs((0x01, DIGEST), (0x02, signature[2:]), (0x05, b"\x03"), (0x06, bits))
    agreed = tlvs((0x01, two(EC_KEY)), (0x05, b"\x03"), (0x06, bits), (0x07, b""))
    return [
        Pair(
            "P-256 sign", command(Code.CALC_SIGN, ECDSA, to_sign(EC_KEY, DIGEST)), lambda: private.sign(DIGEST, scheme)
        ),
        Pair("P-256 verify", command(Code.VERIFY_SIGN, ECDSA, given), lambda: public.verify(signature, DIGEST, scheme)),
        Pair("P-256 ECDH", command(Code.CALC_SSEC, 1, agreed), lambda: private.exchange(ec.ECDH(), public)),
        Pair(
            "SHA-256, 256 bytes",
            command(Code.CALC_HASH, 0xE2, tlvs((0x01, BLOCKS))),
            lambda: hashlib.sha256(BLOCKS).digest(),
        ),
        Pair(
            "AES-128-CBC, 256 bytes",
            command(Code.ENCRYPT_SYM, 0x09, two(AES_KEY) + tlvs((0x01, BLOCKS))),
            encrypt,
        ),
        Pair(
            "HMAC-SHA-256, 256 bytes",
            command(Code.ENCRYPT_SYM, 0x20, two(SHARED) + tlvs((0x01, BLOCKS))),
            lambda: hmac.digest(secret, BLOCKS, "sha256"),
        ),
        Pair("random, 32 bytes", command(Code.GET_RANDOM, 0, two(32)), lambda: os.urandom(32)),
        Pair("read, 256 bytes", command(Code.GET_DATA_OBJECT, 0, two(LARGE) + two(0) + two(256)), None),
        Pair("write, 100 bytes", command(Code.SET_DATA_OBJECT, 0, two(SMALL) + two(0) + bytes(100)), None),
    ]


def seconds_of(call: Callable[[], object]) -> float:
    """Time of one call, on average over one turn."""
    started = time.perf_counter()
    for _ in range(CALLS_OF_A_TURN):
        call()
    return (time.perf_counter() - started) / CALLS_OF_A_TURN


def measure(pair: Pair, rounds: int) -> tuple[float, float, float]:
    """Seconds of a command, seconds of the plain call, and their ratio; the latter two are 0 without one."""
    chip = EmulatedChip(MemoryStore(prepared_store().load()))
    chip.execute(OPEN)
    if chip.execute(pair.apdu)[0]:
        sys.exit(f"{pair.name}: the chip refuses")
    ours: list[float] = []
    bare: list[float] = []
    for turn in range(rounds + 1):
        taken = seconds_of(lambda: chip.execute(pair.apdu))
        beside = seconds_of(pair.bare) if pair.bare else 0.0
        if turn:
            ours.append(taken)
            bare.append(beside)
    if pair.bare is None:
        return statistics.median(ours), 0.0, 0.0
    ratio = statistics.median(mine / its for mine, its in zip(ours, bare, strict=True))
    return statistics.median(ours), statistics.median(bare), ratio


def memory_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def thousand_chips() -> list[tuple[str, ...]]:
    """Make, key and sign, each with all chips before the next; they all live at once."""
    before, started = memory_kib(), time.perf_counter()
    chips = [EmulatedChip() for _ in range(CHIPS)]
    made = time.perf_counter()
    for chip in chips:
        chip.execute(OPEN)
        chip.execute(command(Code.GEN_KEY_PAIR, 0x03, key_target(0xE0F1)))
    keyed = time.perf_counter()
    for chip in chips:
        if chip.execute(command(Code.CALC_SIGN, ECDSA, to_sign(0xE0F1, DIGEST)))[0]:
            sys.exit("a chip does not sign")
    signed = time.perf_counter()
    return [
        (f"{CHIPS} chips in one process", "ms a chip"),
        ("made, with an identity of their own", f"{1000 * (made - started) / CHIPS:.3f}"),
        ("opened, and a P-256 key pair made", f"{1000 * (keyed - made) / CHIPS:.3f}"),
        ("signed with it, the first time", f"{1000 * (signed - keyed) / CHIPS:.3f}"),
        ("memory, KiB a chip", f"{(memory_kib() - before) / CHIPS:.0f}"),
    ]


def main(rounds: int) -> None:
    rows: list[tuple[str, ...]] = [("command", "commands a second", "us", "plain call, us", "ratio")]
    ratios: dict[str, float] = {}
    for pair in pairs():
        ours, bare, ratios[pair.name] = measure(pair, rounds)
        compared = (f"{1e6 * bare:.1f}", f"{ratios[pair.name]:.2f}") if bare else ("", "")
        rows.append((pair.name, f"{1 / ours:.0f}", f"{1e6 * ours:.1f}", *compared))
    print_table(f"Commands of the emulated chip in memory, medians of {rounds} turns of {CALLS_OF_A_TURN}", rows)
    print_table("Many chips", thousand_chips())
    sign = ratios["P-256 sign"]
    judgement = "as it should" if sign <= MOST_FOR_A_SIGNATURE else "more than it should, or the machine is busy"
    print(f"\nA P-256 signature costs {sign:.2f} times the plain call, {judgement} (at most {MOST_FOR_A_SIGNATURE}).")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 41)
