"""The command ``python -m datagen``: what editors and readers need; see ``datagen.command.generate.tools``."""

import sys

from datagen.command.generate import tools

if __name__ == "__main__":
    sys.exit(tools())
