"""ECDSA as the cryptography library takes it, without the parts of that library which ciphers and RSA need alone; and a
signature as chips have it.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from optiga.protocol import der

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import HashAlgorithm


_NEEDED_ONCE = "cryptography.hazmat.backends.openssl.backend"
"""What the library's own class loads when one is made."""


def ecdsa(algorithm: Prehashed | HashAlgorithm) -> ec.ECDSA:
    """ECDSA with a hash, or over a digest that was made before.

    The library's own class where those parts are there already: it knows that at sight, and asks it less.
    """
    if _NEEDED_ONCE in sys.modules:
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.ECDSA(algorithm)
    return _class()(algorithm)


def chip_form(signature: bytes) -> bytes:
    """A signature as a chip takes it: two INTEGERs in DER. The SEQUENCE around them, which others have, is left out.

    What is neither stays as it is.
    """
    try:
        return der.content_of(der.SEQUENCE, bytes(signature))
    except ValueError:
        return signature


@cache
def _class() -> type[ec.ECDSA]:
    """A class of the cryptography library, which takes no other. What it is asked are its two properties.

    Its own ``__init__`` loads the library's ciphers, RSA and all their modes, a twentieth of a CSR's whole time, to ask
    whether a signature may be deterministic. None is wanted here.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    class Ecdsa(ec.ECDSA):
        def __init__(self, algorithm: Prehashed | HashAlgorithm) -> None:
            self._hash = algorithm

        @property
        def algorithm(self) -> Prehashed | HashAlgorithm:
            return self._hash

        @property
        def deterministic_signing(self) -> bool:
            return False

    return Ecdsa
