"""IoT policies: made from a template for a region and an account, and compared with what AWS has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from optiga.cloud.aws.policy_rules import check_arns, check_document, document_warnings, several
from optiga.cloud.aws.templates import EVERYTHING, THING, own_template
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import is_there, read_input
from optiga.files.json_lines import parse_json
from optiga.files.known_documents import POLICY, name_content, name_document, refuse_other
from optiga.files.opening import about_its
from optiga.files.placeholders import UID_FIELD, find_wrong_field
from optiga.files.problems import describe_path
from optiga.pki.names import fill_uid
from optiga.suggestions import suggest

if TYPE_CHECKING:
    from optiga.cloud.aws.connection import Aws

MAX_SIZE = 2048
"""Most characters of a policy, white space not counted (AWS IoT Core's quotas)."""
EVERY_ACTION = "iot:*"
"""Every action of AWS IoT."""
_ARN_COLONS = 5
"""Colons of an ARN; in its resource there may be more."""
_MAX_FILE_SIZE = 1 << 16
_VARIABLE = re.compile(r"\$\{[^}:]*:[^}]*\}")
"""What AWS fills in."""
_WANTED = "a policy template"
_OPEN_FIELD = re.compile(r"<aws-[a-z-]+>")


class PolicyTemplate(NamedTuple):
    """A policy with gaps: ``<aws-region>``, ``<aws-account-id>``, ``<aws-partition>``, ``{uid}``.

    :param name: what to call it in messages.
    """

    name: str
    text: str

    @property
    def needs_uid(self) -> bool:
        """Whether each chip gets another policy."""
        return UID_FIELD in self.text

    def render(self, aws: Aws, uid: str) -> str:
        """The policy's document, formatted as the template is.

        ARNs that begin with ``arn:aws:`` are of the account's partition there.

        :raises ConfigurationError: if it is no policy, or has an ARN of another partition, region or account.
        """
        text = fill_uid(in_partition(self._fill(aws.region, aws.account, aws.partition), aws.partition), uid)
        _check(text, self.name)
        check_arns(json.loads(text), self.name, aws.partition, aws.region, aws.account)
        return text

    def check(self) -> None:
        """Find out without AWS whether it is a policy for some region and account.

        :raises ConfigurationError: if it is none.
        """
        _check(self._fill("us-east-1", "0" * 12, "aws"), self.name)

    def _fill(self, region: str, account: str, partition: str) -> str:
        text = self.text
        for field, value in (
            ("<aws-region>", region),
            ("<aws-account-id>", account),
            ("<aws-partition>", partition),
        ):
            text = text.replace(field, value)
        return text


@about_its("path")
def load_template(path: Path) -> PolicyTemplate:
    """A template from a file.

    :raises ConfigurationError: if it cannot be read.
    """
    if not is_there(path) and (meant := suggest(path.name, (EVERYTHING, THING), {})):
        raise ConfigurationError(
            f"cannot read the policy template {path}: there is no such file{meant}", reason=Reason.NOT_FOUND
        )
    data = read_input(path, "policy template", _MAX_FILE_SIZE)
    refuse_other(name_content(data, binary=True), str(path), _WANTED)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"the policy template {path} is not UTF-8") from None
    if mistake := find_wrong_field(_VARIABLE.sub("", text)):
        raise ConfigurationError(f"the policy template {path} {mistake}")
    known = name_document(parse_json(text, str(path)).value)
    refuse_other(None if known is POLICY else known, str(path), _WANTED)
    return PolicyTemplate(str(path), text)


def find_default_template() -> Path:
    """The project's own template that binds a device to its thing, whatever lies in the current folder."""
    return own_template(THING)


def passed_over(path: Path) -> str:
    """What lies in the current folder under the name of one of the project's own templates, and is not taken.

    :param path: the template that is taken.
    :returns: a sentence for people; empty where one was named by its path, or nothing lies there.
    """
    own = [own_template(name) for name in (EVERYTHING, THING)]
    if path not in own:
        return ""
    for name in dict.fromkeys((EVERYTHING, path.name)):
        here = Path(name)
        if is_there(here) and not any(_is_same(here, one) for one in own):
            return naming("{name} in the current folder is not used. To use it: {policy_template} ./{name}", name=name)
    return ""


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def in_partition(text: str, partition: str) -> str:
    """A template's text with the account's partition in the ARNs that begin with ``arn:aws:``, as documents have them.

    :param partition: for example ``aws-cn``.
    """
    return text.replace('"arn:aws:', f'"arn:{partition}:')


def differences(ours: str, theirs: str) -> list[str]:
    """What is different between two policies, line by line as diff shows it; empty if they mean the same.

    :param theirs: what AWS has.
    """
    import difflib

    ours_lines, theirs_lines = _normal_lines(ours), _normal_lines(theirs)
    return list(difflib.unified_diff(theirs_lines, ours_lines, "AWS has", "template", lineterm="", n=1))


def warnings_of(document: str, name: str) -> list[str]:
    """What looks like a mistake in a policy that AWS may take all the same, one sentence each.

    :param document: a policy that :meth:`PolicyTemplate.render` has made.
    :param name: what it is called there.
    """
    return document_warnings(json.loads(document), name)


def open_actions(document: str) -> list[str]:
    """The actions that a policy allows on every resource of the account or anywhere, in its order.

    :returns: only ``iot:*`` if that is every action of AWS IoT.
    """
    actions = [
        str(action)
        for statement in several(json.loads(document)["Statement"])
        if statement.get("Effect") == "Allow" and any(map(_is_everything, several(statement.get("Resource"))))
        for action in several(statement.get("Action"))
    ]
    if any(re.fullmatch(r"iot:\*+", action) for action in actions):
        return [EVERY_ACTION]
    return list(dict.fromkeys(actions))


def _is_everything(resource: object) -> bool:
    return isinstance(resource, str) and resource.split(":", _ARN_COLONS)[-1] == "*"


def _check(text: str, name: str) -> None:
    """Refuse what AWS would not take as a policy."""
    document = parse_json(text, name)
    for path, line in document.duplicates:
        raise ConfigurationError(f"{name}:{line}: {describe_path(path)}: is given twice")
    left = _OPEN_FIELD.search(text)
    if left:
        raise ConfigurationError(
            f"{name}: {left[0]} is not a field",
            hint="The fields are <aws-region>, <aws-account-id>, <aws-partition>, {uid}",
        )
    check_document(document.value, name)
    size = len("".join(text.split()))
    if size > MAX_SIZE:
        raise ConfigurationError(
            f"{name}: the policy has {size} characters, but AWS IoT accepts at most {MAX_SIZE}", reason=Reason.TOO_LARGE
        )


def _normal_lines(document: str) -> list[str]:
    """A policy in one form, whatever form it has; one that is no JSON as it is."""
    try:
        return json.dumps(json.loads(document), indent=4, sort_keys=True).splitlines()
    except (ValueError, RecursionError):
        return document.splitlines()
