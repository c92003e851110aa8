"""Ways to lose the key of a live device: each is refused by configuration alone, before the chip is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from optiga.ca import authority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.records import utc_now
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CERTIFICATE_EXIT, CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

Prepare = Callable[[Bench], None]


def configuration(curve: str = "secp256r1", *, algorithm: str = "ec", **subject: str) -> dict[str, Any]:
    """A configuration for the second slot."""
    parameters = {"curve": curve} if algorithm == "ec" else {"key_size": int(curve)}
    return {
        "csr_config": {
            "certificate_info": subject or {"common_name": "dev"},
            "key_info": {
                "algorithm_id": algorithm,
                "parameters": {**parameters, "slot": "second" if algorithm == "ec" else "five"},
            },
            "signature_info": {
                "algorithm_id": "ecdsa" if algorithm == "ec" else "rsassa",
                "parameters": {"hash_alg": "sha256"},
            },
        },
        "aws_iot_config": {"thing": "my_thing", "policy": "my_policy"},
    }


def write(name: str, value: object) -> Prepare:
    """Have a file of JSON in the folder."""

    def prepare(bench: Bench) -> None:
        (bench.folder / name).write_text(json.dumps(value))

    return prepare


def policy(**statement: object) -> Prepare:
    """Have a policy template whose one statement is good but for some members."""
    good = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/lamp"}
    return write("bad.template", {"Version": "2012-10-17", "Statement": [{**good, **statement}]})


def template(**changes: object) -> Prepare:
    """Have a provisioning template."""
    certificate = {
        "Type": "AWS::IoT::Certificate",
        "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
    }
    thing = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "my_thing"}}
    value = {"Parameters": {}, "Resources": {"certificate": certificate, "thing": thing}, **changes}
    return write("fleet.json", value)


def short_ca(bench: Bench) -> None:
    create_root(bench.folder / "ca", CaName("short"), days=30)


def old_ca(days: int) -> Prepare:
    def prepare(bench: Bench) -> None:
        create_root(bench.folder / "ca", CaName("old"), days=30, now=utc_now() + timedelta(days=days))

    return prepare


def ca_with_old_records(bench: Bench) -> None:
    create_root(bench.folder / "ca", CaName("ca"))
    older = (bench.folder / "ca" / "issued.db").read_bytes()
    authority.CertificateAuthority.open(bench.folder / "ca").renew_crl()
    (bench.folder / "ca" / "issued.db").write_bytes(older)


def named_ca(name: str) -> Prepare:
    def prepare(bench: Bench) -> None:
        root = create_root(bench.folder / "root", CaName("The Root"))
        create_intermediate(bench.folder / "ca", CaName("my-ca"), authority.CertificateAuthority.open(root.path))
        write("named.jsn", configuration(common_name=name))(bench)

    return prepare


def deprecated(bench: Bench) -> None:
    bench.cloud.iot.create_thing_type(thingTypeName="lamps")
    bench.cloud.iot.deprecate_thing_type(thingTypeName="lamps")


def dynamic(bench: Bench) -> None:
    bench.cloud.iot.create_dynamic_thing_group(thingGroupName="hall", queryString="thingName:lamp*")


class Way(NamedTuple):
    """A way to lose a key.

    :param options: what is given besides; a configuration comes first where it is another.
    :param words: what the error line says.
    """

    prepare: Prepare
    options: str
    words: str
    code: int = CONFIGURATION_EXIT


WAYS = {
    "Brainpool": Way(
        write("other.jsn", configuration("brainpoolp256r1")), "other.jsn", "does not accept brainpoolp256r1 keys"
    ),
    "Brainpool of an own CA in AWS": Way(
        lambda bench: (short_ca(bench), write("other.jsn", configuration("brainpoolp256r1"))(bench))[1],
        "other.jsn --ca ca",
        "does not accept brainpoolp256r1 keys",
    ),
    "RSA of 1024 bits": Way(
        write("other.jsn", configuration("1024", algorithm="rsa")),
        "other.jsn --id 0xE0E1",
        "does not accept rsa1024 keys",
    ),
    "RSA of 1024 bits of an own CA": Way(
        lambda bench: (short_ca(bench), write("other.jsn", configuration("1024", algorithm="rsa"))(bench))[1],
        "other.jsn --id 0xE0E1 --ca ca --no-cloud",
        "too weak",
        CERTIFICATE_EXIT,
    ),
    "days beyond the CA's end": Way(short_ca, "--ca ca --days 31", "31 days are more", CERTIFICATE_EXIT),
    "an expired CA": Way(old_ca(-40), "--ca ca", "expired on", CERTIFICATE_EXIT),
    "a CA of the future": Way(old_ca(3), "--ca ca --no-cloud", "not valid before", CERTIFICATE_EXIT),
    "records older than the CRL": Way(ca_with_old_records, "--ca ca", "older than the CRL"),
    "a subject equal to the CA's": Way(named_ca("my-ca"), "named.jsn --ca ca", "name of the CA", CERTIFICATE_EXIT),
    "the same in other letters": Way(
        named_ca("MY-CA"), "named.jsn --ca ca --no-cloud", "name of the CA", CERTIFICATE_EXIT
    ),
    "a subject equal to the root's": Way(named_ca("the  root"), "named.jsn --ca ca", "CA above", CERTIFICATE_EXIT),
    "too many days": Way(short_ca, "--ca ca --days 36501", "36501"),
    "a deprecated thing type": Way(deprecated, "--thing-type lamps", "lamps in eu-central-1 is deprecated"),
    "a dynamic group": Way(dynamic, "--thing-group hall", "hall in eu-central-1 is dynamic"),
    "a parameter that nobody gives": Way(
        template(Parameters={"Room": {"Type": "String"}}), "--template fleet.json", "parameter Room"
    ),
    "a component that the subject lacks": Way(
        template(Parameters={"AWS::IoT::Certificate::DistinguishedNameQualifier": {"Type": "String"}}),
        "--template fleet.json",
        "dn_qualifier",
    ),
    "a parameter of AWS that there is not": Way(
        template(Parameters={"AWS::IoT::Certificate::Colour": {"Type": "String"}}), "--template fleet.json", "Colour"
    ),
    "a reference to nothing": Way(
        template(
            Resources={
                "certificate": {
                    "Type": "AWS::IoT::Certificate",
                    "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
                },
                "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Nobody"}}},
            }
        ),
        "--template fleet.json",
        "Nobody",
    ),
    "a resource that is not an ARN": Way(policy(Resource="client/foo"), "--policy-template bad.template", "not an ARN"),
    "a policy without statements": Way(
        write("bad.template", {"Version": "2012-10-17", "Statement": []}),
        "--policy-template bad.template",
        "Version and Statement",
    ),
    "a policy with Principal": Way(policy(Principal="*"), "--policy-template bad.template", "'Principal'"),
    "a variable without an end": Way(
        policy(Resource="arn:aws:iot:*:*:client/${iot:ClientId"), "--policy-template bad.template", "variable"
    ),
    "an action with spaces": Way(policy(Action="iot: Connect"), "--policy-template bad.template", "not an action"),
    "an action that there is not": Way(policy(Action=["iot:Conect"]), "--policy-template bad.template", "iot:Conect"),
}


@pytest.fixture
def live(run: Cli, bench: Bench) -> Bench:
    """A device that is live, its policy with it."""
    result_of(run())
    bench.check_finished()
    return bench


class TestNothingIsLost:
    @pytest.mark.parametrize("dry", [False, True], ids=["renew", "dry run"])
    @pytest.mark.parametrize("name", sampled(WAYS, keep=1))
    def test_a_live_device(
        self, name: str, dry: bool, cli: Cli, live: Bench, config: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        way = WAYS[name]
        way.prepare(live)
        before, calls, objects = journal_bytes(live), len(live.cloud.calls), live.objects()
        chip = live.chip.read_bytes()
        opened: list[object] = []
        monkeypatch.setattr("optiga.transport.emulator_port.EmulatorPort.open", opened.append)
        words = way.options.split()
        words = words if words[0].endswith(".jsn") else [str(config), *words]
        result = cli("--port", live.port, "provision", *words, "--renew", *(["--dry-run"] if dry else []))
        monkeypatch.undo()
        assert (result.code, result.out) == (way.code, ""), result
        (error,) = result.errors
        assert way.words in error
        assert opened == []
        assert (live.chip.read_bytes(), live.objects()) == (chip, objects)
        assert journal_bytes(live) == before
        assert changes(live.cloud, calls) == []
        live.check_finished()

    def test_nothing_is_made_on_a_blank_chip(self, cli: Cli, bench: Bench, config: Path) -> None:
        policy(Resource="client/foo")(bench)
        result = cli("--port", bench.port, "provision", config, "--policy-template", "bad.template")
        assert result.code == CONFIGURATION_EXIT
        assert not bench.chip.exists()
        assert changes(bench.cloud) == []


def journal_bytes(bench: Bench) -> bytes:
    return (bench.folder / "personalization.db").read_bytes()


class TestWhatIsRight:
    """Neighbours of the ways above, which work."""

    @pytest.mark.long
    def test_components_of_the_subject(self, cli: Cli, bench: Bench) -> None:
        """The product has made the certificate's subject, so it knows what AWS names after it."""
        names = [f"AWS::IoT::Certificate::{name}" for name in ("CommonName", "SerialNumber", "Country", "Id")]
        thing = {
            "ThingName": {"Ref": names[0]},
            "AttributePayload": {"number": {"Ref": names[1]}, "country": {"Ref": names[2]}},
        }
        certificate = {"CertificateId": {"Ref": names[3]}, "Status": "ACTIVE"}
        template(
            Parameters={name: {"Type": "String"} for name in names},
            Resources={
                "thing": {"Type": "AWS::IoT::Thing", "Properties": thing},
                "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
            },
        )(bench)
        subject = {"common_name": "lamp-{uid}", "serial_number": "0815", "country_name": "DE"}
        value = configuration(**subject)
        del value["aws_iot_config"]
        write("lamp.jsn", value)(bench)
        fields = result_of(cli("--port", bench.port, "provision", "lamp.jsn", "--template", "fleet.json"))
        assert fields["thing"] == f"lamp-{fields['uid']}"
        assert bench.cloud.iot.describe_thing(thingName=fields["thing"])["attributes"] == {
            "number": "0815",
            "country": "DE",
        }

    def test_a_policy_of_jobs(self, cli: Cli, bench: Bench, config: Path) -> None:
        policy(Action=["iot:Connect", "iotjobsdata:DescribeJobExecution"])(bench)
        result = cli("--port", bench.port, "provision", config, "--policy-template", "bad.template")
        assert result.code == 0
        assert not result.warnings

    def test_an_unknown_service_is_warned_of(self, cli: Cli, bench: Bench, config: Path) -> None:
        policy(Action=["iot:Connect", "lamps:Shine"])(bench)
        result = cli("--port", bench.port, "provision", config, "--policy-template", "bad.template", "--dry-run")
        assert result.code == 0
        assert "Warning: bad.template: statement 1: 'lamps:Shine' is not a known action of AWS IoT" in result.err

    def test_brainpool_of_an_own_ca_without_a_cloud(self, cli: Cli, bench: Bench) -> None:
        short_ca(bench)
        write("other.jsn", configuration("brainpoolp256r1"))(bench)
        fields = result_of(cli("--port", bench.port, "provision", "other.jsn", "--ca", "ca", "--no-cloud"))
        assert fields["certificate_file"]

    @pytest.mark.long
    def test_all_the_days_that_a_ca_has(self, run: Cli, bench: Bench) -> None:
        short_ca(bench)
        result_of(run("--ca", "ca", "--days", "29"))


class TestAnotherJournal:
    @pytest.mark.long
    def test_a_dry_run_warns_of_the_identity(self, run: Cli, live: Bench) -> None:
        objects = live.objects()
        result = run("--dry-run", "--journal", "new.db")
        assert result.code == 0
        (warning,) = result.warnings
        assert "that is not in this journal" in warning
        assert live.objects() == objects
        assert not Path("new.db").exists()

    @pytest.mark.long
    def test_its_own_is_no_matter(self, run: Cli, live: Bench) -> None:
        for options in ((), ("--renew",)):
            assert not run("--dry-run", *options).warnings

    def test_a_blank_chip(self, run: Cli, bench: Bench) -> None:
        assert not run("--dry-run").warnings
        assert not bench.chip.exists()
