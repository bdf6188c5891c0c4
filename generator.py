"""Generate events from a JSON spec: ``python generator.py -c conf/gen/example.json -n 20``."""

import os
import signal
import sys

if __name__ == "__main__":
    # Until the command has its own handlers, being stopped is no failure, however early it comes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))

    from datagen.command.generate import main

    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:
        code = code or 1
    # All is done. The interpreter's own end would die of a signal, and wait for what a library still tries to reach.
    os._exit(code)
