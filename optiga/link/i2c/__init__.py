"""Infineon's I2C protocol as OPTIGA Trust M speaks it: registers, data link, transport, presentation.

The machines of the three upper layers are written once for both ends; :mod:`optiga.link.i2c.host` is the host's
conversation over them. Source: Infineon I2C Protocol Specification 2.03, and the chip's datasheet.
"""
