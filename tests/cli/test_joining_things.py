"""A chip only says which UID it has: it is not attached to a thing where another device's certificate is active."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga.cloud.aws.aws_names import SAMPLE_THING
from optiga.identity.configuration import load_configuration
from optiga.testing import CloudFault
from tests.support.cli.provisioned import CLOUD_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.cloud.asking import certify
from tests.support.places import CONFIGS
from tests.support.sampling import sampled

OF_EACH = CONFIGS / "config_nistp256_ecdsa_thing_per_chip.jsn"
DENIED = CloudFault.error("AccessDeniedException", 403, "User: x is not authorized to perform this")
TEMPLATE = {
    "Parameters": {"SerialNumber": {"Type": "String"}},
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {"ThingName": {"Fn::Join": ["", ["thing_", {"Ref": "SerialNumber"}]]}},
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
        },
    },
}


@pytest.fixture
def twin(bench: Bench) -> str:
    """The port of another chip that says the UID of the bench's."""
    optiga.open_chip(bench.port).close()
    path = bench.chip.with_name("twin")
    shutil.copy(bench.chip, path)
    port = f"emulator:{path}"
    with optiga.open_chip(port) as one, optiga.open_chip(bench.port) as other:
        assert one.uid == other.uid
    return port


def uid_of(port: str) -> str:
    with optiga.open_chip(port) as chip:
        return str(chip.uid.hex)


def key_of(port: str) -> Any:
    with optiga.open_chip(port) as chip:
        return chip.metadata(0xE0F1).algorithm


def elsewhere(cli: Cli, port: str, *words: object) -> Result:
    """A run at another station, whose journal knows nothing of this one's."""
    folder = Path("elsewhere")
    folder.mkdir(exist_ok=True)
    return cli("--port", port, *words, "--out-dir", folder)


class TestTwoChipsThatSayOneUid:
    @pytest.mark.long
    def test_the_second_is_refused_before_its_key_is_made(self, cli: Cli, bench: Bench, twin: str) -> None:
        first = result_of(cli("--port", bench.port, "provision", OF_EACH))
        result = elsewhere(cli, twin, "provision", OF_EACH)
        assert (result.code, result.out) == (CLOUD_EXIT, "")
        (line,) = result.errors
        assert first["thing"] in line
        assert first["certificate_id"] in line
        assert "--join" in line
        assert key_of(twin) is None
        assert [one["certificateId"] for one in bench.certificates()] == [first["certificate_id"]]

    @pytest.mark.long
    def test_also_where_the_certificate_names_the_uid(self, cli: Cli, bench: Bench, twin: str) -> None:
        """The UID in a certificate is the one that was said, too."""
        first = result_of(cli("--port", bench.port, "provision", OF_EACH))
        (active,) = bench.active()
        assert active["certificateId"] == first["certificate_id"]
        assert elsewhere(cli, twin, "provision", OF_EACH).code == CLOUD_EXIT

    @pytest.mark.long
    def test_join(self, cli: Cli, bench: Bench, twin: str) -> None:
        assert cli("--port", bench.port, "provision", OF_EACH).code == 0
        assert elsewhere(cli, twin, "provision", OF_EACH, "--join").code == 0
        assert len(bench.active()) == 2

    @pytest.mark.parametrize("parameter", ["SerialNumber", "AWS::IoT::Certificate::CommonName"])
    @pytest.mark.long
    def test_by_a_provisioning_template(self, cli: Cli, bench: Bench, twin: str, parameter: str) -> None:
        """Also where the thing is named after a component of the certificate's subject."""
        template = Path("template.json")
        template.write_text(json.dumps(TEMPLATE).replace("SerialNumber", parameter))
        assert cli("--port", bench.port, "provision", OF_EACH, "--template", template).code == 0
        result = elsewhere(cli, twin, "provision", OF_EACH, "--template", template)
        assert result.code == CLOUD_EXIT
        assert f"thing_{uid_of(twin)}" in result.errors[0]
        assert key_of(twin) is None

    @pytest.mark.long
    def test_registered_with_the_certificate_it_came_with(self, cli: Cli, bench: Bench) -> None:
        other = bench.chip.with_name("other")
        assert cli("--port", bench.port, "register", "--thing", "lamp").code == 0
        result = elsewhere(cli, f"emulator:{other}", "register", "--thing", "lamp")
        assert result.code == CLOUD_EXIT
        assert "--join" in result.errors[0]
        assert len(bench.certificates()) == 1

    @pytest.mark.long
    def test_an_interrupted_run_asks_again(self, cli: Cli, bench: Bench, twin: str) -> None:
        bench.cloud.fail("CreateCertificateFromCsr", CloudFault.BREAK_BEFORE, times=1)
        assert elsewhere(cli, twin, "provision", OF_EACH).code == CLOUD_EXIT
        first = result_of(cli("--port", bench.port, "provision", OF_EACH))
        result = elsewhere(cli, twin, "provision", OF_EACH)
        assert result.code == CLOUD_EXIT
        assert "--join" in result.errors[0]
        assert [one["certificateId"] for one in bench.active()] == [first["certificate_id"]]


class TestNoOther:
    @pytest.mark.long
    def test_the_same_chip_with_its_journal(self, cli: Cli, bench: Bench) -> None:
        for options in ((), ("--renew",), ("--slot", "third")):
            assert cli("--port", bench.port, "provision", OF_EACH, *options).code == 0
        assert cli("--port", bench.port, "register", "--thing", f"thing_{uid_of(bench.port)}").code == 0

    @pytest.mark.long
    def test_the_same_chip_without_its_journal(self, cli: Cli, bench: Bench) -> None:
        """It proves the key of the certificate that is there."""
        assert cli("--port", bench.port, "provision", OF_EACH).code == 0
        result = elsewhere(cli, bench.port, "provision", OF_EACH, "--yes")
        assert result.code == 0, result.err

    @pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
    @pytest.mark.long
    def test_one_that_is_not_active(self, cli: Cli, bench: Bench, twin: str, status: str) -> None:
        first = result_of(cli("--port", bench.port, "provision", OF_EACH))
        bench.cloud.iot.update_certificate(certificateId=first["certificate_id"], newStatus=status)
        assert elsewhere(cli, twin, "provision", OF_EACH).code == 0


class TestSamples:
    @pytest.mark.long
    def test_everybodys_thing(self, cli: Cli, run: Cli, bench: Bench) -> None:
        assert not any("my_thing" in warning for warning in run().warnings)
        for count in (1, 2):
            port = f"emulator:{bench.chip.with_name(f'chip{count}')}"
            folder = Path(f"station{count}")
            folder.mkdir()
            result = cli("--port", port, "-q", "provision", CONFIGS / "config_2k_rsa_secondslot.jsn", "--id", "0xE0E1",
                         "--out-dir", folder)  # fmt: skip
            assert result.code == 0
            (warning,) = [line for line in result.err.splitlines() if line.startswith("Warning: the thing my_thing")]
            assert f"{count} other certificate" in warning
            assert OF_EACH.name in warning

    def test_what_is_shipped(self) -> None:
        things = {}
        for path in CONFIGS.glob("*.jsn"):
            named = load_configuration(path).aws_iot
            assert named is not None
            things[path.name] = named.thing
        assert "{uid}" in str(things.pop(OF_EACH.name))
        assert set(things.values()) == {SAMPLE_THING}


class TestNotAllowedToAsk:
    @pytest.mark.long
    @pytest.mark.parametrize("operation", sampled(["ListThingPrincipals", "DescribeCertificate"], keep=1))
    def test_a_warning_with_the_actions_name(self, cli: Cli, bench: Bench, twin: str, operation: str) -> None:
        assert cli("--port", bench.port, "provision", OF_EACH).code == 0
        bench.cloud.fail(operation, DENIED)
        result = elsewhere(cli, twin, "-q", "provision", OF_EACH)
        assert result.code == 0, result.err
        warnings = [
            line for line in result.err.splitlines() if line.startswith("Warning: cannot check whether the thing")
        ]
        assert len(warnings) == 1
        assert f"iot:{operation}" in warnings[0]
        assert len(bench.active()) == 2

    def test_another_refusal_is_an_error(self, cli: Cli, bench: Bench) -> None:
        bench.cloud.fail("ListThingPrincipals", CloudFault.error("InternalFailureException", 500, "oh"))
        result = cli("--port", bench.port, "provision", OF_EACH)
        assert result.code == CLOUD_EXIT
        assert key_of(bench.port) is None


@pytest.mark.long
def test_many_certificates_over_several_pages(cli: Cli, bench: Bench) -> None:
    iot = bench.cloud.iot
    name = f"thing_{uid_of(bench.port)}"
    iot.create_thing(thingName=name)
    for number in range(30):
        made = certify(iot, setAsActive=number == 29)
        iot.attach_thing_principal(thingName=name, principal=made["certificateArn"])
    result = cli("--port", bench.port, "provision", OF_EACH)
    assert result.code == CLOUD_EXIT
    assert made["certificateId"] in result.errors[0]
