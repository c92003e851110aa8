"""What an interrupted ``provision`` says of the key and of the next run is true of the run at hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from optiga.chip import Chip
from optiga.errors import BoardError, Reason
from optiga.provision.steps.identity import SignCsr
from optiga.testing import CloudFault
from tests.support.cli.provisioned import Bench, result_of
from tests.support.cli.runner import Cli, Result

NEW, MAYBE = "0xE0F1 has a new key", "0xE0F1 may have a new key"
AGAIN = "run the same command again"


def error_of(result: Result) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(result.err.splitlines()[-1])["error"]
    return error


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (CloudFault.error("LimitExceededException", 410, "no"), f"remove the cause, then {AGAIN}"),
        (CloudFault.error("InvalidRequestException", 400, "no"), f"remove the cause, then {AGAIN}"),
        (CloudFault.error("ServiceUnavailableException", 503, "no"), "Try again to continue"),
    ],
)
def test_only_the_run_that_made_the_key_says_so(run: Cli, bench: Bench, fault: CloudFault, again: str) -> None:
    bench.cloud.fail("CreateCertificateFromCsr", fault)
    first, second = (error_of(run("--output", "json"))["hint"] for _ in range(2))
    assert NEW in first
    assert NEW not in second
    assert again in first
    assert again in second


@pytest.mark.long
def test_an_interruption_as_json(run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port, chip, what has become of the key, and how to go on: also for a program."""

    def strike(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SignCsr, "run", strike)
        errors = [error_of(run("--output", "json")) for _ in range(2)]
    uid = result_of(run())["uid"]
    for error in errors:
        assert (error["family"], error["port"], error["uid"]) == ("interrupted", bench.port, uid)
        assert AGAIN in error["hint"]
    assert NEW in errors[0]["hint"]
    assert NEW not in errors[1]["hint"]
    assert "did not change" in errors[1]["hint"]


def test_a_key_that_nobody_knows_of_is_made_again(run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run generates it, so that nobody has to do it by hand."""

    def lose(self: Chip, *_: object) -> None:
        raise BoardError("no answer", reason=Reason.NO_ANSWER)

    with monkeypatch.context() as patched:
        patched.setattr("optiga.chip.key.GenKeyPair", lose)
        hint = error_of(run("--output", "json"))["hint"]
    assert MAYBE in hint
    assert "To be sure" not in hint
    assert AGAIN in hint
    result_of(run())
    bench.check_finished()
