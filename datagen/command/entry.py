"""The door of the process, also as ``python -m datagen`` and ``python generator.py``."""

import sys

from datagen.command.signals import Signals


def main() -> int:
    """Run the command that this process was started with; return its exit code.

    To be stopped is no failure, however early or late it comes; only an audit that was stopped has proved nothing.
    """
    signals = Signals()
    signals.listen(stopped=int(sys.argv[1:2] == ["audit"]))
    try:
        from datagen.command.main import main as run  # takes a third of a second

        return run(sys.argv[1:], signals)
    finally:
        signals.close()
