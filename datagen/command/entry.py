"""The door of the process, also as ``python -m datagen`` and ``python generator.py``.

Imports nothing that takes time before the signals are answered.
"""

import signal
import sys

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the command that this process was started with; return its exit code.

    To be stopped is no failure, however early or late it comes; only an audit that was stopped has proved nothing.
    """
    stopped = int(sys.argv[1:2] == ["audit"])
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:  # nohup ignores SIGHUP
            signal.signal(number, lambda *_: sys.exit(stopped))
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # there is nothing to tell yet
    try:
        from datagen.command.main import main as run

        return run(sys.argv[1:])
    finally:
        for number in _ENDING:  # all is done; while Python ends, a signal would end the process by itself
            signal.signal(number, signal.SIG_IGN)
