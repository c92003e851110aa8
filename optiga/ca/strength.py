"""RSA keys that a CA refuses because they can be broken whatever their size."""

from __future__ import annotations

from functools import lru_cache
from math import gcd, isqrt, prod

LEAST_EXPONENT = 65537
"""Smallest public exponent of an RSA key that is certified."""
MOST_EXPONENT_BITS = 64
"""Most bits of a public exponent. FIPS 186-5 and the CA/Browser Forum allow 256, OpenSSL takes 64 where the modulus has
more than 3072 bits, and others less."""
_FERMAT_STEPS = 1000
_RATIO_STEPS = 20
_RATIOS = tuple((u, v) for v in range(2, 9) for u in range(1, v) if gcd(u, v) == 1)
"""Small ratios that the two primes may be in: one is then found from the other."""
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
"""Primes modulo which the powers of 65537 are few enough to tell (CVE-2017-15361)."""
_SMALL_BITS = 16
"""Factors of up to so many bits are all found."""
_SMOOTH_BOUND = 500
"""The bound of Pollard's p - 1: all checks together take some 50 ms for a modulus of 2048 bits."""


def find_rsa_weakness(modulus: int, exponent: int) -> str:
    """Why an RSA key can be broken whatever its size, empty if nothing is known.

    A modulus of many factors, of 32 or 64 bits for example, can be factored, too, but not in the time that there is
    here: of such only some are found.
    """
    if exponent < LEAST_EXPONENT or exponent % 2 == 0:
        shown = exponent if exponent.bit_length() <= MOST_EXPONENT_BITS else "even"
        return f"its public exponent is {shown}; {LEAST_EXPONENT} is usual, and it must be odd"
    if exponent.bit_length() > MOST_EXPONENT_BITS:
        return (
            f"its public exponent has {exponent.bit_length()} bits; {LEAST_EXPONENT} is usual, and verifiers "
            f"accept at most {MOST_EXPONENT_BITS} bits"
        )
    if modulus % 2 == 0:
        return "its modulus is even"
    if all(modulus % prime in _powers(prime) for prime in _ROCA_PRIMES):
        return "it was made by a library whose keys can be factored (ROCA, CVE-2017-15361)"
    if _has_close_factors(modulus, _FERMAT_STEPS):
        return "its primes are so close that it can be factored"
    if gcd(modulus, _small_primes_product()) != 1:
        return "its modulus has a small factor"
    if _is_probable_prime(modulus):
        return "its modulus is a prime, not the product of two"
    if _is_power(modulus):
        return "its modulus is the power of a number"
    if any(_has_close_factors(4 * u * v * modulus, _RATIO_STEPS) for u, v in _RATIOS):
        return "its primes are so close to a simple ratio that it can be factored"
    if gcd(pow(2, _smooth_exponent(), modulus) - 1, modulus) != 1:
        return "it can be factored: a prime factor minus one has only small factors"
    return ""


def _powers(prime: int) -> set[int]:
    powers, power = set[int](), 1
    while power not in powers:
        powers.add(power)
        power = power * 65537 % prime
    return powers


def _has_close_factors(number: int, steps: int) -> bool:
    """Whether a number is the product of two that are close (Fermat)."""
    root = isqrt(number)
    root += root * root < number
    for middle in range(root, root + steps):
        rest = middle * middle - number
        if isqrt(rest) ** 2 == rest:
            return True
    return False


def _primes_below(bound: int) -> list[int]:
    sieve = bytearray([1]) * bound
    sieve[:2] = b"\0\0"
    for number in range(2, isqrt(bound) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, bound, number)))
    return [number for number in range(bound) if sieve[number]]


@lru_cache(maxsize=1)
def _small_primes_product() -> int:
    numbers = _primes_below(1 << _SMALL_BITS)
    while len(numbers) > 1:  # pairs: numbers of one size are multiplied faster
        numbers = [prod(numbers[place : place + 2]) for place in range(0, len(numbers), 2)]
    return numbers[0]


@lru_cache(maxsize=1)
def _smooth_exponent() -> int:
    """The product of all powers of primes up to the bound."""
    exponent = 1
    for prime in _primes_below(_SMOOTH_BOUND):
        power = prime
        while power * prime <= _SMOOTH_BOUND:
            power *= prime
        exponent *= power
    return exponent


def _is_probable_prime(number: int) -> bool:
    """Whether an odd number passes the test of Miller and Rabin with base 2: every prime does, and of the products of
    two large primes none that was not made for it.
    """
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    value = pow(2, odd >> twos, number)
    if value in (1, number - 1):
        return True
    for _ in range(twos - 1):
        value = value * value % number
        if value == number - 1:
            return True
    return False


def _is_power(number: int) -> bool:
    """Whether a number without small factors is one to the power of 2 or more."""
    most = number.bit_length() // _SMALL_BITS
    return any(_root(number, degree) ** degree == number for degree in _primes_below(most + 1))


def _root(number: int, degree: int) -> int:
    """The whole part of a root (Newton)."""
    root = 1 << -(-number.bit_length() // degree)
    while True:
        closer = ((degree - 1) * root + number // root ** (degree - 1)) // degree
        if closer >= root:
            return root
        root = closer
