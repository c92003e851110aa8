"""What is promised of keys, proofs, AWS's answers and a CA's certificates: each promise, and the tests that hold it.

A test is named as pytest names it, from the folder of the tests on. ``tests/test_promises.py`` looks for each.
"""

from __future__ import annotations

LIVE, ACCOUNT, ASKING = "cli/test_live_key.py", "cli/test_csr_keeps_account.py", "cli/test_asking.py"
KEY_FATE, USAGES, CA_CHECK = "cli/test_key_fate.py", "cli/test_useless_usages.py", "ca/test_ca_check.py"
POLICIES, FLEET, ACCESS = "cloud/test_policies.py", "cloud/test_fleet.py", "cli/test_cloud_access.py"
TRUST, GENUINE, ELSEWHERE = "cli/test_trust_option.py", "identity/test_genuineness.py", "cli/test_key_elsewhere.py"
ANSWERS, FALSIFIED, ADDRESSES = "cloud/test_aws_answers.py", "cli/test_cloud_answers.py", "cloud/test_aws_addresses.py"
JOINING, TEST_CLOUD, REPORTED = (
    "cli/test_joining_things.py",
    "cloud/test_cloud_things.py",
    "chip/test_reported_public_keys.py",
)
NAMES, WEAK, FORMS, ISSUE = (
    *("cli/test_ca_names.py", "ca/test_ca_weakness.py", "ca/test_ca_csr_forms.py", "ca/test_ca_issue.py"),
)
WISHES = "ca/test_ca_wishes.py"
MUTATED, LINTED, CA_REVOKE = "ca/test_ca_mutated.py", "interop/test_pkilint.py", "cli/test_ca_list_and_revoke.py"
RECORDS, CA_SETTINGS, CA_KEY = "ca/test_ca_records.py", "cli/test_ca_settings.py", "ca/test_ca_key.py"
PASSPHRASE, SECRETS = "cli/test_ca_passphrase.py", "files/test_secrets.py"

PROMISES: dict[str, dict[str, tuple[str, ...]]] = {
    "No key is destroyed before it is sure that the new one can be certified": {
        "What an issuer or AWS refuses by configuration alone is refused before the chip is opened, in a dry run too": (
            f"{LIVE}::TestNothingIsLost::test_a_live_device",
            f"{LIVE}::TestNothingIsLost::test_nothing_is_made_on_a_blank_chip",
        ),
        "A CA judges a request before there is one, as it judges it when it signs: time, days, records, names, key": (
            f"{CA_CHECK}::test_nothing_is_issued_and_nothing_written",
            f"{CA_CHECK}::test_a_ca_above_that_is_not_valid",
            f"{CA_CHECK}::test_the_end_of_a_ca_above",
            f"{CA_CHECK}::test_the_name_of_the_ca",
            f"{CA_CHECK}::test_the_name_of_the_root",
            f"{CA_CHECK}::test_records_of_an_older_copy",
            f"{CA_CHECK}::test_a_sample_of_each_configuration",
        ),
        "Policies that AWS refuses are refused: resources, members, variables, actions; also where AWS has one": (
            f"{POLICIES}::TestMalformed::test_resources_that_are_no_arn",
            f"{POLICIES}::TestMalformed::test_members_of_a_statement_that_have_no_place",
            f"{POLICIES}::TestMalformed::test_a_variable_that_does_not_end",
            f"{POLICIES}::TestMalformed::test_actions_that_there_are_not",
            f"{LIVE}::TestNothingIsLost::test_a_live_device",
        ),
        "Policies that AWS takes are taken, and actions of services that are not known are warned of": (
            f"{POLICIES}::TestMalformed::test_actions_that_there_are",
            f"{POLICIES}::TestMalformed::test_the_jobs_of_a_device",
            f"{POLICIES}::TestMalformed::test_an_operators_policy",
            f"{LIVE}::TestWhatIsRight::test_a_policy_of_jobs",
            f"{LIVE}::TestWhatIsRight::test_an_unknown_service_is_warned_of",
        ),
        "A provisioning template gets the components of the certificate's subject; what nobody gives is refused": (
            f"{FLEET}::TestParameters::test_components_of_the_subject",
            f"{FLEET}::TestParameters::test_a_component_that_the_subject_lacks",
            f"{FLEET}::TestParameters::test_missing",
            f"{LIVE}::TestWhatIsRight::test_components_of_the_subject",
        ),
        "A question that the operator may not ask is a warning with the action's name, and the run goes on": (
            f"{ACCESS}::TestAskedFirst::test_a_question_that_may_not_be_asked",
            f"{JOINING}::TestNotAllowedToAsk::test_a_warning_with_the_actions_name",
        ),
        "The operator's IAM policy lists exactly the actions that are used": (
            "cloud/test_operator_policy.py::test_it_lists_exactly_what_is_called",
            "cloud/test_operator_policy.py::test_messages_name_what_is_called",
        ),
        "The cloud of the tests refuses what AWS refuses": (
            f"{TEST_CLOUD}::TestThingsAndPolicies::test_policy_that_is_malformed",
            f"{TEST_CLOUD}::TestThingsAndPolicies::test_policy_of_jobs",
            f"{TEST_CLOUD}::TestThingsAndPolicies::test_a_type_that_is_deprecated",
            f"{TEST_CLOUD}::TestThingsAndPolicies::test_a_dynamic_group",
            f"{TEST_CLOUD}::TestThingsAndPolicies::test_keys_that_are_not_certified",
        ),
        "A dry run warns of an identity that another journal made": (f"{LIVE}::TestAnotherJournal",),
    },
    "A CSR keeps account of the key that it replaces": {
        "It never asks, costs no exchange more, and says in one note which slot has a new key": (
            f"{ACCOUNT}::TestWhatIsSaid::test_one_note_names_slot_and_certificate",
            f"{ACCOUNT}::TestWhatIsSaid::test_nobody_is_asked_though_a_key_is_there",
            "identity/test_csr.py::test_three_exchanges_and_no_more_than_290_bytes",
        ),
        "Where the output folder's journal has this chip's slot as finished, that is a warning, for one exchange": (
            f"{ACCOUNT}::TestJournal::test_a_finished_device_is_warned_of_for_one_exchange",
            f"{ACCOUNT}::TestJournal::test_the_folder_of_the_output_counts",
            f"{ACCOUNT}::TestJournal::test_others_cost_nothing",
        ),
        "The file's room is taken before the key is made": (
            f"{ACCOUNT}::TestRoom::test_it_is_taken_before_the_key_is_made",
            f"{ACCOUNT}::TestRoom::test_it_is_as_large_as_the_file",
        ),
        "If the file cannot be kept all the same, that is said, and the CSR goes to standard error": (
            f"{ACCOUNT}::TestRoom::test_a_file_that_cannot_be_kept",
            f"{ACCOUNT}::TestRoom::test_interrupted_while_it_is_kept",
        ),
        "Every failure behind the new key, and Ctrl-C, says what has become of the slot": (
            f"{ACCOUNT}::TestFailures::test_the_signature_fails",
            f"{ACCOUNT}::TestFailures::test_the_signature_is_another_keys",
            f"{ACCOUNT}::TestFailures::test_interrupted_at_the_signature",
            f"{ACCOUNT}::TestFailures::test_unplugged_while_the_key_is_made",
            f"{ACCOUNT}::TestFailures::test_interrupted_while_the_key_is_made",
            f"{KEY_FATE}::TestKeyGenerate::test_while_it_is_made",
            f"{KEY_FATE}::TestKeyGenerate::test_refused",
        ),
        "What is verified of a CSR is the finished one; no key that verifiers refuse gets into it": (
            f"{ACCOUNT}::TestFailures::test_a_public_key_that_nobody_takes",
            f"{REPORTED}::test_points",
            f"{REPORTED}::test_rsa",
            "identity/test_csr.py::test_a_public_key_that_is_none_gives_no_csr",
        ),
    },
    "What cannot be got back is asked for": {
        "A usage that nothing can use is refused before the key is made": (
            f"{USAGES}::test_key_generate",
            f"{USAGES}::test_key_generate_leaves_the_key",
            f"{USAGES}::test_a_configuration_of_an_rsa_key",
            f"{USAGES}::test_update_make_key",
            f"{USAGES}::test_the_library",
        ),
        "Resetting a chip, revoking, and drawing a key over a file ask; without a terminal they end with 2": (
            f"{ASKING}::TestEmulatorReset::test_asks",
            f"{ASKING}::TestKeyDraw::test_asks",
            f"{ASKING}::TestCaRevoke::test_asks",
        ),
        "A revocation's reason can become graver, never milder": (
            f"{ASKING}::TestCaRevoke::test_a_reason_becomes_graver",
        ),
    },
    "What was proven is what is used": {
        "A board that swaps chips gets nothing activated, whenever it does it: register and provision": (
            f"{TRUST}::TestSwapped::test_after_the_first_signature",
            f"{TRUST}::TestSwapped::test_after_any_signature",
            f"{TRUST}::TestSwapped::test_between_two_runs",
        ),
        "One proof binds chip, UID and certificate, and exactly those bytes are used": (
            f"{GENUINE}::TestBound",
            f"{TRUST}::TestProven::test_another_uid_than_the_first",
        ),
        "A run that goes on proves it again": (
            f"{TRUST}::TestProven::test_another_genuine_chip_goes_on",
            f"{TRUST}::TestProven::test_a_run_that_was_begun_with_it_needs_it",
        ),
        "The journal keeps what was proven, and whether the chip is emulated": (
            f"{TRUST}::TestProven::test_the_journal_keeps_it",
            f"{TRUST}::TestServedBoard::test_unless_asked_for",
            f"{TRUST}::test_a_journal_of_an_earlier_version",
        ),
        "The emulator's root counts on emulated ports, elsewhere only if that is asked for": (
            f"{GENUINE}::TestEmulatorsRoot",
            f"{TRUST}::TestServedBoard::test_its_root_does_not_count",
        ),
        "A served emulated board is named as emulated": (f"{TRUST}::TestNamed",),
        "Without a proof one note says what was not proven": (
            f"{TRUST}::TestProven::test_without_it_one_note_says_so",
        ),
        "A certificate is right wherever its key is on the chip": (
            f"{ELSEWHERE}::test_a_certificate_in_another_slots_object",
            f"{ELSEWHERE}::test_infineons_own",
            f"{ELSEWHERE}::test_of_no_key",
            "identity/test_write_and_read.py::test_an_rsa_certificate_is_proven_with_the_rsa_key",
        ),
        "A slot's public key is not told from the certificate of another key": (
            f"{ELSEWHERE}::test_public_of_another_key",
            f"{ELSEWHERE}::test_public_of_no_key",
        ),
    },
    "AWS's answers are checked before they are used": {
        "A certificate's identifier is the SHA-256 of its DER, in lower case": (
            f"{ANSWERS}::TestCertificate",
            f"{FALSIFIED}::TestFalsified::test_certificate_made",
            f"{FALSIFIED}::TestFalsified::test_certificate_registered",
        ),
        "An ARN is of this partition, region, account and name": (
            f"{ANSWERS}::TestThings::test_arn",
            f"{ANSWERS}::TestThings::test_principals",
            f"{ANSWERS}::test_what_a_template_has_made",
            f"{ANSWERS}::TestIdentity::test_wrong",
        ),
        "The certificate that AWS shows is the one that was asked for, byte for byte": (
            f"{ANSWERS}::TestDescribed::test_another_certificate_in_its_place",
            f"{FALSIFIED}::TestFalsified::test_found_again",
        ),
        "A registration code is 64 hex digits, or the CA signs nothing": (
            f"{ANSWERS}::test_registration_code",
            f"{FALSIFIED}::TestFalsified::test_registration_code",
        ),
        "Without encryption another computer is asked only if that is allowed, by every command": (
            f"{ADDRESSES}::test_other_computers",
            f"{ADDRESSES}::TestEverySource",
            f"{FALSIFIED}::TestEveryCommand::test_refused",
        ),
    },
    "A chip does not get into another device's thing by what it says": {
        "Where another active certificate is, it is refused before its key is made, unless that is asked for": (
            f"{JOINING}::TestTwoChipsThatSayOneUid::test_the_second_is_refused_before_its_key_is_made",
            f"{JOINING}::TestTwoChipsThatSayOneUid::test_by_a_provisioning_template",
            f"{JOINING}::TestTwoChipsThatSayOneUid::test_registered_with_the_certificate_it_came_with",
            f"{JOINING}::TestTwoChipsThatSayOneUid::test_join",
            f"{JOINING}::test_many_certificates_over_several_pages",
        ),
        "The chip's own certificate is no other's": (f"{JOINING}::TestNoOther",),
        "The samples' thing is everybody's: it is warned of, with how many certificates it has": (
            f"{JOINING}::TestSamples::test_everybodys_thing",
        ),
        "A sample with a thing for each chip is shipped": (f"{JOINING}::TestSamples::test_what_is_shipped",),
    },
    "A CA certifies names and purposes only as it was told": {
        "A device is a client; a server only if both the CSR and who signs it say so; what is left out is said": (
            f"{NAMES}::TestPurposes::test_a_server_only_if_it_is_said",
            f"{NAMES}::TestPurposes::test_a_client_does_not_become_a_server",
            f"{NAMES}::TestPurposes::test_others_are_left_out",
        ),
        "Names are those that are allowed, none by default; others are refused, or left out if that is asked for": (
            f"{NAMES}::TestNames::test_allowed_ones",
            f"{NAMES}::TestNames::test_others",
            f"{NAMES}::TestNames::test_none_by_default",
            f"{NAMES}::TestNames::test_an_intermediate_keeps_its_own",
        ),
        "No wildcard, no name of another kind than DNS, none that is no host's name": (
            f"{NAMES}::TestNames::test_others",
            f"{NAMES}::TestNames::test_lengths",
        ),
        "Their number and size are bounded, and so is what is said of them": (
            f"{NAMES}::TestNames::test_too_many",
            f"{NAMES}::TestNames::test_lengths",
            f"{NAMES}::TestNames::test_thousands_of_them_are_counted",
        ),
        "A server's common name is a host's only if that is allowed, whatever its type and form": (
            f"{WISHES}::test_a_server_is_no_host_by_its_common_name",
        ),
        "What else a CSR asks for is left out and said; what cannot be told is refused": (
            f"{WISHES}::test_a_second_list_of_extensions_is_refused",
            f"{WISHES}::test_attributes_are_left_out_and_said",
            f"{WISHES}::test_bits_of_key_usage",
            f"{WISHES}::test_another_identifier_of_the_key",
        ),
        "An e-mail address in a subject is one, and said not to be verified": (
            f"{WISHES}::test_an_email_address_is_not_verified_and_said",
        ),
        "A printed name shows one component for each that it has": (
            f"{WISHES}::test_a_name_is_printed_as_rfc_4514_has_it",
        ),
        "Names and purposes are printed, listed and recorded": (
            f"{NAMES}::TestNames::test_allowed_ones",
            f"{NAMES}::TestPurposes::test_a_server_only_if_it_is_said",
        ),
        "RSA keys that can be broken are refused: ROCA, close primes, small exponents; too small and too large ones": (
            f"{WEAK}::test_rsa_keys_that_can_be_factored",
            f"{WEAK}::test_keys_of_roca_are_refused",
            f"{WEAK}::test_every_prime_that_tells_is_looked_at",
            f"{WEAK}::test_a_small_exponent_is_refused",
            f"{WEAK}::TestFactors",
            f"{WEAK}::test_a_key_beyond_all_use_is_refused_before_it_is_looked_at",
            "ca/test_ca_refused.py::TestRefused::test_keys",
        ),
        "The CA's own name and the root's are refused, whatever their case and spaces": (
            f"{WEAK}::test_the_cas_own_name_in_another_form",
            f"{FORMS}::test_the_roots_own_name",
            f"{CA_CHECK}::test_names_that_are_not_one",
        ),
        "Characters that nobody sees are refused": (
            f"{WEAK}::test_invisible_characters",
            f"{WEAK}::test_texts_that_nobody_can_read",
        ),
    },
    "A CA issues what verifiers load": {
        "Values that verifiers cannot load are refused in words": (
            f"{FORMS}::test_what_verifiers_cannot_load_is_refused",
            f"{FORMS}::test_a_component_that_is_no_object_identifier",
        ),
        "A weak hash is named, and its signature is not called forged": (
            f"{FORMS}::TestSignature::test_weak_hashes_are_named",
            f"{WEAK}::test_sha1_is_named",
            f"{WISHES}::test_a_hash_that_is_not_supported_is_not_called_forged",
        ),
        "A text of the wrong type is signed as UTF8String, and said": (
            f"{FORMS}::test_a_text_of_the_wrong_type_is_signed_and_said",
            f"{FORMS}::test_a_text_of_the_right_type_stays",
        ),
        "A CSR without attributes is signed": (f"{FORMS}::test_attributes_may_be_missing",),
        "No error is in a library's notation, and every message is one printable line": (
            f"{FORMS}::test_what_is_no_csr",
            f"{WEAK}::test_a_damaged_text_is_refused_in_words",
            f"{MUTATED}::test_a_share",
            f"{MUTATED}::test_many",
        ),
        "Every kind of certificate and CRL is as RFC 5280 has it, for a linter of others": (
            f"{LINTED}::test_a_cas_certificate",
            f"{LINTED}::test_a_devices_certificate",
            f"{LINTED}::test_an_empty_crl",
            f"{LINTED}::test_a_crl_with_every_reason",
        ),
    },
    "A CA's CRLs and records cannot be turned back unnoticed": {
        "A CRL begins a little early, as certificates do, and never before the one before it": (
            "ca/test_ca_records_clock.py::TestClock::test_a_little_early",
            "ca/test_ca_records_clock.py::TestClock::test_never_before_the_last_one",
        ),
        "Revoking and writing a CRL ask about the clock as signing does": (
            "ca/test_ca_records_clock.py::TestClock::test_before_the_last_crl",
            "ca/test_ca_records_clock.py::TestClock::test_outside_the_cas_time",
            f"{CA_REVOKE}::TestListAndRevoke::test_the_clock",
        ),
        "A copy that was put back gives no number of a CRL twice": (
            f"{RECORDS}::TestRollback::test_against_a_crl_that_is_given",
        ),
        "Edited and deleted records are noticed": (
            f"{RECORDS}::TestEdits::test_noticed",
            f"{RECORDS}::TestEdits::test_a_chain_made_anew",
            f"{RECORDS}::TestEdits::test_a_chain_taken_away",
            f"{CA_REVOKE}::TestListAndRevoke::test_records_that_were_edited",
        ),
        "Records from an older copy are noticed by the CRL at hand, the signature at hand, or a CRL that is given": (
            f"{RECORDS}::TestRollback::test_against_the_crl_at_hand",
            f"{RECORDS}::TestRollback::test_against_the_signature_at_hand",
            f"{RECORDS}::TestRollback::test_against_a_crl_that_is_given",
            f"{CA_REVOKE}::TestListAndRevoke::test_a_crl_that_was_given_out",
        ),
        "Records without their signature are refused, and a chain never begins without one": (
            f"{RECORDS}::TestRollback::test_a_signature_that_is_lost",
            f"{RECORDS}::TestRollback::test_all_that_shows_it_is_taken_away",
            "ca/test_ca_upgrade_killed.py::test_killed_while_the_chain_begins",
        ),
        "Listing, signing and revoking warn of a CRL that has run out or soon will": (
            "ca/test_ca_records_clock.py::TestClock::test_its_end",
            f"{CA_REVOKE}::TestListAndRevoke::test_a_crl_that_runs_out",
        ),
        "Certificates name the place of the CRL if the CA has one": (f"{CA_SETTINGS}::TestDistributionPoint",),
        "An intermediate certifies for TLS only, and the allowed names only": (
            f"{CA_SETTINGS}::TestIntermediate::test_purposes",
            f"{CA_SETTINGS}::TestIntermediate::test_names",
            f"{CA_SETTINGS}::TestIntermediate::test_openssl_heeds_them",
        ),
        "Folders of earlier versions go on": (
            f"{RECORDS}::TestEarlierVersions",
            "released/test_released_authorities.py::TestEveryFolder",
        ),
    },
    "A CA's key is kept": {
        "It is encrypted with 600,000 rounds of PBKDF2": (
            f"{CA_KEY}::test_how_it_is_encrypted",
            f"{CA_KEY}::test_openssl_reads_it",
        ),
        "There is a passphrase unless none is asked for; where nobody can be asked nothing is made": (
            f"{PASSPHRASE}::TestNew::test_without_one_nothing_is_made",
            f"{PASSPHRASE}::TestNew::test_whoever_is_there_is_asked",
        ),
        "Short and known passphrases are refused when they are made": (
            f"{CA_KEY}::TestRules::test_short_ones",
            f"{CA_KEY}::TestRules::test_known_ones",
            f"{PASSPHRASE}::TestNew::test_weak_and_unreadable_ones",
        ),
        "A passphrase can be changed, whole or not at all": (
            f"{PASSPHRASE}::TestChange",
            f"{CA_KEY}::TestChange::test_killed_at_each_event",
        ),
        "Older keys open as they did": (
            f"{CA_KEY}::test_an_older_key_opens",
            f"{CA_KEY}::test_an_older_reading_of_a_file_opens",
            "released/test_released_authorities.py::TestWithPassphrases",
        ),
        "Files of passphrases are read as people mean them, or refused: marks, UTF-16, null characters": (
            f"{SECRETS}::TestPassphrases",
            f"{PASSPHRASE}::TestFiles::test_a_mark_before_the_words",
            f"{PASSPHRASE}::TestFiles::test_null_characters",
        ),
        "A secret that others can read is warned of; that others can write, or of another owner, is refused": (
            f"{SECRETS}::test_others_may_read_it",
            f"{SECRETS}::test_others_may_write_it",
            f"{SECRETS}::test_it_is_of_another_user",
            f"{PASSPHRASE}::TestFiles::test_others",
            f"{PASSPHRASE}::TestFiles::test_secrets_of_objects",
        ),
        "No child process inherits a passphrase": (
            f"{PASSPHRASE}::TestEnvironment::test_no_child_process_inherits_it",
        ),
    },
    "A certificate is named without doubt": {
        "Hex digits and colons alone are a serial number, whatever files there are": (
            f"{CA_REVOKE}::TestListAndRevoke::test_a_serial_number_beside_a_planted_file",
            f"{CA_REVOKE}::TestListAndRevoke::test_serial_numbers_that_nothing_has",
        ),
        "All else is a file, and --file takes one that is named like a serial number": (
            f"{CA_REVOKE}::TestListAndRevoke::test_a_file_named_like_a_serial_number",
            f"{CA_REVOKE}::TestListAndRevoke::test_what_is_neither",
        ),
    },
    "What worked goes on": {
        "The predecessor's documented steps work word for word": (
            "interop/test_seed_aws_steps.py::test_every_line",
            "identity/test_csr.py::test_the_seed_csr_byte_for_byte",
        ),
        "Every command that a document prints works": ("docs/test_documents.py::test_commands",),
    },
}
