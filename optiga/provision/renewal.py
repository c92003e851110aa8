"""Which certificates a renewal is for: all, those that are older than a time, or those that expire soon.

A certificate is as old as the journal says: its time of request, by this computer's clock. The start of validity would
not do: AWS and the CAs of this program date it back by some minutes. A certificate that was issued right after a time
would then still be one from before it, and a campaign that is repeated would renew it again.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, counted, naming
from optiga.provision.entry import Entry, Step
from optiga.provision.issuers import CaIssuer
from optiga.provision.leaf import leaf_of

if TYPE_CHECKING:
    from optiga.provision.events import Reporter
    from optiga.provision.job import Job
    from optiga.provision.plan import Plan

_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?", re.ASCII)


def parse_moment(text: str) -> datetime:
    """A day, from its beginning in UTC, or a time with its time zone: ``2026-11-28``, ``2026-11-28T10:00:00Z``.

    :returns: in UTC.
    :raises ConfigurationError: if the text is neither.
    """
    moment = None
    if _DATE.fullmatch(text):
        with suppress(ValueError, OverflowError):  # the latter for the first and last day that there is, elsewhere
            said = datetime.fromisoformat(text.replace("Z", "+00:00"))
            moment = said.astimezone(timezone.utc) if said.tzinfo else said.replace(tzinfo=timezone.utc)
    if moment is None:
        raise ConfigurationError(
            f"{text!r} is not a date",
            hint="Give a day such as 2026-11-28, or a time such as 2026-11-28T10:00:00Z, in UTC",
            reason=Reason.BAD_VALUE,
        )
    return moment


def format_moment(moment: datetime) -> str:
    """A time in UTC, as :func:`parse_moment` reads it."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def check_past(job: Job, now: datetime) -> None:
    """Refuse a time in the future, before which each certificate was issued.

    :raises ConfigurationError: if the job has one.
    """
    if job.issued_before is not None and job.issued_before > now:
        raise ConfigurationError(
            naming(
                "{issued_before}: {before} is in the future: each run would renew again",
                before=format_moment(job.issued_before),
            ),
            hint="Give the time at which you begin to renew, or an earlier one. Or check this computer's clock",
            reason=Reason.BAD_VALUE,
            parameter="issued_before",
        )


def check_renewal(plan: Plan, now: datetime, reporter: Reporter) -> None:
    """Refuse conditions under which each run would renew a certificate once more, and say which ones are renewed.

    :raises ConfigurationError: if they are such.
    """
    job = plan.job
    if job.issued_before is not None:
        check_past(job, now)
        reporter.note(f"A certificate is only renewed if it was issued before {format_moment(job.issued_before)}")
    if job.expires_within is not None:
        within = counted(job.expires_within, "day")
        issuer = plan.new.issuer if plan.new else None
        if isinstance(issuer, CaIssuer) and issuer.end(now) <= now + timedelta(days=job.expires_within):
            raise ConfigurationError(
                naming(
                    "{expires_within}: a new certificate would expire within {within}, too: each run would renew again",
                    within=within,
                ),
                hint="Use fewer days, let the certificate be valid for longer, or renew the CA",
                reason=Reason.CONFLICT,
                parameter="expires_within",
            )
        reporter.note(f"A certificate is only renewed if it expires within {within}")


def narrow(plan: Plan, found: Entry | None, now: datetime, reporter: Reporter) -> Plan:
    """The plan for one chip: whether its certificate is one of those that are to be renewed.

    :param found: what the journal has of the slot.
    :param reporter: is told why a finished chip stays as it is.
    """
    if found is None or found.step is Step.DEPROVISIONED:
        return plan
    is_wanted, told = _judge(plan.job, found, now)
    if is_wanted:
        return replace(plan, outdated=told)
    if not found.is_finished:
        return plan
    reporter.note(f"Nothing to do: {told}")
    return replace(plan, is_kept=True)


def _judge(job: Job, found: Entry, now: datetime) -> tuple[bool, str]:
    """Whether a slot's certificate is to be renewed, and why, as a clause; an unknown one is, without a reason."""
    leaf = None if found.certificate is None else leaf_of(found.certificate)
    if job.issued_before is not None:
        issued = leaf.not_before if found.requested is None and leaf else None
        issued = found.requested.at if found.requested else issued
        if issued is None:
            return found.is_finished, ""
        is_wanted = issued < job.issued_before
        told, than = format_moment(issued), format_moment(job.issued_before)
        return is_wanted, f"its certificate was issued at {told}, {'' if is_wanted else 'not '}before {than}"
    if job.expires_within is None or leaf is None:
        return found.is_finished, ""
    is_wanted = leaf.not_after <= now + timedelta(days=job.expires_within)
    within = counted(job.expires_within, "day")
    told = format_moment(leaf.not_after)
    return is_wanted, f"its certificate expires at {told}, {'' if is_wanted else 'not '}within {within}"
