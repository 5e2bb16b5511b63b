"""Entry of `python -m operations`, which finds the domain in the layer, as functions do."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "layers" / "coffer" / "python"))

from operations.commands import main

sys.exit(main(sys.argv[1:]))
