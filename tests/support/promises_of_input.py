"""What is promised of what comes in, what never ends and what is interrupted, and the tests that hold it.

As :mod:`tests.support.promises`.
"""

from __future__ import annotations

EDITED, GUARD, OUTPUTS = "cli/test_edited_journal.py", "files/test_sqlite_guard.py", "files/test_output_files.py"
PLANTED, PRECIOUS, NAMED = "cli/test_planted_outputs.py", "cli/test_precious_files.py", "cli/test_named_files.py"
POLICIES, FLEET, OTHERS = "cloud/test_policies.py", "cloud/test_fleet.py", "cli/test_text_of_others.py"
WARNINGS, LOCKS, PATIENCE = "cli/test_line_warnings.py", "files/test_locks.py", "cloud/test_aws_patience.py"
ENDLESS, DOUBLED, HEADS = (
    *("transport/test_endless_traffic.py", "transport/test_doubled_answers.py", "transport/test_damaged_heads.py"),
)
LINE, STRUCK, TEMPORARY = "transport/test_line.py", "cli/test_struck_commands.py", "files/test_temporary.py"
TORN, AGAIN, BEFOREHAND = (
    *("cli/test_interrupted_updates.py", "cli/test_updates_again.py", "cli/test_provision_beforehand.py"),
)
SIZES, FACTORY, AGREEMENT = (
    *("emulator/test_sizes_of_content.py", "emulator/test_factory_state.py", "emulator/test_key_agreement.py"),
)

CHANGED = "provision/test_journal_changed.py"

PROMISES: dict[str, dict[str, tuple[str, ...]]] = {
    "What comes in is not believed": {
        "Names of files in a journal are plain names of its own, and PEM is what its DER is": (
            f"{EDITED}::TestNamesOfFiles",
            f"{EDITED}::TestCertificates::test_a_text_before_its_pem",
        ),
        "What is made inactive or deleted in AWS is compared with the entry's key first": (
            f"{EDITED}::TestCertificates::test_another_devices",
            f"{EDITED}::TestCertificates::test_another_devices_as_one_that_was_replaced",
            f"{EDITED}::TestCertificates::test_one_that_the_journal_does_not_know",
            f"{EDITED}::TestCertificates::test_another_thing_is_not_deleted",
        ),
        "A journal that was changed, or an older one, is found out before it is used, with the chip": (
            f"{CHANGED}::TestOneChip",
            f"{CHANGED}::TestBytes",
            f"{CHANGED}::TestSeals",
            f"{CHANGED}::TestKilled",
            "cli/test_journal_command.py::TestCheck",
        ),
        "A schema that is not its own is refused, and no statement is without end": (
            f"{GUARD}::TestSchema",
            f"{GUARD}::test_a_statement_without_end_is_ended",
        ),
        "Journal, chip and records that another user has or others can write are refused, with what lies beside them": (
            f"{GUARD}::TestWhoseItIs",
            f"{GUARD}::TestSharedByAGroup",
            f"{GUARD}::test_groups",
            f"{GUARD}::test_a_folder_that_others_write",
        ),
        "Where containers have people work, nobody is refused for it": (
            "cli/test_containers.py::test_a_csr_and_its_certificate",
        ),
        "No link is followed out of a folder, and nothing secret goes into a pipe, socket or device": (
            f"{OUTPUTS}::test_a_link_out_of_the_folder",
            f"{OUTPUTS}::test_a_pipe",
            f"{OUTPUTS}::test_a_socket_and_a_device",
            f"{PLANTED}::test_provision_before_anything_is_done",
            f"{PLANTED}::test_secrets",
            f"{PLANTED}::test_what_a_ca_writes",
        ),
        "No output takes the place of a private key, a chip, a journal or a file of a CA": (
            f"{PRECIOUS}::test_every_output",
            f"{PRECIOUS}::test_export_and_a_ca",
        ),
        "A named pipe in place of an input is refused at once": (f"{NAMED}::TestCommands::test_refuse_a_named_pipe",),
        "The default policy is the product's, whatever lies in the current folder": (
            "cloud/test_policy_files.py::TestFiles::test_the_default_is_ours_whatever_lies_in_the_current_folder",
            f"{FLEET}::TestWhereItIs::test_a_file_is_named_by_its_path",
        ),
        "Text of others is shown escaped, and no cell of a table is a formula": (
            "files/test_shown.py::test_nothing_unprintable_is_left",
            f"{OTHERS}::test_what_aws_says",
            f"{OTHERS}::test_a_lock_owner",
            f"{OTHERS}::test_a_chip",
            f"{OTHERS}::test_cells",
        ),
        "Documented ports only; a key in clear over a network, and a board served to everybody, are warned of": (
            f"{WARNINGS}::test_what_is_no_documented_port_is_refused",
            f"{WARNINGS}::test_a_key_over_a_network_is_said_to_be_in_clear",
            f"{WARNINGS}::test_a_board_served_to_everybody_is_warned_of",
        ),
        "Locks without a state folder lie in a folder of the user's own, and do not pile up": (
            f"{LOCKS}::TestWithoutAHome",
        ),
        "No secret is in what -vv prints": ("cli/test_process.py::TestSecrets",),
    },
    "What never ends is ended": {
        "A run that hears no valid answer is over in 20 s, whatever comes": (
            f"{ENDLESS}::test_endless_traffic_ends_in_time",
            f"{ENDLESS}::test_a_slow_drip_ends_in_time",
            f"{ENDLESS}::test_traffic_that_begins_behind_a_valid_answer",
            "cli/test_endless_line.py::test_a_command_ends_in_time",
        ),
        "An answer that comes twice shifts no later one": (
            f"{DOUBLED}::test_reads_are_right_or_refused",
            f"{DOUBLED}::test_random_bytes_are_never_given_twice",
            "cli/test_doubled_line.py::test_what_is_said_is_right",
        ),
        "A damaged head is mended within one run, or said": (
            f"{HEADS}::test_any_bit_of_a_head_flipped",
            f"{HEADS}::test_a_board_that_waits_for_bytes_since_a_run_before",
            f"{HEADS}::test_a_length_flipped_for_ever_is_said",
            f"{HEADS}::test_a_slow_line_is_slow_and_not_damaged",
        ),
        "Serial servers that decline a setting, and devices that refuse theirs, are known": (
            f"{LINE}::test_a_serial_server_that_declines_control_lines",
            f"{LINE}::test_a_device_that_refuses_its_settings",
            f"{WARNINGS}::test_a_chip_that_was_reset_is_said_to_be",
        ),
        "A call to AWS has one deadline, and what stands in between is named": (
            f"{PATIENCE}::TestTime",
            f"{PATIENCE}::TestAskedAgain",
            f"{PATIENCE}::TestNotAskedAgain",
        ),
    },
    "What is interrupted leaves nothing half": {
        "Signals end a command at any event, and the next run comes to its end": (
            f"{STRUCK}::test_terminated_at_every_event",
            f"{STRUCK}::test_interrupted_at_every_second_event",
            f"{STRUCK}::test_killed_at_every_event",
            "cli/test_provision_killed.py::test_terminated_behind_every_deed",
            "cli/test_process.py::test_ended_by_a_signal",
        ),
        "So does a full disk": ("cli/test_full_disk.py::test_a_command", "cli/test_full_disk.py::test_provision"),
        "What killed runs have left is swept": (f"{TEMPORARY}::TestSwept", f"{TEMPORARY}::TestOthers"),
        "A served board outlives a write that fails": (f"{WARNINGS}::test_a_served_board_outlives_a_write_that_fails",),
        "An object whose update was interrupted stops nothing beside it, and its ways out are named": (
            f"{TORN}::TestWhatGoesOn",
            f"{TORN}::TestImport",
            f"{TORN}::TestWaysOut",
            f"{TORN}::TestIdentities",
            f"{TORN}::TestTermination",
        ),
        "An update that is there already is no error": (f"{AGAIN}::TestThereAlready", f"{AGAIN}::TestKilled"),
        "What a run would fail at is found before the key is lost": (
            f"{BEFOREHAND}::TestSize",
            f"{BEFOREHAND}::TestTheChip",
            f"{BEFOREHAND}::TestFiles",
        ),
    },
    "The emulated chip is as the manual and real chips": {
        "Sizes: secrets of updates, counters, counting objects": (
            f"{SIZES}::TestUpdateSecrets",
            f"{SIZES}::TestOneLength",
            f"{SIZES}::TestDataObjectsThatCount",
        ),
        "The last error is told by an open application alone": (
            "emulator/test_application.py::test_the_last_error_is_told_by_the_application_alone_and_cleared_by_that",
        ),
        "Key agreement: no key is out of sequence, a point off the curve is a security event": (
            f"{AGREEMENT}::test_an_object_without_a_key",
            f"{AGREEMENT}::TestSecurityEvents::test_points_off_the_curve",
        ),
        "A new chip is as the published dumps have it, and chip files of before stay as they are": (
            f"{FACTORY}::test_data",
            f"{FACTORY}::test_keys",
            f"{FACTORY}::test_chip_files_of_before_stay_as_they_are",
        ),
    },
}
