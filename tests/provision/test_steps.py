"""One list of steps: what a dry run tells is what a run does and announces, for every kind of job."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from optiga.ca.authority import CertificateAuthority
from optiga.cli import main
from optiga.cloud.aws.fleet import CERTIFICATE_ID
from optiga.emulator.identity import root_certificate_pem
from optiga.errors import CloudError, ConfigurationError, OptigaError
from optiga.provision.entry import Step as Level
from optiga.provision.events import (
    Event,
    Noted,
    RunDone,
    RunFailed,
    RunStarted,
    StepDone,
    StepFailed,
    StepName,
    StepStarted,
    Warned,
    encode_event,
)
from optiga.provision.facts import CsrSigned, Finished, Issued, KeyMade, Registered, Requested, ThingAttached, Written
from optiga.provision.job import Job
from optiga.provision.journal import open_journal
from optiga.provision.outputs import OutputLayout
from optiga.provision.plan import make_plan
from optiga.provision.run import provision
from optiga.provision.specs import CaIssuerSpec, ThingSpec, TrustSpec
from optiga.provision.steps import describe, steps
from optiga.testing import Cloud, CloudFault
from tests.support.provision_jobs import Place, configuration

DENIED = CloudFault.error("AccessDeniedException", 403, "not authorized to perform: iot:AttachThingPrincipal")
E = TypeVar("E", bound=Event)
FLEET = {
    "Parameters": {"ThingName": {"Type": "String"}, CERTIFICATE_ID: {"Type": "String"}},
    "Resources": {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}},
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": CERTIFICATE_ID}, "Status": "INACTIVE"},
        },
    },
}
NEW = [StepName.KEY, StepName.CSR, StepName.CERTIFIED, StepName.WRITTEN]
END = [StepName.THING, StepName.POLICY, StepName.FINISHED]
EXPECTED = {
    "AWS": [*NEW, *END],
    "proven, of a type, in groups": [StepName.GENUINE, *NEW, *END],
    "a provisioning template": [*NEW, StepName.POLICY, StepName.FINISHED],
    "own CA": [*NEW, StepName.REGISTERED, *END],
    "own CA, no cloud": [*NEW, StepName.FINISHED],
    "own certificate": [StepName.CERTIFIED, StepName.REGISTERED, StepName.THING, StepName.FINISHED],
    "own certificate, nothing more": [StepName.CERTIFIED, StepName.REGISTERED, StepName.FINISHED],
}
_LONG = ("AWS", "proven, of a type, in groups", "a provisioning template", "own CA", "own certificate, nothing more")

KINDS = [pytest.param(one, marks=pytest.mark.long) if one in _LONG else one for one in EXPECTED]


def job_of(kind: str, folder: Path) -> Job:
    seeds, trust = configuration(), TrustSpec(folder / "roots.pem")
    wanted = ThingSpec(thing_type="lamps", groups=("hall",), attributes=(("room", "7"),))
    return {
        "AWS": Job.new_identity(seeds),
        "proven, of a type, in groups": Job.new_identity(seeds, thing=wanted, trust=trust, renew=True),
        "a provisioning template": Job.new_identity(seeds, thing=ThingSpec(template=str(folder / "fleet.json"))),
        "own CA": Job.new_identity(seeds, CaIssuerSpec(folder / "ca")),
        "own CA, no cloud": Job.new_identity(seeds, CaIssuerSpec(folder / "ca"), thing=None),
        "own certificate": Job.own_certificate(thing=ThingSpec("lamp")),
        "own certificate, nothing more": Job.own_certificate(),
    }[kind]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "roots.pem").write_text(root_certificate_pem())
    (tmp_path / "fleet.json").write_text(json.dumps(FLEET))
    assert main(["-q", "ca", "init", "ca", "--no-passphrase"]) == 0
    return Place(tmp_path, CertificateAuthority.open(tmp_path / "ca"))


def names_of(events: list[Event], kind: type[E]) -> list[StepName]:
    return [event.step for event in events if isinstance(event, kind)]  # type: ignore[attr-defined]


def only(events: list[Event], kind: type[E]) -> E:
    (found,) = (event for event in events if isinstance(event, kind))
    return found


class TestOneList:
    @pytest.mark.parametrize("kind", KINDS)
    def test_what_is_told_is_what_is_done(self, cloud: Cloud, place: Place, kind: str) -> None:
        cloud.iot.create_thing_type(thingTypeName="lamps")
        cloud.iot.create_thing_group(thingGroupName="hall")
        job = job_of(kind, place.folder)
        listed = steps(job)
        plan = make_plan(job, place.services)
        told = {step.name: step.describe(plan) for step in listed}
        assert describe(plan) == tuple(sentence for step in listed for sentence in step.describe(plan))
        assert all(sentences and all(sentences) for sentences in told.values())
        place.provision(job)
        assert [step.name for step in listed] == EXPECTED[kind]
        assert list(only(place.heard, RunStarted).steps) == EXPECTED[kind]
        assert names_of(place.heard, StepStarted) == names_of(place.heard, StepDone) == list(told) == EXPECTED[kind]
        assert only(place.heard, RunDone).is_changed

    def test_a_step_is_a_value(self, tmp_path: Path) -> None:
        job = job_of("own CA", tmp_path)
        assert steps(job) == steps(job)
        assert len(set(steps(job))) == len(steps(job))

    def test_levels_rise(self, tmp_path: Path) -> None:
        """A run that was interrupted goes on behind its level, so no step may have one below the step before it."""
        for kind in EXPECTED:
            levels = [step.level for step in steps(job_of(kind, tmp_path)) if hasattr(step, "level")]
            assert levels == sorted(set(levels))
            assert levels[-1] is Level.FINISHED


class TestEvents:
    def test_of_a_whole_run(self, cloud: Cloud, place: Place) -> None:
        entry = place.provision(job_of("AWS", place.folder))
        heard = place.heard
        run = [event for event in heard if event.port]
        assert isinstance(run[0], RunStarted)
        assert isinstance(run[-1], RunDone)
        assert {(one.station, one.uid, one.slot) for one in run} == {("left", entry.uid, "second")}
        assert {one.port for one in run} == {f"emulator:{place.folder / 'chip'}"}
        assert [one.at for one in heard] == sorted(one.at for one in heard)
        facts = [fact for event in heard if isinstance(event, StepDone) for fact in event.facts]
        kinds = [type(fact) for fact in facts]
        expected = [KeyMade, CsrSigned, Requested, Issued, Registered, Written, ThingAttached]
        assert [kind for kind in kinds if kind in expected] == expected
        assert kinds[-1] is Finished
        assert only(heard, RunDone).journal_seal is not None
        noted = [
            event for event in heard if isinstance(event, Noted) and event.text.startswith("Thing my_thing created")
        ]
        assert [event.step for event in noted] == [StepName.THING]
        assert names_of(heard, StepStarted) == names_of(heard, StepDone) == EXPECTED["AWS"]
        self.check_json(place, entry.uid)

    def check_json(self, place: Place, uid: str) -> None:
        """Every event is one line of JSON that says all of it."""
        documents = [json.loads(encode_event(event)) for event in place.heard]
        assert all("\n" not in encode_event(event) for event in place.heard)
        assert [one["event"] for one in documents] == [type(one).__name__ for one in place.heard]
        done = {one["step"]: one["facts"] for one in documents if one["event"] == "StepDone"}
        assert [fact["fact"] for fact in done["certified"]] == ["requested", "issued", "registered"]
        assert done["thing"][0]["thing"] == "my_thing"
        assert {one["uid"] for one in documents if one["port"]} == {uid}

    @pytest.mark.long
    def test_a_step_that_fails(self, cloud: Cloud, place: Place) -> None:
        cloud.fail("AttachThingPrincipal", DENIED, times=1)
        job = job_of("AWS", place.folder)
        with pytest.raises(CloudError) as error:
            place.provision(job)
        failed = only(place.heard, StepFailed)
        assert failed.step is StepName.THING
        assert failed.reason is error.value.reason
        assert "iot:AttachThingPrincipal" in failed.error
        assert isinstance(place.heard[-1], RunFailed)
        place.heard.clear()
        place.provision(job)
        assert names_of(place.heard, StepStarted) == END

    @pytest.mark.long
    def test_a_run_that_fails_beside_the_steps(self, cloud: Cloud, place: Place) -> None:
        job = job_of("AWS", place.folder)
        place.provision(job)
        place.heard.clear()
        other = replace(job, thing=ThingSpec("another"))
        with pytest.raises(OptigaError, match="its thing is my_thing, not another"):
            place.provision(other)
        assert names_of(place.heard, StepStarted) == []
        assert "not another" in only(place.heard, RunFailed).error

    def test_a_chip_that_is_finished(self, cloud: Cloud, place: Place) -> None:
        job = job_of("own CA, no cloud", place.folder)
        place.provision(job)
        place.heard.clear()
        place.provision(job)
        assert names_of(place.heard, StepStarted) == []
        assert not only(place.heard, RunDone).is_changed

    def test_a_listener_that_fails(self, place: Place, caplog: pytest.LogCaptureFixture) -> None:
        """Whoever listens does not end the run, and the others are told nevertheless."""

        def broken(event: Event) -> None:
            raise RuntimeError("no more paper")

        heard: list[Event] = []
        job = job_of("own CA, no cloud", place.folder)
        services = replace(place.services, listeners=(broken, heard.append))
        with open_journal(place.folder / "journal.db", make=True) as journal, place.chip() as chip:
            assert provision(job, replace(services, journal=journal), chip).is_finished
        assert names_of(heard, StepDone) == EXPECTED["own CA, no cloud"]
        assert "no more paper" in caplog.text

    @pytest.mark.long
    def test_a_warning_is_one(self, cloud: Cloud, place: Place) -> None:
        cloud.iot.create_policy(
            policyName="my_policy",
            policyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}',
        )
        place.provision(job_of("AWS", place.folder))
        warned = [event for event in place.heard if isinstance(event, Warned) and event.step is StepName.POLICY]
        assert "the policy my_policy in AWS is used" in warned[0].text


class TestServices:
    def test_without_a_journal(self, place: Place) -> None:
        with place.chip() as chip, pytest.raises(ConfigurationError, match=r"is given.*open_journal"):
            provision(job_of("own CA, no cloud", place.folder), place.services, chip)

    def test_without_the_ca(self, place: Place) -> None:
        with pytest.raises(ConfigurationError, match=r"no CA is open.*authority=optiga\.open_ca"):
            make_plan(job_of("own CA, no cloud", place.folder), replace(place.services, authority=None))

    def test_another_ca(self, place: Place) -> None:
        assert main(["-q", "ca", "init", "other", "--no-passphrase"]) == 0
        job = Job.new_identity(configuration(), CaIssuerSpec(Path("other")), thing=None)
        with pytest.raises(ConfigurationError, match="the job needs the CA in other"):
            make_plan(job, place.services)

    def test_the_same_ca_by_another_name(self, place: Place) -> None:
        job = Job.new_identity(configuration(), CaIssuerSpec(Path("./ca/../ca")), thing=None)
        assert make_plan(job, place.services).job == job

    def test_a_plan_of_another_job(self, place: Place) -> None:
        job = job_of("own CA, no cloud", place.folder)
        plan = make_plan(job, place.services)
        with open_journal(place.folder / "journal.db", make=True) as journal, place.chip() as chip:
            services = replace(place.services, journal=journal)
            with pytest.raises(ConfigurationError, match="another job"):
                provision(replace(job, renew=True), services, chip, plan=plan)
            assert provision(job, services, chip, plan=plan).is_finished

    def test_clients_that_are_there(self, cloud: Cloud, place: Place) -> None:
        """A worker's clients are made once, for all of its jobs."""
        job = job_of("AWS", place.folder)
        aws = place.services.connect(job.aws, print)  # type: ignore[arg-type]
        services = replace(place.services, connect=lambda *_: aws)
        for _ in range(2):
            assert make_plan(job, services).cloud is not None
        assert cloud.calls.count("GetCallerIdentity") == 1

    @pytest.mark.long
    def test_threads_share_them(self, place: Place) -> None:
        """A worker's one journal and one CA: each thread's chip gets its own, and its events name it."""
        outputs = OutputLayout(place.folder / "{uid}")
        job = Job.new_identity(configuration(), CaIssuerSpec(place.folder / "ca"), thing=None, outputs=outputs)

        def run(name: str) -> str:
            with place.chip(name) as chip:
                return provision(job, services, chip).uid

        with open_journal(place.folder / "journal.db", make=True) as journal, ThreadPoolExecutor(4) as pool:
            services = replace(place.services, journal=journal)
            uids = list(pool.map(run, ["one", "two", "three", "four"]))
            assert {entry.uid for entry in journal.all() if entry.is_finished} == set(uids)
        for uid in uids:
            heard = [event for event in place.heard if event.uid == uid]
            assert names_of(heard, StepDone) == EXPECTED["own CA, no cloud"]
            assert len(list((place.folder / uid).glob("*.pem"))) == 1
