"""The emulated chip's commands, one module each, named after the command's code.

Each has one function ``execute(machine, param, data) -> bytes`` that returns the data of the answer or raises
:class:`optiga.emulator.machine.CommandError`. The chip finds a module by its name, so a new command is one new file.
The chip has refused every Param that its model lacks before a command is called.
"""
