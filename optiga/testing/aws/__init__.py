"""A stand-in for AWS IoT and STS on this computer."""
