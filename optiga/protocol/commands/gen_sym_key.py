"""GenSymKey. SRM, section of the same name; Param is a key algorithm."""

TAG_OID = 0x01
TAG_USAGE = 0x02
ANSWER_KEY = 0x01

TYPICAL_MS = 55
