"""What was promised of the certificates and keys of the world, each line with the tests that hold it."""

from __future__ import annotations

ODD = "pki/test_odd_certificates.py"
FORMS = "pki/test_certificate_files.py"
KEYS = "pki/test_private_keys.py"
TYPES = "cli/test_object_types.py"

PROMISES = {
    "Certificates and keys of the world": {
        "Only key, dates and basic constraints must parse; the rest is written, read and shown in words": (
            f"{ODD}::test_written_read_and_shown",
            f"{ODD}::test_its_parts_are_shown_in_words",
            f"{ODD}::test_what_is_needed_must_parse",
            f"{ODD}::test_basic_constraints_are_read",
            f"{ODD}::test_no_change_of_a_byte_breaks_it",
        ),
        "What is trusted still follows the rules": (
            f"{ODD}::test_what_is_trusted_follows_the_rules",
            f"{FORMS}::test_what_answers_of_others_hold_is_pem_or_der_alone",
        ),
        "EC private keys that are padded or stripped, with or without curve and public key": (
            f"{KEYS}::test_zeros_too_many_and_too_few",
            f"{KEYS}::test_the_curve_may_stand_in_a_block_of_its_own",
            f"{KEYS}::test_encrypted_ones_too",
            f"{KEYS}::test_refused",
            f"{KEYS}::test_no_bytes_break_it",
        ),
        "DER behind DER, PEM with text between, JSON of the aws command, PKCS #7 and #12": (
            f"{FORMS}::test_a_chain_in_every_form",
            f"{FORMS}::test_odd_certificates_come_in_containers_too",
            f"{FORMS}::test_a_container_of_roots_says_whom_to_trust",
            f"{FORMS}::test_the_private_key_of_a_container_is_not_used",
            f"{FORMS}::test_no_bytes_break_it",
        ),
        "A chain in another order is put in order, and said": (
            f"{FORMS}::test_a_reversed_or_shuffled_chain_is_put_in_order_and_said",
            f"{FORMS}::test_what_makes_no_chain_stays_as_it_is",
            f"{ODD}::test_a_chain_of_them_is_put_in_order",
        ),
        'A text that begins with "0" is no DER': (f"{FORMS}::test_refused_in_one_line",),
        "--write - is standard input": (f"{TYPES}::test_standard_input_is_written",),
        "E-mail and serialNumber by name": (
            f"{ODD}::test_its_parts_are_shown_in_words",
            "identity/test_configuration.py::test_openssls_names",
        ),
        "An object's form follows its type, not its identifier": (
            f"{TYPES}::test_a_trust_anchor_is_plain_der",
            f"{TYPES}::test_an_anchor_of_the_slots_own_key_is_plain_der_too",
            f"{TYPES}::test_a_device_certificate_is_a_tls_identity",
            f"{TYPES}::test_data_stay_data",
            f"{TYPES}::test_what_is_no_certificate_is_refused",
            f"{TYPES}::test_pem_that_is_longer_than_the_object_fits_as_der",
            f"{TYPES}::test_an_update_brings_an_anchor",
            f"{TYPES}::test_info_shows_an_anchor_in_a_slot",
        ),
        "An anchor that the chip cannot use is warned of": (
            f"{TYPES}::test_an_anchor_that_the_chip_will_not_use_is_warned_of",
            f"{TYPES}::test_an_update_without_the_type_is_warned_of",
        ),
    },
}
