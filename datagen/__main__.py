"""The command ``python -m datagen``: what editors and readers need; see ``datagen.cli.tools``."""

import sys

from datagen.cli import tools

if __name__ == "__main__":
    sys.exit(tools())
