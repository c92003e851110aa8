"""What pkilint, DigiCert's linter, says of certificates and CRLs: RFC 5280 and its companions.

The linters are put together as pkilint's commands do it, which leave files open when called within a process. Loading
pkilint takes a second, so whoever asks it nothing does not load it.
"""

from __future__ import annotations

from functools import cache
from typing import Any


def lint_certificate(der: bytes) -> list[str]:
    """The findings above INFO in a certificate: code, severity, place, message."""
    from pkilint import loader

    return _above_info(_certificate_linter().validate(loader.load_der_certificate(der, "certificate").root))


def lint_chain(issuer: bytes, subject: bytes) -> list[str]:
    """The same in how a certificate and its issuer's go together: names, key identifiers, signature."""
    from pkilint import loader
    from pkilint.bin import lint_pkix_signer_signee_cert_chain as chains

    together: dict[str, Any] = {}
    for title, der in (("issuer", issuer), ("subject", subject)):
        together[title] = loader.load_der_certificate(der, title, title, together)
    above, below = together["issuer"].root, together["subject"].root
    results = []
    for root in (above, below):
        results += chains.create_decoder_validation_container().validate(root)
    results += chains.create_issuer_validation_container().validate(above)
    results += chains.create_subject_validation_container().validate(below)
    return _above_info(results)


def lint_crl(der: bytes) -> list[str]:
    """The same in a CRL."""
    from pkilint import loader

    return _above_info(_crl_linter().validate(loader.load_der_crl(der, "crl").root))


def _above_info(results: list[Any]) -> list[str]:
    from pkilint.validation import ValidationFindingSeverity

    return [
        f"{one.finding.code} {one.finding.severity.name} {result.node.path} {one.message or ''}"
        for result in results
        for one in result.finding_descriptions
        if one.finding.severity < ValidationFindingSeverity.INFO  # the gravest is the smallest
    ]


@cache
def _certificate_linter() -> Any:
    """As ``lint_pkix_cert``."""
    from pkilint.pkix import certificate, extension, name

    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


@cache
def _crl_linter() -> Any:
    """As ``lint_crl --profile PKIX``."""
    from pkilint import pkix
    from pkilint.pkix import crl, extension, name

    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )
