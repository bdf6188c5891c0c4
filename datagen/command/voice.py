"""Everything that is said to the user, on standard error, as text or as JSON lines; and no secret."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from datagen.clock import present
from datagen.problems import InvalidInput, Problem, RunFailed, counted, hidden

_WARNING = "warning: "
_MOST_LISTED = 100  # problems or warnings


class Voice:
    """Says things on standard error, and no secret."""

    def __init__(self, *, as_json: bool = False) -> None:
        """With ``as_json`` each line is an object with ``time``, ``level``, ``message`` and what else is known."""
        self.secrets: list[str] = []
        self.as_json = as_json

    def say(self, text: str, level: str = "info", **known: Any) -> None:
        """Write a line, with ``…`` in place of what nobody may read; a text may begin with ``warning:``."""
        if sys.stderr is None:
            return
        text = hidden(text, self.secrets)
        if self.as_json:
            level = "warning" if text.startswith(_WARNING) else level
            line = {"time": present().text, "level": level, "message": text.removeprefix(_WARNING), **known}
            text = json.dumps(line, ensure_ascii=False)
        with suppress(OSError):  # nobody listens
            print(text, file=sys.stderr, flush=True)

    def warn(self, problems: Sequence[Problem]) -> None:
        """Say what is odd, and where."""
        for problem in problems[:_MOST_LISTED]:
            self.say(f"{_WARNING}{problem}", **_place(problem))
        if len(problems) > _MOST_LISTED:
            self.say(f"{_WARNING}… and {len(problems) - _MOST_LISTED:,} more like these")

    def fail(self, text: str) -> None:
        """Say what has failed."""
        self.say(text, "error")

    def print(self, text: str) -> None:
        """Write a line to standard output, where results go that are asked for.

        Raises RunFailed when that fails; a reader who has gone away is no failure.
        """
        if sys.stdout is None:
            raise RunFailed("standard output is closed")
        try:
            print(hidden(text, self.secrets), flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered has no reader
        except OSError as error:
            raise RunFailed(f"writing standard output: {error.strerror}") from error

    def refuse(self, error: InvalidInput, undone: str) -> None:
        """Say all that is wrong, and what was not done for it."""
        for problem in error.problems[:_MOST_LISTED]:
            self.say(str(problem), "error", **_place(problem))
        if len(error.problems) > _MOST_LISTED:
            self.fail(f"… and {len(error.problems) - _MOST_LISTED:,} more")
        self.say(f"{counted(len(error.problems), 'problem')} found{undone}", "error")


def wants_json(arguments: Sequence[str]) -> bool:
    """Return whether messages are to be JSON, also where the arguments are wrong otherwise."""
    return "--log=json" in arguments or ("--log", "json") in pairwise(arguments)


def _place(problem: Problem) -> dict[str, Any]:
    known = {"file": problem.source, "line": problem.line, "column": problem.column, "path": problem.path}
    return {key: value for key, value in known.items() if value}
