"""The chip's commands as typed values, one file each."""

from optiga.chip.commands.base import Command
from optiga.chip.commands.calc_hash import CalcHash, HashStep, ObjectPart
from optiga.chip.commands.calc_sign import CalcSign
from optiga.chip.commands.gen_key_pair import GenKeyPair
from optiga.chip.commands.get_data_object import GetData, GetMetadata
from optiga.chip.commands.get_random import GetRandom
from optiga.chip.commands.open_application import CloseApplication, OpenApplication
from optiga.chip.commands.set_data_object import SetData, SetMetadata
from optiga.chip.commands.verify_sign import PublicKey, VerifySign

__all__ = [
    "CalcHash",
    "CalcSign",
    "CloseApplication",
    "Command",
    "GenKeyPair",
    "GetData",
    "GetMetadata",
    "GetRandom",
    "HashStep",
    "ObjectPart",
    "OpenApplication",
    "PublicKey",
    "SetData",
    "SetMetadata",
    "VerifySign",
]
