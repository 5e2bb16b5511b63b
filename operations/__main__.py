"""Entry of `python -m operations`."""

import sys

from operations.commands import main

sys.exit(main(sys.argv[1:]))
