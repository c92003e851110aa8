"""``provision --renew`` of a finished device that must fail later: the key that it has is not lost for that."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga.files.sqlite_guard import GuardedConnection
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.provision.journal import FILE_NAME
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.sampling import sampled

MANY = [f"unit {number} of the department of long names in the house"[:52] for number in range(25)]
CERTIFICATE, KEY, COUNTER = 0xE0E1, 0xE0F1, 0xE120
Renew = Callable[..., Result]


@pytest.fixture
def renew(cli: Cli, bench: Bench, config: Path) -> Renew:
    """Renew a finished device; nothing of it may be another one afterwards, in the cloud nothing either."""
    result_of(cli("--port", bench.port, "provision", config))

    def run(*options: object, configuration: object = config, code: int) -> Result:
        before = bench.objects(), Path(FILE_NAME).read_bytes(), bench.certificates()
        result = cli("--port", bench.port, "provision", configuration, "--renew", *options)
        assert (result.code, result.out, len(result.errors)) == (code, "", 1), result.err
        assert (bench.objects(), Path(FILE_NAME).read_bytes(), bench.certificates()) == before
        return result

    return run


def variant(config: Path, change: Callable[[dict[str, Any]], object], name: str = "mine.jsn") -> Path:
    document = json.loads(config.read_text())
    change(document["csr_config"])
    Path(name).write_text(json.dumps(document))
    return Path(name)


def subject(config: Path, **components: object) -> Path:
    return variant(config, lambda csr: csr["certificate_info"].update(components))


ZONE = f"{'x' * 60}.{'y' * 60}.lan"


def names(config: Path, count: int) -> Path:
    """Subject alternative names, as long as they can be below the zone."""
    hosts = [{"dns": f"h{number:02}{'z' * 60}.{ZONE}"} for number in range(count)]
    return variant(config, lambda csr: csr.setdefault("extensions", {}).update(subject_alt_names=hosts))


@pytest.fixture
def authority(cli: Cli) -> str:
    made = cli("ca", "init", "ca", "--name", "Root", "--no-passphrase", "--allow-dns", f"*.{ZONE}")
    assert made.code == 0, made.err
    return "ca"


class TestSize:
    @pytest.mark.long
    @pytest.mark.parametrize("options", [(), ("--dry-run",)])
    def test_a_long_subject(self, renew: Renew, config: Path, options: tuple[str, ...]) -> None:
        many = subject(config, organizational_unit_name=MANY)
        result = renew(*options, configuration=many, code=CERTIFICATE_EXIT)
        assert "0xE0E1 has room for 1728" in result.errors[0]
        assert "subject" in result.errors[0]
        assert "EC" not in result.errors[0]

    @pytest.mark.long
    def test_a_long_name(self, renew: Renew, config: Path) -> None:
        result = renew(configuration=subject(config, name="n" * 32768), code=CONFIGURATION_EXIT)
        assert "at most 4096" in result.errors[0]

    @pytest.mark.long
    def test_a_long_csr(self, renew: Renew, config: Path) -> None:
        """AWS does not take it, whatever fits the chip."""
        result = renew(configuration=names(config, 14), code=CONFIGURATION_EXIT)
        assert "at most 4096" in result.errors[0]
        assert "names take" in result.errors[0]

    @pytest.mark.long
    @pytest.mark.parametrize("options", sampled([(), ("--dry-run",), ("--no-cloud",)], keep=1))
    def test_of_a_ca(self, authority: str, renew: Renew, config: Path, options: tuple[str, ...]) -> None:
        many = subject(config, organizational_unit_name=MANY)
        result = renew("--ca", authority, *options, configuration=many, code=CERTIFICATE_EXIT)
        assert "0xE0E1 has room for 1728" in result.errors[0]
        assert "subject" in result.errors[0]

    @pytest.mark.long
    def test_names_that_a_ca_grants(self, authority: str, renew: Renew, config: Path) -> None:
        many = names(config, 16)
        result = renew("--ca", authority, "--no-cloud", configuration=many, code=CERTIFICATE_EXIT)
        assert "alternative names take" in result.errors[0]

    def test_the_longest_that_fits(self, cli: Cli, bench: Bench, config: Path) -> None:
        """What AWS certifies and the chip takes is not refused; a little more is."""
        codes = {}
        for more in range(0, 64, 8):
            units = [*["u" * 60] * 13, "v" * 30, "w" * (1 + more)]
            result = cli("--port", bench.port, "provision", subject(config, organizational_unit_name=units), "--renew")
            codes[more] = result.code
            assert "No key was generated" in result.err or result.code == 0, result.err
        assert set(codes.values()) == {0, CERTIFICATE_EXIT}


class TestTheChip:
    @pytest.mark.parametrize(
        ("oid", "words"),
        sampled(
            [
                pytest.param(CERTIFICATE, ("change: never",)),
                pytest.param(CERTIFICATE, ("change: lcso < operational", "lcso: operational")),
                pytest.param(CERTIFICATE, ("change: int 0xE0E8",)),
                pytest.param(KEY, ("change: never",)),
                pytest.param(KEY, ("execute: never",)),
                pytest.param(KEY, ("execute: auto 0xF1D0",)),
            ],
            keep=2,
        ),
        ids=str,
    )
    def test_an_object_that_is_locked(self, renew: Renew, bench: Bench, oid: int, words: tuple[str, ...]) -> None:
        with optiga.open_chip(bench.port) as chip:
            chip.write_metadata(oid, parse_metadata_words(words))
        result = renew(code=CONFIGURATION_EXIT)
        assert f"0x{oid:04X}" in result.errors[0]
        assert words[0].partition(":")[0] in result.errors[0]

    @pytest.mark.parametrize(
        ("oid", "word"),
        sampled(
            [pytest.param(KEY, "execute"), pytest.param(CERTIFICATE, "change"), pytest.param(CERTIFICATE, "read")],
            keep=1,
        ),
    )
    def test_a_counter_that_leaves_too_few_uses(self, renew: Renew, bench: Bench, oid: int, word: str) -> None:
        with optiga.open_chip(bench.port) as chip:
            chip.write(COUNTER, bytes.fromhex("0000006300000064"))
            if word == "change":
                chip.write(COUNTER, bytes.fromhex("0000006400000064"))
            chip.write_metadata(oid, parse_metadata_words([f"{word}: luc 0xE120"]))
        result = renew(code=CONFIGURATION_EXIT)
        assert f"0x{oid:04X}" in result.errors[0]
        assert "0xE120" in result.errors[0]
        renew("--dry-run", code=CONFIGURATION_EXIT)

    @pytest.mark.parametrize(
        ("oid", "word"), sampled([pytest.param(KEY, "execute"), pytest.param(CERTIFICATE, "change")], keep=1)
    )
    def test_a_connection_that_is_not_shielded(
        self, renew: Renew, cli: Cli, bench: Bench, config: Path, oid: int, word: str
    ) -> None:
        with optiga.open_chip(bench.port) as chip:
            chip.write_metadata(oid, parse_metadata_words([f"{word}: conf 0xE140"]))
        result = renew(code=CONFIGURATION_EXIT)
        assert f"0x{oid:04X} needs a shielded connection" in result.errors[0]
        dry = cli("--port", bench.port, "provision", config, "--renew", "--dry-run")
        assert dry.code == 0
        assert f"0x{oid:04X} needs a shielded connection" in dry.err

    @pytest.mark.long
    @pytest.mark.parametrize("options", [(), ("--dry-run",)])
    def test_infineons_own(self, renew: Renew, options: tuple[str, ...]) -> None:
        result = renew("--id", "0xE0E0", *options, code=CONFIGURATION_EXIT)
        assert "0xE0E0" in result.errors[0]

    @pytest.mark.long
    def test_a_finished_device_that_is_locked_is_finished(self, cli: Cli, bench: Bench, config: Path) -> None:
        result_of(cli("--port", bench.port, "provision", config))
        with optiga.open_chip(bench.port) as chip:
            chip.write_metadata(CERTIFICATE, parse_metadata_words(["change: never"]))
        result_of(cli("--port", bench.port, "provision", config))


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="permissions of POSIX")
def test_records_that_cannot_be_written(authority: str, renew: Renew, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even root finds a file system that can only be read."""
    real = sqlite3.Connection.execute

    def execute(connection: GuardedConnection, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "BEGIN IMMEDIATE" and connection.path.name == "issued.db":
            raise sqlite3.OperationalError("attempt to write a readonly database")
        return real(connection, sql, *values)

    monkeypatch.setattr(GuardedConnection, "execute", execute)
    result = renew("--ca", authority, "--no-cloud", code=CONFIGURATION_EXIT)
    assert "issued.db" in result.errors[0]


class TestFiles:
    @pytest.mark.long
    @pytest.mark.parametrize("name", sampled(["optiga.aws_arn", "my_policy.aws_iot_policy"], keep=1))
    @pytest.mark.parametrize("options", sampled([(), ("--dry-run",)], keep=1))
    def test_a_folder_of_the_name(self, renew: Renew, name: str, options: tuple[str, ...]) -> None:
        Path("out", name).mkdir(parents=True)
        result = renew("--out-dir", "out", "--journal", FILE_NAME, *options, code=CONFIGURATION_EXIT)
        assert f"out/{name}" in result.errors[0]
        assert "folder" in result.errors[0]

    @pytest.mark.long
    def test_a_name_with_the_uid(self, renew: Renew, bench: Bench, config: Path) -> None:
        with optiga.open_chip(bench.port) as chip:
            uid = chip.uid.hex
        Path("out", f"p-{uid}.aws_iot_policy").mkdir(parents=True)
        document = json.loads(config.read_text())
        document["aws_iot_config"]["policy"] = "p-{uid}"
        Path("mine.jsn").write_text(json.dumps(document))
        options = ("--out-dir", "out", "--journal", FILE_NAME)
        assert uid in renew(*options, configuration="mine.jsn", code=CONFIGURATION_EXIT).errors[0]

    @pytest.mark.long
    def test_a_link_into_nowhere(self, renew: Renew) -> None:
        Path("out").mkdir()
        Path("out/optiga.aws_arn").symlink_to("/nonexistent/x")
        renew("--out-dir", "out", "--journal", FILE_NAME, code=CONFIGURATION_EXIT)

    @pytest.mark.long
    def test_a_private_key_of_the_name(self, renew: Renew) -> None:
        Path("optiga.aws_arn").write_text("-----BEGIN PRIVATE KEY-----\n")
        renew(code=CONFIGURATION_EXIT)

    def test_the_same_for_register(self, cli: Cli, bench: Bench) -> None:
        Path("optiga.aws_arn").mkdir()
        result = cli("--port", bench.port, "register", "--thing", "lamp")
        assert (result.code, len(result.errors)) == (CONFIGURATION_EXIT, 1)
        assert bench.certificates() == []


def test_a_group_that_is_named_twice(cli: Cli, bench: Bench, config: Path) -> None:
    bench.cloud.iot.create_thing_group(thingGroupName="hall")
    result = cli("--port", bench.port, "provision", config, "--thing-group", "hall", "--thing-group", "hall")
    assert (result.code, len(result.errors)) == (CONFIGURATION_EXIT, 1)
    assert "hall is given twice" in result.errors[0]


def test_a_disk_without_room_for_the_files(renew: Renew, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the output folder is full, the one of the journal is not."""

    def write(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("optiga.files.reserved.os.write", write)
    (error,) = renew("--out-dir", ".", code=CONFIGURATION_EXIT).errors
    assert "the disk is full" in error
    assert "has a new key" not in error
