"""The thermometer's factory: each device gets its identity in AWS IoT, without an account there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

import optiga
from optiga.testing import Cloud, CloudFault

DEVICE = {
    "csr_config": {
        "certificate_info": {"common_name": "{uid}"},
        "key_info": {"algorithm_id": "ec", "parameters": {"curve": "secp256r1", "slot": "0xE0F1"}},
        "signature_info": {"algorithm_id": "ecdsa", "parameters": {"hash_alg": "sha256"}},
    },
    "aws_iot_config": {"thing": "thermometer-{uid}", "policy": "thermometers"},
}


def provision(folder: Path, chip_file: Path) -> str:
    """What the factory's own program does: the device's UID."""
    job = optiga.Job.new_identity(optiga.load_configuration(DEVICE), outputs=optiga.OutputLayout(folder))
    with optiga.open_journal(folder / "factory.db", make=True) as journal:
        return optiga.provision(job, optiga.Services(journal, port=f"emulator:{chip_file}")).uid


def test_a_device_is_provisioned(optiga_aws: Cloud, optiga_chip_file: Path, tmp_path: Path) -> None:
    uid = provision(tmp_path, optiga_chip_file)
    (thing,) = boto3.client("iot").list_things()["things"]
    assert thing["thingName"] == f"thermometer-{uid}"
    (certificate,) = optiga_aws.iot.list_certificates()["certificates"]
    assert certificate["status"] == "ACTIVE"
    assert certificate["certificateArn"].split(":")[3:5] == [optiga_aws.region, optiga_aws.account]
    assert "CreateCertificateFromCsr" in optiga_aws.calls


def test_each_test_begins_with_nothing(optiga_aws: Cloud) -> None:
    assert optiga_aws.calls == []
    assert optiga_aws.iot.list_things()["things"] == []


def test_the_line_breaks(
    optiga_aws: Cloud, optiga_chip_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    optiga_aws.fail("AttachPolicy", CloudFault.BREAK_AFTER, times=1)
    with pytest.raises(optiga.CloudError, match="AttachPolicy"):
        provision(tmp_path, optiga_chip_file)
    assert [each["status"] for each in optiga_aws.iot.list_certificates()["certificates"]] == ["INACTIVE"]
    provision(tmp_path, optiga_chip_file)
    assert [each["status"] for each in optiga_aws.iot.list_certificates()["certificates"]] == ["ACTIVE"]
    assert optiga_aws.calls.count("CreateCertificateFromCsr") == 1


def test_by_the_command(optiga_aws: Cloud, optiga_chip_file: Path, tmp_path: Path) -> None:
    (tmp_path / "device.jsn").write_text(json.dumps(DEVICE))
    command = [sys.executable, "-m", "optiga", "--port", f"emulator:{optiga_chip_file}", "provision", "device.jsn"]
    subprocess.run(command, cwd=tmp_path, env=optiga_aws.environment, check=True)
    assert len(optiga_aws.iot.list_things()["things"]) == 1
