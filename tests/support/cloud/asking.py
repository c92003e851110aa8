"""What the tests of the stand-in for AWS ask it for, and with what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.ca_helpers import make_request
from tests.support.makers import TestKey, make_certificate

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})


def make_csr(key: Any = None, *, name: str | None = "device") -> str:
    """A CSR in PEM.

    :param name: common name; None leaves the subject empty.
    """
    return x509.load_der_x509_csr(make_request(name=name, key=key)).public_bytes(Encoding.PEM).decode()


def make_ca(name: str, key: TestKey) -> str:
    """A CA's certificate in PEM, signed by itself."""
    return make_certificate(key, name=name, issuer_name=name, ca=True).decode()


def issue(name: str, issuer: str, issuer_key: TestKey) -> str:
    """A certificate in PEM for a fresh key."""
    return make_certificate(name=name, issuer=issuer_key, issuer_name=issuer).decode()


def der_id(pem: str) -> str:
    return hashlib.sha256(x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)).hexdigest()


def refusal(call: Callable[..., Any], **asked: Any) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(ClientError) as raised:
        call(**asked)
    return str(raised.value.response["Error"]["Code"])


def certify(iot: Any, **asked: Any) -> dict[str, Any]:
    """A certificate for a fresh key."""
    made: dict[str, Any] = iot.create_certificate_from_csr(certificateSigningRequest=make_csr(), **asked)
    return made


def status(iot: Any, certificate_id: str) -> str:
    return str(iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]["status"])


def ids_of(page: dict[str, Any]) -> list[str]:
    return [shown["certificateId"] for shown in page["certificates"]]
