"""Give an Infineon OPTIGA Trust chip its identity.

A program imports this package::

    import optiga

    with optiga.open_chip("emulator") as chip:
        csr = optiga.csr(chip, "device.jsn")
        certificate = my_ca(csr.pem)
        proof = optiga.write_certificate(chip, certificate, "second")
        assert proof.key_match

Each name is loaded when it is first used, so that importing this package takes almost no time. Add a new name to
``_HOMES``, to ``__all__`` and, for type checkers, to the imports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from optiga._version import __version__
from optiga.errors import (
    BoardError,
    CertificateError,
    ChipError,
    ClosedError,
    CloudError,
    ConfigurationError,
    OptigaError,
    UnprovenError,
)

if TYPE_CHECKING:
    from optiga.ca.api import open_ca
    from optiga.chip import Chip, Key, open_chip
    from optiga.cloud.aws.connection import AwsOptions
    from optiga.identity.api import csr, load_configuration, read_certificate, read_certificates, write_certificate
    from optiga.identity.configuration import Configuration
    from optiga.identity.csr import Csr
    from optiga.identity.write import WriteResult
    from optiga.pki.certificate import Certificate
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.protocol.codes import ErrorCode, KeyUsage, LifeCycleState
    from optiga.protocol.metadata import Metadata
    from optiga.protocol.models import Model
    from optiga.protocol.objects import ObjectRef, Slot
    from optiga.protocol.uid import Uid
    from optiga.provision.events import Event, encode_event
    from optiga.provision.job import Job
    from optiga.provision.job_json import decode_job, encode_job
    from optiga.provision.journal import open_journal
    from optiga.provision.outputs import OutputLayout
    from optiga.provision.run import provision
    from optiga.provision.services import Services
    from optiga.provision.specs import AwsIssuerSpec, CaIssuerSpec, ThingSpec, TrustSpec

__all__ = [
    "AwsIssuerSpec",
    "AwsOptions",
    "BoardError",
    "CaIssuerSpec",
    "Certificate",
    "CertificateError",
    "Chip",
    "ChipError",
    "ClosedError",
    "CloudError",
    "Configuration",
    "ConfigurationError",
    "Csr",
    "ErrorCode",
    "Event",
    "Job",
    "Key",
    "KeyAlgorithm",
    "KeyUsage",
    "LifeCycleState",
    "Metadata",
    "Model",
    "ObjectRef",
    "OptigaError",
    "OutputLayout",
    "Services",
    "Slot",
    "ThingSpec",
    "TrustSpec",
    "Uid",
    "UnprovenError",
    "WriteResult",
    "__version__",
    "csr",
    "decode_job",
    "encode_event",
    "encode_job",
    "load_configuration",
    "open_ca",
    "open_chip",
    "open_journal",
    "provision",
    "read_certificate",
    "read_certificates",
    "write_certificate",
]

_HOMES = {
    "AwsIssuerSpec": "optiga.provision.specs",
    "AwsOptions": "optiga.cloud.aws.connection",
    "CaIssuerSpec": "optiga.provision.specs",
    "Certificate": "optiga.pki.certificate",
    "Chip": "optiga.chip",
    "Configuration": "optiga.identity.configuration",
    "Csr": "optiga.identity.csr",
    "ErrorCode": "optiga.protocol.codes",
    "Event": "optiga.provision.events",
    "Job": "optiga.provision.job",
    "Key": "optiga.chip",
    "KeyAlgorithm": "optiga.protocol.algorithms",
    "KeyUsage": "optiga.protocol.codes",
    "LifeCycleState": "optiga.protocol.codes",
    "Metadata": "optiga.protocol.metadata",
    "Model": "optiga.protocol.models",
    "ObjectRef": "optiga.protocol.objects",
    "OutputLayout": "optiga.provision.outputs",
    "Services": "optiga.provision.services",
    "Slot": "optiga.protocol.objects",
    "ThingSpec": "optiga.provision.specs",
    "TrustSpec": "optiga.provision.specs",
    "Uid": "optiga.protocol.uid",
    "WriteResult": "optiga.identity.write",
    "csr": "optiga.identity.api",
    "decode_job": "optiga.provision.job_json",
    "encode_event": "optiga.provision.events",
    "encode_job": "optiga.provision.job_json",
    "load_configuration": "optiga.identity.api",
    "open_ca": "optiga.ca.api",
    "open_chip": "optiga.chip",
    "open_journal": "optiga.provision.journal",
    "provision": "optiga.provision.run",
    "read_certificate": "optiga.identity.api",
    "read_certificates": "optiga.identity.api",
    "write_certificate": "optiga.identity.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'optiga' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    # It is found without this function from now on. A package that is a function, too, is there by its import.
    return globals().setdefault(name, value)


def __dir__() -> list[str]:
    """What programs are meant to use; the packages that lie behind it are not."""
    return sorted(__all__)
