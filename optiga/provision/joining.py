"""Check whether a chip may join an existing thing: not if another device's certificate is active."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from optiga.cloud.aws.aws_names import SAMPLE_THING
from optiga.cloud.aws.certificates import ACTIVE
from optiga.cloud.aws.errors import AwsError
from optiga.errors import ChipError, CloudError, ConfigurationError, Reason, naming
from optiga.files.placeholders import UID_FIELD
from optiga.identity.possession import Outcome, prove_public_key
from optiga.protocol.objects import SLOTS
from optiga.provision.believed import check_entry, check_names, known_keys
from optiga.provision.earlier import lives

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.cloud.aws.certificates import CloudCertificate
    from optiga.pki.certificate import Certificate
    from optiga.provision.cloud_plan import CloudPlan
    from optiga.provision.events import Reporter
    from optiga.provision.journal import Journal

_ON_ITS_OWN = "config_nistp256_ecdsa_thing_per_chip.jsn"


def own_certificates(journal: Journal, uid: str) -> set[str]:
    """Identifiers of all certificates that a journal knows to be a chip's, of any slot, account and region; entries
    that do not fit do not count.
    """
    own: set[str] = set()
    present = journal.of_chip(uid)
    earlier = [one for entry in present for one in lives(journal, uid, entry.slot)]
    for entry in (*present, *earlier):
        try:
            check_names(check_entry(entry), journal)
        except ConfigurationError:
            continue
        own.update(known_keys(entry))
    return own


def check_things(
    chip: Chip,
    cloud: CloudPlan,
    uid: str,
    subject: Mapping[str, str],
    own: Collection[str],
    reporter: Reporter,
    *,
    checked: Collection[str] = (),
) -> None:
    """Refuse to attach a chip to a thing that is another device's.

    A UID is only said, not proven: a chip that says another's would join that chip's thing, and be let in as it. So a
    certificate of the thing that is active must be this chip's own: the journal knows it as one, or its key is on the
    chip, which signs a challenge with it. The sample configurations' thing is everybody's, which is said.

    :param uid: what the chip says that it is, in hex.
    :param subject: that of its certificate, by asn1crypto's names of components.
    :param own: identifiers of the certificates that the journal knows to be this chip's.
    :param checked: names of things that have been looked at already.
    :raises CloudError: if another certificate is active there.
    :raises AwsError: if AWS does not tell; where it only may not tell, that is a warning.
    """
    for thing in () if cloud.device.join else cloud.things(uid, subject):
        if thing in checked:
            continue
        try:
            others = [one for one in cloud.registry.certificates_of(thing) if one not in own]
            if thing == SAMPLE_THING:
                _warn_of_sample(thing, len(others), reporter)
                continue
            other = _find_other(chip, cloud, others)
        except AwsError as error:
            if not error.is_denied:
                raise
            what = f"cannot check whether the thing {thing} belongs to another device"
            reporter.warn(naming("{what}: {message}. {hint}", what=what, message=error.message, hint=error.hint))
            continue
        if other is not None:
            raise CloudError(
                f"the thing {thing} has an active certificate that is not known to be this chip's: "
                f"{other.certificate_id}",
                hint=naming(
                    "If it is a former certificate of this chip, deactivate it in AWS IoT, or name the journal that "
                    "has it with {journal}. If another device uses the thing, give each device its own thing "
                    "({field} in its name). To attach the certificate to this thing nevertheless, use {join}",
                    field=UID_FIELD,
                ),
                reason=Reason.CONFLICT,
            )


def _warn_of_sample(thing: str, count: int, reporter: Reporter) -> None:
    if count:
        many = "1 other certificate" if count == 1 else f"{count} other certificates"
        reporter.warn(
            f"the thing {thing} of the sample configurations has {many}, and every device with one of them acts as "
            "this thing: "
            f"a thing for each chip has {{uid}} in its name, as in {_ON_ITS_OWN}"
        )


def _find_other(chip: Chip, cloud: CloudPlan, certificate_ids: list[str]) -> CloudCertificate | None:
    """The first of some certificates that is active and not this chip's."""
    for certificate_id in certificate_ids:
        held = cloud.certificates.describe(certificate_id)
        if held is not None and held.status == ACTIVE and not _has_key_of(chip, held.certificate):
            return held
    return None


def _has_key_of(chip: Chip, certificate: Certificate) -> bool:
    """Whether a key on the chip proves itself to be a certificate's."""
    for slot in SLOTS:
        try:
            proof = prove_public_key(chip, slot.key_oid, certificate.public_key)
        except ChipError:  # a model without this key, or one whose metadata is not to be read
            continue
        if proof.outcome is Outcome.PROVEN:
            return True
    return False
