"""What people get wrong with AWS: one line that says it, the right exit code, and nothing is touched.

In a row, ``{files}`` is the folder of prepared files, ``{config}`` and ``{rsa}`` are good configurations.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga.provision.facts import Begun
from optiga.testing import Cloud
from tests.support.cli.cloud_helpers import CHIP, CONFIG, RSA_CONFIG, refused
from tests.support.cli.mistakes import CERTIFICATE, USAGE, Mistake
from tests.support.cli.runner import Cli
from tests.support.journals import edit_version_1
from tests.support.makers import make_certificate, make_key
from tests.support.sampling import sampled

P = "provision {config}"
PROVISION = {
    "no aws_iot_config": Mistake(
        "provision {files}/no-cloud.jsn", "no-cloud.jsn: aws_iot_config: 'thing' is missing.*--no-cloud"
    ),
    "no thing": Mistake("provision {files}/no-thing.jsn", "no-thing.jsn: aws_iot_config: 'thing' is missing"),
    "no policy": Mistake("provision {files}/no-policy.jsn", "no-policy.jsn: aws_iot_config: 'policy' is missing"),
    "thing with a space": Mistake(
        "provision {files}/thing-space.jsn",
        "thing-space.jsn: aws_iot_config.thing: 'my lamp' is not a valid name of a thing",
    ),
    "policy with a slash": Mistake(
        "provision {files}/policy-slash.jsn", "aws_iot_config.policy: 'lamps/all' is not a valid name of a policy"
    ),
    "thing too long": Mistake(
        "provision {files}/thing-long.jsn", r"aws_iot_config.thing: 'x+\{uid\}' is too long .*: 129 char.*at most 128"
    ),
    "empty thing": Mistake("provision {files}/thing-empty.jsn", r"thing-empty.jsn:\d+: aws_iot_config.thing: is empty"),
    "thing is a number": Mistake("provision {files}/thing-number.jsn", r"aws_iot_config.thing: must be a text"),
    "no configuration": Mistake("provision none.jsn", "none.jsn: no such file"),
    "no such policy template": Mistake(
        P + " --policy-template none", "cannot read the policy template none: .*no such"
    ),
    "nonsense region": Mistake(
        P + " --region eu_central_1", "'eu_central_1' is not a valid .*, eu-central-1", reason="bad_value"
    ),
    "policy template is a folder": Mistake(P + " --policy-template {files}", "it is a folder"),
    "policy template is no JSON": Mistake(P + " --policy-template {files}/text", "text:1: not JSON"),
    "policy template is none": Mistake(
        P + " --policy-template {files}/lamp.json", "lamp.json is an AWS provisioning template, not a policy template"
    ),
    "policy with another field": Mistake(
        P + " --policy-template {files}/field.template", "field.template: <aws-zone> is not a field.*<aws-region>"
    ),
    "policy whose resource is not an ARN": Mistake(
        P + " --policy-template {files}/no-arn.template", "statement 1: the resource 'client/lamp' is not an ARN"
    ),
    "no such thing type": Mistake(P + " --thing-type lamps", "there is no thing type lamps in eu-central-1"),
    "no such thing group": Mistake(
        P + " --thing-group kitchen --thing-group hall", "there is no thing group kitchen in eu-central-1"
    ),
    "thing type with a dot": Mistake(P + " --thing-type a.b", "'a.b' is not a valid name of a thing type"),
    "thing group with a UID": Mistake(P + " --thing-group a-{{uid}}", "'a-{uid}' is not a valid name of a thing group"),
    "thing group with a dot": Mistake(P + " --thing-group a.b", "'a.b' is not a valid name of a thing group"),
    "attribute without a value": Mistake(P + " --attribute room", "--attribute.*'room' is not of the form KEY=VALUE"),
    "attribute without a name": Mistake(P + " --attribute =room", "'=room' is not of the form KEY=VALUE"),
    "attribute twice": Mistake(P + " --attribute a=1 --attribute a=2", "'a' is given twice"),
    "attribute's value": Mistake(
        P + " --attribute room=1*2", r"--attribute room='1\*2' is not a valid attribute value"
    ),
    "attribute's name": Mistake(P + " --attribute ro*m=1", r"--attribute 'ro\*m' is not a valid attribute name"),
    "attribute too long": Mistake(P + " --attribute a=" + 801 * "x", "is not a valid attribute value .* up to 800"),
    "four attributes": Mistake(
        P + " --attribute a=1 --attribute b=2 --attribute c=3 --attribute d=4",
        "a thing without a type has at most 3 attributes.*--thing-type",
    ),
    "parameter without template": Mistake(P + " --parameter Room=1", "--parameter requires --template"),
    "malformed parameter": Mistake(P + " --template t --parameter Room", "'Room' is not of the form NAME=VALUE"),
    "template and type": Mistake(P + " --template t --thing-type lamps", "template itself defines.*--thing-type"),
    "template and group": Mistake(P + " --template t --thing-group hall", "template itself defines.*--thing-group"),
    "template and attribute": Mistake(P + " --template t --attribute a=1", "template itself defines.*--attribute"),
    "template and policy template": Mistake(
        P + " --template t --policy-template {files}/text", "template itself defines.*--policy-template"
    ),
    "template's parameter missing": Mistake(
        P + " --template {files}/lamp.json", "lamp.json: no value for the template's parameter Room.*--parameter"
    ),
    "template's parameter unknown": Mistake(
        P + " --template {files}/lamp.json --parameter Room=1 --parameter Flor=2",
        "the template has no parameter Flor, did you mean 'Floor'. Its parameters: Floor, Room, SerialNumber",
    ),
    "no such template": Mistake(P + " --template lamps", "neither a file nor a provisioning template .* named lamps"),
    "no such template file": Mistake(P + " --template lamps.json", "cannot read .*lamps.json: no such file"),
    "template is no JSON": Mistake(P + " --template {files}/text", "text:1: not JSON"),
    "template is a policy": Mistake(P + " --template {files}/field.template", "an object with Parameters and Resour"),
    "template without a name": Mistake(P + " --template=", "template"),
    "template with a bad name": Mistake(P + " --template a+b", r"'?a\+b'?"),
    "no cloud and no CA": Mistake(P + " --no-cloud", "--no-cloud requires --ca"),
    "days without a CA": Mistake(P + " --days 10", "--days requires --ca"),
    "passphrase without a CA": Mistake(P + " --passphrase-file {files}/text", "a passphrase requires --ca"),
    "no days": Mistake(P + " --ca ca --days 0", "--days.*0 is not in the range 1 to 36500"),
    "no such CA": Mistake(P + " --ca none", "none"),
    "RSA without an object": Mistake("provision {rsa}", "slot five has a key .*0xE0E1, 0xE0E2 or 0xE0E3 .--id."),
    "data for a certificate": Mistake(
        P + " --id 0xF1D0", "0xF1D0 .*is not an object for a device's certificate.*0xE0E1"
    ),
    "trust anchor for a certificate": Mistake(
        P + " --id 0xE0E8", "0xE0E8 .*is not an object for a device's certificate"
    ),
    "key for a certificate": Mistake(
        P + " --id 0xE0F1", "0xE0F1 .device private EC key 2. is not an object for a device's.*0xE0E1"
    ),
    "no such object": Mistake(P + " --id 0xBEEF", "'0xBEEF' is not an OID of the chip.*0xE0E1"),
    "no such slot": Mistake(P + " --slot ninth", "--slot 'ninth' is not a slot"),
    "Infineon's slot": Mistake(P + " --slot first", "Infineon's own key"),
    "the folder does not exist": Mistake(P + " --out-dir none", "cannot write to none: the folder does not exist"),
    "journal is none": Mistake(P + " --journal {files}/text", "text is not a journal.*another file"),
    "journal is another file": Mistake(P + " --journal {files}/other.db", "other.db is not a journal"),
    "journal in no folder": Mistake(P + " --journal none/j.db", "none/j.db.*the folder does not exist.*Create it"),
    "journal is a folder": Mistake(P + " --journal {files}", "files.* is a folder"),
    "query finds nothing": Mistake(P + " --query arn", "'arn' finds nothing.*certificate_arn"),
    "broken query": Mistake(P + " --query a[", "is not valid"),
    "query of steps": Mistake(P + " --query steps", "'steps' finds nothing"),
    "query of no steps": Mistake(P + " --dry-run --query thing", "'thing' finds nothing.*It has steps"),
}
OTHERS = {
    "thing with a space": Mistake("register --thing my_lamp*", r"'my_lamp\*' is not a valid name of a thing"),
    "template and policy": Mistake("register --template t --policy p", "template itself defines.*--policy"),
    "type without a thing": Mistake("register --thing-type lamps", "require a thing.*Give a thing"),
    "no such trust file": Mistake("register --trust none.pem", "none.pem: no such file"),
    "trust file is text": Mistake("register --trust {files}/text", "no certificate in .*text", CERTIFICATE),
    "trust file is a device's": Mistake(
        "register --trust {files}/leaf.pem", "leaf.pem.*test device.*not a CA", CERTIFICATE
    ),
    "trust file holds no root": Mistake("register --trust {files}/below.pem", "below.pem holds no root", CERTIFICATE),
    "no such slot to register": Mistake("register --slot ninth", "--slot: 'ninth' is neither a slot nor"),
    "query of register": Mistake("register --query arn", "'arn' finds nothing"),
    "no journal to take back": Mistake(
        "deprovision --yes --uid " + "aa" * 27, "personalization.db.*'provision'.*--journal"
    ),
    "no such slot to take back": Mistake("deprovision --yes --slot ninth", "--slot: 'ninth' is neither a slot nor"),
    "query of deprovision": Mistake("deprovision --yes --query arn", "'arn' finds nothing"),
    "no journal to show": Mistake("journal show", "personalization.db.*'provision'.*--journal"),
    "no journal to export": Mistake("journal export --journal {files}/text", "text is not a journal"),
    "template of no registration": Mistake("ca register ca --template t", "--template requires --auto-registration"),
    "no such CA to register": Mistake("ca register none", "none"),
}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared files."""
    folder = tmp_path_factory.mktemp("files")
    good = json.loads(CONFIG.read_text())

    def save(name: str, **names: object) -> None:
        aws = {name: value for name, value in {"thing": "lamp", "policy": "lamps", **names}.items() if value != ""}
        (folder / name).write_text(json.dumps({**good, "aws_iot_config": aws}, indent=4))

    (folder / "no-cloud.jsn").write_text(json.dumps({"csr_config": good["csr_config"]}))
    save("no-thing.jsn", thing="")
    save("no-policy.jsn", policy="")
    save("thing-space.jsn", thing="my lamp")
    save("thing-empty.jsn", thing=" ")
    save("thing-number.jsn", thing=7)
    save("thing-long.jsn", thing=75 * "x" + "{uid}")
    save("policy-slash.jsn", policy="lamps/all")
    (folder / "text").write_text("Dear diary\n")
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:<aws-region>:<aws-zone>:client/a"}
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    (folder / "field.template").write_text(json.dumps(policy))
    policy["Statement"] = [{**statement, "Resource": "client/lamp"}]
    (folder / "no-arn.template").write_text(json.dumps(policy))
    names = {"SerialNumber": {}, "Room": {}, "Floor": {"Default": "1"}}
    certificate = {
        "Type": "AWS::IoT::Certificate",
        "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
    }
    template = {"Parameters": names, "Resources": {"certificate": certificate}}
    (folder / "lamp.json").write_text(json.dumps(template))
    with closing(sqlite3.connect(folder / "other.db")) as connection:
        connection.execute("CREATE TABLE diary (day)")
    (folder / "leaf.pem").write_bytes(make_certificate())
    (folder / "root.pem").write_bytes(make_certificate(make_key(), ca=True))
    (folder / "below.pem").write_bytes(make_certificate(make_key(), ca=True, issuer=make_key()))
    return folder


@pytest.mark.parametrize(
    "mistake", sampled([*PROVISION.values(), *OTHERS.values()], keep=30), ids=[*PROVISION, *OTHERS]
)
def test_mistake(mistake: Mistake, cli: Cli, cloud: Cloud, files: Path) -> None:
    words = mistake.words(config=CONFIG, rsa=RSA_CONFIG, files=files)
    before = {path: path.read_bytes() for path in files.iterdir()}
    said = refused(cli, cloud, mistake.code, *words)
    assert re.search(mistake.line, said), said
    assert list(Path.cwd().iterdir()) == []
    assert {path: path.read_bytes() for path in files.iterdir()} == before


@pytest.fixture
def chip(cli: Cli) -> str:
    """UID of a chip that is there already, in the file that every command here works on."""
    return cli("--port", CHIP, "info", "--query", "uid").out.strip()


class TestChipsThatAreThere:
    def test_register_an_empty_slot(self, cli: Cli, cloud: Cloud, chip: str) -> None:
        assert "0xE0E1 holds no certificate" in refused(cli, cloud, CERTIFICATE, "register", "--slot", "second")

    def test_register_a_chip_of_another_root(self, cli: Cli, cloud: Cloud, chip: str, files: Path) -> None:
        assert "root.pem" in refused(cli, cloud, CERTIFICATE, "register", "--trust", files / "root.pem")

    def test_deprovision_a_chip_among_many(self, cli: Cli, cloud: Cloud) -> None:
        with optiga.open_journal("personalization.db", make=True) as journal:
            for number in range(9):
                journal.append(f"{number:054x}", "second", Begun("aws", ""))
        said = refused(cli, cloud, USAGE, "deprovision", "--yes", "--uid", "ff" * 27)
        assert f"It has slot second of {0:054x}, {1:054x}" in said
        assert f"{3:054x} and 5 more" in said
        assert "--journal" in said
        assert "'journal show'" in said

    @pytest.mark.long
    def test_deprovision_a_chip_that_is_unknown(self, cli: Cli, cloud: Cloud, chip: str) -> None:
        assert cli("--port", CHIP, "provision", CONFIG).code == 0
        other = "00" * 27
        said = refused(cli, cloud, USAGE, "deprovision", "--yes", "--uid", other)
        assert f"the journal personalization.db has no entry for slot second of chip {other}" in said
        assert f"It has slot second of {chip}" in said
        said = refused(cli, cloud, USAGE, "deprovision", "--yes", "--slot", "third")
        assert f"the journal personalization.db has no entry for slot third of chip {chip}" in said
        assert "This chip has an entry for slot second: use --slot second" in said
        assert said.count(chip) == 1

    @pytest.mark.parametrize("uid", ["1234", "12345", "00" * 28, "xy" * 27, ""])
    def test_deprovision_what_is_no_uid(self, cli: Cli, cloud: Cloud, uid: str) -> None:
        assert "54 hex digits" in refused(cli, cloud, USAGE, "deprovision", "--yes", "--uid", uid)

    @pytest.mark.long
    @pytest.mark.parametrize("closed", [False, True])
    def test_deprovision_where_nobody_can_be_asked(
        self, cli: Cli, cloud: Cloud, chip: str, monkeypatch: pytest.MonkeyPatch, closed: bool
    ) -> None:
        assert cli("--port", CHIP, "provision", CONFIG).code == 0
        monkeypatch.setattr(sys, "stdin", None if closed else io.StringIO("y\n"))
        said = refused(cli, cloud, USAGE, "deprovision")
        assert "standard input is not a terminal" in said
        assert "--yes" in said

    @pytest.mark.long
    def test_a_damaged_journal(self, cli: Cli, cloud: Cloud, chip: str) -> None:
        assert cli("--port", CHIP, "provision", CONFIG).code == 0
        edit_version_1(Path("personalization.db"), {"step": "flying"})
        for words in (("provision", CONFIG), ("deprovision", "--yes"), ("journal", "show"), ("journal", "export")):
            said = refused(cli, cloud, USAGE, *words)
            assert f"the journal's entry of chip {chip}, slot second, is damaged" in said

    def test_a_template_of_aws_with_a_parameter_missing(self, cli: Cli, cloud: Cloud, files: Path) -> None:
        body = (files / "lamp.json").read_text()
        cloud.iot.create_provisioning_template(
            templateName="lamps", templateBody=body, provisioningRoleArn="arn:aws:iam::123456789012:role/lamps"
        )
        said = refused(cli, cloud, USAGE, "provision", CONFIG, "--template", "lamps")
        assert "lamps: no value for the template's parameter Room" in said

    def test_without_a_cloud_aws_is_not_asked(self, cli: Cli, cloud: Cloud, chip: str) -> None:
        assert cli("ca", "init", "--no-passphrase", "ca").code == 0
        said = refused(cli, cloud, USAGE, "provision", RSA_CONFIG, "--ca", "ca", "--no-cloud")
        assert "--id" in said
        assert cloud.calls == []
