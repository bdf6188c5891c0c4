"""``python -m datagen`` is ``datagen``; see ``datagen.command``."""

import sys

from datagen.command.entry import main

if __name__ == "__main__":
    sys.exit(main())
