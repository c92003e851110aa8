"""ECDSA without what the cryptography library loads for it."""

from __future__ import annotations

import hashlib
import sys
from importlib import import_module

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from optiga.protocol import ecdsa

MESSAGE = b"to be signed"


@pytest.mark.parametrize("is_loaded", [True, False])
@pytest.mark.parametrize("prehashed", [True, False])
def test_either_class_signs_and_verifies(monkeypatch: pytest.MonkeyPatch, is_loaded: bool, prehashed: bool) -> None:
    import_module(ecdsa._NEEDED_ONCE)
    if not is_loaded:
        monkeypatch.delitem(sys.modules, ecdsa._NEEDED_ONCE)
    data = hashlib.sha256(MESSAGE).digest() if prehashed else MESSAGE
    scheme = ecdsa.ecdsa(Prehashed(SHA256()) if prehashed else SHA256())
    assert (type(scheme) is ec.ECDSA) is is_loaded
    key = ec.generate_private_key(ec.SECP256R1())
    key.public_key().verify(key.sign(data, scheme), MESSAGE, ec.ECDSA(SHA256()))
    key.public_key().verify(key.sign(MESSAGE, ec.ECDSA(SHA256())), data, scheme)
