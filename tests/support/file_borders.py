"""Borders that documents of others come in by: transfers, states, updates, configurations, templates, settings.

Each makes a mutated input and takes it in as the command does. It is taken, and what comes of it is printable, or it is
refused with an error of the project's own; see :mod:`tests.support.mutated_files`.
"""

from __future__ import annotations

import json
import random
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from optiga.ca.chain import Head
from optiga.ca.settings import CaSettings, load_settings
from optiga.chip import Chip
from optiga.cloud.aws.connection import Aws
from optiga.cloud.aws.fleet import load_fleet_template
from optiga.cloud.aws.policies import differences, load_template, open_actions, warnings_of
from optiga.emulator import EmulatedChip, MemoryStore, state
from optiga.emulator.identity import factory_chip
from optiga.emulator.models import DEFAULT_MODEL
from optiga.errors import ConfigurationError
from optiga.files.json_lines import parse_json
from optiga.files.shown import shown_json
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import Wishes
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.request import Request
from optiga.results import to_json
from optiga.transfer.execute import execute_import, import_result
from optiga.transfer.export import choose, read_chip
from optiga.transfer.form import format_entries, parse_entries
from optiga.transfer.plan import plan_import
from tests.support.borders import check_line
from tests.support.file_mutations import Members, mutate_json, read_tree
from tests.support.mutations import Value, mutate
from tests.support.places import ROOT

UID = "cd16338201001c0005000085ff00ff00ff00ff00ff00ff00ff00ff"
AWS = Aws(Mock(), Mock(), 1, "123456789012", "eu-central-1", "aws", print)
FLEET = {
    "Parameters": {"ThingName": {"Type": "String"}, "Place": {"Type": "String", "Default": "x"}},
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "OverrideSettings": {"AttributePayload": "MERGE"},
            "Properties": {
                "ThingName": {"Fn::Join": ["-", [{"Ref": "ThingName"}, "a", {"Ref": "Place"}]]},
                "ThingTypeName": "sensor",
                "ThingGroups": ["g1", {"Ref": "Place"}],
                "AttributePayload": {"place": {"Ref": "Place"}},
            },
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
        },
        "policy": {
            "Type": "AWS::IoT::Policy",
            "Properties": {
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Action": ["iot:Connect"], "Resource": ["arn:aws:iot:*:*:client/x"]}
                    ],
                }
            },
        },
    },
}


class Border(ABC):
    """One way in.

    :ivar name: what reports call it.
    :param folder: an empty one, in which it may make files.
    """

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "given.json"

    @abstractmethod
    def make(self, chance: random.Random) -> bytes:
        """A mutated input; what it is, where it is no single run of bytes."""

    @abstractmethod
    def take(self, given: bytes, chance: random.Random) -> None:
        """Take an input in as the command does.

        :raises OptigaError: if it is refused.
        """


class EmulatedTransport:
    """A chip in memory, without a line.

    :param chip: one that is powered on.
    """

    def __init__(self, chip: EmulatedChip) -> None:
        self._chip = chip

    def exchange(self, request: Request) -> bytes:
        """The chip's answer."""
        return self._chip.execute(request.apdu)

    def close(self) -> None:
        """Nothing is open."""


def check_texts(value: Any) -> None:
    """Every text in a result is as a user may see it: JSON has escapes for what is not printable."""
    text = shown_json(json.dumps(value, indent=1, ensure_ascii=False))
    for line in text.split("\n"):
        check_line(line)
    text.encode()
    json.loads(text)


class ImportBorder(Border):
    """``import``: a transfer file, planned and carried out on an emulated chip."""

    name = "import"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._content = factory_chip(DEFAULT_MODEL)
        exported = format_entries(read_chip(self._new_chip(), choose(())).entries)
        self._samples = [(name, read_tree(json.dumps(entry))) for name, entry in exported.items()]

    def _new_chip(self) -> Chip:
        return Chip(EmulatedTransport(EmulatedChip(MemoryStore(self._content))))

    def make(self, chance: random.Random) -> bytes:
        chosen = chance.sample(self._samples, chance.choice((1, 1, 2, 4)))
        if chance.random() < 0.5:  # words that say the same would be another mistake
            chosen = [(name, Members([one for one in entry if one[0] != "pretty_metadata"])) for name, entry in chosen]
        return mutate_json(Members([[name, entry] for name, entry in chosen]), chance)

    def take(self, given: bytes, chance: random.Random) -> None:
        entries = parse_entries(given, "given.json")
        chip = self._new_chip()
        keep_going = chance.random() < 0.5
        plan = plan_import(chip, entries, life_cycle=chance.random() < 0.5)
        if not keep_going:
            plan.check()
        check_texts(to_json(import_result(plan, list(plan.failures))))
        failures = execute_import(chip, plan, keep_going=keep_going)
        check_texts(to_json(import_result(plan, failures)))
        for failure in failures:
            check_line(str(failure.error))


class StateBorder(Border):
    """``emulator load``: the whole state of a chip, brought to life."""

    name = "state"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        store = MemoryStore(factory_chip(DEFAULT_MODEL))
        chip = Chip(EmulatedTransport(EmulatedChip(store)))
        chip.generate_key("second", KeyAlgorithm.SECP256R1)
        chip.generate_key(0xE0FC, KeyAlgorithm.RSA1024)
        chip.random(8, session=0xE100)
        chip.hibernate()
        document = json.loads(state.encode(state.dump(store)))
        self._context = document["saved_context"]
        self._objects = list(document["objects"].items())
        self._keys = [one for one in self._objects if one[1].get("secret")]

    def make(self, chance: random.Random) -> bytes:
        objects = dict(chance.sample(self._objects, 2))
        name, described = chance.choice(self._keys)
        if len(described["secret"]) > 200 and chance.random() < 0.5:  # an RSA key, in DER
            key = mutate(Value.read(bytes.fromhex(described["secret"])), chance)
            return json.dumps(self._document({name: {**described, "secret": key.hex()}})).encode()
        objects[name] = described
        if chance.random() < 0.5:
            words = "metadata_in_words"
            objects = {name: {key: one[key] for key in one if key != words} for name, one in objects.items()}
        document = self._document(objects)
        if chance.random() < 0.5:
            document["saved_context"] = self._context
        return mutate_json(read_tree(json.dumps(document)), chance)

    @staticmethod
    def _document(objects: dict[str, Any]) -> dict[str, Any]:
        return {"format": state.FORMAT, "version": 1, "model": DEFAULT_MODEL.name, "objects": objects}

    def take(self, given: bytes, chance: random.Random) -> None:
        document = parse_json(given.decode("utf-8-sig", "replace"), "given.json")
        loaded = state.load(document.value)
        store = MemoryStore(loaded.objects, loaded.context)
        chip = EmulatedChip(store, model=loaded.model)
        assert state.load(state.dump(store, model=loaded.model)).objects == loaded.objects
        with suppress(ConfigurationError):  # of what another model lacks
            Chip(EmulatedTransport(chip)).uid  # noqa: B018


class ConfigurationBorder(Border):
    """``--config``: a configuration, up to the request that is built from it."""

    name = "configuration"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._samples = [read_tree(path.read_bytes()) for path in sorted((ROOT / "configs").glob("*.jsn"))]
        whole = json.loads((ROOT / "configs" / "config_nistp256_ecdsa_thing_per_chip.jsn").read_bytes())
        whole["csr_config"]["certificate_info"] |= {"organizational_unit_name": ["a", "b"], "unique_identifier": "00ff"}
        whole["csr_config"]["certificate_info"] |= {"email_address": "a@b.example", "domain_component": "example"}
        names = {"dns": ["a.example", "{uid}.example"], "ip": "192.0.2.7", "uri": "urn:x:y", "email": "a@b.example"}
        usages = {"key_usage": ["digital_signature"], "extended_key_usage": ["client_auth"], "subject_alt_names": names}
        whole["csr_config"]["extensions"] = usages
        self._samples += [read_tree(json.dumps(whole))] * 4

    def make(self, chance: random.Random) -> bytes:
        return mutate_json(chance.choice(self._samples), chance)

    def take(self, given: bytes, chance: random.Random) -> None:
        self.file.write_bytes(given)
        configuration = load_configuration(self.file, slot=chance.choice((None, None, None, "third", "nothing")))
        Wishes.of(configuration, UID)


class PolicyBorder(Border):
    """``--policy-template``: a policy, filled in and compared."""

    name = "policy"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._samples = [read_tree(path.read_bytes()) for path in sorted((ROOT / "templates").glob("*.template"))]

    def make(self, chance: random.Random) -> bytes:
        return mutate_json(chance.choice(self._samples), chance)

    def take(self, given: bytes, chance: random.Random) -> None:
        self.file.write_bytes(given)
        template = load_template(self.file)
        document = template.render(AWS, UID)
        for warning in warnings_of(document, "given.json"):
            check_line(warning)
        open_actions(document)
        assert differences(document, document) == []
        document.encode()


class DifferenceBorder(PolicyBorder):
    """A policy that AWS has already, compared with ours."""

    name = "policy in AWS"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._ours = load_template(ROOT / "templates" / "thing_policy.template").render(AWS, UID)

    def take(self, given: bytes, chance: random.Random) -> None:
        try:
            theirs = given.decode()
        except UnicodeDecodeError:  # AWS answers with text
            raise ConfigurationError("not text") from None
        differences(self._ours, theirs)


class FleetBorder(Border):
    """``--template``: a provisioning template of a file or of AWS, with what it says of a chip."""

    name = "fleet"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._sample = read_tree(json.dumps(FLEET))

    def make(self, chance: random.Random) -> bytes:
        return mutate_json(self._sample, chance)

    def take(self, given: bytes, chance: random.Random) -> None:
        registry, name = Mock(), str(self.file)
        if chance.random() < 0.3:
            name = "of-aws"
            registry.template_body.return_value = given.decode("utf-8", "surrogateescape")
        else:
            self.file.write_bytes(given)
        values = chance.choice(({}, {"Place": "{uid}"}, {"Place": "y"}))
        subject = {"common_name": "x"}
        template = load_fleet_template(name, registry, values, has_thing=True, subject=subject, aws=AWS)
        template.things(uid=UID, thing="t", subject=None)
        template.check_chip(uid=UID, thing="t", subject=subject)
        template.parameters(uid=UID, thing="t", certificate_id="0" * 64, subject=subject)


class SettingsBorder(Border):
    """A CA's ``settings.json`` and ``records.sig``."""

    name = "CA settings"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        settings = CaSettings("http://pki.example/factory.crl", ("*.dev.example", "a.example"))
        self._samples = [read_tree(settings.document), read_tree(Head(3, "00" * 32, bytes(70)).document)]

    def make(self, chance: random.Random) -> bytes:
        return mutate_json(chance.choice(self._samples), chance)

    def take(self, given: bytes, chance: random.Random) -> None:
        head = Head.parse(given)
        self.file.write_bytes(given)
        loaded = load_settings(self.file)
        assert head is None
        for text in (loaded.crl_url, *loaded.allow_dns):
            check_line(text)


DOCUMENTS: tuple[type[Border], ...] = (
    *(ImportBorder, StateBorder, ConfigurationBorder, PolicyBorder, DifferenceBorder, FleetBorder, SettingsBorder),
)
