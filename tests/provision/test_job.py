"""A job is data: it pickles, compares, goes to JSON and back; what is read from JSON is checked to the last member."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.cloud.aws.connection import AwsOptions
from optiga.errors import ConfigurationError, OptigaError
from optiga.identity.configuration import AwsIotSettings, load_configuration
from optiga.pki.extensions import EXTENDED_KEY_USAGES, KEY_USAGES, Extensions
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from optiga.protocol.objects import SLOTS
from optiga.provision.job import Job
from optiga.provision.job_json import decode_job, encode_job
from optiga.provision.journal import open_journal
from optiga.provision.outputs import OutputLayout
from optiga.provision.run import provision
from optiga.provision.services import Services
from optiga.provision.specs import AwsIssuerSpec, CaIssuerSpec, OwnCertificate, ThingSpec, TrustSpec
from tests.support.places import CONFIGS
from tests.support.provision_jobs import CA, WISHES, all_jobs, configuration

JOBS = all_jobs()
TEXT = st.text(max_size=12)
NAMES = st.text("abcdefgh", min_size=1, max_size=6)
PAIRS = st.dictionaries(NAMES, NAMES, max_size=3).map(lambda pairs: tuple(pairs.items()))
PATHS = st.text(st.characters(exclude_characters="\0{}", exclude_categories=["Cs"]), min_size=1, max_size=12).map(Path)
THINGS = st.builds(
    ThingSpec,
    *(NAMES, NAMES, st.none() | PATHS, st.none() | NAMES),
    *(st.lists(NAMES, max_size=3, unique=True).map(tuple), PAIRS, st.none(), st.just(()), st.booleans()),
) | st.builds(ThingSpec, template=TEXT.filter(bool), parameters=PAIRS, join=st.booleans())
WAYS = st.builds(
    AwsOptions,
    *(st.none() | NAMES, st.none() | TEXT, st.none() | NAMES.map("https://{}".format), st.booleans()),
    st.floats(0, 3600, exclude_min=True),
)
LAYOUTS = st.builds(OutputLayout, PATHS, st.just("{uid}.aws_arn"), st.just("p{slot}.aws_iot_policy"))
TRUSTS = st.none() | st.builds(TrustSpec, PATHS, st.booleans())
ISSUERS = st.builds(AwsIssuerSpec) | st.builds(
    CaIssuerSpec, PATHS, st.none() | st.integers(1, 36500), st.booleans(), st.booleans()
)

SUBJECTS = st.lists(
    st.tuples(st.sampled_from(["common_name", "title", "organization_name", "serial_number"]), NAMES), max_size=4
).map(tuple)
EXTENSIONS = st.builds(
    Extensions,
    *(st.lists(st.sampled_from(names), unique=True).map(tuple) for names in (EXTENDED_KEY_USAGES, KEY_USAGES)),
    st.lists(st.tuples(st.just("dns"), NAMES), max_size=3).map(tuple),
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "source": TEXT,
        "subject": SUBJECTS,
        "key_usage": st.none() | st.sampled_from(range(64)).map(KeyUsage),
        "extensions": EXTENSIONS,
        "aws_iot": st.none() | st.builds(AwsIotSettings, st.none() | NAMES, st.none() | NAMES),
    },
)


def there_and_back(job: Job) -> None:
    again = decode_job(encode_job(job))
    assert again == job
    assert hash(again) == hash(job)
    assert encode_job(again) == encode_job(job)
    copied = pickle.loads(pickle.dumps(job))
    assert copied == job
    assert hash(copied) == hash(job)


class TestData:
    @pytest.mark.parametrize("kind", JOBS)
    def test_every_kind_there_and_back(self, kind: str) -> None:
        there_and_back(JOBS[kind])

    def test_no_two_kinds_are_equal(self) -> None:
        assert len(set(JOBS.values())) == len(JOBS)

    @pytest.mark.long
    @given(issuer=ISSUERS, thing=THINGS, aws=WAYS, outputs=LAYOUTS, trust=TRUSTS, renew=st.booleans())
    def test_any_values(
        self,
        issuer: AwsIssuerSpec | CaIssuerSpec,
        thing: ThingSpec,
        aws: AwsOptions,
        outputs: OutputLayout,
        trust: TrustSpec | None,
        renew: bool,
    ) -> None:
        there_and_back(
            Job.new_identity(configuration(), issuer, thing=thing, aws=aws, outputs=outputs, trust=trust, renew=renew)
        )
        there_and_back(Job.own_certificate("first", thing=thing, aws=aws, outputs=outputs, trust=trust))

    @given(parts=PARTS)
    def test_what_was_replaced_in_a_configuration(self, parts: dict[str, Any]) -> None:
        """It is what is compared, written and certified; or no file can say it, and it is refused at once."""
        refused = None
        try:
            other = replace(configuration(), **parts)
        except ConfigurationError as error:
            refused = error.message
        if refused:
            assert "the replaced configuration" in refused
            return
        assert {name: getattr(other, name) for name in parts} == parts
        job = Job.new_identity(other, thing=WISHES)
        there_and_back(job)
        again = decode_job(encode_job(job)).configuration
        assert again is not None
        assert {name: getattr(again, name) for name in parts} == parts
        is_changed = any(getattr(configuration(), name) != parts[name] for name in {*parts} - {"source", "aws_iot"})
        assert (other.document != configuration().document) is is_changed
        there_and_back(replace(JOBS["own CA, no cloud"], configuration=other))

    def test_what_is_not_replaced_stays_as_it_was_written(self) -> None:
        for path in sorted(CONFIGS.glob("*.jsn")):
            found = load_configuration(path)
            assert replace(found, source="other").document == found.document

    @pytest.mark.parametrize(
        ("parts", "words"),
        [
            ({"aws_iot": AwsIotSettings("{uidd}")}, "aws_iot_config.thing"),
            ({"subject": ()}, "certificate_info: is empty"),
            ({"subject": (("common_name", ""),)}, "certificate_info.common_name"),
            ({"hash_name": "sha512"}, "hash_alg"),
            ({"algorithm": KeyAlgorithm.RSA2048}, "slot"),
            ({"subject": (("title", "a"), ("common_name", "b"), ("title", "c"))}, "subject has a form"),
        ],
    )
    def test_what_no_configuration_can_say(self, parts: dict[str, Any], words: str) -> None:
        with pytest.raises(ConfigurationError) as error:
            replace(configuration(), **parts)
        assert words in str(error.value)
        assert ":1:" not in str(error.value)

    @pytest.mark.parametrize(("name", "value"), [("subject", "CN=lamp"), ("algorithm", "secp256r1"), ("slot", 0xE0F1)])
    def test_a_part_of_another_type(self, name: str, value: object) -> None:
        with pytest.raises(TypeError, match=f"Configuration: {name} must be"):
            replace(configuration(), **{name: value})  # type: ignore[arg-type]

    @pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.jsn")), ids=lambda path: path.stem)
    def test_every_sample_configuration(self, path: Path) -> None:
        found = load_configuration(path)
        certificate = None if found.slot.certificate_oid else 0xE0E3
        there_and_back(Job.new_identity(found, CA, certificate=certificate, thing=None))

    def test_a_name_of_a_file_that_is_no_text(self) -> None:
        there_and_back(Job.new_identity(configuration(), CaIssuerSpec(Path("ca\udcff")), thing=None))

    def test_another_configuration_is_another_job(self, tmp_path: Path) -> None:
        document = json.loads((CONFIGS / "config_nistp256_ecdsa_secondslot.jsn").read_text())
        document["csr_config"]["certificate_info"]["common_name"] = "other"
        path = tmp_path / "other.jsn"
        path.write_text(json.dumps(document))
        other = replace(load_configuration(path), source=configuration().source)
        assert Job.new_identity(other) != JOBS["AWS"]

    @pytest.mark.parametrize("kind", JOBS)
    def test_it_holds_nothing_that_is_open(self, kind: str) -> None:
        """All that is in it is our own plain values: no client, no key, no certificate of a library."""
        modules: set[str] = set()

        class Watching(pickle.Unpickler):
            def find_class(self, module: str, name: str) -> Any:
                modules.add(module)
                return super().find_class(module, name)

        Watching(io.BytesIO(pickle.dumps(JOBS[kind]))).load()
        others = {one.split(".")[0] for one in modules if not one.startswith("optiga.")}
        assert others <= {"pathlib", "builtins", "enum", "_operator", "functools"}
        assert not {one for one in modules if one.startswith(("optiga.ca", "optiga.chip", "optiga.pki.cert"))}


class TestTogether:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"configuration": None}, "no configuration"),
            ({"slot": SLOTS[2], "certificate_oid": 0xE0E2}, "the configuration is for slot second"),
            ({"aws": None}, "'thing' and 'aws' go together"),
            ({"thing": None}, "'thing' and 'aws' go together"),
            ({"thing": None, "aws": None}, "no CA certifies"),
            ({"issuer": OwnCertificate()}, "keeps its own certificate"),
            ({"certificate_oid": 0xE0F1}, "0xE0F1"),
        ],
    )
    def test_what_does_not_go_together(self, changes: dict[str, Any], words: str) -> None:
        with pytest.raises(ConfigurationError) as error:
            replace(JOBS["AWS"], **changes)
        assert words in str(error.value)

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: AwsOptions(timeout_s=0.0), "0.0 seconds"),
            (lambda: AwsOptions(timeout_s=float("nan")), "nan seconds"),
            (lambda: AwsOptions("eu central 1"), "not a valid name of an AWS region"),
            (lambda: AwsOptions(endpoint_url="localhost:4566"), "Invalid endpoint"),
            (lambda: AwsOptions(endpoint_url="https://me:secret@example.com"), "a user's name or password"),
            (lambda: AwsOptions(endpoint_url="http://example.com"), "not encrypted"),
            (lambda: CaIssuerSpec("ca", days=0), "cannot be valid for 0 days"),
            (lambda: CaIssuerSpec("ca", days=-1), "cannot be valid for -1 days"),
            (lambda: CaIssuerSpec("ca", days=36501), "cannot be valid for 36501 days"),
            (lambda: CaIssuerSpec(""), "names no file or folder"),
            (lambda: TrustSpec("roots\0.pem"), "names no file or folder"),
            (lambda: ThingSpec(policy="lamps", policy_template=""), "names no file or folder"),
            (lambda: OutputLayout("{uid}").of_chip("../../other", "second"), "cannot be a part of the name"),
            (lambda: OutputLayout("{uid}").of_chip("..", "second"), "cannot be a part of the name"),
            (lambda: OutputLayout().of_chip("00", "second", "a/b"), "cannot be a part of the name"),
            (lambda: OutputLayout("{udi}"), "contains '{udi}', which is unknown"),
            (lambda: OutputLayout("there/{uid}/{name}"), "contains '{name}', which is unknown"),
            (lambda: OutputLayout(arn="{udi}.aws_arn"), "contains '{udi}', which is unknown"),
            (lambda: OutputLayout(arn="my.arn"), "ends in .aws_arn"),
            (lambda: ThingSpec("my lamp"), "not a valid name of a thing"),
            (lambda: ThingSpec(policy="a b"), "not a valid name of a policy"),
            (lambda: ThingSpec(thing_type="a b"), "not a valid name of a thing type"),
            (lambda: ThingSpec(groups=("hall", "hall")), "given twice"),
            (lambda: ThingSpec(attributes=(("room", "the hall"),)), "not a valid attribute value"),
            (lambda: ThingSpec(billing_group="a b"), "not a valid name of a billing group"),
            (lambda: ThingSpec(template=""), "'template' is empty"),
            (lambda: ThingSpec(template="mine", groups=("hall",)), "Omit either 'groups', or 'template'"),
            (lambda: ThingSpec(parameters=(("a", "b"),)), "'parameters' requires 'template'"),
        ],
    )
    def test_a_specification_is_checked_when_it_is_made(self, make: Callable[[], object], words: str) -> None:
        with pytest.raises(OptigaError) as error:
            make()
        assert words in str(error.value)

    def test_a_folder_may_have_any_name(self, tmp_path: Path) -> None:
        (tmp_path / "{udi}").mkdir()
        assert OutputLayout(tmp_path / "{udi}").shared.is_dir()

    def test_a_device_that_nobody_names(self) -> None:
        nameless = replace(JOBS["AWS"].configuration, aws_iot=None)
        with pytest.raises(ConfigurationError, match="'policy' is missing"):
            Job.new_identity(nameless, thing=ThingSpec("lamp"))
        with pytest.raises(ConfigurationError, match="'join' requires 'thing'"):
            Job.own_certificate(thing=ThingSpec(join=True))

    def test_an_own_certificate_is_not_renewed(self) -> None:
        with pytest.raises(ConfigurationError, match="gets no new certificate"):
            replace(JOBS["own certificate"], renew=True)

    def test_a_name_twice(self) -> None:
        with pytest.raises(ConfigurationError, match="attributes"):
            ThingSpec(attributes=(("a", "1"), ("a", "2")))


def changed(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Set a member; a value of ``...`` takes it out."""

    def change(document: dict[str, Any]) -> None:
        *outer, last = path.split(".")
        place = document
        for name in outer:
            place = place[name]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return change


MISTAKES = {
    "another version": ("version", 2, "version: must be 1"),
    "a version that is none": ("version", True, "version: must be 1"),
    "an unknown member": ("colour", 1, "colour: is unknown"),
    "an unknown member within": ("thing.colour", 1, "thing.colour: is unknown"),
    "not a slot": ("slot", ..., "job: slot is missing"),
    "another slot": ("slot", "ninth", "slot: 'ninth' is not a slot"),
    "a slot for no key": ("slot", "five", "does not take EC keys"),
    "a slot that is a number": ("slot", 2, "slot: must be a text"),
    "no object": ("certificate", "E0", "certificate: 'E0' is not an OID"),
    "a key's object": ("certificate", "0xE0F1", "0xE0F1"),
    "no kind of issuer": ("issuer.kind", ..., "issuer: kind is missing"),
    "another kind of issuer": ("issuer.kind", "AWS", "issuer.kind: 'AWS' is not a kind of issuer"),
    "an issuer that is a text": ("issuer", "aws", "issuer: must be an object"),
    "a CA without a folder": ("issuer", {"kind": "ca", "days": 1, "server": True, "ignore_names": False}, "folder is"),
    "a mistaken number": ("issuer.days", "30", "issuer.days: must be a whole number, not a text"),
    "half a day": ("issuer.days", 1.5, "issuer.days: must be a whole number, not 1.5"),
    "true days": ("issuer.days", True, "issuer.days: must be a whole number, not true or false"),
    "a mistaken truth": ("renew", "yes", "renew: must be true or false, not a text"),
    "a mistaken time": ("aws.timeout_s", "60", "aws.timeout_s: must be a number, not a text"),
    "a time without end": ("aws.timeout_s", 1e300, "aws.timeout_s: must be a number"),
    "a time that is too long": ("aws.timeout_s", 4000, "4000.0 seconds"),
    "a cloud without a way": ("aws", None, "'thing' and 'aws' go together"),
    "a field too few": ("thing.join", ..., "thing: join is missing"),
    "groups that are a text": ("thing.groups", "hall", "thing.groups: must be a list"),
    "a group that is none": ("thing.groups", ["hall", 7], r"thing.groups[1]: must be a text"),
    "attributes that are a list": ("thing.attributes", [], "thing.attributes: must be an object"),
    "an attribute that is none": ("thing.attributes", {"a": None}, "thing.attributes.a: must be a text"),
    "half a letter": ("thing.thing", "\ud800", "thing.thing: holds half"),
    "half a letter in a name": ("thing.attributes", {"\ud800": ""}, "thing.attributes: has a name with half"),
    "an empty folder": ("outputs.folder", "", "outputs.folder: names no file"),
    "a folder that is none": ("outputs.folder", "a\0b", "outputs.folder: names no file"),
    "a name that is a path": ("outputs.arn", "../x.aws_arn", "outputs: '../x.aws_arn' cannot be the name"),
    "no configuration": ("configuration", None, "no configuration"),
    "a configuration that is none": ("configuration.content.csr_config.key_info", ..., "key_info is missing"),
    "a curve that is none": ("configuration.content.csr_config.key_info.parameters.curve", "x", "'x' is not a curve"),
    "trust in nothing": ("trust", {}, "trust: file is missing"),
}  # fmt: skip


class TestStrict:
    @pytest.mark.parametrize("mistake", MISTAKES)
    def test_one_line_that_names_the_member(self, mistake: str) -> None:
        path, value, words = MISTAKES[mistake]
        document = json.loads(encode_job(replace(JOBS["own CA"], trust=TrustSpec(Path("roots.pem")))))
        changed(path, value)(document)
        with pytest.raises(ConfigurationError) as error:
            decode_job(json.dumps(document, indent=4), "job.json")
        assert str(error.value).startswith("job.json:")
        assert words in str(error.value)
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize("text", ["", "[]", "1", "null", '{"version": 1', '{"slot": "second", "slot": "third"}'])
    def test_no_job_at_all(self, text: str) -> None:
        with pytest.raises(ConfigurationError, match=r"job\.json:1"):
            decode_job(text, "job.json")

    def test_every_mistake_is_told(self) -> None:
        with pytest.raises(ConfigurationError) as error:
            decode_job('{"version": 1, "renew": 1, "slot": "x"}', "job.json")
        assert len(error.value.problems) >= 8

    @pytest.mark.parametrize("member", [field.name for field in fields(ThingSpec)])
    def test_no_field_may_be_missing(self, member: str) -> None:
        document = json.loads(encode_job(Job.own_certificate(thing=WISHES)))
        del document["thing"][member]
        with pytest.raises(ConfigurationError, match=f"thing: {member} is missing"):
            decode_job(json.dumps(document), "job.json")


def test_a_job_that_cannot_be_done_makes_no_chip(tmp_path: Path) -> None:
    job = Job.new_identity(configuration(), CaIssuerSpec(tmp_path / "ca"), thing=None)
    with open_journal(tmp_path / "journal.db", make=True) as journal, pytest.raises(OptigaError):  # no CA is open
        provision(job, Services(journal, port=f"emulator:{tmp_path / 'new.chip'}"))
    assert not (tmp_path / "new.chip").exists()
