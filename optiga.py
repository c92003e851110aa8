#!/usr/bin/env python3
"""Gives an Infineon OPTIGA Trust chip its identity: ``python optiga.py --help``."""

import sys

if sys.version_info < (3, 10):
    sys.exit("Error: optiga.py needs Python 3.10 or newer")

if __name__ == "__main__":
    try:
        from optiga.cli import enter

        enter()
    except KeyboardInterrupt:
        sys.exit(130)
