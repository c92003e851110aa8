"""The files of ``provision`` that are gone, or hold something else, when the command is run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.testing import CloudFault
from tests.support.cli.provisioned import CLOUD_EXIT, Bench, result_of
from tests.support.cli.runner import Cli

NO_CLOUD = ("--ca", "root", "--no-cloud")
ARN = "optiga.aws_arn"


@pytest.fixture
def finished(cli: Cli, run: Cli) -> dict[str, bytes]:
    """A chip with a certificate of an own CA: its two files."""
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    done = result_of(run(*NO_CLOUD))
    return {done[name]: Path(done[name]).read_bytes() for name in ("filename", "certificate_file")}


@pytest.mark.long
def test_files_that_are_gone(run: Cli, finished: dict[str, bytes]) -> None:
    for name in finished:
        Path(name).unlink()
    again = run(*NO_CLOUD)
    result_of(again)
    assert {name: Path(name).read_bytes() for name in finished} == finished
    assert all(any("journal" in line and name in line for line in again.err.splitlines()) for name in finished)
    assert not any(name in run(*NO_CLOUD).err for name in finished)


def test_in_another_folder(run: Cli, finished: dict[str, bytes]) -> None:
    done = result_of(run(*NO_CLOUD, "--journal", "personalization.db", "--out-dir", "other-{uid}"))
    folder = Path(f"other-{done['uid']}")
    assert {name: (folder / name).read_bytes() for name in finished} == finished


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_something_else_of_the_name(run: Cli, finished: dict[str, bytes], kind: str) -> None:
    """It is warned of, and stays as it is."""
    for name in finished:
        Path(name).unlink()
        if kind == "file":
            Path(name).write_text("mine")
        else:
            Path(name).mkdir()
    again = run(*NO_CLOUD, "-q")
    result_of(again)
    for name in finished:
        assert Path(name).is_dir() if kind == "folder" else Path(name).read_text() == "mine"
        assert any(line.startswith("warning:") and name in line for line in again.err.lower().splitlines())


@pytest.mark.long
def test_line_ends_of_another_system(run: Cli, finished: dict[str, bytes]) -> None:
    for name, content in finished.items():
        Path(name).write_bytes(content.replace(b"\n", b"\r\n"))
    assert not any(name in run(*NO_CLOUD).err for name in finished)


def test_a_device_of_aws(run: Cli, bench: Bench) -> None:
    done = result_of(run())
    for name in (done["filename"], done["certificate_file"], ARN):
        Path(name).unlink()
    result_of(run())
    assert bench.check_finished() == done["certificate_arn"]
    Path(ARN).write_text('"arn:of-another-chip"\n')
    again = run()
    assert ARN in again.err
    assert Path(ARN).read_text() == '"arn:of-another-chip"\n'


def test_a_run_that_goes_on_in_another_folder(run: Cli, bench: Bench) -> None:
    """What was written before the interruption is written there, too."""
    bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
    assert run().code == CLOUD_EXIT
    Path("other").mkdir()
    done = result_of(run("--out-dir", "other", "--journal", "personalization.db"))
    for name in (done["filename"], done["certificate_file"], ARN):
        assert Path("other", name).read_bytes() == Path(name).read_bytes()


@pytest.mark.long
def test_several_chips_in_one_folder(cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
    """The ARN that another chip's takes the place of is no secret loss; a chip's own old one is none."""
    result_of(run())
    renewed = run("--renew")
    result_of(renewed)
    assert ARN not in renewed.err
    first = Path(ARN).read_text()
    other = cli("--port", "emulator:other.chip", "provision", config)
    result_of(other)
    assert Path(ARN).read_text() != first
    (note,) = [line for line in other.err.splitlines() if ARN in line]
    assert "--out-dir" in note
    assert "{uid}" in note


@pytest.mark.long
def test_a_chip_with_files_of_its_own(run: Cli) -> None:
    """Nobody is told to do what is done already."""
    own = ("--out-dir", "out/{uid}")
    Path("out").mkdir()
    folder = Path("out", result_of(run(*own))["uid"])
    (folder / ARN).write_text('"arn:of-another-chip"\n')
    renewed = run(*own, "--renew")
    result_of(renewed)
    (note,) = [line for line in renewed.err.splitlines() if ARN in line and "another" in line]
    assert "--out-dir" not in note


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--out-dir", "out/{uid}")])
def test_a_deprovisioned_chip(cli: Cli, run: Cli, bench: Bench, options: tuple[str, ...]) -> None:
    """Its earlier certificate is not another's."""
    Path("out").mkdir()
    result_of(run(*options))
    journal = "out/personalization.db" if options else "personalization.db"
    assert cli("--port", bench.port, "deprovision", "--yes", "--journal", journal).code == 0
    again = run(*options)
    result_of(again)
    assert "another certificate" not in again.err
