"""Names and attributes that AWS IoT would not take are refused before it is asked."""

from __future__ import annotations

import re

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from optiga.cloud.aws.aws_names import MAX_ATTRIBUTES, MAX_NAME, MAX_VALUE, check_attributes, check_name
from optiga.errors import ConfigurationError
from optiga.pki.names import UID_DIGITS

KINDS = {
    "thing": "ThingName",
    "thing type": "ThingTypeName",
    "thing group": "ThingGroupName",
    "policy": "PolicyName",
}
"""Each kind of name with its shape in AWS's own model of the service."""


@pytest.fixture(scope="session")
def model() -> ServiceModel:
    """AWS's own model of the service, as botocore has it."""
    return ServiceModel(Loader().load_service_model("iot", "service-2"), "iot")


def is_name(kind: str, name: str) -> bool:
    try:
        check_name(kind, name)
    except ConfigurationError:
        return False
    return True


def is_attribute(key: str, value: str) -> bool:
    try:
        check_attributes({key: value}, typed=False)
    except ConfigurationError:
        return False
    return True


def takes(model: ServiceModel, shape: str, value: str) -> bool:
    """Whether AWS's model takes a value."""
    rules = model.shape_for(shape).metadata
    is_long_enough = rules.get("min", 0) <= len(value) <= rules["max"]
    return is_long_enough and re.fullmatch(rules["pattern"], value, re.ASCII) is not None


class TestNames:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", ["lamp", "A-z_0", "x" * MAX_NAME])
    def test_good_ones(self, kind: str, name: str) -> None:
        check_name(kind, name)

    @pytest.mark.parametrize("name", ["{uid}", "lamp-{uid}"])
    def test_the_uid(self, name: str) -> None:
        """Each chip has a thing and a policy of its own; types and groups must be there before it is."""
        assert [kind for kind in KINDS if is_name(kind, name)] == ["thing", "policy"]

    def test_a_policy_takes_other_characters_than_a_thing(self) -> None:
        for character in "+=,.@":
            assert is_name("policy", f"a{character}b")
            assert not is_name("thing", f"a{character}b")
        assert is_name("thing", "a:b")
        assert not is_name("policy", "a:b")

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", ["", " ", "my lamp", "lamp\n", "lämp", "a/b", "a#b", "{serial}", "{uid", "٣"])
    def test_bad_ones(self, kind: str, name: str) -> None:
        with pytest.raises(ConfigurationError) as raised:
            check_name(kind, name, "lamp.jsn: ")
        assert raised.value.message == f"lamp.jsn: {name!r} is not a valid name of a {kind} in AWS IoT"
        assert raised.value.hint.startswith("Use only letters, digits and ")

    @pytest.mark.parametrize("kind", ["thing", "policy"])
    def test_the_length_counts_the_uid(self, kind: str) -> None:
        most = MAX_NAME - UID_DIGITS
        check_name(kind, "x" * most + "{uid}")
        with pytest.raises(ConfigurationError, match=f"too long for a {kind} name: 129 characters.*at most 128"):
            check_name(kind, "x" * (most + 1) + "{uid}")
        with pytest.raises(ConfigurationError, match="162 characters"):
            check_name(kind, "{uid}{uid}{uid}")

    @pytest.mark.parametrize("kind", KINDS)
    @given(name=st.text(alphabet=st.characters(codec="utf-8"), max_size=6) | st.text("aZ9:_-+=,.@ /{}\n", max_size=140))
    def test_as_aws_has_it(self, model: ServiceModel, kind: str, name: str) -> None:
        if "{uid}" not in name:
            assert is_name(kind, name) == takes(model, KINDS[kind], name)


class TestAttributes:
    def test_good_ones(self) -> None:
        check_attributes({"serial": "{uid}", "a.b,c@d/e:f#g-h_1": "[v=1]"}, typed=False)
        check_attributes({"k" * MAX_NAME: "v" * MAX_VALUE}, typed=False)
        check_attributes({"empty": ""}, typed=False)
        check_attributes({}, typed=False)

    @pytest.mark.parametrize("key", ["", "a b", "a=b", "ä", "k" * (MAX_NAME + 1), "{uid}", "a\n"])
    def test_bad_names(self, key: str) -> None:
        with pytest.raises(ConfigurationError, match=r"'attributes' .* is not a valid attribute name") as raised:
            check_attributes({key: "v"}, typed=False)
        assert repr(key) in raised.value.message
        assert "128 letters" in raised.value.hint

    @pytest.mark.parametrize("value", ["two words", "ä", "{serial}", "a\n", "v" * (MAX_VALUE + 1), "{uid}" * 15])
    def test_bad_values(self, value: str) -> None:
        with pytest.raises(ConfigurationError, match=r"'attributes' room=.* is not a valid attribute value") as raised:
            check_attributes({"room": value}, typed=False)
        assert "800 letters" in raised.value.hint

    @pytest.mark.parametrize("typed", [False, True])
    def test_how_many(self, typed: bool) -> None:
        most = MAX_ATTRIBUTES[typed]
        assert most == (50 if typed else 3)
        many = {f"a{number}": "v" for number in range(most + 1)}
        check_attributes(dict(list(many.items())[:most]), typed=typed)
        with pytest.raises(ConfigurationError, match=f"at most {most} attributes") as raised:
            check_attributes(many, typed=typed)
        assert ("thing_type" in raised.value.hint) is not typed

    @given(
        text=st.text(alphabet=st.characters(codec="utf-8"), max_size=6) | st.text("aZ9:_-+=,.@ /{}[]#\n", max_size=9)
    )
    def test_as_aws_has_it(self, model: ServiceModel, text: str) -> None:
        if "{uid}" not in text:
            assert is_attribute(text, "v") == (takes(model, "AttributeName", text) and text != "")
            is_value = takes(model, "AttributeValue", text)
            if is_value or takes(model, "AttributeValue", "[=]"):  # of which older models of AWS know nothing
                assert is_attribute("k", text) == is_value
