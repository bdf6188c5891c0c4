"""The door of the process, also as ``python -m datagen`` and ``python generator.py``."""

import os
import sys

from datagen.command.signals import Signals


def main() -> None:
    """Run the command that this process was started with, and end the process with its exit code.

    To be stopped is no failure, however early or late it comes; only an audit that was stopped has proved nothing.
    """
    signals = Signals()
    signals.listen(stopped=int(sys.argv[1:2] == ["audit"]))
    from datagen.problems import CoreUnusable

    try:
        import datagen.native  # noqa: F401  # or CoreUnusable
        from datagen.command.main import main as run  # takes a third of a second

        code = run(sys.argv[1:], signals)
    except CoreUnusable as error:
        code = _refuse(error)
    except SystemExit as end:  # after --help or --version
        code = int(end.code or 0)
    _leave(code)


def _refuse(error: Exception) -> int:
    """Say why the program can't run on this machine; return the exit code."""
    from datagen.command.voice import Voice, wants_json

    Voice(as_json=wants_json(sys.argv[1:])).fail(str(error))
    return 2


def _leave(code: int) -> None:
    """End the process at once, with all that was written.

    Python's own end gives signals their default back, so that one may still end the process by itself (10 of 100 at
    random moments of a short run did), and waits for threads of libraries (a silent object store: 40 s).
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:  # nobody reads any more
            pass
        except OSError:
            code = code or 1
    os._exit(code)
