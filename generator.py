"""Generate events from a JSON spec: ``python generator.py -c conf/gen/example.json -n 20``."""

import sys

from datagen.cli import main

if __name__ == "__main__":
    sys.exit(main())
