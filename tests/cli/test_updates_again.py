"""``update apply`` of what the chip has already: nothing is sent, and that is no mistake; of something else it is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import optiga
from optiga.protocol.codes import KeyUsage
from optiga.protocol.manifest import WriteType
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.update.payloads import Payload, aes_payload, data_payload, key_payload, metadata_payload
from optiga.update.update_file import encode_json
from optiga.update.update_set import UpdateSet
from tests.support.cli.runner import Cli, Result
from tests.support.cli.torn import DATA
from tests.support.cli.update_bench import prepare
from tests.support.emulator.updating import SECRET, certificate_of, made, signer
from tests.support.events import Action, Job, Moment, Runner
from tests.support.makers import make_certificate

USAGE, CHIP = 2, 4
SIGNING, AGREEING = KeyUsage.SIGNATURE, KeyUsage.KEY_AGREEMENT
NEW_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prepared") / "chip"
    prepare(path)
    with optiga.open_chip(f"emulator:{path}") as chip:
        for oid in (0xE0FC, 0xE0E1):
            chip.write_metadata(oid, parse_metadata_words(["change: lcso < operational || int 0xE0E8"]))
        chip.write_metadata(0xE200, Metadata({Tag.VERSION: b"\0\0"}))
    return path


@pytest.fixture
def port(prepared: Path, tmp_path: Path) -> str:
    shutil.copy(prepared, tmp_path / "chip")
    return f"emulator:{tmp_path / 'chip'}"


def apply(cli: Cli, port: str, update: UpdateSet, *options: str) -> Result:
    Path("set.json").write_text(encode_json(update))
    return cli("--port", port, "update", "apply", "set.json", "--yes", *options)


def state(port: str) -> Any:
    with optiga.open_chip(port) as chip:
        return {
            oid: (
                chip.metadata(oid).encode(),
                chip.objects.read_if_allowed(oid) if oid not in (0xE0F3, 0xE0FC) else b"",
            )
            for oid in (0xF1E0, 0xF1D3, 0xF1D4, 0xE0F3, 0xE0FC, 0xE0E1)
        }


def part(data: bytes, offset: int) -> Payload:
    return data_payload(data, offset=offset, write_type=WriteType.WRITE)


FINAL_STATE = Metadata({Tag.LCSO: b"\x0f"})
SEEN: dict[str, tuple[int, Payload]] = {
    "data": (0xF1E0, data_payload(b"new data")),
    "data of several fragments": (0xF1E0, data_payload(DATA)),
    "data at an offset": (0xF1E0, data_payload(b"new", offset=7)),
    "a part of data": (0xF1E0, part(b"new", 0)),
    "a certificate": (0xE0E1, data_payload(make_certificate())),
    "metadata": (0xF1D3, metadata_payload(Metadata({Tag.READ: b"\xff"}))),
    "metadata that end updates": (0xF1D3, metadata_payload(Metadata({Tag.METADATA_UPDATE: b"\xff"}))),
    "metadata that end the object": (0xF1D3, metadata_payload(FINAL_STATE)),
    "no metadata, for a reset": (0xF1D4, metadata_payload(Metadata({}))),
    "an EC key": (0xE0F3, key_payload(NEW_KEY, SIGNING)),
    "an RSA key": (0xE0FC, key_payload(rsa.generate_private_key(65537, 1024), SIGNING)),
}


@pytest.mark.parametrize(("oid", "payload"), SEEN.values(), ids=SEEN)
class TestThereAlready:
    def test_nothing_is_sent(self, cli: Cli, port: str, oid: int, payload: Payload) -> None:
        update = made(payload, target_oid=oid)
        assert apply(cli, port, update).code == 0
        before = state(port)
        again = apply(cli, port, update)
        assert (again.code, again.errors) == (0, [])
        assert f"0x{oid:04X} already has this update" in again.out
        assert "version 1: nothing was sent" in again.out
        assert state(port) == before

    def test_what_a_program_is_told(self, cli: Cli, port: str, oid: int, payload: Payload) -> None:
        update = made(payload, target_oid=oid)
        first = json.loads(apply(cli, port, update, "--output", "json").out)
        again = json.loads(apply(cli, port, update, "--output", "json").out)
        checked = json.loads(apply(cli, port, update, "--check", "--output", "json").out)
        assert (first["applied"], first["there_already"]) == (True, False)
        assert again == checked
        assert (again["applied"], again["resumed"], again["there_already"]) == (False, False, True)
        assert again["before"] == again["after"] == first["after"]

    def test_it_can_be_made_by_another_signer_and_in_other_fragments(
        self, cli: Cli, port: str, oid: int, payload: Payload
    ) -> None:
        """What counts is what is on the chip: it would take this update no more."""
        assert apply(cli, port, made(payload, target_oid=oid)).code == 0
        with optiga.open_chip(port) as chip:
            chip.write(0xE0E8, certificate_of(ec.generate_private_key(ec.SECP256R1())))
        for options in ((), ("--check",)):
            again = apply(cli, port, made(payload, target_oid=oid), "-q", *options)
            assert again.code == 0
            assert "Warning: the update is not signed with the key of the certificate in 0xE0E8" in again.err


OTHER: dict[str, tuple[int, Payload, Payload]] = {
    "data": (0xF1E0, data_payload(b"new data"), data_payload(b"old data")),
    "longer data": (0xF1E0, data_payload(b"new data"), data_payload(b"new data\0")),
    "shorter data": (0xF1E0, data_payload(b"new data"), data_payload(b"new")),
    "a part": (0xF1E0, data_payload(b"new data"), part(b"old", 0)),
    "a part behind the end": (0xF1E0, data_payload(b"new data"), part(b"ta!", 6)),
    "metadata": (
        0xF1D3,
        metadata_payload(Metadata({Tag.READ: b"\0"})),
        metadata_payload(Metadata({Tag.READ: b"\xff"})),
    ),
    "a key": (0xE0F3, key_payload(NEW_KEY, SIGNING), key_payload(signer(), SIGNING)),
    "a usage": (0xE0F3, key_payload(NEW_KEY, SIGNING), key_payload(NEW_KEY, SIGNING | AGREEING)),
}


@pytest.mark.parametrize(("oid", "first", "second"), OTHER.values(), ids=OTHER)
def test_another_content_of_the_same_version_is_refused(
    cli: Cli, port: str, oid: int, first: Payload, second: Payload
) -> None:
    assert apply(cli, port, made(first, target_oid=oid)).code == 0
    before = state(port)
    result = apply(cli, port, made(second, target_oid=oid))
    assert result.code == USAGE
    assert "the object has other content now" in result.err
    assert state(port) == before


class TestWhatCannotBeSeen:
    """The version alone is no proof: refused, with a word that it may be so."""

    def test_an_encrypted_one(self, cli: Cli, port: str) -> None:
        update = made(b"secret", target_oid=0xF1E1, secret=SECRET)
        assert apply(cli, port, update).code == 0
        self.check(apply(cli, port, update))

    def test_data_that_cannot_be_read(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            chip.write_metadata(0xF1E0, parse_metadata_words(["read: never"]))
        assert apply(cli, port, made(b"new data")).code == 0
        self.check(apply(cli, port, made(b"new data")))

    def test_data_whose_reading_counts_are_not_read(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            chip.write(0xE120, bytes.fromhex("0000000000000009"))
            chip.write_metadata(0xF1E0, parse_metadata_words(["read: luc 0xE120"]))
        assert apply(cli, port, made(b"new data")).code == 0
        self.check(apply(cli, port, made(b"new data")))
        with optiga.open_chip(port) as chip:
            assert chip.read(0xE120).hex() == "0000000000000009"

    def test_a_key_that_may_not_sign(self, cli: Cli, port: str) -> None:
        update = made(key_payload(NEW_KEY, AGREEING), target_oid=0xE0F3)
        assert apply(cli, port, update).code == 0
        self.check(apply(cli, port, update))

    def test_an_aes_key(self, cli: Cli, port: str) -> None:
        update = made(aes_payload(bytes(range(16))), target_oid=0xE200, secret=SECRET)
        assert apply(cli, port, update).code == 0
        self.check(apply(cli, port, update))

    def check(self, result: Result) -> None:
        assert result.code == USAGE
        assert "may already be on the chip, but the object cannot be read" in result.err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")
class TestKilled:
    """A run that was killed, be it behind its last fragment, is ended by the same command."""

    def struck(self, prepared: Path, folder: Path) -> Job:
        folder.mkdir()
        shutil.copy(prepared, folder / "chip")
        (folder / "set.json").write_text(encode_json(made(DATA)))
        return Job(folder, ("--port", "emulator:chip", "-q", "update", "apply", "set.json"))

    @pytest.mark.long
    def test_when_it_had_finished(self, prepared: Path, tmp_path: Path, runner: Runner) -> None:
        events = runner.record(self.struck(prepared, tmp_path / "whole"))
        outcome = runner.strike(self.struck(prepared, tmp_path / "killed"), len(events), Action.KILL, Moment.AFTER)
        assert outcome.is_killed
        again = runner.run(outcome.job)
        assert again.code == 0, str(again)
        assert "already has this update" in again.out

    @pytest.mark.long
    def test_wherever(self, prepared: Path, tmp_path: Path, runner: Runner) -> None:
        """The chip tells all of itself meanwhile, whether the object is torn or not."""
        events = runner.record(self.struck(prepared, tmp_path / "whole"))
        exchanges = [event.number for event in events if event.kind.startswith("exchange") or "Protected" in event.name]
        torn = 0
        for number in exchanges[-6:]:
            job = self.struck(prepared, tmp_path / f"killed{number}")
            assert runner.strike(job, number, Action.KILL, Moment.AFTER).is_killed
            told = ("--port", "emulator:chip", "-q")
            assert runner.run(Job(job.folder, (*told, "info"))).code == 0
            exported = runner.run(Job(job.folder, (*told, "export", "dump.json")))
            assert exported.code == 0, str(exported)
            torn += "0xF1E0 to version 1 was interrupted" in exported.err
            assert runner.run(job).code == 0
            with optiga.open_chip(f"emulator:{job.folder / 'chip'}") as chip:
                assert chip.read(0xF1E0) == DATA
        assert 0 < torn < len(exchanges)
