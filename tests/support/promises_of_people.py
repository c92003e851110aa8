"""What was promised to people: of objects, keys that are kept, AWS as it is, the command line, documents."""

from __future__ import annotations

ENTRY = "cli/test_entry.py::TestEndings"
SLOTS = "objects/test_slot_information.py"
TRANSFER = "cli/test_transfer_files.py"
KEPT = "cli/test_keep_key.py"
WISHED = "cli/test_cloud_things_wished.py"
ROLES = "cli/test_cloud_roles.py"
DONE = "cli/test_completion.py"
WAITING = "cli/test_waiting.py"
DEFAULTS = "cli/test_defaults.py"
CONFIG = "cli/test_config_command.py"

PROMISES = {
    "Objects as they are": {
        "info says why a certificate is not read, and how big it is; null is for empty alone": (
            f"{SLOTS}::TestUnread",
            "objects/test_info.py::test_a_model_that_lacks_objects",
        ),
        "info says whether certificate and key match; the slot first is asked": (f"{SLOTS}::TestMatch",),
        "USB Type-C identities are decoded": (f"{SLOTS}::TestTypeC",),
        "import notices what was cut off, knows other documents, and names the object of each error": (
            f"{TRANSFER}::TestCutOff",
            f"{TRANSFER}::TestOtherFiles",
            f"{TRANSFER}::test_each_error_names_its_object",
        ),
        "Metadata as hex, TLV, file or the manual's words; --hex takes arrays in C": (
            "cli/test_metadata_forms.py::test_metadata",
            "cli/test_metadata_forms.py::test_words",
            "cli/test_metadata_forms.py::test_hex",
            "cli/test_metadata_forms.py::test_an_array_is_written",
        ),
        "Update sets as a manifest and fragments in files of their own": (
            "cli/test_raw_updates.py::test_it_is_the_set",
            "cli/test_raw_updates.py::test_it_is_applied",
            "cli/test_raw_updates.py::test_those_that_infineon_publishes",
        ),
        "--authorize with --write, --csr, import and export": (
            "cli/test_authorize_option.py::test_a_csr_and_its_certificate",
            "cli/test_authorize_option.py::test_what_it_opens_is_exported",
            "cli/test_authorize_option.py::test_what_is_locked_is_imported",
        ),
        "Critical certificatePolicies do not break --trust": (
            "identity/test_genuine_chains.py::TestChains::test_critical_policies",
        ),
        "emulator load takes what export and Infineon's library wrote of a chip": (
            "cli/test_load_exports.py::test_it_is_in_the_same_state",
            "cli/test_load_exports.py::test_a_dump_of_infineons_library",
        ),
        "The emulated board is controlled beside its line": (
            "cli/test_emulator_control.py::test_each_verb",
            "cli/test_emulator_control.py::test_on_every_board",
            "emulator/test_control.py::TestRequests",
        ),
    },
    "Keys and CAs that are there already": {
        "A CSR for the key of a slot, first too, proven by its signature": (
            f"{KEPT}::test_the_key_in_the_slot",
            f"{KEPT}::test_the_factory_key",
            f"{KEPT}::test_a_public_key_in_a_file",
            f"{KEPT}::TestMistakes",
        ),
        "ca import takes over a CA, ca renew gives one new dates": (
            "cli/test_ca_import.py::TestTakenOver",
            "cli/test_ca_import.py::TestMistakes",
            "cli/test_ca_renew.py::TestRenewed",
        ),
        "PKCS #12 with a passphrase": ("cli/test_pkcs12_files.py::test_it_is_opened",),
    },
    "AWS as it is": {
        "AWS_REGION comes first": ("cloud/test_aws_connection.py::test_whose_region_counts",),
        "A code of MFA serves the aws command as well; without a terminal it is an error of the cloud": (
            f"{ROLES}::TestMfa::test_one_code_serves_both",
            f"{ROLES}::TestMfa::test_a_code_that_was_typed_for_aws",
            f"{ROLES}::TestMfa::test_nobody_can_be_asked",
        ),
        "Profiles of aws login, by an extra": (f"{ROLES}::TestLogin",),
        "Prefixes to come are warned of": ("cloud/test_policies.py::TestMalformed::test_the_jobs_of_a_device",),
        "--exclusive, --billing-group, and a --thing-type that was not done is said": (
            f"{WISHED}::TestExclusive",
            f"{WISHED}::TestBillingGroup",
            f"{WISHED}::TestType",
        ),
        "The end of a run is for people on a terminal, JSON for programs": ("cli/test_run_summary.py::TestWithAws",),
    },
    "The command line helps": {
        "Completion of every value, in real shells, of the script alone": (
            f"{DONE}::test_every_value_is_offered_or_free",
            f"{DONE}::TestAnswers",
            "cli/test_completion_in_shells.py::test_what_is_inserted_and_listed",
            "cli/test_completion_in_shells.py::test_a_script_alone",
        ),
        "Natural guesses are shown the way; help is a command": (
            "cli/test_guesses.py::test_a_guess_is_shown_the_way",
            "cli/test_guesses.py::test_help_is_a_command",
        ),
        "Numbers and words of slots, names of curves, wherever they are wanted": (
            "cli/test_slot_numbers.py::test_the_command_line_has_numbers",
            "cli/test_algorithm_names.py::test_the_command_line_has_them",
            "cli/test_named_objects.py::test_a_slot_is_its_certificate",
        ),
        "Fields that are nearly {uid} are refused with the right one": (
            "identity/test_wrong_fields.py::test_every_place_refuses_it",
        ),
        "--output text is as aws prints it; null on the way is null; tables fit": (
            "cli/test_text_output.py::TestWords::test_as_the_aws_command_does_it",
            "cli/test_text_output.py::TestTables",
            "cli/test_queries.py::test_null_on_the_way_is_null",
        ),
        "Standard error that is closed": ("cli/test_closed_streams.py::test_what_is_said_goes_nowhere",),
        "A person waits knowingly, and -v speaks in words": (f"{WAITING}::TestTerminal", f"{WAITING}::TestLog"),
        "config new, check, schema, sample; --dry-run of --csr and --write": (
            f"{CONFIG}::TestCheck",
            f"{CONFIG}::TestNew",
            f"{CONFIG}::TestSample",
            f"{CONFIG}::TestSchema",
            "cli/test_dry_run.py::TestCsr",
            "cli/test_dry_run.py::TestWrite",
        ),
        "optiga.toml is believed where nobody else can write it, and never says whom to trust": (
            f"{DEFAULTS}::TestBelief",
            f"{DEFAULTS}::TestPlaces",
            f"{DEFAULTS}::TestValues::test_what_must_not_stand_there",
            "cli/test_config_show.py::TestShow",
        ),
        "Names of chips' files that cannot be; one lock for a port of Windows": (
            "emulator/test_file_names.py::test_they_are_refused_and_nothing_is_made",
            "emulator/test_file_names.py::test_on_windows",
            "transport/test_ports.py::TestOneName::test_on_windows",
        ),
        "However a run ends, there is one line": (
            f"{ENTRY}::test_interrupted",
            f"{ENTRY}::test_a_package_that_is_missing",
        ),
    },
    "Documents": {
        "A page for each command and all that programs import; its links lead somewhere": (
            "docs/test_site.py::TestPages",
            "docs/test_site.py::TestLinks",
        ),
        "Man pages have every option of every command": (
            "docs/test_man_pages.py::test_they_are_current",
            "docs/test_man_pages.py::test_every_option_of_every_command",
        ),
    },
}
