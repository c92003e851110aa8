"""What a chip's model does not have is refused here, by name, before the chip is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.protocol.models import Lack, find_model, is_everywhere

if TYPE_CHECKING:
    from optiga.chip.chip import Chip
    from optiga.protocol.codes import CommandCode


def require(chip: Chip, code: CommandCode, param: int | None = None, oid: int | None = None) -> None:
    """Make sure that the chip's model has a command, a value of its Param field, and an object.

    No exchange where every model has them; otherwise the UID is read, once for a chip. A chip of a model that is not
    known is left to judge for itself.

    :raises ConfigurationError: if its model does not have them.
    :raises ChipError: if the chip does not tell its UID.
    """
    if is_everywhere(code, param, oid):
        return
    model = find_model(chip.uid.firmware_build)
    if model is None:
        return
    try:
        model.check(code, param, oid)
    except Lack as lack:
        raise ConfigurationError(
            f"the chip is an {model.title}, which has no {lack.what}",
            hint=f"It has {lack.instead}" if lack.instead else "Take another model",
            oid=oid,
        ) from None
