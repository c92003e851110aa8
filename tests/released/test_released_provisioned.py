"""Journals with chips, files and CAs: a run goes on from every step to its end, with the same key and certificate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography import x509

from tests.support.released_files import Optiga, cases, copy_of, said_of
from tests.support.restored_cloud import attached, certificates, restore
from tests.support.sampling import sampled

STEPS = ["begun", "key", "csr", "requested", "certified", "written", "registered", "thing", "policy", "finished"]
ASKING = ("Get", "Describe", "List", "AssumeRole")


@dataclass
class Taken:
    """A command that has been run, and what came of it.

    :param entry: what the release's journal said of the slot before.
    """

    command: list[str]
    result: dict[str, Any]
    entry: dict[str, Any]

    def is_behind(self, step: str) -> bool:
        """Whether the release had done a step."""
        at = self.entry["step"]
        return at in STEPS and STEPS.index(at) >= STEPS.index(step)

    @property
    def is_finished_with_cloud(self) -> bool:
        """Whether nothing was left to do."""
        return self.entry["step"] == "finished" and self.entry["account"] is not None

    @property
    def port(self) -> str:
        return self.command[self.command.index("--port") + 1]

    @property
    def chip(self) -> str:
        """The file of the chip."""
        return self.port.removeprefix("emulator:")

    @property
    def target(self) -> str:
        """Where the certificate lies on the chip."""
        has_own = "--id" in self.command
        return self.command[self.command.index("--id") + 1] if has_own else str(self.result["slot"])


class Left:
    """A folder that a release has left, and what it said of it; works in a copy."""

    def __init__(self, optiga: Optiga, left: Path) -> None:
        self.optiga = optiga
        self.said = said_of(left)
        optiga.go_on_with(left)

    def entries(self) -> list[dict[str, Any]]:
        """Everything in the journal."""
        name = "line.db" if Path("line.db").exists() else "personalization.db"
        found: list[dict[str, Any]] = json.loads(self.optiga("journal", "export", "--journal", name))["slots"]
        return found

    def key_on(self, chip: str) -> str:
        """The key in the second slot of a chip; a copy of all is looked at, so that the files stay as they are."""
        with TemporaryDirectory() as scratch:
            copy = copy_of(Path(), Path(scratch))
            secret: str = self.optiga.json("emulator", "dump", copy / chip)["objects"]["0xE0F1"]["secret"]
            return secret

    def go_on(self) -> list[Taken]:
        """Run what goes on with it."""
        taken, entries = [], {(entry["uid"], entry["slot"]): entry for entry in self.said["journal"]}
        for command in self.said["commands"]:
            out = self.optiga(*command)
            if "deprovision" in command:
                entries = {place: {**entry, "step": "deprovisioned"} for place, entry in entries.items()}
            else:
                result = json.loads(out)
                taken.append(Taken(command, result, entries[result["uid"], result["slot"]]))
        return taken


@pytest.fixture
def disk(optiga: Optiga, left: Path) -> Left:
    return Left(optiga, left)


@pytest.mark.long
@pytest.mark.parametrize("left", sampled(cases("provisioned/*/"), keep=3))
def test_it_goes_on_to_its_end(disk: Left, cloud: Any) -> None:
    check_journal(disk)
    restore(cloud.iot, disk.said["cloud"])
    taken = disk.go_on()
    for one in taken:
        check_identity(disk, one)
        check_files(one)
        if "--ca" in one.command:
            check_issued_once(disk, one)
    assert {entry["step"] for entry in disk.entries()} == {"finished"}
    if any("--no-cloud" in one.command for one in taken):
        assert cloud.calls == []
        return
    check_cloud(disk, cloud.iot, taken)
    if all(one.is_finished_with_cloud for one in taken):
        assert [call for call in cloud.calls if not call.startswith(ASKING)] == []


def check_journal(disk: Left) -> None:
    """It says what it said, the CSRs and certificates included; more may be said of a slot today.

    What a certificate replaces was a text with spaces between, and is a list.
    """
    today = [{**entry, "replaces": " ".join(entry["replaces"]) or None} for entry in disk.entries()]
    then = disk.said["journal"]
    assert len(today) == len(then)
    for entry, said in zip(today, then, strict=True):
        assert {name: entry.get(name) for name in said} == said


def check_issued_once(disk: Left, one: Taken) -> None:
    """A CA has issued one certificate for a CSR, beside what it may have certified for AWS."""
    listed = disk.optiga.json("ca", "list", "--ca", one.command[one.command.index("--ca") + 1])["certificates"]
    assert len([issued for issued in listed if issued["request_sha256"]]) == 1


def check_identity(disk: Left, one: Taken) -> None:
    """What lies on the chip is what was certified, and the key is its key."""
    held = disk.optiga("--port", one.port, "-q", "--read", one.target)
    if one.is_behind("certified"):
        assert held == one.entry["certificate"]
    if one.result["slot"] == "first":  # which is written by nobody but Infineon
        proven = disk.optiga("--port", one.port, "-q", "key", "public", "first", "--query", "key_match")
    else:
        Path("held.pem").write_text(held)
        where = ("--id", one.target) if one.target.startswith("0x") else ("--slot", one.target)
        proven = disk.optiga("--port", one.port, "-q", "--write", "held.pem", *where, "--query", "key_match")
    assert proven == "True\n"
    if one.is_behind("csr") and one.entry["issuer"] != "chip":
        request = x509.load_pem_x509_csr(one.entry["csr"].encode())
        assert x509.load_pem_x509_certificate(held.encode()).public_key() == request.public_key()
        assert (one.result["filename"], one.result["public_key"]) == (one.entry["filename"], one.entry["public_key"])


def check_files(one: Taken) -> None:
    result = one.result
    if result["certificate_file"] is not None:
        certificate = x509.load_pem_x509_certificate(Path(result["certificate_file"]).read_bytes())
        request = x509.load_pem_x509_csr(Path(result["filename"]).read_bytes())
        assert certificate.public_key() == request.public_key()


def check_cloud(disk: Left, iot: Any, taken: list[Taken]) -> None:
    """One certificate is active for each slot, no other is, and no key was certified twice."""
    found = certificates(iot)
    active = {name for name, one in found.items() if one["status"] == "ACTIVE"}
    assert active == {one.result["certificate_id"] for one in taken}
    keys = [x509.load_pem_x509_certificate(one["certificatePem"].encode()).public_key() for one in found.values()]
    assert all(keys.count(key) == 1 for key in keys), "a key has two certificates"
    for one in taken:
        result = one.result
        certificate = found[result["certificate_id"]]
        assert certificate["certificateArn"] == result["certificate_arn"]
        assert disk.optiga("--port", one.port, "-q", "--read", one.target).startswith(certificate["certificatePem"])
        assert attached(iot, result["certificate_arn"]) == ([result["thing"]], [result["policy"]])
        if one.entry["certificate_id"] is not None and one.entry["step"] in STEPS:
            assert result["certificate_id"] == one.entry["certificate_id"]
    arns = {one.result["certificate_arn"] for one in taken}
    assert json.loads(Path("optiga.aws_arn").read_text()) in arns


@pytest.mark.parametrize("left", cases("provisioned/aws-key/", "provisioned/renewing-key/"))
@pytest.mark.long
def test_a_key_of_which_nothing_else_is_known_stays(disk: Left, cloud: Any) -> None:
    """Where there is a CSR, it says which key it was."""
    restore(cloud.iot, disk.said["cloud"])
    key = disk.key_on("chip")
    (one,) = disk.go_on()
    assert one.entry["csr"] is None
    assert disk.key_on("chip") == key


@pytest.mark.parametrize("left", cases("provisioned/renewed/"))
@pytest.mark.long
def test_a_finished_one_is_renewed(disk: Left, cloud: Any) -> None:
    restore(cloud.iot, disk.said["cloud"])
    (command,), before = disk.said["commands"], set(certificates(cloud.iot))
    new = json.loads(disk.optiga(*command, "--renew"))["certificate_id"]
    found = certificates(cloud.iot)
    assert found.keys() - before == {new}
    assert {name for name, one in found.items() if one["status"] == "ACTIVE"} == {new}


@pytest.mark.long
@pytest.mark.parametrize(
    "left", cases("provisioned/aws-finished/", "provisioned/aws-thing/", "provisioned/renewing-requested-unheard/")
)
def test_a_device_is_taken_back(disk: Left, cloud: Any) -> None:
    check_taken_back(disk, cloud.iot)


@pytest.mark.long
@pytest.mark.parametrize("left", cases("provisioned/renewed/"))
def test_a_device_is_taken_back_whose_chip_is_lost(disk: Left, cloud: Any) -> None:
    Path("chip").unlink()
    (entry,) = disk.said["journal"]
    check_taken_back(disk, cloud.iot, "--uid", entry["uid"])
    assert not Path("chip").exists()


def check_taken_back(disk: Left, iot: Any, *options: str) -> None:
    """All the certificates of a device are gone, those before it and those that nobody heard of."""
    restore(iot, disk.said["cloud"])
    disk.optiga.on_chip("deprovision", *options, "--delete-thing", "--delete-policy", "--yes")
    assert certificates(iot) == {}
    assert iot.list_things()["things"] == iot.list_policies()["policies"] == []
    assert [one["step"] for one in disk.entries()] == ["deprovisioned"]
