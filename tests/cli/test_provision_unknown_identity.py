"""``provision`` of a chip whose key and certificate the journal does not know: confirmed, or not done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pytest

import optiga
from optiga.errors import Reason
from optiga.provision.events import Warned
from optiga.provision.steps.identity import MakeKey, SignCsr
from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import journal_entries
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CLOUD_EXIT, CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.places import CONFIG
from tests.support.sampling import sampled

OTHER = ("--journal", "other.db")
OF_EACH = CONFIG.with_name("config_nistp256_ecdsa_thing_per_chip.jsn")


@pytest.fixture
def live(run: Cli, bench: Bench) -> Bench:
    """A device that is provisioned, by the usual journal."""
    result_of(run())
    return bench


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Somebody at the terminal."""
    sit_down(monkeypatch)
    return monkeypatch


def answer(monkeypatch: pytest.MonkeyPatch, *, yes: bool) -> list[str]:
    """Answer all questions; returns what is asked."""
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return yes

    monkeypatch.setattr("optiga.cli.support.confirm.answered_yes", confirm)
    return asked


def held(bench: Bench) -> object:
    """What must not change if somebody says no."""
    return bench.objects(), bench.certificates(), journal_entries(), journal_entries("other.db")


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--renew",), ("--ca", "ca", "--no-cloud")])
def test_nobody_is_there_to_be_asked(cli: Cli, run: Cli, live: Bench, options: tuple[str, ...]) -> None:
    cli("ca", "init", "ca", "--no-passphrase")
    before = held(live)
    result = run(*OTHER, *options)
    assert result.code == CONFIGURATION_EXIT
    (error,) = result.errors
    assert "slot second" in error
    assert "not in this journal" in error
    assert "--journal" in error
    assert "--yes" in error
    assert held(live) == before


def strike_at(step: type, run: Cli, *options: str) -> None:
    """A run that is interrupted where a step begins."""

    def strike(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(step, "run", strike)
        assert run(*options).code == 130


def test_the_question_names_the_journal(run: Cli, live: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has forgotten the option reads it before the answer, not only after it."""
    sit_down(monkeypatch, "n\n")
    said = run(*OTHER).err
    question = said.index("[y/N]")
    assert said.index("not in this journal, other.db") < question
    assert said.index("if another journal has this chip, use --journal") < question
    assert "not in this journal, other.db" in run(*OTHER, "--yes").err
    result = run()
    assert result.code == CERTIFICATE_EXIT
    assert "If another journal has this chip, use --journal. For a new key and certificate, use --renew" in result.err


@pytest.mark.parametrize("step", sampled([MakeKey, SignCsr], keep=1))
def test_an_interrupted_run_that_another_has_overtaken(run: Cli, bench: Bench, step: type) -> None:
    """It has no key, or none any more, and the slot has an identity of another journal: there is a question."""
    strike_at(step, run, *OTHER)
    old = result_of(run())["certificate_id"]
    before = held(bench)
    dry = run(*OTHER, "--dry-run")
    assert "not in this journal" in dry.err
    assert "confirmation" in dry.err
    result = run(*OTHER)
    assert result.code == CONFIGURATION_EXIT
    assert "not in this journal" in result.errors[0]
    assert held(bench) == before
    new = result_of(run(*OTHER, "--yes"))["certificate_id"]
    assert [one["certificateId"] for one in bench.active()] == [new]
    (entry,) = journal_entries("other.db")
    assert entry.replaces == (old,)


def test_what_was_confirmed_is_not_asked_for_again(run: Cli, live: Bench) -> None:
    strike_at(MakeKey, run, *OTHER, "--yes")
    assert "not in this journal" not in run(*OTHER, "--dry-run").err
    new = result_of(run(*OTHER))["certificate_id"]
    assert [one["certificateId"] for one in live.active()] == [new]


@pytest.mark.long
@pytest.mark.parametrize("is_changed", [False, True])
def test_what_was_confirmed_without_a_cloud_is_not_asked_for_again(
    cli: Cli, run: Cli, live: Bench, config: Path, *, is_changed: bool
) -> None:
    """Also where it begins anew because the configuration has changed; with a cloud, more is to be confirmed."""
    assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    local = ("--ca", "ca", "--no-cloud")
    strike_at(MakeKey, run, *OTHER, *local, "--yes")
    with_cloud = run(*OTHER, "--ca", "ca")
    assert "AWS IoT" in with_cloud.errors[0]
    assert "--yes" in with_cloud.errors[0]
    if is_changed:
        value = json.loads(config.read_text())
        value["csr_config"]["certificate_info"]["common_name"] = "other"
        config = live.folder / "changed.jsn"
        config.write_text(json.dumps(value))
    words = ("--port", live.port, "provision", config, *OTHER, *local)
    assert "not in this journal" not in cli(*words, "--dry-run").err
    result_of(cli(*words))
    events = json.loads(cli("journal", "show", *OTHER, "--history", "--output", "json").out)["history"]
    assert [one["event"] for one in events].count("loss accepted") == 1
    assert cli("journal", "check", *OTHER).code == 0
    assert "not in this journal" not in cli(*words, "--renew", "--dry-run").err


@pytest.mark.long
def test_another_identity_than_was_confirmed_is_asked_for(cli: Cli, run: Cli, live: Bench) -> None:
    assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    local = ("--ca", "ca", "--no-cloud")
    strike_at(MakeKey, run, *OTHER, *local, "--yes")
    result_of(run("--renew"))
    before = held(live)
    assert "not in this journal" in run(*OTHER, *local).errors[0]
    assert held(live) == before


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_renewal_that_is_continued_asks_nothing(
    cli: Cli, run: Cli, bench: Bench, config: Path, *, is_changed: bool
) -> None:
    """Also without a cloud, and where it begins anew because the configuration has changed."""
    assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    local = ("--ca", "ca", "--no-cloud")
    result_of(run(*local))
    strike_at(MakeKey, run, *local, "--renew")
    if is_changed:
        value = json.loads(config.read_text())
        value["csr_config"]["certificate_info"]["common_name"] = "other"
        config = bench.folder / "changed.jsn"
        config.write_text(json.dumps(value))
    words = ("--port", bench.port, "provision", config, *local)
    assert "not in this journal" not in cli(*words, "--dry-run").err
    result_of(cli(*words))


@pytest.mark.long
def test_no(run: Cli, live: Bench, answers: pytest.MonkeyPatch) -> None:
    before, asked = held(live), answer(answers, yes=False)
    result = run(*OTHER)
    assert result.code == CONFIGURATION_EXIT
    assert len(asked) == 1
    assert "was not confirmed" in result.errors[0]
    assert held(live) == before
    assert not Path("other.db").exists()


def test_yes(run: Cli, live: Bench, answers: pytest.MonkeyPatch) -> None:
    asked = answer(answers, yes=True)
    result_of(run(*OTHER))
    assert len(asked) == 1


@pytest.mark.long
def test_it_is_confirmed_beforehand(run: Cli, live: Bench) -> None:
    """Who is not asked is told; the certificate before it is this chip's, and no longer active."""
    (old,) = live.active()
    result = run(*OTHER, "--yes")
    new = result_of(result)
    assert "Warning: slot second has a key and a certificate of" in result.err
    assert [one["certificateId"] for one in live.active()] == [new["certificate_id"]]
    (entry,) = journal_entries("other.db")
    assert entry.replaces == (old["certificateId"],)


@pytest.mark.parametrize("interrupted", sampled([False, True], keep=1))
def test_the_former_certificate_is_this_chips(cli: Cli, bench: Bench, *, interrupted: bool) -> None:
    """Also for a thing of its own, which no other device's certificate may have."""
    command = ("--port", bench.port, "provision", OF_EACH)
    old = result_of(cli(*command))["certificate_id"]
    if interrupted:
        bench.cloud.fail("AttachThingPrincipal", CloudFault.THROTTLE, times=1)
        assert cli(*command, *OTHER, "--yes").code == CLOUD_EXIT
    else:
        bench.cloud.fail("UpdateCertificate", CloudFault.THROTTLE, skip=1, times=1)  # the old one stays active
        assert cli(*command, *OTHER, "--yes").code == CLOUD_EXIT
        assert old in [one["certificateId"] for one in bench.active()]
    new = result_of(cli(*command, *OTHER, "--renew"))["certificate_id"]
    assert [one["certificateId"] for one in bench.active()] == [new]


@pytest.mark.long
def test_a_journal_in_another_folder(run: Cli, live: Bench, tmp_path: Path) -> None:
    before = held(live)
    (tmp_path / "other").mkdir()
    assert run("--out-dir", tmp_path / "other").code == CONFIGURATION_EXIT
    assert held(live) == before


@pytest.mark.long
def test_a_journal_that_has_an_older_identity(cli: Cli, run: Cli, live: Bench) -> None:
    """One journal has the chip as taken back, another has its live identity."""
    assert cli("--port", live.port, "deprovision", "--yes").code == 0
    result_of(run(*OTHER, "--yes"))
    before = held(live)
    result = run()
    assert result.code == CONFIGURATION_EXIT
    assert "not in this journal" in result.errors[0]
    dry = run("--dry-run")
    assert "not in this journal" in dry.err
    assert held(live) == before


@pytest.mark.long
@pytest.mark.parametrize("options", sampled([("--renew",), ()], keep=1))
def test_what_the_journal_knows_is_not_asked_for(cli: Cli, run: Cli, live: Bench, options: tuple[str, ...]) -> None:
    """A renewal, and a new beginning after a device was taken back."""
    if not options:
        assert cli("--port", live.port, "deprovision", "--yes").code == 0
    assert "Warning" not in run(*options, "--dry-run").err.replace("Warning: Not AWS", "")
    result_of(run(*options))


@pytest.mark.long
def test_a_certificate_of_another_slots_key(cli: Cli, bench: Bench, run: Cli, configs: Path) -> None:
    result_of(run())
    before = held(bench)
    other = ("--port", bench.port, "provision", configs / "config_2k_rsa_secondslot.jsn", "--id", "0xE0E1", *OTHER)
    result = cli(*other)
    assert result.code == CONFIGURATION_EXIT
    assert "0xE0E1 holds the certificate of the key in 0xE0F1" in result.errors[0]
    assert held(bench) == before
    assert cli(*other, "--yes").code == 0
    assert len(bench.active()) == 2  # the key of the first is still there


@pytest.mark.long
def test_a_dry_run_says_that_a_run_would_ask(run: Cli, live: Bench) -> None:
    before = held(live)
    for options, is_asked in (((), True), (("--yes",), False)):
        result = run("--dry-run", *OTHER, *options)
        assert result.code == 0
        assert ("confirmation" in result.err) is is_asked
    assert held(live) == before


@pytest.mark.long
def test_a_program_is_not_asked_unless_it_wants_to_be(run: Cli, live: Bench, config: Path) -> None:
    job = optiga.Job.new_identity(optiga.load_configuration(config))
    heard: list[object] = []

    def refuse(what: str, lost: tuple[str, ...]) -> None:
        raise optiga.OptigaError(f"{what}: {lost[0]}", reason=Reason.NOT_CONFIRMED)

    with optiga.open_journal("other.db", make=True) as journal:
        before = held(live)
        asking = optiga.Services(journal, port=live.port, confirm=refuse)
        with pytest.raises(optiga.OptigaError, match="slot second"):
            optiga.provision(job, asking)
        assert held(live) == before
        answering_no = optiga.Services(journal, port=live.port, confirm=lambda *_: False)
        with pytest.raises(optiga.ConfigurationError, match=r"slot second.* was not confirmed") as caught:
            optiga.provision(job, answering_no)
        assert caught.value.reason is Reason.NOT_CONFIRMED
        assert held(live) == before
        entry = optiga.provision(job, optiga.Services(journal, port=live.port, listeners=(heard.append,)))
    assert entry.is_finished
    assert any("not in this journal" in one.text for one in heard if isinstance(one, Warned))


def test_a_warning_that_nobody_hears_is_logged(live: Bench, config: Path, caplog: pytest.LogCaptureFixture) -> None:
    job = optiga.Job.new_identity(optiga.load_configuration(config))
    with optiga.open_journal("other.db", make=True) as journal:
        entry = optiga.provision(job, optiga.Services(journal, port=live.port))
    (said,) = [one.getMessage() for one in caplog.records if "not in this journal" in one.getMessage()]
    assert entry.uid in said
