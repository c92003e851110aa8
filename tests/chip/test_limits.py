"""Numbers and bytes that no command takes: who gives them is told so, and the chip is not asked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import optiga
from optiga import testing
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands.derive_key import KeyDerivation
from optiga.protocol.public_key import PublicKey
from tests.chip.test_arguments import CLASSES, COMMANDS, GOOD, NO_ARGUMENTS
from tests.support.makers import make_certificate, make_key

SESSION = 0xE100
HKDF, PRF = KeyDerivation.HKDF_SHA256, KeyDerivation.TLS_PRF_SHA256
SECRET = 0xF1D0


@cache
def public_key(name: str) -> PublicKey:
    key = rsa.generate_private_key(65537, 1024) if name == "rsa1024" else make_key().private
    return PublicKey.from_info(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@cache
def unknown() -> optiga.Certificate:
    """A certificate of a key that no chip has."""
    key = ec.generate_private_key(ec.SECP256K1()).public_key()
    return optiga.Certificate.parse(make_certificate(public_key=key))


Act = Callable[[optiga.Chip], object]
REFUSED: dict[str, tuple[str, Act]] = {
    **{f"random {size}": ("size", lambda chip, size=size: chip.random(size)) for size in (-1, 0, 7, 257, 1 << 16)},
    "random in no session": ("session", lambda chip: chip.random(16, session=0xE104)),
    "random behind something, in no session": ("prepended", lambda chip: chip.random(16, prepended=b"x")),
    "random behind too much": ("prepended", lambda chip: chip.random(8, session=SESSION, prepended=bytes(59))),
    "random too long for a session": ("size", lambda chip: chip.random(60, session=SESSION, prepended=bytes(7))),
    "pre-master secret, short": ("size", lambda chip: chip.crypto.draw_pre_master_secret(SESSION, 7)),
    "pre-master secret, long": ("size", lambda chip: chip.crypto.draw_pre_master_secret(SESSION, 65)),
    "pre-master secret in no session": ("session", lambda chip: chip.crypto.draw_pre_master_secret(0xE1)),
    "read from a negative offset": ("", lambda chip: chip.read(SECRET, -1)),
    "read a negative length": ("length", lambda chip: chip.read(SECRET, length=-1)),
    "read of no object": ("", lambda chip: chip.read(-1)),
    "read of too high an object": ("", lambda chip: chip.read(1 << 16)),
    "write to a negative offset": ("", lambda chip: chip.write(SECRET, b"x", offset=-1)),
    "write nothing": ("data", lambda chip: chip.write(SECRET, b"")),
    "count by 0": ("", lambda chip: chip.objects.count(0xE120, 0)),
    "count by 256": ("", lambda chip: chip.objects.count(0xE120, 256)),
    "key in no slot": ("", lambda chip: chip.generate_key(-1)),
    "AES key of 100 bits": ("", lambda chip: chip.crypto.generate_aes_key(100)),
    "AES key for the host of 0 bits": ("", lambda chip: chip.crypto.draw_aes_key(0)),
    "hash of no context": ("context", lambda chip: chip.crypto.finish_hash(b"")),
    "more of no context": ("context", lambda chip: chip.crypto.continue_hash(b"", b"x")),
    "derive 15": ("size", lambda chip: chip.crypto.derive(SECRET, HKDF, 15)),
    "derive 257": ("size", lambda chip: chip.crypto.hkdf(SECRET, 257)),
    "derive 67 into a session": ("size", lambda chip: chip.crypto.hkdf(SECRET, 67, session=SESSION)),
    "derive into no session": ("session", lambda chip: chip.crypto.hkdf(SECRET, 16, session=1)),
    "derive with a long salt": ("salt", lambda chip: chip.crypto.hkdf(SECRET, 16, salt=bytes(1025))),
    "derive with a long info": ("info", lambda chip: chip.crypto.hkdf(SECRET, 16, info=bytes(257))),
    "PRF of 7 bytes": ("salt", lambda chip: chip.crypto.tls_prf(SECRET, b"label", b"se", 16)),
    "PRF of 1025 bytes": ("salt", lambda chip: chip.crypto.tls_prf(SECRET, b"l", bytes(1024), 16)),
    "PRF with info": ("info", lambda chip: chip.crypto.derive(SECRET, PRF, 16, salt=bytes(8), info=b"x")),
    "authorize in no session": ("session", lambda chip: chip.crypto.authorize(SECRET, b"secret", session=SECRET)),
    "authorize without secret": ("secret", lambda chip: chip.crypto.authorize(SECRET, b"")),
    "authorize for no object": ("", lambda chip: chip.crypto.authorize(-1, b"secret")),
    "HMAC for no session": ("session", lambda chip: chip.crypto.verify_hmac(SECRET, 0, bytes(8), bytes(32))),
    "HMAC of 31 bytes": ("mac", lambda chip: chip.crypto.verify_hmac(SECRET, SESSION, bytes(8), bytes(31))),
    "HMAC over 7 bytes": ("challenge", lambda chip: chip.crypto.verify_hmac(SECRET, SESSION, bytes(7), bytes(32))),
    "HMAC over 67 bytes": ("challenge", lambda chip: chip.crypto.verify_hmac(SECRET, SESSION, bytes(67), bytes(32))),
    "no longer authorized in no session": ("session", lambda chip: chip.crypto.clear_authorization(SECRET, session=0)),
    "RSA of 246 bytes": ("message", lambda chip: chip.crypto.encrypt_rsa(bytes(246), "second")),
    "RSA-1024 of 118 bytes": ("message", lambda chip: chip.crypto.encrypt_rsa(bytes(118), public_key("rsa1024"))),
    "RSA of no session": ("message", lambda chip: chip.crypto.encrypt_rsa(5, "second")),
    "RSA with an EC key": ("", lambda chip: chip.crypto.encrypt_rsa(b"x", public_key("secp256r1"))),
    "encrypt for a key that no chip has": ("", lambda chip: chip.crypto.encrypt_rsa(b"x", unknown())),
    "verify with a key that no chip has": (
        "",
        lambda chip: chip.crypto.verify_digest(bytes(64), bytes(64), unknown(), SignatureScheme.ECDSA),
    ),
    "agree with a key that no chip has": ("peer", lambda chip: chip.key("second", "p256").agree(unknown())),
    "decrypt with an EC key": ("", lambda chip: chip.key("second", "p256").decrypt(bytes(128))),
    "decrypt too little": ("protected", lambda chip: chip.key("0xE0FC", "rsa1024").decrypt(bytes(127))),
    "decrypt into no session": ("session", lambda chip: chip.key("0xE0FC", "rsa1024").decrypt(bytes(128), session=2)),
    "agree with an RSA key": ("", lambda chip: chip.key("0xE0FC", "rsa1024").agree(public_key("secp256r1"))),
    "agree on two curves": ("peer", lambda chip: chip.key("second", "p384").agree(public_key("secp256r1"))),
    "agree into no session": (
        "session",
        lambda chip: chip.key("second", "p256").agree(public_key("secp256r1"), session=SECRET),
    ),
    "sign with no hash": ("", lambda chip: chip.key("second", "p256").sign(b"x", "")),
    "sign a digest of no hash": ("", lambda chip: chip.key("second", "p256").sign_digest(bytes(32), "md5")),
    "verify by RSA with an EC key": (
        "scheme",
        lambda chip: chip.crypto.verify_digest(
            bytes(32), bytes(64), public_key("secp256r1"), SignatureScheme.RSASSA_PKCS1_V15_SHA256
        ),
    ),
    "update without a manifest": ("manifest", lambda chip: chip.updates.apply(SECRET, b"", [b"x"])),
    "update of short fragments": ("fragments", lambda chip: chip.updates.apply(SECRET, b"x", [b"x", b"x"])),
    "update of a long fragment": ("fragments", lambda chip: chip.updates.apply(SECRET, b"x", [bytes(641)])),
    "update of an empty fragment": ("fragments", lambda chip: chip.updates.apply(SECRET, b"x", [b""])),
    "update of no object": ("", lambda chip: chip.updates.apply(-1, b"x", [b"x"])),
}
"""What is refused, and the parameter that the error names."""


@pytest.fixture(scope="module")
def there() -> Iterator[tuple[testing.Bench, optiga.Chip]]:
    with testing.bench() as bench, bench.open() as chip:
        assert chip.uid.hex  # which tells the model, where not every one has a command
        yield bench, chip


@pytest.mark.parametrize("case", REFUSED)
def test_the_chip_is_not_asked(case: str, there: tuple[testing.Bench, optiga.Chip]) -> None:
    bench, chip = there
    parameter, act = REFUSED[case]
    bench.forget_commands()
    with pytest.raises(optiga.ConfigurationError) as caught:
        act(chip)
    assert bench.commands == ()
    if parameter:
        assert caught.value.parameter == parameter


def test_fragments_are_bytes_before_an_update_begins(there: tuple[testing.Bench, optiga.Chip]) -> None:
    bench, chip = there
    bench.forget_commands()
    for fragments in (b"one fragment", ["text"]):
        with pytest.raises(TypeError, match="fragments"):
            chip.updates.apply(SECRET, b"x", fragments)  # type: ignore[arg-type]
    assert bench.commands == ()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_true_is_no_number(kind: type[Any], there: tuple[testing.Bench, optiga.Chip]) -> None:
    bench, chip = there
    one = {optiga.Chip: chip, optiga.Key: chip.key("third", "p256")}.get(kind) or getattr(chip, kind.__name__.lower())
    good = {**GOOD, "session": SESSION}
    methods = {name: getattr(one, name) for name, _ in inspect.getmembers(kind, inspect.isfunction)}
    bench.forget_commands()
    for name, method in methods.items():
        parameters = inspect.signature(method).parameters.values()
        numbers = [parameter for parameter in parameters if "int" in str(parameter.annotation).split(" | ")]
        for number in numbers if not name.startswith("_") and name not in (*NO_ARGUMENTS, *COMMANDS) else ():
            for value in (True, False):
                args = [value if other is number else good[other.name] for other in parameters if takes(other)]
                kwargs = {} if takes(number) else {number.name: value}
                with pytest.raises(TypeError, match=rf"{name}: {number.name} must be .*, not bool"):
                    method(*args, **kwargs)
    assert bench.commands == ()


def takes(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty


@pytest.mark.parametrize("size", [8, 256])
def test_the_borders_are_taken(size: int, there: tuple[testing.Bench, optiga.Chip]) -> None:
    _, chip = there
    assert len(chip.random(size)) == size
    assert len(chip.random(58, session=SESSION, prepended=bytes(8))) == 58
    chip.crypto.draw_pre_master_secret(SESSION, 64)
    assert len(chip.crypto.hkdf(SESSION, 256, salt=bytes(1024), info=bytes(256))) == 256
    assert len(chip.crypto.tls_prf(SESSION, b"label", b"see", 16)) == 16
