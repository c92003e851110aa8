"""What may be meant by a word that is none of some choices."""

from __future__ import annotations

import pytest

from optiga.suggestions import same_word, suggest

CHOICES = (
    "cbc",
    "ecb",
    "sha256",
    "sha384",
    "trust_anchor",
    "trust-m-v3",
    "trust-m-v1",
    "keyCompromise",
    "cACompromise",
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cbb", "'cbc'"),
        ("cb", "'cbc'"),
        ("ebc", "'ecb'"),
        ("sha-256", "'sha256'"),
        ("SHA 384", "'sha384'"),
        ("sha265", "'sha256'"),
        ("sha", "'sha256' or 'sha384'"),
        ("anchor", "'trust_anchor'"),
        ("Trust-Anchor", "'trust_anchor'"),
        ("trust-m-v2", "'trust-m-v3' or 'trust-m-v1'"),
        ("compromise", "'keyCompromise' or 'cACompromise'"),
        ("trust", "'trust_anchor', 'trust-m-v3' or 'trust-m-v1'"),
    ],
)
def test_it_is_found(text: str, meant: str) -> None:
    assert suggest(text, CHOICES, {}) == f", did you mean {meant}?"


@pytest.mark.parametrize("text", ["", "x", "-", "xyz", "aes", "nothing", "a" * 1000, "\u00df\u0130", "\x00"])
def test_nothing_is_near(text: str) -> None:
    assert suggest(text, CHOICES, {}) == ""


def test_other_names() -> None:
    """Also misspelt ones; what is no choice here is not suggested."""
    others = {"p256": "secp256r1", "dh": "ecdh"}
    assert suggest("P256", ("secp256r1",), others) == ", did you mean 'secp256r1'?"
    assert suggest("p265", ("secp256r1",), others) == ", did you mean 'secp256r1'?"
    assert suggest("dh", ("secp256r1",), others) == ""


def test_too_many_tell_nothing() -> None:
    assert suggest("key", [f"key_{number}" for number in range(9)], {}) == ""


def test_same_word() -> None:
    assert same_word(" SHA-2_56.") == "sha256"
