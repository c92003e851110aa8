"""CalcSSec. SRM, section of the same name; Param is a key agreement scheme."""

TAG_KEY_OID = 0x01

TYPICAL_MS = 60
