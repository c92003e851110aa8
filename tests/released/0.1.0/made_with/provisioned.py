"""Chips on their way to an identity: finished, and killed at each step, with journal, files, CA and what AWS has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from authorities import CONFIG, DEVICE_DAYS, INTERMEDIATE_DAYS, ROOT_DAYS, RSA_CONFIG
from chips import PORT
from running import SET_BACK, Release, check_hot
from stand_in import describe

SAVE = "optiga/personalize/journal.py:save"
HALL = ("--thing-group", "hall", "--attribute", "site=lab")
WITH_CA = ("--ca", "root", *DEVICE_DAYS)
FLEET = {
    "Parameters": {
        "ThingName": {"Type": "String"},
        "SerialNumber": {"Type": "String"},
        "Site": {"Type": "String"},
        "AWS::IoT::Certificate::Id": {"Type": "String"},
    },
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {
                "ThingName": {"Ref": "ThingName"},
                "AttributePayload": {"serial": {"Ref": "SerialNumber"}, "site": {"Ref": "Site"}},
            },
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "INACTIVE"},
        },
        "policy": {
            "Type": "AWS::IoT::Policy",
            "Properties": {
                "PolicyName": "fleet",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
                },
            },
        },
    },
}
"""The template in the release's docs/aws.md."""


def make_provisioned(release: Release) -> None:
    import cloud_x509
    from cloud_server import serve_cloud

    true_now = cloud_x509.now
    cloud_x509.now = lambda: true_now() - SET_BACK
    with serve_cloud() as cloud:
        release.environment.update(cloud.environment)
        line = Line(release, cloud)
        _by_aws(line)
        _renewed(line)
        _by_template(line)
        _by_own_ca(line)
        _by_own_ca_in_aws(line)
        _registered(line)
        _several(line)


class Line:
    """Where the cases are made, each in a folder and a cloud of its own."""

    def __init__(self, release: Release, cloud: Any) -> None:
        self.release, self.cloud = release, cloud

    def begin(self, name: str, *configs: str) -> Case:
        self.cloud.reset()
        self.cloud.iot.create_thing_group(thingGroupName="hall")
        folder = self.release.folder(f"provisioned/{name}")
        for config in configs or (CONFIG,):
            shutil.copy(self.release.checkout / "configs" / config, folder / "config.jsn")
        return Case(self, folder)


class Case:
    """One folder, in which commands work."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.release, self.cloud, self.folder = line.release, line.cloud, folder

    def run(self, *arguments: object, code: int = 0) -> str:
        return self.release(self.folder, *arguments, code=code)

    def killed(self, where: str, *arguments: object) -> None:
        self.release.killed(self.folder, where, *arguments)
        self.cloud.settle()

    def interrupted(self, where: str, *arguments: object) -> None:
        self.release.interrupted(self.folder, where, *arguments)

    def killed_while_asking(self, operation: str, moment: str, *arguments: object, skip: int = 0) -> None:
        self.release.killed_while_asking(self.cloud, self.folder, operation, moment, *arguments, skip=skip)

    def end(self, *commands: object, journal: str = "personalization.db") -> None:
        """Write down what goes on with it: commands, what AWS has, and what the journal says.

        :param commands: one command's words, or lists of words, one for each of several.
        """
        several = commands if isinstance(commands[0], list) else [list(commands)]
        written = self.release.looked_at(self.folder, "journal", "export", "--journal", journal)
        described = {"commands": several, "journal": written["slots"], "cloud": describe(self.cloud.iot)}
        self.folder.with_suffix(".json").write_text(json.dumps(described, indent=1) + "\n")


def provision(*options: str) -> list[str]:
    return [*PORT, "provision", "config.jsn", *options]


def _killed_at(line: Line, prefix: str, steps: str, *options: str) -> None:
    """Cases that were killed as soon as a step was written down, one for each step."""
    for step in steps.split():
        case = line.begin(f"{prefix}-{step}")
        case.killed(f"{SAVE}={step}", *provision(*options))
        case.end(*provision(*options))


def _interrupted_at(line: Line, prefix: str, steps: str, prepare: Callable[[Case], None], *options: str) -> None:
    """Cases that were interrupted with Ctrl-C as soon as a step was written down, one for each step."""
    for step in steps.split():
        case = line.begin(f"{prefix}-{step}")
        prepare(case)
        case.interrupted(f"{SAVE}={step}", *provision(*options))
        case.end(*provision(*options))


def _by_aws(line: Line) -> None:
    _killed_at(line, "aws", "begun key csr requested certified written thing policy", *HALL)

    case = line.begin("aws-begun-with-key")
    case.killed("optiga/chip/chip.py:generate_key", *provision(*HALL))
    case.end(*provision(*HALL))

    for name, operation in (("requested-unheard", "CreateCertificateFromCsr"), ("policy-active", "UpdateCertificate")):
        case = line.begin(f"aws-{name}")
        case.killed_while_asking(operation, "after", *provision(*HALL))
        case.end(*provision(*HALL))

    case = line.begin("aws-journal-hot")
    count = line.release.count(case.folder, "fdatasync", "/personalization.db", 3, *provision(*HALL))
    line.cloud.reset()
    line.cloud.iot.create_thing_group(thingGroupName="hall")
    line.release.killed_instead(case.folder, "fdatasync", count, *provision(*HALL))
    check_hot(case.folder / "personalization.db")
    case.end(*provision(*HALL))

    case = line.begin("aws-finished")
    shutil.copy(line.release.checkout / "templates" / "thing_policy.template", case.folder)
    command = provision(*HALL, "--policy-template", "thing_policy.template")
    case.run(*command)
    case.end(*command)

    case = line.begin("aws-rsa-certified", RSA_CONFIG)
    command = provision("--id", "0xE0E2")
    case.killed(f"{SAVE}=certified", *command)
    case.end(*command)

    case = line.begin("aws-two-slots")
    commands = [provision(), provision("--slot", "third")]
    case.run(*commands[0])
    case.killed(f"{SAVE}=thing", *commands[1])
    case.end(*commands)

    case = line.begin("aws-deprovisioned")
    case.run(*provision())
    case.run(*PORT, "deprovision", "--delete-thing", "--delete-policy", "--yes")
    case.end(*provision())

    case = line.begin("aws-deprovisioning")
    deprovision = [*PORT, "deprovision", "--delete-thing", "--delete-policy", "--yes"]
    case.run(*provision())
    case.killed_while_asking("DeleteCertificate", "after", *deprovision)
    case.end(deprovision, provision())


def _renewed(line: Line) -> None:
    def finish(case: Case) -> None:
        case.run(*provision(*HALL))

    _interrupted_at(line, "renewing", "key requested certified written policy", finish, *HALL, "--renew")
    for name, operation in (("requested-unheard", "CreateCertificateFromCsr"), ("active", "UpdateCertificate")):
        case = line.begin(f"renewing-{name}")
        finish(case)
        case.killed_while_asking(operation, "after", *provision(*HALL, "--renew"))
        case.end(*provision(*HALL))
    case = line.begin("renewed")
    finish(case)
    case.run(*provision(*HALL, "--renew"))
    case.end(*provision(*HALL))


def _by_template(line: Line) -> None:
    command = provision("--template", "fleet.json", "--parameter", "Site=Munich")
    for step in ("written", "policy"):
        case = line.begin(f"fleet-{step}")
        (case.folder / "fleet.json").write_text(json.dumps(FLEET, indent=4) + "\n")
        case.killed(f"{SAVE}={step}", *command)
        case.end(*command)


def _make_root(case: Case) -> None:
    case.run("ca", "init", "root", *ROOT_DAYS)


def _by_own_ca(line: Line) -> None:
    alone = (*WITH_CA, "--no-cloud")
    _interrupted_at(line, "ca", "requested certified written finished", _make_root, *alone)

    case = line.begin("ca-requested-issued")
    _make_root(case)
    case.killed("optiga/personalize/ca/authority.py:issue", *provision(*alone))
    case.end(*provision(*alone))

    case = line.begin("ca-factory-certified")
    (case.folder / "factory.passphrase").write_text("the other words that open the factory\n")
    opens = ("--passphrase-file", "factory.passphrase")
    _make_root(case)
    case.run("ca", "intermediate", "factory", "--ca", "root", "--name", "Example", *INTERMEDIATE_DAYS, *opens)
    command = provision("--ca", "factory", *DEVICE_DAYS, "--no-cloud", *opens)
    shutil.rmtree(case.folder / "root")  # which is kept away, and not needed any more
    case.killed(f"{SAVE}=certified", *command)
    case.end(*command)

    case = line.begin("ca-finished-without-cloud")
    _make_root(case)
    case.run(*provision(*alone))
    case.end(*provision(*WITH_CA))


def _by_own_ca_in_aws(line: Line) -> None:
    _interrupted_at(line, "ca-aws", "written registered", _make_root, *WITH_CA)

    def register(case: Case) -> None:
        _make_root(case)
        case.run("ca", "register", "root")

    _interrupted_at(line, "ca-registered", "written finished", register, *WITH_CA)


def _registered(line: Line) -> None:
    command = [*PORT, "register", "--thing", "lamp-{uid}", "--policy", "lamp", "--output", "json"]
    for step in ("certified", "registered", "thing", "finished"):
        case = line.begin(f"register-{step}")
        case.killed(f"{SAVE}={step}", *command)
        case.end(*command)


def _several(line: Line) -> None:
    """Three chips of a production line in one journal, and each at another step."""
    case = line.begin("line")
    common = ("provision", "config.jsn", "--journal", "line.db", *HALL)
    commands = [["--port", f"emulator:chip{number}", "-q", *common] for number in (1, 2, 3)]
    case.run(*commands[0])
    case.killed(f"{SAVE}=requested", *commands[1])
    case.killed(f"{SAVE}=policy", *commands[2])
    case.end(*commands, journal="line.db")
