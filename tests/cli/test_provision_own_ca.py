"""``provision --ca`` and ``ca register``: a CA of one's own, with AWS and without."""

from __future__ import annotations

import json
import re

import pytest

from optiga.provision.issuers import CaIssuer, Request
from optiga.provision.steps.identity import WriteCertificate
from optiga.testing import Cloud, CloudFault
from tests.support.cli.provisioned import CLOUD_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result


class TestOwnCa:
    @pytest.fixture
    def ca(self, cli: Cli) -> str:
        assert cli("ca", "init", "--no-passphrase", "root").code == 0
        assert cli("ca", "intermediate", "--no-passphrase", "factory", "--ca", "root").code == 0
        return "factory"

    def test_without_a_cloud(self, run: Cli, bench: Bench, ca: str) -> None:
        fields = result_of(run("--ca", ca, "--no-cloud"))
        assert bench.cloud.calls == []
        assert fields["certificate_arn"] is fields["thing"] is fields["endpoint"] is None
        pem = bench.folder / str(fields["certificate_file"])
        assert pem.read_text().count("BEGIN CERTIFICATE") == len(bench.stored()) == 2
        assert run("--ca", ca, "--no-cloud", "--query", "certificate_file").out == f"{pem.name}\n"

    @pytest.mark.long
    def test_into_the_cloud_later(self, run: Cli, bench: Bench, ca: str) -> None:
        local = result_of(run("--ca", ca, "--no-cloud"))
        fields = result_of(run("--ca", ca))
        assert fields["public_key"] == local["public_key"]
        self.check(bench, fields)

    def check(self, bench: Bench, fields: dict[str, str | None]) -> None:
        """The CA's certificate is AWS's, active, and attached."""
        (found,) = bench.active()
        assert found["certificateArn"] == fields["certificate_arn"]
        chain = (bench.folder / str(fields["certificate_file"])).read_text()
        assert chain.startswith(found["certificatePem"])
        assert bench.has_key_of(found["certificatePem"])
        assert fields["certificate_arn"] in bench.cloud.iot.list_thing_principals(thingName="my_thing")["principals"]

    @pytest.mark.long
    def test_registered_without_its_ca(self, run: Cli, bench: Bench, ca: str) -> None:
        self.check(bench, result_of(run("--ca", ca)))
        assert "RegisterCertificateWithoutCA" in bench.cloud.calls
        assert "CreateCertificateFromCsr" not in bench.cloud.calls

    @pytest.mark.parametrize("option", [(), ("--several-accounts",)])
    def test_registered_with_its_ca(self, cli: Cli, run: Cli, bench: Bench, ca: str, option: tuple[str, ...]) -> None:
        registered = cli("ca", "register", ca, "--query", "ca_certificate_id", *option)
        assert registered.code == 0
        self.check(bench, result_of(run("--ca", ca)))
        assert "RegisterCertificate" in bench.cloud.calls
        (found,) = bench.active()
        assert found["caCertificateId"] == registered.out.strip()

    @pytest.mark.long
    @pytest.mark.parametrize("is_registered", [True, False])
    def test_a_revocation_does_not_reach_aws(
        self, cli: Cli, run: Cli, bench: Bench, ca: str, is_registered: bool
    ) -> None:
        if is_registered:
            assert cli("ca", "register", ca).code == 0
        fields = result_of(run("--ca", ca))
        revoked = cli("ca", "revoke", bench.folder / str(fields["certificate_file"]), "--ca", ca, "--yes")
        assert revoked.code == 0
        assert ("AWS IoT does not use the CRL" in revoked.err) is is_registered
        assert len(bench.active()) == 1

    def test_a_ca_that_is_inactive_there(self, cli: Cli, run: Cli, bench: Bench, ca: str) -> None:
        ca_id = cli("ca", "register", ca, "--query", "ca_certificate_id").out.strip()
        bench.cloud.iot.update_ca_certificate(certificateId=ca_id, newStatus="INACTIVE")
        result = run("--ca", ca)
        assert result.code == CLOUD_EXIT
        assert "it is INACTIVE. To activate the CA, use 'ca register factory'" in result.errors[0]
        assert not bench.chip.exists()
        assert cli("ca", "register", ca).code == 0
        self.check(bench, result_of(run("--ca", ca)))

    @pytest.mark.long
    def test_renewed(self, run: Cli, bench: Bench, ca: str) -> None:
        """The old certificate is the CA's to revoke; AWS lets it in no more."""
        result_of(run("--ca", ca))
        renewed = run("--ca", ca, "--renew")
        self.check(bench, result_of(renewed))
        assert re.search(r"To revoke it: 'ca revoke [0-9a-f]+ --ca factory'", renewed.err)
        assert len(bench.certificates()) == 2

    @pytest.mark.long
    def test_the_first_run_lost_the_certificate(
        self, run: Cli, bench: Bench, ca: str, monkeypatch: pytest.MonkeyPatch, cli: Cli
    ) -> None:
        """A run that was interrupted between the CA's records and the journal: the CA does not issue another one."""
        certify = CaIssuer.certify

        def interrupted(issuer: CaIssuer, request: Request) -> None:
            certify(issuer, request)
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(CaIssuer, "certify", interrupted)
            assert run("--ca", ca, "--no-cloud").code == 130
        result_of(run("--ca", ca, "--no-cloud"))
        listed = json.loads(cli("ca", "list", "--ca", ca, "--output", "json").out)["certificates"]
        assert len(listed) == 1

    @pytest.mark.long
    def test_registered_already(self, run: Cli, bench: Bench, ca: str) -> None:
        """A run that was interrupted behind the registration."""
        bench.cloud.fail("RegisterCertificateWithoutCA", CloudFault.BREAK_AFTER, times=1)
        assert run("--ca", ca).code == CLOUD_EXIT
        assert not bench.active()
        self.check(bench, result_of(run("--ca", ca)))
        assert len(bench.certificates()) == 1


class TestCaRegister:
    @pytest.fixture
    def ca(self, cli: Cli) -> str:
        assert cli("ca", "init", "--no-passphrase", "root").code == 0
        return "root"

    def described(self, cloud: Cloud, result: Result) -> dict[str, object]:
        fields = result_of(result)
        answer = cloud.iot.describe_ca_certificate(certificateId=fields["ca_certificate_id"])
        description: dict[str, object] = answer["certificateDescription"]
        return {**description, **answer["registrationConfig"]}

    def test_default(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        found = self.described(cloud, cli("ca", "register", ca, "--output", "json"))
        assert (found["status"], found["certificateMode"]) == ("ACTIVE", "DEFAULT")
        assert found["autoRegistrationStatus"] == "DISABLE"

    @pytest.mark.long
    def test_several_accounts(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        found = self.described(cloud, cli("ca", "register", ca, "--several-accounts", "--output", "json"))
        assert (found["status"], found["certificateMode"]) == ("ACTIVE", "SNI_ONLY")
        assert "GetRegistrationCode" not in cloud.calls

    @pytest.mark.long
    def test_auto_registration(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        options = ("--auto-registration", "--template", "fleet", "--output", "json")
        found = self.described(cloud, cli("ca", "register", ca, *options))
        assert found["autoRegistrationStatus"] == "ENABLE"
        assert found["templateName"] == "fleet"

    @pytest.mark.long
    def test_again(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        first = cli("ca", "register", ca, "--output", "json")
        (registered,) = cloud.iot.list_ca_certificates()["certificates"]
        cloud.iot.update_ca_certificate(certificateId=registered["certificateId"], newStatus="INACTIVE")
        again = cli("ca", "register", ca, "--output", "json")
        assert again.out == first.out
        assert "already registered" in again.err
        assert len(cloud.iot.list_ca_certificates()["certificates"]) == 1
        changed = self.described(cloud, cli("ca", "register", ca, "--auto-registration", "--output", "json"))
        assert changed["autoRegistrationStatus"] == "ENABLE"

    def test_an_answer_is_lost(self, cli: Cli, cloud: Cloud, ca: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Botocore asks again by itself, and AWS says then that it has that CA."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        cloud.fail("RegisterCACertificate", CloudFault.BREAK_AFTER, times=1)
        found = self.described(cloud, cli("ca", "register", ca, "--output", "json"))
        assert found["status"] == "ACTIVE"

    def test_another_accounts(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        taken = CloudFault.error("ResourceAlreadyExistsException", 409, "registered to another account")
        cloud.fail("RegisterCACertificate", taken)
        result = cli("ca", "register", ca)
        assert result.code == CLOUD_EXIT
        assert "AWS refused iot:RegisterCACertificate: registered to another account" in result.errors[0]

    def test_the_other_mode(self, cli: Cli, cloud: Cloud, ca: str) -> None:
        cli("ca", "register", ca)
        result = cli("ca", "register", ca, "--several-accounts")
        assert result.code == CLOUD_EXIT
        assert "mode DEFAULT, not SNI_ONLY" in result.errors[0]


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "said"),
    [(("--days", "3650"), "valid for 10 days, and this run asks for 3650"), (("--days", "10"), ""), ((), "")],
)
def test_days_of_a_finished_chip(cli: Cli, run: Cli, options: tuple[str, ...], said: str) -> None:
    cli("ca", "init", "days", "--no-passphrase")
    ca = ("--ca", "days", "--no-cloud")
    result_of(run(*ca, "--days", "10"))
    again = run(*ca, *options)
    assert again.code == 0
    assert said in again.err if said else "asks for" not in again.err


@pytest.mark.long
@pytest.mark.parametrize(("options", "is_told"), [(("--days", "5"), True), ((), False)])
def test_days_of_one_that_ends_with_its_ca(cli: Cli, run: Cli, options: tuple[str, ...], *, is_told: bool) -> None:
    """Fewer days are another wish."""
    cli("ca", "init", "days", "--no-passphrase", "--days", "900")
    ca = ("--ca", "days", "--no-cloud")
    result_of(run(*ca))
    for more in ((), ("--dry-run",)):
        again = run(*ca, *options, *more)
        assert again.code == 0
        assert ("this run asks for 5" in again.err) is is_told
        assert ("this run asks" in again.err) is is_told


@pytest.mark.parametrize(
    ("first", "options", "said"),
    [
        ((), ("--server",), "this run asks for a TLS server, too"),
        ((), ("--days", "5"), "this run asks for 5"),
        (("--server", "--days", "5"), ("--server", "--days", "5"), ""),
    ],
)
def test_wishes_of_a_run_that_goes_on_with_its_certificate(
    cli: Cli, run: Cli, monkeypatch: pytest.MonkeyPatch, first: tuple[str, ...], options: tuple[str, ...], said: str
) -> None:
    """They come too late, which is said; the dry run says it, too."""
    cli("ca", "init", "days", "--no-passphrase")
    ca = ("--ca", "days", "--no-cloud")
    with monkeypatch.context() as patched:
        patched.setattr(WriteCertificate, "run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run(*ca, *first).code == 130
    for more in (("--dry-run",), ()):
        again = run(*ca, *options, *more)
        assert again.code == 0
        assert said in again.err
        assert ("--renew" in again.err) is bool(said)
        assert ("this run asks" in again.err) is bool(said)


@pytest.mark.parametrize(("options", "is_told"), [(("--days", "5"), True), (("--days", "9"), False)])
def test_days_of_a_certificate_that_the_ca_had_issued(
    cli: Cli, run: Cli, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], *, is_told: bool
) -> None:
    """The first run was interrupted between the CA's records and the journal."""
    cli("ca", "init", "days", "--no-passphrase")
    ca, certify = ("--ca", "days", "--no-cloud"), CaIssuer.certify

    def interrupted(issuer: CaIssuer, request: Request) -> None:
        certify(issuer, request)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(CaIssuer, "certify", interrupted)
        assert run(*ca, "--days", "9").code == 130
    again = run(*ca, *options)
    assert again.code == 0
    assert ("as the interrupted run asked" in again.err) is is_told


def test_wishes_of_a_finished_chip_on_its_way_into_a_cloud(cli: Cli, run: Cli) -> None:
    cli("ca", "init", "days", "--no-passphrase")
    result_of(run("--ca", "days", "--no-cloud"))
    for more in (("--dry-run",), ()):
        again = run("--ca", "days", "--days", "5", *more)
        assert again.code == 0
        assert again.err.count("this run asks for 5") == 1
