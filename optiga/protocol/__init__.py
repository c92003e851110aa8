"""What both ends of the wire agree on: frames, APDUs, TLVs, codes, the object map, metadata.

Nothing here opens, sends or stores anything. The host (``optiga.chip``, ``optiga.transport``) and the emulated
chip (``optiga.emulator``) both build on it, so its tests use vectors from outside this project.
"""
