"""Entry point of `python -m operations`. Adds the layer to the path, as Lambda does."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "layers" / "coffer" / "python"))

from operations.commands import main

sys.exit(main(sys.argv[1:]))
