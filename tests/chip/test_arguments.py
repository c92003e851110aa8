"""Arguments of other types than are taken: a TypeError that names them, never a failure far inside."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import optiga
from optiga import testing
from optiga.arguments import explains_arguments
from optiga.chip.sessions.crypto import Crypto
from optiga.chip.sessions.objects import Objects
from optiga.chip.sessions.updates import Updates
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands.derive_key import KeyDerivation

GOOD: dict[str, Any] = {
    **dict.fromkeys(("oid", "key"), 0xF1D0),
    **dict.fromkeys(("bits", "size", "session", "step"), 16),
    **dict.fromkeys(("context", "data", "message", "digest", "label", "mac", "manifest", "peer", "seed"), bytes(32)),
    **dict.fromkeys(("challenge", "protected", "secret", "signature", "parts"), bytes(32)),
    "algorithm": optiga.KeyAlgorithm.SECP256R1,
    "changes": optiga.Metadata({}),
    "fragments": [b""],
    "method": KeyDerivation.HKDF_SHA256,
    "scheme": SignatureScheme.ECDSA,
    "slot": "third",
}
"""What other parameters are given, where they must be given something."""
BAD = (None, 1.5, "x", b"x", [1], object())
NO_ARGUMENTS = ("close", "close_application", "hibernate")
COMMANDS = ("execute", "perform", "require", "do_meanwhile")
"""What programs have no use for: commands as values are the library's own."""
CLASSES = (optiga.Chip, optiga.Key, Crypto, Objects, Updates)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_argument_of_each_method(kind: type[Any], optiga_bench: testing.Bench) -> None:
    with optiga_bench.open() as chip:
        key = chip.generate_key("third")
        of = {optiga.Chip: chip, optiga.Key: key, Crypto: chip.crypto, Objects: chip.objects, Updates: chip.updates}
        told = 0
        for name, method in inspect.getmembers(of[kind], inspect.ismethod):
            if name.startswith("_") or name in (*NO_ARGUMENTS, *COMMANDS):
                continue
            for parameter in inspect.signature(method).parameters.values():
                for value in BAD:
                    told += self_explaining(method, parameter, value)
        assert told >= 5


def self_explaining(method: Any, parameter: inspect.Parameter, value: object) -> bool:
    """Whether a call with a bad argument failed for its type, and said so."""
    args, kwargs = [], {}
    for other in inspect.signature(method).parameters.values():
        given = value if other.name == parameter.name else GOOD.get(other.name)
        if other.kind is other.VAR_POSITIONAL or (other.default is other.empty and not kwargs):
            args.append(given)
        elif other.name == parameter.name:
            kwargs[other.name] = given
    try:
        method(*args, **kwargs)
    except optiga.OptigaError:
        return False
    except TypeError as error:
        told = str(error)
        assert "\n" not in told
        assert parameter.name in told or "an object must be given as" in told, (method, parameter.name, value, told)
        return True
    return False


@pytest.mark.parametrize("changes", ["read: never", b"\xd1\x01\xff", {0xD1: b"\xff"}])
def test_what_is_no_metadata_is_not_sent(changes: Any, optiga_bench: testing.Bench) -> None:
    with optiga_bench.open() as chip:
        before = chip.metadata(0xF1D0)
        with pytest.raises(TypeError, match="changes"):
            chip.write_metadata(0xF1D0, changes)
        assert chip.metadata(0xF1D0) == before


def test_algorithms_have_names(optiga_bench: testing.Bench) -> None:
    with optiga_bench.open() as chip:
        chip.generate_key("third", "secp384r1")
        assert chip.key("third", "p384").algorithm is optiga.KeyAlgorithm.SECP384R1
        assert chip.crypto.draw_key_pair("p256").public_key
        for call in (chip.key, chip.generate_key):
            with pytest.raises(optiga.ConfigurationError):
                call("third", "p999")


def test_a_mistake_of_ours_stays_what_it_is() -> None:
    @explains_arguments
    class Kind:
        def broken(self, number: int) -> int:
            return number.nothing  # type: ignore[attr-defined,no-any-return]

        def _private(self) -> None: ...

    with pytest.raises(AttributeError, match="nothing"):
        Kind().broken(5)
    with pytest.raises(TypeError, match=r"broken: number must be int, not str"):
        Kind().broken("five")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="missing"):
        Kind().broken()  # type: ignore[call-arg]
    assert inspect.signature(Kind.broken).parameters["number"].annotation == "int"
