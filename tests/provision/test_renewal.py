"""Renewals of some certificates only: those that were issued before a time, or that expire soon."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from optiga.ca.authority import CertificateAuthority
from optiga.cli import main
from optiga.errors import CloudError, ConfigurationError, Reason
from optiga.provision.entry import Entry
from optiga.provision.events import Noted, RunDone
from optiga.provision.job import Job
from optiga.provision.job_json import decode_job, encode_job
from optiga.provision.journal import open_journal
from optiga.provision.outputs import OutputLayout
from optiga.provision.plan import make_plan
from optiga.provision.preview import preview
from optiga.provision.renewal import format_moment, parse_moment
from optiga.provision.run import provision
from optiga.provision.specs import CaIssuerSpec
from optiga.provision.steps import describe
from optiga.testing import Cloud, CloudFault
from tests.support.provision_jobs import Place, configuration

NOON = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=1)
"""When chips get their first certificates here."""
HOUR = timedelta(hours=1)


HERE = {"thing": None, "aws": None}
"""For jobs without a cloud."""


class Fleet(Place):
    """A place whose clock is set."""

    now = NOON

    def run(self, job: Job) -> Entry:
        self.heard.clear()
        services = replace(self.services, clock=lambda: self.now)
        with open_journal(self.folder / "journal.db", make=True) as journal, self.chip() as chip:
            return provision(job, replace(services, journal=journal), chip)

    def foresee(self, job: Job) -> tuple[str, ...]:
        """The steps of a dry run."""
        services = replace(self.services, clock=lambda: self.now)
        plan = make_plan(job, services)
        with self.chip() as chip:
            seen = preview(lambda: chip, plan, lambda: open_journal(self.folder / "journal.db"), services)
        return describe(plan, seen)

    @property
    def is_changed(self) -> bool:
        (done,) = [event for event in self.heard if isinstance(event, RunDone)]
        return done.is_changed

    @property
    def notes(self) -> str:
        return "\n".join(event.text for event in self.heard if isinstance(event, Noted))


@pytest.fixture(params=["AWS", "own CA"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path, cloud: Cloud) -> Fleet:
    assert cloud.url
    if request.param == "AWS":
        return Fleet(tmp_path)
    return _with_ca(tmp_path)


def _with_ca(folder: Path) -> Fleet:
    assert main(["ca", "init", str(folder / "ca"), "--no-passphrase", "-q"]) == 0
    return Fleet(folder, CertificateAuthority.open(folder / "ca"))


def job_of(fleet: Fleet, **options: object) -> Job:
    made = Job.new_identity(configuration(), outputs=OutputLayout(fleet.folder))
    if fleet.authority is not None:
        days = options.pop("days", 3650)
        assert isinstance(days, int)
        made = replace(made, issuer=CaIssuerSpec(fleet.folder / "ca", days))
    return replace(made, **options)  # type: ignore[arg-type]


@pytest.mark.long
def test_a_campaign_that_is_repeated(fleet: Fleet) -> None:
    """Each chip gets one new certificate, however often the campaign is run."""
    old = fleet.run(job_of(fleet))
    campaign = job_of(fleet, renew=True, issued_before=NOON + HOUR)
    fleet.now = NOON + HOUR
    assert "generates" in fleet.foresee(campaign)[0]
    new = fleet.run(campaign)
    assert (fleet.is_changed, new.serial != old.serial) == (True, True)
    fleet.now += HOUR
    assert fleet.foresee(campaign) == ()
    again = fleet.run(campaign)
    assert (fleet.is_changed, again.serial) == (False, new.serial)
    assert "Nothing to do" in fleet.notes
    assert format_moment(NOON + HOUR) in fleet.notes


@pytest.mark.long
def test_issued_at_that_very_time(fleet: Fleet) -> None:
    """A campaign whose first chip is renewed in the second in which it begins."""
    old = fleet.run(job_of(fleet))
    kept = fleet.run(job_of(fleet, renew=True, issued_before=NOON))
    assert (fleet.is_changed, kept.serial) == (False, old.serial)


def test_one_that_expires_soon(tmp_path: Path) -> None:
    fleet = _with_ca(tmp_path)
    soon = job_of(fleet, days=40, **HERE)
    nightly = job_of(fleet, days=40, **HERE, renew=True, expires_within=30)
    old = fleet.run(soon)
    assert old.serial is not None
    assert fleet.foresee(nightly) == ()
    kept = fleet.run(nightly)
    assert (fleet.is_changed, kept.serial) == (False, old.serial)
    assert "not within 30 days" in fleet.notes
    fleet.now += timedelta(days=15)
    fleet.run(job_of(fleet, days=100, **HERE, renew=True, expires_within=30))
    assert fleet.is_changed


def test_a_new_one_would_expire_as_soon(tmp_path: Path) -> None:
    """Each night it would be renewed once more."""
    fleet = _with_ca(tmp_path)
    fleet.run(job_of(fleet, days=20, **HERE))
    with pytest.raises(ConfigurationError, match="each run would renew again") as error:
        fleet.run(job_of(fleet, days=20, **HERE, renew=True, expires_within=30))
    assert error.value.parameter == "expires_within"


def test_a_time_in_the_future(fleet: Fleet) -> None:
    with pytest.raises(ConfigurationError, match="is in the future"):
        fleet.run(job_of(fleet, renew=True, issued_before=NOON + HOUR))


@pytest.mark.long
def test_interrupted_in_the_campaign(tmp_path: Path, cloud: Cloud) -> None:
    """Its certificate is from the campaign: it is used."""
    fleet = Fleet(tmp_path)
    old = fleet.run(job_of(fleet))
    campaign = job_of(fleet, renew=True, issued_before=NOON + HOUR)
    fleet.now = NOON + HOUR
    cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
    with pytest.raises(CloudError):
        fleet.run(campaign)
    new = fleet.run(campaign)
    assert new.serial != old.serial
    assert cloud.calls.count("CreateCertificateFromCsr") == 2


@pytest.mark.long
def test_interrupted_before_the_campaign(tmp_path: Path, cloud: Cloud) -> None:
    """Its certificate is too old already: it is not used, and is not left active."""
    fleet = Fleet(tmp_path)
    cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
    with pytest.raises(CloudError):
        fleet.run(job_of(fleet))
    fleet.now = NOON + HOUR
    campaign = job_of(fleet, renew=True, issued_before=NOON + HOUR)
    assert "generates" in fleet.foresee(campaign)[0]
    fleet.run(campaign)
    assert cloud.calls.count("CreateCertificateFromCsr") == 2
    states = [one["status"] for one in cloud.iot.list_certificates()["certificates"]]
    assert sorted(states) == ["ACTIVE", "INACTIVE"]
    fleet.run(campaign)
    assert not fleet.is_changed


def test_a_chip_that_is_kept_is_checked(tmp_path: Path, cloud: Cloud) -> None:
    """One that was locked out on purpose is told, with what would renew it."""
    fleet = Fleet(tmp_path)
    done = fleet.run(job_of(fleet))
    cloud.iot.update_certificate(certificateId=str(done.certificate_id), newStatus="REVOKED")
    with pytest.raises(CloudError, match="REVOKED") as error:
        fleet.run(job_of(fleet, renew=True, issued_before=NOON))
    assert "omit 'issued_before'" in error.value.hint


class TestJob:
    def test_to_json_and_back(self) -> None:
        for options in ({"issued_before": NOON}, {"expires_within": 30}):
            job = Job.new_identity(configuration(), renew=True, **options)  # type: ignore[arg-type]
            assert decode_job(encode_job(job)) == job

    def test_none_is_not_written(self) -> None:
        """So that earlier versions read such a job."""
        assert "issued_before" not in encode_job(Job.new_identity(configuration()))

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"issued_before": NOON}, Reason.MISSING),
            ({"expires_within": 30}, Reason.MISSING),
            ({"renew": True, "issued_before": NOON, "expires_within": 30}, Reason.CONFLICT),
            ({"renew": True, "issued_before": NOON.replace(tzinfo=None)}, Reason.BAD_VALUE),
            ({"renew": True, "issued_before": NOON.replace(microsecond=1)}, Reason.BAD_VALUE),
            ({"renew": True, "issued_before": datetime(1, 1, 1, tzinfo=timezone(HOUR))}, Reason.BAD_VALUE),
            ({"renew": True, "issued_before": datetime(9999, 12, 31, 23, tzinfo=timezone(-HOUR))}, Reason.BAD_VALUE),
            ({"renew": True, "expires_within": 0}, Reason.BAD_VALUE),
            ({"renew": True, "expires_within": 36501}, Reason.BAD_VALUE),
        ],
    )
    def test_refused(self, options: dict[str, object], reason: Reason) -> None:
        with pytest.raises(ConfigurationError) as error:
            Job.new_identity(configuration(), **options)  # type: ignore[arg-type]
        assert error.value.reason is reason

    @pytest.mark.parametrize("member", [{"issued_before": "yesterday"}, {"expires_within": "30"}])
    def test_json_of_no_such_value(self, member: dict[str, str]) -> None:
        text = encode_job(Job.new_identity(configuration(), renew=True))
        ((name, value),) = member.items()
        with pytest.raises(ConfigurationError, match=name):
            decode_job(text.replace('"renew": true', f'"renew": true, "{name}": "{value}"'))


BEYOND = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59")
"""Times that are none in UTC."""


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-11-28", "2026-11-28T00:00:00Z"),
            ("2026-11-28T10:00:00Z", "2026-11-28T10:00:00Z"),
            ("2026-11-28T10:00Z", "2026-11-28T10:00:00Z"),
            ("2026-11-28T11:00:00+01:00", "2026-11-28T10:00:00Z"),
        ],
    )
    def test_there_and_back(self, text: str, moment: str) -> None:
        assert format_moment(parse_moment(text)) == moment

    @pytest.mark.parametrize(
        "text", ["", "today", "28.11.2026", "2026-13-01", "2026-11-28T10:00:00", "2026-W48-6", *BEYOND]
    )
    def test_refused(self, text: str) -> None:
        with pytest.raises(ConfigurationError, match="is not a date"):
            parse_moment(text)
