"""Every command's result is what its type says, so that a query on a sample of the type finds what one on it finds."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from serial.tools.list_ports_common import ListPortInfo

from optiga.cli import main
from optiga.cli.app import app
from optiga.cli.commands.boards.boards import PortList
from optiga.cli.commands.ca.crl import CrlResult
from optiga.cli.commands.ca.passphrase import CaPassphraseResult
from optiga.cli.commands.ca.register import RegisteredCa
from optiga.cli.commands.ca.results import CaResult, CertificateShown, IssuedList, IssueResult
from optiga.cli.commands.ca.revoke import RevocationResult
from optiga.cli.commands.chip.counter import CounterList
from optiga.cli.commands.chip.object import MetadataChangeResult, ObjectList, ObjectMetadata, ObjectWriteResult
from optiga.cli.commands.chip.transfer import ExportResult
from optiga.cli.commands.config.check import CheckedConfigurations
from optiga.cli.commands.config.results import CheckedConfiguration
from optiga.cli.commands.config.sample import SampleList
from optiga.cli.commands.config.show import DefaultsShown
from optiga.cli.commands.emulator.results import (
    ChipFileResult,
    ControlResult,
    DeliveredSecrets,
    DumpedChip,
    LoadedChip,
    NewChip,
    RootCertificate,
    ServedChip,
)
from optiga.cli.commands.identity.csr import CsrResult
from optiga.cli.commands.identity.journal import JournalExport, JournalHistory, JournalSlots
from optiga.cli.commands.identity.provision import DryRun
from optiga.cli.commands.identity.read import ReadResult
from optiga.cli.commands.key.derive import DerivedKey
from optiga.cli.commands.key.draw import DrawnKeyResult
from optiga.cli.commands.key.sign import SignatureResult, Verification
from optiga.cli.commands.key.slots import AgreedSecret, GeneratedKey, KeyList, PublicKeyResult
from optiga.cli.commands.toolbox.aes import AesMacResult, CipherResult
from optiga.cli.commands.toolbox.random_hash import DigestResult, MacResult, RandomResult
from optiga.cli.commands.toolbox.rsa import BytesResult
from optiga.cli.commands.update.apply import UpdateResult
from optiga.cli.commands.update.make_update import UpdateMade
from optiga.cli.support.options import result_in_full
from optiga.cli.support.samples import sample_of
from optiga.cli.support.settings import Settings
from optiga.identity.kept_key import KeptKeyRehearsal
from optiga.identity.rehearsal import CsrRehearsal, WriteRehearsal
from optiga.identity.write import WriteResult
from optiga.objects.counters import CounterState, CounterStep
from optiga.objects.info import ChipInformation
from optiga.objects.pairing import Pairing
from optiga.provision.results import JournalCheck, RunResult
from optiga.results import to_json, with_warnings
from optiga.testing import Cloud
from optiga.transfer.execute import ImportResult
from optiga.update.update_set import UpdateDescription
from tests.support.cli import every_result
from tests.support.cli.runner import Cli

TYPES = (
    *(AesMacResult, AgreedSecret, BytesResult, CaPassphraseResult, CaResult, CertificateShown, ChipInformation),
    *(
        CipherResult,
        CounterList,
        CounterState,
        CounterStep,
        CrlResult,
        CsrResult,
        DerivedKey,
        DigestResult,
        DrawnKeyResult,
    ),
    *(ExportResult, GeneratedKey, ImportResult, IssuedList, IssueResult, KeyList, MacResult, MetadataChangeResult),
    *(ObjectList, ObjectMetadata, ObjectWriteResult, Pairing, PortList, PublicKeyResult, RandomResult, ReadResult),
    *(RevocationResult, SignatureResult, UpdateDescription, UpdateMade, UpdateResult, Verification, WriteResult),
    *(CsrRehearsal, DefaultsShown, KeptKeyRehearsal, WriteRehearsal),
    *(CheckedConfiguration, CheckedConfigurations, DryRun, JournalCheck, JournalHistory, JournalSlots),
    *(RunResult, SampleList),
    *(ChipFileResult, DeliveredSecrets, DumpedChip, JournalExport, LoadedChip, NewChip, RootCertificate),
)
READING = {
    *("CertificateShown", "ChipInformation", "CounterList", "IssuedList", "KeyList", "ObjectList", "PortList"),
    *(
        "CheckedConfiguration",
        "CheckedConfigurations",
        "JournalCheck",
        "JournalHistory",
        "JournalSlots",
        "SampleList",
        "DefaultsShown",
        "UpdateDescription",
    ),
}
"""Results of commands that change nothing: a query is tried on what they have found."""
ELSEWHERE = {
    "ca register": "needs AWS: test_ca_register",
    "register": "needs AWS: test_register_and_deprovision.py",
    "deprovision": "needs AWS: test_register_and_deprovision.py",
    "emulator serve": "runs until it is ended: test_emulator_control.py",
    "emulator control": "needs a chip that is served: test_emulator_control.py",
}
"""Commands with a result that are tried in other tests, and why."""
NO_JSON = {
    "boards udev": "a file of udev's rules",
    "completion": "a script for the shell",
    "emulator run": "what the program prints",
}
"""Commands without a result, and what they print."""
BY_KEY = {"slots", "words"}
"""Members whose own members are not there always."""


@dataclass
class Played:
    """What running every command has left.

    :param paths: of each type: where its results have members.
    :param commands: those that have printed a result.
    """

    paths: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    commands: set[str] = field(default_factory=set)


def paths_of(value: Any, before: str = "") -> Iterator[str]:
    """Where a result has members, each once: elements of lists, and members by free keys, are one."""
    for name, member in value.items():
        here = f"{before}.{name}"
        yield here
        is_keyed = name in BY_KEY and isinstance(member, dict)
        inner = list(member.values()) if is_keyed else member if isinstance(member, list) else [member]
        for one in inner:
            if isinstance(one, dict):
                yield from paths_of(one, here)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Every command has run, once, in a folder of its own."""
    found, printed, before = Played(), [], Settings.print_result

    def keep(settings: Settings, result: object, **options: Any) -> None:
        found.commands.add(_command_in(click.get_current_context()))
        printed.append((result, result_in_full(to_json(with_warnings(result, settings.warned)))))
        before(settings, result, **options)

    def take(name: str, *words: object) -> None:
        printed.clear()
        with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) as output:
            assert main([str(word) for word in (*words, "--output", "json")]) == 0, words
            output.seek(0)
            shown = json.loads(output.read())  # one value, and nothing beside it
        ((result, wanted),) = printed
        assert (type(result).__name__, shown) == (name, wanted), words
        if name != "dict":
            found.paths[name] |= set(paths_of(shown))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "print_result", keep)
        patch.setattr("serial.tools.list_ports.comports", lambda: [ListPortInfo("/dev/ttyACM0")])
        patch.chdir(tmp_path_factory.mktemp("played"))
        every_result.play(take)
        every_result.documents(take)
    return found


def _command_in(context: click.Context) -> str:
    """The words of the command that runs; none for those of the main command's options."""
    if context.parent is None:
        return ""
    return f"{_command_in(context.parent)} {context.info_name}".strip()


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_the_sample_is_as_the_result(played: Played, kind: type) -> None:
    assert set(paths_of(sample_of(kind))) == played.paths[kind.__name__]


def test_every_result_is_here(played: Played) -> None:
    assert {kind.__name__ for kind in TYPES} == set(played.paths)
    assert set(_commands(app, ())) - played.commands == {*ELSEWHERE, *NO_JSON}


@pytest.mark.parametrize("words", NO_JSON)
def test_what_has_no_result_cannot_be_queried(words: str) -> None:
    command: click.Command = app
    for name in words.split():
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    assert not any(param.name == "query" for param in command.params)


def _commands(command: click.Command, names: tuple[str, ...]) -> Iterator[str]:
    """The commands, each by its words, that do something when they are called without another behind them."""
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, (*names, name))
    if not _only_helps(command):
        yield " ".join(names)


def _only_helps(command: click.Command) -> bool:
    """Whether a group prints its help alone: it knows no settings."""
    return isinstance(command, click.Group) and "settings" not in command.callback.__code__.co_varnames


@pytest.mark.long
def test_a_query_that_finds_nothing_changes_nothing(cli: Cli) -> None:
    def take(name: str, *words: object) -> None:
        if name not in READING:
            before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
            result = cli(*words, "--query", "nonsense")
            assert (result.code, result.out) == (2, ""), words
            assert before == {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}, words
        assert cli(*words).code == 0, words

    every_result.play(take)


def test_of_chips_that_are_served() -> None:
    """In test_emulator_control.py they are printed."""
    assert set(sample_of(ServedChip)) == {"port", "file", "control"}
    assert set(sample_of(ControlResult)) == {"control", "verb", "value", "file", "remarks"}


def test_ca_register(cli: Cli, cloud: Cloud) -> None:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    result = cli("ca", "register", "root", "--output", "json")
    assert set(paths_of(sample_of(RegisteredCa))) == set(paths_of(json.loads(result.out)))
