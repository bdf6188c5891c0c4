"""The command ``python -m datagen``: what editors and readers need; see ``datagen.command.tools``."""

import sys

from datagen.command.tools import main

if __name__ == "__main__":
    sys.exit(main())
