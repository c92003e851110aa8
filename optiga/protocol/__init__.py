"""Definitions that host and chip share: APDUs, TLVs, codes, the object map, metadata, rules.

Nothing here opens, sends or stores anything. The host (``optiga.chip``, ``optiga.transport``) and the emulated chip
(``optiga.emulator``) both use this package. Therefore its tests use vectors from outside this project.
"""
