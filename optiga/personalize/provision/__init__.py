"""From a blank chip to a device with an identity: planned whole, done step by step, finished after any interruption.

The way of the data: :mod:`.plan` checks everything that needs no chip, :mod:`.run` does the steps with the journal
beside it, :mod:`.issuers` certify, :mod:`.undo` takes it all back.
"""
