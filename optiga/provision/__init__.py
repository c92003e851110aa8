"""From a blank chip to a device with an identity: planned whole, done step by step, finished after any interruption.

What is wanted is a :class:`.job.Job`, pure data. :func:`.plan.make_plan` checks everything that needs no chip,
:mod:`.preparation` finds where to go on, :func:`.run.provision` does the :mod:`.steps` with the journal beside it, and
tells whoever listens (:mod:`.events`). :mod:`.issuers` certify, :mod:`.undo` takes it all back.

What has been done is a fact (:mod:`.facts`), what a slot has come to the fold of its facts (:mod:`.entry`). The journal
is added to only: :mod:`.chain` says what holds it together, :mod:`.store` how it lies in a database.
"""
