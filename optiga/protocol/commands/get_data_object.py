"""GetDataObject. SRM, section of the same name."""

PARAM_DATA = 0x00
PARAM_METADATA = 0x01

_MS_FOR_256_BYTES = 30


def typical_ms(answer_size: int) -> float:
    """How long the chip works on it.

    :param answer_size: bytes of the answer APDU.
    """
    return _MS_FOR_256_BYTES * max(1.0, answer_size / 256)
