"""A job: what is wanted for a chip, as pure data, which pickles, and goes to JSON and back (:mod:`.job_json`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from optiga.arguments import check_fields, takes
from optiga.ca.days import MAX_DAYS
from optiga.cloud.aws.connection import AwsOptions
from optiga.errors import ConfigurationError, Naming, Reason, naming
from optiga.objects.addressing import Target, resolve_certificate, resolve_slot
from optiga.protocol.objects import SLOTS, Reference, Slot, format_oid
from optiga.provision.outputs import OutputLayout
from optiga.provision.specs import AwsIssuerSpec, IssuerSpec, OwnCertificate, ThingSpec, TrustSpec, complete_device

if TYPE_CHECKING:
    from optiga.identity.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Job:
    """A description of the wanted result, for any number of chips. Make one with :meth:`new_identity` or
    :meth:`own_certificate`.

    A job contains no clients, keys or credentials: :class:`.services.Services` provide them. Relative paths refer to
    the computer and folder where the job runs.

    :param slot: slot of the key.
    :param certificate_oid: OID of the object for the certificate.
    :param issuer: who issues the certificate.
    :param configuration: configuration of the key and its CSR; None if the chip keeps its own certificate.
    :param thing: the device in AWS IoT; None without a cloud.
    :param aws: options of the connection to AWS; None without a cloud.
    :param outputs: names and folder of the output files.
    :param trust: trusted roots, with which the chip must prove that it is genuine; None for no proof.
    :param renew: make a new key and certificate even for a finished chip.
    :param issued_before: renew only a certificate that was issued before this time, with time zone, in whole seconds;
        None for any.
    :param expires_within: renew only a certificate that expires within so many days; None for any.
    :raises ConfigurationError: if these values contradict each other.
    """

    slot: Slot
    certificate_oid: int
    issuer: IssuerSpec
    configuration: Configuration | None = None
    thing: ThingSpec | None = None
    aws: AwsOptions | None = None
    outputs: OutputLayout = OutputLayout()  # noqa: RUF009 - a frozen value
    trust: TrustSpec | None = None
    renew: bool = False
    issued_before: datetime | None = None
    expires_within: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        is_own = isinstance(self.issuer, OwnCertificate)
        if self.slot not in SLOTS:
            raise ConfigurationError(f"{self.slot.name!r} is not a slot of the chip", parameter="slot")
        if is_own is (self.configuration is not None):
            raise ConfigurationError(
                "a configuration is for a new key, and the chip keeps its own certificate"
                if is_own
                else "the job has no configuration for the key and the CSR",
                parameter="configuration",
            )
        if self.configuration is not None and self.configuration.slot != self.slot:
            raise ConfigurationError(
                f"the configuration is for slot {self.configuration.slot.name}, the job for {self.slot.name}",
                oid=self.slot.key_oid,
                parameter="slot",
            )
        if is_own and self.renew:
            raise ConfigurationError("a chip that keeps its own certificate gets no new certificate", parameter="renew")
        if is_own and self.certificate_oid != self.slot.certificate_oid:
            raise ConfigurationError(
                f"the certificate that Infineon gave the chip is not in {format_oid(self.certificate_oid)}",
                oid=self.certificate_oid,
                parameter="certificate_oid",
            )
        if (self.thing is None) is not (self.aws is None):
            raise ConfigurationError("'thing' and 'aws' go together: without a cloud both are None", parameter="thing")
        if self.thing is None and not is_own and isinstance(self.issuer, AwsIssuerSpec):
            raise ConfigurationError(
                "without a cloud, no CA certifies the key",
                hint=naming("Give your own CA ({issuer})"),
                reason=Reason.MISSING,
            )
        if self.thing is None and is_own:
            raise ConfigurationError("no cloud is given to register the chip's own certificate", parameter="thing")
        resolve_certificate(self.slot, self.certificate_oid)
        if (device := self.device) is not None:
            device.check()
        self._check_renewal()

    def _check_renewal(self) -> None:
        """Refuse conditions of a renewal that cannot be met."""
        before, days = self.issued_before, self.expires_within
        for name, value in (("issued_before", before), ("expires_within", days)):
            if value is not None and not self.renew:
                said = naming("{limit} requires {renew}", limit=Naming("", name, ""))
                raise ConfigurationError(said, reason=Reason.MISSING, parameter="renew")
        if before is not None and days is not None:
            raise ConfigurationError(
                naming("{issued_before} and {expires_within} do not go together"), reason=Reason.CONFLICT
            )
        if before is not None and before.utcoffset() is None:
            raise ConfigurationError("the time has no time zone", parameter="issued_before")
        try:
            _ = None if before is None else before.astimezone(timezone.utc)
        except OverflowError:
            raise ConfigurationError(
                "the time is before or after all times in UTC", parameter="issued_before"
            ) from None
        if before is not None and before.microsecond:
            raise ConfigurationError("the time is not of whole seconds", parameter="issued_before")
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise ConfigurationError(
                f"a certificate cannot be renewed {days} days before it expires",
                hint=f"Use 1 to {MAX_DAYS} days",
                parameter="expires_within",
            )

    @property
    def is_conditional(self) -> bool:
        """Whether only some certificates are renewed."""
        return self.issued_before is not None or self.expires_within is not None

    @classmethod
    @takes
    def new_identity(
        cls,
        configuration: Configuration,
        issuer: IssuerSpec = AwsIssuerSpec(),  # noqa: B008 - a frozen value
        *,
        certificate: Reference | None = None,
        thing: ThingSpec | None = ThingSpec(),  # noqa: B008
        aws: AwsOptions = AwsOptions(),  # noqa: B008
        outputs: OutputLayout = OutputLayout(),  # noqa: B008
        trust: TrustSpec | None = None,
        renew: bool = False,
        issued_before: datetime | None = None,
        expires_within: int | None = None,
    ) -> Job:
        """A job for a new key in the configuration's slot, its CSR and its certificate.

        :param certificate: object for the certificate, for example ``0xE0E3``; None for the object of the slot.
        :param thing: the device in AWS IoT; None for a chip that is not registered with a cloud.
        :param issued_before: renew only a certificate that was issued before this time, with time zone.
        :param expires_within: renew only a certificate that expires within so many days.
        :raises ConfigurationError: if these values contradict each other, or the object is not for certificates.
        """
        target = resolve_certificate(configuration.slot, certificate)
        way = None if thing is None else aws
        slot, conditions = configuration.slot, (issued_before, expires_within)
        return cls(slot, target.oid, issuer, configuration, thing, way, outputs, trust, renew, *conditions)

    @classmethod
    @takes
    def own_certificate(
        cls,
        slot: Reference = "first",
        *,
        thing: ThingSpec = ThingSpec(),  # noqa: B008
        aws: AwsOptions = AwsOptions(),  # noqa: B008
        outputs: OutputLayout = OutputLayout(),  # noqa: B008
        trust: TrustSpec | None = None,
    ) -> Job:
        """A job that registers the certificate from the factory with AWS IoT.

        :param slot: slot of the certificate, for example ``first``.
        :raises ConfigurationError: if the slot has no object for a certificate.
        """
        found = resolve_slot(slot)
        if found.certificate_oid is None:
            raise ConfigurationError(
                f"slot {found.name} has no object for a certificate",
                hint="The slots first, second, third and fourth have one",
                oid=found.key_oid,
            )
        return cls(found, found.certificate_oid, OwnCertificate(), None, thing, aws, outputs, trust)

    @property
    def target(self) -> Target:
        """The object for the certificate."""
        return resolve_certificate(self.slot, self.certificate_oid)

    @property
    def device(self) -> ThingSpec | None:
        """The device in AWS IoT, with the names from the configuration where needed; None without a cloud."""
        if self.thing is None or self.configuration is None:
            return self.thing
        return complete_device(self.thing, self.configuration)
