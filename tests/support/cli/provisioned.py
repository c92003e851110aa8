"""What the tests of provisioning share: a bench with a chip and a folder, and what must hold when it is done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import optiga
from optiga.emulator import SqliteStore
from optiga.emulator.objects import StoredObject
from optiga.identity.possession import prove_public_key
from optiga.objects.stored import decode_stored, is_empty
from optiga.pki.public_keys import public_key_of
from optiga.protocol.objects import SECURITY_EVENT_COUNTER
from optiga.testing import Cloud

if TYPE_CHECKING:
    from tests.support.cli.runner import Result

OPERATIONS = (
    "GetCallerIdentity",
    "DescribeThingGroup",
    "DescribeEndpoint",
    "ListThingPrincipals",
    "CreateCertificateFromCsr",
    "DescribeThing",
    "CreateThing",
    "AddThingToThingGroup",
    "AttachThingPrincipal",
    "CreatePolicy",
    "AttachPolicy",
    "UpdateCertificate",
)
"""What a run asks for, in this order."""
RESULT = [
    *("uid", "slot", "filename", "public_key"),
    *("certificate_file", "certificate_arn", "certificate_id"),
    *("thing", "thing_arn", "policy", "endpoint", "serial", "journal_seal"),
    *("csr_path", "certificate_path", "warnings", "renewed"),
]
"""What a run tells, in this order: scripts rely on it."""
KEY, CERTIFICATE = 0xE0F1, 0xE0E1
CONFIGURATION_EXIT, CERTIFICATE_EXIT, CLOUD_EXIT = 2, 5, 6


@dataclass
class Bench:
    """A folder with an emulated chip beside it.

    :param folder: where the command works.
    """

    cloud: Cloud
    folder: Path
    chip: Path

    @property
    def port(self) -> str:
        return f"emulator:{self.chip}"

    def objects(self) -> dict[int, StoredObject]:
        """Everything that the chip holds, but for what counts the uses of its keys."""
        store = SqliteStore(self.chip)
        held = store.load()
        store.close()
        del held[SECURITY_EVENT_COUNTER]
        return held

    def certificates(self) -> list[dict[str, Any]]:
        """What AWS has, each with its PEM and its status."""
        iot = self.cloud.iot
        pages = iot.get_paginator("list_certificates").paginate()
        return [
            iot.describe_certificate(certificateId=one["certificateId"])["certificateDescription"]
            for page in pages
            for one in page["certificates"]
        ]

    def active(self) -> list[dict[str, Any]]:
        return [one for one in self.certificates() if one["status"] == "ACTIVE"]

    def stored(self) -> list[bytes]:
        """The certificates in the chip's second slot, in DER."""
        with optiga.open_chip(self.port) as chip:
            data = chip.read(CERTIFICATE)
        return [] if is_empty(data) else [one.der for one in decode_stored(data)]

    def has_key_of(self, pem: str) -> bool:
        """Whether the chip's second slot has the key of a certificate."""
        key = public_key_of(x509.load_pem_x509_certificate(pem.encode()).public_key())
        with optiga.open_chip(self.port) as chip:
            return prove_public_key(chip, KEY, key).key_match is True

    def check_proven(self) -> None:
        """Whatever is active belongs to the chip's key, and lies in its slot."""
        for one in self.active():
            assert self.has_key_of(one["certificatePem"])
            assert self.stored()[:1] == [to_der(one["certificatePem"])]

    def check_finished(self, *, certificates: int = 1, thing: str = "my_thing", policy: str = "my_policy") -> str:
        """One key, one certificate, one thing, and all of them belong together; returns the certificate's ARN."""
        found = self.certificates()
        assert len(found) == certificates
        (active,) = [one for one in found if one["status"] == "ACTIVE"]
        assert self.has_key_of(active["certificatePem"])
        assert self.stored()[:1] == [to_der(active["certificatePem"])]
        iot = self.cloud.iot
        arn = str(active["certificateArn"])
        assert [one["thingName"] for one in iot.list_things()["things"]] == [thing]
        assert arn in iot.list_thing_principals(thingName=thing)["principals"]
        assert [one["policyName"] for one in iot.list_attached_policies(target=arn)["policies"]] == [policy]
        assert len(list(self.folder.glob("*.csr"))) == certificates
        (pem,) = [one for one in self.folder.glob("*.pem") if one.read_text() == active["certificatePem"]]
        assert (self.folder / f"{pem.stem}.csr").exists()
        assert json.loads((self.folder / "optiga.aws_arn").read_text()) == arn
        return arn


def to_der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def result_of(result: Result) -> dict[str, Any]:
    """The result that a command has printed, which must not have failed."""
    assert result.code == 0, result.err
    fields = json.loads(result.out)
    assert isinstance(fields, dict)
    return fields


def device_of(result: Result) -> dict[str, Any]:
    """The same without what was warned of, which another run may not have to say."""
    return {name: value for name, value in result_of(result).items() if name != "warnings"}


def config_with(folder: Path, config: Path, **aws_iot: str) -> Path:
    """A configuration with another ``aws_iot_config``."""
    value = json.loads(config.read_text())
    value["aws_iot_config"] = aws_iot
    path = folder / "other.jsn"
    path.write_text(json.dumps(value))
    return path
