"""The recipe's modules are no package: they are found as the recipe finds them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "training"))
