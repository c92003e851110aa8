"""Each call of AWS fails in turn, in each way; the next run finishes with one key, one certificate and one thing."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import optiga
from optiga.chip.sessions.objects import Objects
from optiga.cloud.aws.connection import ATTEMPTS, AwsOptions, connect
from optiga.provision.steps.identity import SignCsr
from optiga.testing import Cloud, CloudFault
from tests.support.ca_helpers import make_request
from tests.support.cli.provisioned import OPERATIONS, Bench
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

CLOUD_EXIT = 6
BEFORE_THE_CHIP = OPERATIONS[:3]
ERRORS = (
    CloudFault.error("AccessDeniedException", 403, "User: x is not authorized to perform this"),
    CloudFault.error("ExpiredTokenException", 403, "The security token included in the request is expired"),
    CloudFault.error("InternalFailureException", 500, "An unexpected error has occurred"),
    CloudFault.error("ServiceUnavailableException", 503, "Try later"),
    CloudFault.error("LimitExceededException", 410, "The limit has been reached"),
)
"""What AWS may refuse a call with; to this command one is like the other, so the calls share them out."""
FAULTS = ("error", "throttled", "broken before", "broken after")


def fault_of(operation: str, name: str) -> CloudFault:
    """What is wrong with a call: of the errors one; a question that may only not be asked is none."""
    others = {
        "throttled": CloudFault.THROTTLE,
        "broken before": CloudFault.BREAK_BEFORE,
        "broken after": CloudFault.BREAK_AFTER,
    }
    return others.get(name) or ERRORS[(OPERATIONS.index(operation) + 1) % len(ERRORS)]


@pytest.fixture
def bench(cli: Cli, cloud: Cloud, tmp_path: Path) -> Bench:
    cloud.iot.create_thing_group(thingGroupName="hall")
    return Bench(cloud, tmp_path / "work", tmp_path / "chip")


@pytest.fixture
def run(cli: Cli, bench: Bench, configs: Path) -> Cli:
    config = configs / "config_nistp256_ecdsa_secondslot.jsn"
    return lambda *options: cli("--port", bench.port, "provision", config, "--thing-group", "hall", *options)


@pytest.mark.long
def test_what_a_run_asks_for(run: Cli, bench: Bench) -> None:
    assert run().code == 0
    assert tuple(bench.cloud.calls) == OPERATIONS


@pytest.mark.long
@pytest.mark.parametrize("fault", [CloudFault.THROTTLE, CloudFault.BREAK_BEFORE], ids=["throttled", "broken"])
@pytest.mark.parametrize("operation", ["CreateCertificateFromCsr", "AttachPolicy"])
def test_the_error_says_how_to_continue(run: Cli, bench: Bench, operation: str, fault: CloudFault) -> None:
    bench.cloud.fail(operation, fault, times=1)
    (line,) = run().errors
    assert "again to continue" in line or "run the same command again" in line


@pytest.mark.parametrize("fault", sampled(FAULTS, keep=1))
@pytest.mark.parametrize("operation", sampled(OPERATIONS, keep=2))
def test_a_call_fails(run: Cli, bench: Bench, operation: str, fault: str) -> None:
    bench.cloud.fail(operation, fault_of(operation, fault), times=1)
    result = run()
    assert result.code == CLOUD_EXIT
    assert result.out == ""
    (line,) = result.errors
    assert operation in line
    assert "Traceback" not in result.err
    bench.check_proven()
    if operation in BEFORE_THE_CHIP:
        assert not bench.chip.exists()
    elif (operation, fault) != ("UpdateCertificate", "broken after"):
        assert bench.active() == []
    assert run().code == 0
    bench.check_finished()


@pytest.mark.parametrize("operation", sampled(OPERATIONS[1:]))
@pytest.mark.long
def test_a_call_fails_again_and_again(run: Cli, bench: Bench, operation: str) -> None:
    """Each time in another way; nothing piles up."""
    faults = [fault_of(operation, name) for name in ("error", "broken before", "broken after")]
    for fault in faults:
        bench.cloud.fail(operation, fault, times=1)
    for _ in faults:
        assert run().code == CLOUD_EXIT
    assert run().code == 0
    bench.check_finished()


@pytest.mark.long
@pytest.mark.parametrize("operation", sampled(OPERATIONS[1:]))
def test_an_answer_that_is_none(run: Cli, bench: Bench, operation: str) -> None:
    bench.cloud.fail(operation, CloudFault.GARBAGE, times=1)
    result = run()
    assert result.code == CLOUD_EXIT
    (line,) = result.errors
    assert operation in line
    assert bench.active() == []
    assert run().code == 0
    bench.check_finished()


@pytest.mark.long
class TestPatience:
    """What passes by itself is waited for."""

    @pytest.fixture(autouse=True)
    def _patient(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
        monkeypatch.setenv("AWS_RETRY_MODE", "standard")  # the adaptive one waits in real time
        monkeypatch.setattr("time.sleep", lambda _seconds: None)

    @pytest.mark.parametrize("operation", sampled(OPERATIONS, keep=2))
    @pytest.mark.parametrize("fault", sampled(["throttled", "broken before"], keep=1))
    def test_asked_again(self, run: Cli, bench: Bench, operation: str, fault: str) -> None:
        bench.cloud.fail(operation, fault_of(operation, fault), times=3)
        result = run()
        asked = bench.cloud.calls.count(operation)
        if (operation, fault) == ("CreateCertificateFromCsr", "broken before"):
            # AWS may have made one: asked once, and looked for in the next run
            assert result.code == CLOUD_EXIT
            assert asked == 1
            return
        assert result.code == 0, result.err
        assert asked == 4
        bench.check_finished()
        assert "AWS does not answer yet" in result.err

    def test_only_what_is_asked_again_is_waited_for(self, run: Cli, bench: Bench) -> None:
        """Not where AWS says, after a lost answer, that it is done already; and after the last attempt is none."""
        bench.cloud.fail("CreatePolicy", CloudFault.BREAK_AFTER, times=1)
        bench.cloud.fail("UpdateCertificate", CloudFault.BREAK_BEFORE)
        result = run()
        assert result.code == CLOUD_EXIT
        assert "answer yet to CreatePolicy" not in result.err
        waiting = [line for line in result.err.splitlines() if "does not answer yet to UpdateCertificate" in line]
        assert [line.rpartition("attempt ")[2] for line in waiting] == ["3", "4", "5"]

    def test_adaptive_by_itself(self, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without settings of the user's own botocore adapts its rate to what AWS takes."""
        monkeypatch.delenv("AWS_RETRY_MODE")
        monkeypatch.delenv("AWS_MAX_ATTEMPTS")
        assert connect(AwsOptions()).iot.meta.config.retries == {"mode": "adaptive", "total_max_attempts": ATTEMPTS}
        bench.cloud.fail("UpdateCertificate", CloudFault.THROTTLE, times=1)
        assert run().code == 0
        assert bench.cloud.calls.count("UpdateCertificate") == 2

    def test_a_certificate_whose_answer_was_lost_is_adopted(self, run: Cli, bench: Bench) -> None:
        bench.cloud.fail("CreateCertificateFromCsr", CloudFault.BREAK_AFTER)
        assert run().code == CLOUD_EXIT
        assert bench.cloud.calls.count("CreateCertificateFromCsr") == 1
        bench.cloud.calls.clear()
        result = run()
        assert result.code == 0
        assert "CreateCertificateFromCsr" not in bench.cloud.calls
        assert "AWS IoT had issued a certificate in the interrupted run" in result.err
        bench.check_finished()


@pytest.mark.long
def test_adopted_among_many(run: Cli, bench: Bench) -> None:
    """It is found behind other inactive certificates, over several pages, and not mistaken for one of another key."""
    bench.cloud.fail("CreateCertificateFromCsr", CloudFault.BREAK_AFTER, times=1)
    assert run().code == CLOUD_EXIT
    ours = bench.certificates()
    other = x509.load_der_x509_csr(make_request(name="other")).public_bytes(Encoding.PEM).decode()
    for _ in range(260):
        bench.cloud.iot.create_certificate_from_csr(certificateSigningRequest=other, setAsActive=False)
    result = run()
    assert result.code == 0, result.err
    assert [one["certificateId"] for one in bench.active()] == [one["certificateId"] for one in ours]
    assert bench.cloud.calls.count("ListCertificates") == 2


class TestChipFails:
    """The chip fails where AWS does not: nothing is active, and the next run finishes."""

    METHODS: ClassVar = {
        "generate_key": optiga.Chip,
        "write": Objects,
        "read": Objects,
        "metadata": Objects,
        "execute": optiga.Chip,
    }

    @pytest.mark.long
    @pytest.mark.parametrize("method", sampled(METHODS, keep=1))
    def test_a_method_fails(self, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
        def fail(*_: object, **__: object) -> None:
            raise optiga.ChipError("the chip is tired")

        with monkeypatch.context() as patched:
            patched.setattr(self.METHODS[method], method, fail)
            assert run().code == 4
        assert bench.active() == []
        assert run().code == 0
        bench.check_finished()

    @pytest.mark.long
    def test_the_certificate_does_not_stay_in_the_chip(
        self, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Objects, "write", lambda *_, **__: None)
            result = run()
        assert result.code == 4
        assert "does not hold the written bytes" in result.errors[0]
        assert bench.active() == []
        assert run().code == 0
        bench.check_finished()


@pytest.mark.long
@pytest.mark.parametrize("had_certificate", [False, True])
def test_a_certificate_is_lost_only_where_there_was_one(run: Cli, bench: Bench, *, had_certificate: bool) -> None:
    if had_certificate:
        assert run("--journal", "other.db").code == 0
    bench.cloud.fail("CreateCertificateFromCsr", ERRORS[4], times=1)
    result = run("--join", "--yes")
    assert result.code == CLOUD_EXIT
    assert "0xE0F1 has a new key" in result.errors[0]
    assert ("no longer matches" in result.errors[0]) == had_certificate


@pytest.mark.parametrize("options", [(), ("-q",), ("--output", "json")])
def test_what_to_do_is_part_of_the_error(run: Cli, bench: Bench, options: tuple[str, ...]) -> None:
    bench.cloud.fail("CreateThing", ERRORS[4], times=1)
    result = run(*options)
    assert result.code == CLOUD_EXIT
    assert result.err.splitlines()[-1].count("run the same command again") == 1
    assert result.err.count("run the same command again") == 1


@pytest.mark.parametrize("options", [(), ("-q",), ("--output", "json")])
def test_what_to_do_after_an_interruption(run: Cli, bench: Bench, options: tuple[str, ...]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SignCsr, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        result = run(*options)
    assert result.code == 130
    assert "0xE0F1 has a new key" in result.err
    assert result.err.count("run the same command again") == 1 + ("json" in options)  # also as the hint


@pytest.mark.parametrize("place", ["run.Preparation.begin", "run.Attestation.look", "run.check_model"])
def test_an_interruption_before_the_key(run: Cli, bench: Bench, place: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(f"optiga.provision.{place}", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        result = run()
    assert result.code == 130
    assert "\nThe key in 0xE0F1 did not change\n" in result.err
    assert result.err.count("run the same command again") == 1


@pytest.mark.parametrize("place", ["commands.identity.provision.make_plan", "support.settings.Settings.open_chip"])
def test_an_interruption_before_the_chip(run: Cli, bench: Bench, place: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(f"optiga.cli.{place}", interrupt)
        result = run()
    assert "The key in 0xE0F1 did not change" in result.err.splitlines()
    assert result.err.count("run the same command again") == 1


def test_an_interruption_behind_the_run(run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("optiga.cli.support.settings.Settings.print_result", interrupt)
    result = run()
    assert result.code == 130
    assert "did not change" not in result.err


def test_it_is_not_said_twice(run: Cli, bench: Bench) -> None:
    """AWS's own failures say it, too."""
    bench.cloud.fail("AttachPolicy", CloudFault.error("InternalFailureException", 500, "down"))
    result = run("-q")
    assert result.code == CLOUD_EXIT
    assert result.errors[0].count("ry again") == 1


@pytest.mark.parametrize(
    "action", sampled(["DetachThingPrincipal", "DeleteCertificate", "DeleteThing", "DeletePolicy"], keep=1)
)
def test_a_device_that_is_taken_back_by_half(cli: Cli, run: Cli, bench: Bench, action: str) -> None:
    assert run().code == 0
    bench.cloud.fail(action, ERRORS[4], times=1)
    words = ("--port", bench.port, "deprovision", "--delete-thing", "--delete-policy", "--yes", "-q")
    result = cli(*words)
    assert result.code == CLOUD_EXIT
    assert result.errors[0].count("run the same command again") == 1
    assert cli(*words).code == 0
    assert bench.certificates() == []
