"""``python -m optiga``."""

import sys

from optiga.cli import main

sys.exit(main())
