"""Proof that a chip is genuine: which chains lead to a trusted root."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from optiga.identity.attestation import Genuineness, load_trust, prove_genuine
from tests.support.identity.authorities import SECOND, Authority, Chain, constraints, write_trust
from tests.support.identity.csr_helpers import NOW
from tests.support.makers import key_usage

CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")

NOTICE = x509.UserNotice(None, "for tests")
POLICIES = x509.CertificatePolicies(
    [
        x509.PolicyInformation(x509.ObjectIdentifier("1.2.276.0.68.1.20.1"), None),
        x509.PolicyInformation(x509.ObjectIdentifier("1.2.276.0.68.1.20.2"), ["https://example.com/cps", NOTICE]),
    ]
)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


@pytest.fixture
def public_key(chain: Chain) -> Any:
    """That of a key in the second slot."""
    return serialization.load_der_public_key(chain.chip.generate_key("second").public_key_info)


def subjects(genuine: Genuineness) -> list[str]:
    return [certificate.subject for certificate in genuine.chain]


class TestChains:
    def test_the_intermediate_is_given(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        below = Authority("factory", root)
        genuine = chain.prove([below.certify(public_key)], root, below)
        assert subjects(genuine) == ["CN=device", "CN=factory", "CN=root"]
        assert (genuine.root, genuine.key_oid) == ("CN=root", 0xE0F1)
        assert genuine.certificate is genuine.chain[0]

    def test_the_intermediate_is_on_the_chip(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        below = Authority("factory", root)
        assert len(chain.prove([below.certify(public_key), below.der], root).chain) == 3
        assert len(chain.prove([below.certify(public_key), root.der, below.der], root).chain) == 3

    def test_plain_der(self, chain: Chain, public_key: Any, tmp_path: Path) -> None:
        root = Authority()
        chain.chip.write(0xE0E1, root.certify(public_key))
        assert (
            subjects(prove_genuine(chain.chip, load_trust(write_trust(tmp_path, root)), SECOND, now=NOW))[1]
            == "CN=root"
        )

    @pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
    def test_curves_of_cas(self, chain: Chain, public_key: Any, curve: Any) -> None:
        root = Authority(key=ec.generate_private_key(curve()))
        below = Authority("factory", root, constraints(path_length=0), key=ec.generate_private_key(curve()))
        assert len(chain.prove([below.certify(public_key)], root, below).chain) == 3

    @pytest.mark.parametrize("slot", ["second", "five"])
    def test_rsa(self, chain: Chain, slot: str) -> None:
        """A CA with RSA for a key on a curve, and for one with RSA, which has no object for its certificate."""
        root = Authority(key=rsa.generate_private_key(65537, 2048))
        key = chain.chip.generate_key(slot, "rsa2048" if slot == "five" else "secp384r1")
        leaf = root.certify(serialization.load_der_public_key(key.public_key_info))
        assert chain.prove([leaf], root).key_oid == key.oid

    @pytest.mark.parametrize(
        "extensions",
        [
            (),
            (constraints(ca=False),),
            (constraints(ca=False), key_usage("digital_signature")),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),),
            (x509.SubjectAlternativeName([x509.DNSName("device.example.com")]),),
        ],
    )
    def test_what_a_devices_certificate_may_have_or_not(
        self, chain: Chain, public_key: Any, extensions: tuple[x509.ExtensionType, ...]
    ) -> None:
        root = Authority("root", None, constraints(path_length=0), key_usage("key_cert_sign", "crl_sign"))
        assert chain.prove([root.certify(public_key, "device", *extensions)], root).root == "CN=root"

    @pytest.mark.parametrize("where", ["device", "factory", "root"])
    def test_critical_policies(self, chain: Chain, public_key: Any, where: str) -> None:
        """Critical or not they are no obstacle, for no policy is asked for."""
        own: dict[str, tuple[x509.ExtensionType, ...]] = {where: (POLICIES,)}
        root = Authority("root", None, constraints(), *own.get("root", ()))
        below = Authority("factory", root, constraints(), *own.get("factory", ()))
        leaf = below.certify(public_key, "device", *own.get("device", ()))
        assert len(chain.prove([leaf], root, below).chain) == 3

    def test_of_several_ways_the_one_that_holds(self, chain: Chain, public_key: Any) -> None:
        """A renewed intermediate beside the old one, a new root beside one of the same name."""
        root, same_name = Authority(), Authority()
        old = Authority("factory", root, days=(-9, -1))
        renewed = Authority("factory", root, key=old.key)
        genuine = chain.prove([old.certify(public_key), old.der], same_name, root, renewed)
        assert [one.der for one in genuine.chain[1:]] == [renewed.der, root.der]

    def test_any_time_zone(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        leaf = root.certify(public_key)
        last = NOW + timedelta(days=1)
        for hours in (-12, 14):
            zone = timezone(timedelta(hours=hours))
            chain.prove([leaf], root, now=last.astimezone(zone))
            chain.refusal([leaf], root, now=(last + timedelta(seconds=1)).astimezone(zone))


class TestChainsRefused:
    def test_wrong_root(self, chain: Chain, public_key: Any) -> None:
        below = Authority("factory", Authority())
        error = chain.refusal([below.certify(public_key), below.der], Authority("other"))
        assert "the chain ends at CN=factory: its issuer CN=root is not in" in error.message

    def test_intermediate_missing(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        error = chain.refusal([Authority("factory", root).certify(public_key)], root)
        assert "the chain ends at CN=device: its issuer CN=factory is not in" in error.message
        assert "trust.pem" in error.message
        assert error.hint.startswith("If the issuer is an intermediate CA, add its certificate to ")

    def test_root_of_the_same_name(self, chain: Chain, public_key: Any) -> None:
        below = Authority("factory", Authority())
        error = chain.refusal([below.certify(public_key)], Authority(), below)
        assert (
            "CN=factory is not signed by the CN=root in this file, but by another CA of the same name" in error.message
        )

    def test_a_roots_name_in_other_bytes(self, chain: Chain, public_key: Any) -> None:
        """The verifier compares bytes, as RFC 5280, 4.1.2.6, lets it: that is said, and not that another CA signed."""
        root = Authority()
        upper = Authority("ROOT", key=root.key)
        error = chain.refusal([upper.certify(public_key)], root)
        assert "spells the name of its issuer, CN=root, in other bytes" in error.message

    def test_the_chips_own_root_is_no_root(self, chain: Chain, public_key: Any) -> None:
        forged = Authority("their root")
        error = chain.refusal([forged.certify(public_key), forged.der], Authority())
        assert "the chain ends at CN=their root, which is self-signed and is not a root certificate in" in error.message

    def test_the_chips_own_root_with_the_roots_name(self, chain: Chain, public_key: Any) -> None:
        forged = Authority()
        error = chain.refusal([forged.certify(public_key), forged.der], Authority())
        assert "the chain ends at CN=root, which is self-signed and is not a root certificate in" in error.message

    def test_self_signed(self, chain: Chain, public_key: Any) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        alone = Authority("alone", None, constraints(ca=False), key=key)
        assert "CN=alone, which is self-signed" in chain.refusal([alone.der], Authority()).message

    def test_cas_that_certify_each_other(self, chain: Chain, public_key: Any) -> None:
        one, other = Authority("one"), Authority("other")
        circle = [Authority("one", other, key=one.key).der, Authority("other", one, key=other.key).der]
        error = chain.refusal([one.certify(public_key), *circle], Authority())
        assert (
            "the chain ends at CN=other, which was certified by CAs below it and is not a root certificate in"
            in error.message
        )

    @pytest.mark.parametrize("extensions", [(constraints(ca=False),), (key_usage("key_cert_sign"),)])
    def test_an_intermediate_that_is_no_ca(
        self, chain: Chain, public_key: Any, extensions: tuple[x509.ExtensionType, ...]
    ) -> None:
        """Any genuine chip would otherwise certify others."""
        root = Authority()
        device = Authority("another chip", root, *extensions)
        error = chain.refusal([device.certify(public_key), device.der], root)
        assert "CN=another chip has issued a certificate, but is not a CA" in error.message

    def test_a_key_that_may_not_sign_certificates(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        below = Authority("factory", root, constraints(), key_usage("digital_signature", "crl_sign"))
        error = chain.refusal([below.certify(public_key)], root, below)
        assert "CN=factory has issued a certificate, but its key may not sign certificates" in error.message

    def test_path_length(self, chain: Chain, public_key: Any) -> None:
        root = Authority("root", None, constraints(path_length=1))
        one = Authority("one", root, constraints(path_length=0))
        two = Authority("two", one)
        assert chain.prove([one.certify(public_key)], root, one)
        error = chain.refusal([two.certify(public_key), two.der], root, one)
        assert "CN=one may have 0 CAs below it in a chain, but there are 1" in error.message

    def test_path_length_of_the_root(self, chain: Chain, public_key: Any) -> None:
        root = Authority("root", None, constraints(path_length=0))
        below = Authority("factory", root)
        error = chain.refusal([below.certify(public_key)], root, below)
        assert "CN=root may have 0 CAs below it in a chain, but there are 1" in error.message

    @pytest.mark.parametrize("which", ["device", "factory", "root"])
    @pytest.mark.parametrize(
        ("days", "words"), [((-9, -1), "expired on 2029-12-31"), ((1, 9), "is not valid before 2030")]
    )
    def test_out_of_its_time(
        self, chain: Chain, public_key: Any, which: str, days: tuple[int, int], words: str
    ) -> None:
        times = {"device": (-1, 1), "factory": (-1, 1), "root": (-1, 1), which: days}
        root = Authority(days=times["root"])
        below = Authority("factory", root, days=times["factory"])
        error = chain.refusal([below.certify(public_key, days=times["device"])], root, below)
        assert f"the certificate of CN={which} {words}" in error.message

    def test_a_leaf_that_is_a_ca(self, chain: Chain, public_key: Any) -> None:
        root = Authority()
        error = chain.refusal([root.certify(public_key, "factory", constraints())], root)
        assert "the certificate of CN=factory is a CA certificate, not a device certificate" in error.message
        assert "is a CA certificate" in chain.refusal([root.der], root).message

    @pytest.mark.parametrize("where", ["device", "factory"])
    def test_a_critical_extension_that_nobody_knows(self, chain: Chain, public_key: Any, where: str) -> None:
        root = Authority()
        below = Authority("factory", root, constraints(), *([CRITICAL] if where == "factory" else []))
        leaf = below.certify(public_key, "device", *([CRITICAL] if where == "device" else []))
        error = chain.refusal([leaf], root, below)
        assert "the chain from CN=device to CN=root is not valid: " in error.message
        assert "1.2.3.4" in error.message
        assert "encountered" not in error.message
        assert "exhausted" not in error.message

    def test_a_weak_ca(self, chain: Chain, public_key: Any) -> None:
        root = Authority(key=rsa.generate_private_key(65537, 1024))
        assert "is not valid: " in chain.refusal([root.certify(public_key)], root).message
