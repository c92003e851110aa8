"""A stand-in for AWS IoT and AWS STS on this computer: ``python -m optiga.testing.aws``, or in a test
:func:`optiga.testing.served_aws`.
"""
