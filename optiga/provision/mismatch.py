"""What the journal says of a slot and a plan does not, in words that say what to change."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from optiga.errors import naming
from optiga.identity.csr import Wishes
from optiga.objects.addressing import resolve_certificate
from optiga.pki.name_parts import subject_components
from optiga.pki.names import fill_uid
from optiga.pki.public_keys import public_key_of_info
from optiga.pki.x509_errors import one_error
from optiga.protocol.objects import SLOTS
from optiga.provision.chip_slot import chain_of
from optiga.provision.earlier import place_of, way_to
from optiga.provision.entry import Entry, Step
from optiga.provision.issuers import AwsIssuer, CaIssuer
from optiga.provision.plan import Plan, settings_of

if TYPE_CHECKING:
    from optiga.identity.configuration import Configuration
    from optiga.pki.certificate import Certificate

_OF_THE_CHIP = "the chip's factory"
"""Who has issued the certificate that a chip came with."""
_PARAMETERS = {"account": "profile", "provisioning template": "template"}
"""What parameters are called whose values have other names in messages."""


class Mismatch(str):
    """What the journal says and the plan does not, as a clause; empty if they agree.

    :ivar parameter: what was asked for otherwise.
    """

    parameter: str

    def __new__(cls, text: str = "", parameter: str = "") -> Mismatch:
        made = super().__new__(cls, text)
        made.parameter = parameter
        return made


def find_mismatch(entry: Entry, plan: Plan, uid: str) -> Mismatch:
    """What the journal says and the plan does not; empty if they agree.

    :param uid: the chip's UID in hex.
    """
    cloud = plan.cloud
    if not plan.is_issuer_of(entry):
        return Mismatch(_other_issuer(entry, plan), "issuer")
    if entry.settings != plan.settings and plan.new is not None:
        return Mismatch(_changed_settings(entry, plan, plan.new.configuration, uid), "configuration")
    pairs = []
    if entry.account is not None:
        pairs += [
            ("account", entry.account, cloud.aws.account if cloud else "none"),
            ("region", entry.region or "", cloud.aws.region if cloud else "none"),
        ]
    if cloud and entry.account is not None and entry.step >= Step.THING:
        pairs.append(("provisioning template", entry.template or "none", cloud.template or "none"))
        if cloud.fleet is None:
            pairs.append(("thing", entry.thing or "none", cloud.thing(uid) or "none"))
    if cloud and entry.account is not None and entry.step >= Step.POLICY and cloud.fleet is None:
        pairs.append(("policy", entry.policy or "none", cloud.policy(uid) or "none"))
    for what, was, now in pairs:
        if was != now:
            return Mismatch(_difference(what, was, now), _PARAMETERS.get(what, what))
    return Mismatch(plan.outdated)


def _difference(what: str, was: str, now: str) -> str:
    if was == "none":
        return f"it has no {what}, and this run asks for {now}"
    return f"its {what} is {was}, and this run asks for none" if now == "none" else f"its {what} is {was}, not {now}"


def hint_of(entry: Entry, plan: Plan) -> str:
    """What to do about a mismatch: what keeps the identity comes first."""
    place, cloud = place_of(entry), plan.cloud
    is_same = plan.is_issuer_of(entry)
    is_as_wanted = is_same and (entry.settings == plan.settings or plan.new is None)
    if is_as_wanted and cloud is not None and place not in (None, (cloud.aws.account, cloud.aws.region)):
        return naming("{there}. {anew}", there=way_to(place, cloud.aws), anew=plan.anew_hint)
    if plan.new is None or is_same or entry.issuer == "chip":
        return plan.anew_hint
    was, anew = _issuer_of(entry), plan.anew_hint
    if entry.issuer == AwsIssuer.name:
        return naming("To keep its certificate from {was}, omit {issuer}. {anew}", was=was, anew=anew)
    return naming("To keep its certificate, give the folder of {was} with {issuer}. {anew}", was=was, anew=anew)


def _other_issuer(entry: Entry, plan: Plan) -> str:
    """That an entry has another issuer than the plan, in words that tell the two apart."""
    was, asked = _issuer_of(entry), plan.new.issuer.title if plan.new else _OF_THE_CHIP
    if was == asked and plan.new is not None and isinstance(plan.new.issuer, CaIssuer):
        of_entry, of_plan = _issuers_key(chain_of(entry)[0]), plan.new.issuer.key_identifier
        return (
            f"its issuer is another CA with the same name: {was} with the key identifier {of_entry}, and this run asks "
            f"for the one with {of_plan}"
        )
    return f"its issuer is {was}, and this run asks for {asked}"


def _issuer_of(entry: Entry) -> str:
    """Who certifies by the journal, for people."""
    if entry.issuer == AwsIssuer.name:
        return AwsIssuer.title
    if not entry.issuer.startswith("ca:"):
        return _OF_THE_CHIP
    if entry.issued is None:
        return f"another CA, of which the journal has only the fingerprint {entry.issuer.removeprefix('ca:')}"
    return f"the CA {chain_of(entry)[0].issuer}"


def _issuers_key(certificate: Certificate) -> str:
    """The identifier of the key that has signed a certificate, in hex."""
    from cryptography import x509

    with suppress(x509.ExtensionNotFound, ValueError):
        found = certificate.parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        return found.key_identifier.hex() if found.key_identifier else "unknown"
    return "unknown"


def _changed_settings(entry: Entry, plan: Plan, configuration: Configuration, uid: str) -> str:
    """What is different in the configuration, or which object the certificate was for."""
    for slot in SLOTS[1:]:
        if slot.certificate_oid is not None:
            target = resolve_certificate(plan.slot, slot.certificate_oid)
            if entry.settings == settings_of(configuration, plan.slot, target):
                return f"the object for its certificate is {target.info.label}, not {plan.target.info.label}"
    try:
        return _changed_field(entry, configuration, uid)
    except ValueError:
        return "its csr_config has changed"


def _changed_field(entry: Entry, configuration: Configuration, uid: str) -> str:
    """The first difference between the key and CSR of an entry and a configuration.

    :raises ValueError: if key or CSR cannot be read.
    """
    from asn1crypto.csr import CertificationRequest
    from cryptography import x509

    if entry.key_info is not None:
        key = public_key_of_info(entry.key_info)
        if key.algorithm is not configuration.algorithm:
            return f"its key is {key.title}, and csr_config.key_info asks for {configuration.algorithm.title}"
    if entry.csr is None:
        return "its csr_config has changed"
    with one_error():
        request = x509.load_der_x509_csr(entry.csr)
        subject = subject_components(request.subject)
        attributes = CertificationRequest.load(entry.csr)["certification_request_info"]["attributes"].dump()
    wanted: dict[str, str] = {}
    for name, value in configuration.subject:
        wanted.setdefault(name, fill_uid(value, uid))
    for name in dict.fromkeys((*subject, *wanted)):
        was, now = subject.get(name), wanted.get(name)
        if was != now:
            values = f"{was!r}, not {now!r}" if was and now else f"{was!r}, not empty" if was else f"empty, not {now!r}"
            return f"csr_config.certificate_info.{name} of its CSR is {values}"
    wishes = Wishes.of(configuration, uid)
    if request.subject.public_bytes() != wishes.subject:
        return "csr_config.certificate_info of its CSR is different"
    if attributes != wishes.attributes:
        return "csr_config.extensions of its CSR are different"
    return "csr_config.key_info or csr_config.signature_info is different, for example the key usage"
