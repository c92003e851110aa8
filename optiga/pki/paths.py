"""Paths from a leaf to its root, where certificates of CAs are there twice: cross-signed (RFC 4158, 2.4)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from optiga.pki.chains import MOST_IN_A_CHAIN, seems_issued_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from optiga.pki.certificate import Certificate

_MOST_PATHS = 1000
"""More are not compared: a file with so many is no chain of a device."""


class OnePath(NamedTuple):
    """A chain with one path.

    :param chain: leaf first; certificates that do not belong to the leaf come last.
    :param omitted: certificates of other paths.
    """

    chain: list[Certificate]
    omitted: list[Certificate]


def one_path(chain: list[Certificate], now: datetime) -> OnePath:
    """The best path of a chain. A chain that is one path is kept as it is, and one of too many certificates, too.

    A path of certificates that are valid now is best; of these the one that most verifiers take, which is that with
    most intermediate certificates; of these one with its root.

    :param chain: leaf first.
    :param now: a time with its time zone.
    """
    if len(chain) > MOST_IN_A_CHAIN:
        return OnePath(chain, [])
    is_path = all(seems_issued_by(one, issuer) for one, issuer in pairwise(chain))
    if is_path and len(set(map(_ca, chain))) == len(chain):
        return OnePath(chain, [])
    paths = _Paths(chain)
    found = [path for path, _ in zip(paths.behind((0,)), range(_MOST_PATHS), strict=False)]
    roots = {place for place, one in enumerate(chain) if seems_issued_by(one, one)}

    def merit(path: tuple[int, ...]) -> tuple[bool, int, bool]:
        is_valid_now = all(chain[place].not_before <= now <= chain[place].not_after for place in path)
        return is_valid_now, len(set(path) - roots), path[-1] in roots

    best = max(found, key=merit)
    above = paths.all_above(0)
    omitted = sorted(above - set(best))
    strangers = [place for place in range(len(chain)) if place not in above and place != 0]
    return OnePath([chain[place] for place in (*best, *strangers)], [chain[place] for place in omitted])


class _Paths:
    """The paths in a chain, as places in it."""

    def __init__(self, chain: list[Certificate]) -> None:
        self._chain = chain
        self._issuers: dict[int, list[int]] = {}

    def behind(self, path: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Every path that begins so and cannot go on: no CA is in it twice."""
        cas = {_ca(self._chain[place]) for place in path}
        following = [place for place in self._issuers_of(path[-1]) if _ca(self._chain[place]) not in cas]
        for place in following:
            yield from self.behind((*path, place))
        if not following:
            yield path

    def all_above(self, place: int) -> set[int]:
        """The issuers of a certificate, and theirs."""
        found: set[int] = set()
        waiting = [place]
        while waiting:
            new = set(self._issuers_of(waiting.pop())) - found
            found |= new
            waiting += new
        return found - {place}

    def _issuers_of(self, place: int) -> list[int]:
        if place not in self._issuers:
            others = (other for other in range(len(self._chain)) if other != place)
            self._issuers[place] = [
                other for other in others if seems_issued_by(self._chain[place], self._chain[other])
            ]
        return self._issuers[place]


def _ca(certificate: Certificate) -> tuple[str, bytes]:
    """What a CA is known by in each of its certificates."""
    return certificate.subject, certificate.public_key.info
