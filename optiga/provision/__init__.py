"""From a blank chip to a device with an identity: planned whole, done step by step, finished after any interruption.

The way of the data: :mod:`.plan` checks everything that needs no chip, :mod:`.begin` finds where to go on, :mod:`.run`
does the steps with the journal beside it, those to a new key's certificate in :mod:`.new_key`. :mod:`.issuers` certify,
:mod:`.undo` takes it all back.

What has been done is a fact (:mod:`.facts`), what a slot has come to the fold of its facts (:mod:`.entry`). The journal
is added to only: :mod:`.chain` says what holds it together, :mod:`.store` how it lies in a database.
"""
