"""Writing a chain in which a CA's certificate is there twice, issued by two roots: one path is written."""

from __future__ import annotations

import random
from itertools import permutations
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from optiga.chip import Chip
from optiga.errors import CertificateError
from optiga.identity.forms import check_chain
from optiga.identity.write import WritePlan, execute_write, plan_write
from optiga.pki.certificate import Certificate
from optiga.pki.paths import one_path
from tests.support.identity.authorities import Authority
from tests.support.identity.csr_helpers import NOW, CountingTransport, pem

A, B, OLD = Authority("A"), Authority("B"), Authority("old", days=(-9, -1))
I_BY_A = Authority("I", A)
I_BY_B = Authority("I", B, key=I_BY_A.key)
I_BY_OLD = Authority("I", OLD, key=I_BY_A.key)
A_BY_B = Authority("A", B, key=A.key)
B_BY_A = Authority("B", A, key=B.key)
LEAF = I_BY_A.certify(ec.generate_private_key(ec.SECP256R1()).public_key())
STRANGER = Authority("stranger")
NAMES = {
    LEAF: "leaf",
    A.der: "A",
    B.der: "B",
    I_BY_A.der: "I by A",
    I_BY_B.der: "I by B",
    A_BY_B.der: "A by B",
    B_BY_A.der: "B by A",
    I_BY_OLD.der: "I by old",
    OLD.der: "old",
    STRANGER.der: "stranger",
}
DERS = {name: der for der, name in NAMES.items()}


def plan(folder: Path, *names: str) -> WritePlan:
    (folder / "chain.pem").write_text(pem(*(DERS[name] for name in names)))
    return plan_write(folder / "chain.pem", now=NOW)


def names_of(chain: tuple[Certificate, ...]) -> list[str]:
    return [NAMES[one.der] for one in chain]


@pytest.mark.parametrize(
    ("given", "written", "omitted"),
    [
        (["leaf", "I by A", "I by B", "A", "B"], ["leaf", "I by A", "A"], ["I by B", "B"]),
        (["leaf", "I by B", "I by A", "A", "B"], ["leaf", "I by B", "B"], ["I by A", "A"]),
        (["leaf", "I by A", "I by B"], ["leaf", "I by A"], ["I by B"]),
        (["leaf", "I by A", "I by B", "B"], ["leaf", "I by B", "B"], ["I by A"]),
        (["leaf", "I by A", "A", "A by B"], ["leaf", "I by A", "A by B"], ["A"]),
        (["B", "A", "A by B", "I by A", "leaf"], ["leaf", "I by A", "A by B", "B"], ["A"]),
        (["leaf", "I by old", "I by A", "old", "A"], ["leaf", "I by A", "A"], ["I by old", "old"]),
    ],
)
def test_one_path_is_kept_and_the_others_are_named(
    tmp_path: Path, given: list[str], written: list[str], omitted: list[str]
) -> None:
    made = plan(tmp_path, *given)
    assert names_of(made.chain) == written
    assert not any("not valid" in warning or "expired" in warning for warning in made.warnings)
    check_chain(made.chain, made.target.oid)
    told = [warning for warning in made.warnings if "left out" in warning]
    assert len(told) == len(omitted)
    for name in omitted:
        one = Certificate.parse(DERS[name])
        assert any(f"{one.subject}, issued by {one.issuer}" in warning for warning in told)


def test_any_order_makes_a_valid_chain(tmp_path: Path) -> None:
    orders = list(permutations(["leaf", "I by A", "I by B", "A by B", "B by A", "A", "B"]))
    for order in random.Random(1).sample(orders, 40):
        chain = plan(tmp_path, *order).chain
        assert names_of(chain)[0] == "leaf"
        check_chain(chain, 0xE0E1)


def test_a_chain_of_one_path_is_kept_without_a_word(tmp_path: Path) -> None:
    made = plan(tmp_path, "leaf", "I by A", "A by B", "B")
    assert names_of(made.chain) == ["leaf", "I by A", "A by B", "B"]
    assert made.warnings == ()


def test_a_stranger_is_no_alternative(tmp_path: Path) -> None:
    made = plan(tmp_path, "leaf", "I by A", "I by B", "stranger", "A")
    assert names_of(made.chain) == ["leaf", "I by A", "A", "stranger"]
    assert any("not valid" in warning for warning in made.warnings)
    with pytest.raises(CertificateError):
        check_chain(made.chain, made.target.oid)


def test_strict_writes_it(tmp_path: Path) -> None:
    chip = Chip(CountingTransport())
    public = load_der_public_key(chip.generate_key("second", "secp256r1").public_key_info)
    (tmp_path / "chain.pem").write_text(pem(A.der, I_BY_B.der, I_BY_A.certify(public), I_BY_A.der, B.der))
    result = execute_write(chip, plan_write(tmp_path / "chain.pem", now=NOW), strict=True)
    assert result.key_match
    assert result.written


def test_many_alternatives_take_no_time(tmp_path: Path) -> None:
    layers = [[Authority("0")]]
    for number in range(1, 11):
        key = ec.generate_private_key(ec.SECP256R1())
        layers.append([Authority(str(number), layers[-1][0], key=key) for _ in range(3)])
    leaf = layers[-1][0].certify(ec.generate_private_key(ec.SECP256R1()).public_key())
    ders = [leaf, *(one.der for layer in reversed(layers) for one in layer)]
    (tmp_path / "many.pem").write_text(pem(*ders))
    with pytest.raises(CertificateError, match="of 12 certificates"):
        plan_write(tmp_path / "many.pem", now=NOW)


def test_more_than_a_chain_has_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file can hold thousands: their paths would be as deep, and each pair has a signature to verify."""
    chain = [Certificate.parse(DERS[name]) for name in ("leaf", *("I by A", "A by B", "B by A") * 400)]
    asked: list[object] = []
    monkeypatch.setattr("optiga.pki.paths.seems_issued_by", lambda *pair: asked.append(pair))
    assert one_path(chain, NOW) == (chain, [])
    assert not asked
