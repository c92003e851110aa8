"""``info``: what chip it is and what it holds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from optiga.cli.render.info import format_information
from optiga.cli.support.lazy import load
from optiga.cli.support.options import in_full
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.trust import announce_emulated
from optiga.cli.support.wide import width_for
from optiga.identity.attestation import IDENTITY_SLOT
from optiga.identity.slot_match import find_match
from optiga.objects.info import ChipInformation, chip_information

if TYPE_CHECKING:
    from optiga.pki.certificate import Certificate

_OF_SLOTS = ("slots", "unusable")
"""Fields of the result for which every slot and object is looked at."""


@click.command(name="info")
@common_options()
@pass_settings
def command(settings: Settings) -> None:
    """Show the chip's UID, model, firmware and life cycle state, and what each slot holds.

    Each key signs once to prove that the certificate in its slot belongs to it. Keys with a usage counter do not
    sign. Each signature counts as one security event. With a --query for other fields than slots and unusable, such
    as uid, no key signs.
    """
    settings.check_query(ChipInformation)
    found: dict[str, Certificate] = {}
    fields = None if settings.query is None else load("optiga.cli.support.query:fields_of", "optiga")(settings.query)
    with settings.open_chip() as chip:
        if fields is None or not fields.isdisjoint(_OF_SLOTS):
            information = chip_information(chip, see=found.__setitem__, prove=partial(find_match, chip))
        else:
            # The certificate in this slot tells an emulated chip at a board's port.
            looked_at = () if settings.find_port().chip_file else (IDENTITY_SLOT.name,)
            information = chip_information(chip, see=found.__setitem__, slots=looked_at)
    announce_emulated(settings, found.get(IDENTITY_SLOT.name))
    settings.print_result(information, text=format_information(_in_full(information), width_for(settings)))


def _in_full(information: ChipInformation) -> ChipInformation:
    """The same with commands that can be pasted, before lines are broken."""
    unusable = (replace(one, ways_out=in_full(one.ways_out)) for one in information.unusable)
    return replace(information, unusable=tuple(unusable))
