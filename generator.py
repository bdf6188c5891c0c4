"""Generate events from a JSON spec: ``python generator.py -c conf/gen/example.json -n 20``."""

import signal
import sys

if __name__ == "__main__":
    # Until the command has its own handlers, being stopped is no failure, however early it comes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))

    from datagen.command.generate import main

    sys.exit(main())
