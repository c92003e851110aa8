"""RSA keys that a CA refuses because they can be broken whatever their size."""

from __future__ import annotations

from math import isqrt

LEAST_EXPONENT = 65537
"""Smallest public exponent of an RSA key that is certified."""
_FERMAT_STEPS = 1000
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
"""Primes modulo which the powers of 65537 are few enough to tell (CVE-2017-15361)."""


def find_rsa_weakness(modulus: int, exponent: int) -> str:
    """Why an RSA key can be broken whatever its size, empty if nothing is known."""
    if exponent < LEAST_EXPONENT or exponent % 2 == 0:
        return f"its public exponent is {exponent}; {LEAST_EXPONENT} is usual, even ones are none"
    if modulus % 2 == 0:
        return "its modulus is even"
    if all(modulus % prime in _powers(prime) for prime in _ROCA_PRIMES):
        return "it was made by a library whose keys can be factored (ROCA, CVE-2017-15361)"
    root = isqrt(modulus)
    root += root * root < modulus
    for middle in range(root, root + _FERMAT_STEPS):
        rest = middle * middle - modulus
        if isqrt(rest) ** 2 == rest:
            return "its primes are so close that it can be factored"
    return ""


def _powers(prime: int) -> set[int]:
    powers, power = set[int](), 1
    while power not in powers:
        powers.add(power)
        power = power * 65537 % prime
    return powers
