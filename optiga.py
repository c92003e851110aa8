#!/usr/bin/env python3
"""Gives an Infineon OPTIGA Trust chip its identity: ``python optiga.py --help``."""

import sys

if sys.version_info < (3, 10):
    sys.exit("Error: optiga.py needs Python 3.10 or newer")

from optiga.cli import enter

if __name__ == "__main__":
    enter()
