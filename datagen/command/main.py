"""The command ``datagen``: which sub-command does it, what is said when that fails, and the exit code."""

import argparse
from collections.abc import Sequence

from datagen.command import explain, generate, tools
from datagen.command.arguments import parse
from datagen.command.signals import Signals
from datagen.command.voice import Voice, wants_json
from datagen.plugin.model import place_in_source
from datagen.problems import InvalidInput, RunFailed

DONE, FAILED, WRONG = 0, 1, 2

_WORK = {
    "run": generate.run,
    "check": generate.check,
    "schema": tools.print_schema,
    "types": tools.print_types,
    "docs": tools.write_docs,
    "plot": tools.plot,
    "audit": tools.audit,
    "explain": explain.explain,
}


def main(arguments: Sequence[str], signals: Signals | None = None) -> int:
    """Run the command; return its exit code. Without ``signals`` nobody listens to those of the process."""
    voice = Voice(as_json=wants_json(arguments))
    try:
        given = parse(arguments)
        given.signals = signals or Signals()
    except InvalidInput as error:
        is_run = not arguments or arguments[0] not in _WORK or arguments[0] in ("run", "check")
        voice.refuse(error, "; nothing was generated" if is_run else "")
        return WRONG
    return _done(given, voice)


def _done(given: argparse.Namespace, voice: Voice) -> int:
    """Do what was asked for; return the exit code."""
    try:
        return DONE if _WORK[given.command](given, voice) else FAILED
    except InvalidInput as error:
        voice.refuse(error, "; nothing was generated" if given.command in ("run", "check") else "")
        return WRONG
    except RunFailed as error:
        voice.fail(str(error))
    except MemoryError:
        voice.fail("making records: they do not fit into memory; shorten what is long in the spec")
    except BaseException as error:  # a plug-in may raise anything, also what would end the program
        where = place_in_source(error)
        if not where:
            raise
        voice.fail(f"a plug-in failed: {type(error).__name__}: {error}{where}")
    return FAILED
