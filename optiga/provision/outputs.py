"""The files of a run whose names are known before it: what cannot be written is found before the chip is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.files.files import check_output_file, check_own_output
from optiga.pki.names import UID_FIELD, fill_uid

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.provision.plan import CloudPlan

ARN_FILE = "optiga.aws_arn"


def policy_file(policy: str) -> str:
    """Name of the file that a policy's document is kept in."""
    return f"{policy}.aws_iot_policy"


def check_outputs(folder: Path, cloud: CloudPlan | None, uid: str | None = None) -> None:
    """Make sure that a run's files can be written: the certificate's ARN, and the policy's document.

    The CSR and its certificate have their names from what the chip is going to sign: there, it is the folder alone.

    :param uid: the chip's UID in hex; None where it is not known yet, which leaves out the files named by it.
    :raises ConfigurationError: if one of them cannot be, or its name is a link out of the folder or no regular file.
    """
    if cloud is None:
        return
    names = [ARN_FILE]
    policy = cloud.wishes.policy
    if policy is not None and cloud.policy_template is not None:
        names.append(policy_file(policy))
    for name in names:
        if uid is not None or UID_FIELD not in name:
            path = folder / (name if uid is None else fill_uid(name, uid))
            check_own_output(path)
            check_output_file(path, "Move it away, or name another folder with --out-dir")
