"""A key usage that the chip takes for a key, and then refuses every use of."""

from __future__ import annotations

from optiga.errors import ConfigurationError, Reason
from optiga.protocol.codes import KeyUsage
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import format_oid


def check_key_usage(oid: int, before: Metadata, changes: Metadata, *, partly: bool = False) -> None:
    """Refuse a usage that no command of the chip has for the key in an object. SRM, "Key Usage Identifier".

    :param before: the object's metadata as they are; where they name no algorithm that is known, nothing is refused.
    :param changes: the tags that are to have other values.
    :param partly: take usages of which the key can have one at least: others may have been set elsewhere, and do no
        harm.
    :raises ConfigurationError: if it is such a usage.
    """
    algorithm, value = before.algorithm, changes.get(Tag.KEY_USAGE)
    if algorithm is None or value is None:
        return
    usage = KeyUsage(int.from_bytes(value, "big"))
    useless = KeyUsage(usage & ~algorithm.usages)
    if not usage & algorithm.usages or (useless and not partly):
        words = ", ".join(useless.words) or "nothing"
        raise ConfigurationError(
            f"key_usage: the chip cannot use the {algorithm.title} key in {format_oid(oid)} for {words}",
            hint=f"Use {', '.join(algorithm.usages.words)}",
            oid=oid,
            reason=Reason.UNSUPPORTED,
        )
