"""The chip's rules, each once: which values tags have, whether conditions hold, what changes leave and do for good.

The emulated chip makes the manual's error codes of their answers, the host sentences. What checks either must not know
them: the tests' own model of the rules, and Infineon's host.
"""
