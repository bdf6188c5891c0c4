"""The door of the process, also as ``python -m datagen`` and ``python generator.py``."""

import gc
import os
import sys
from typing import NoReturn

from datagen.command.signals import Signals


def main() -> None:
    """Run the command that this process was started with, and end the process with its exit code.

    To be stopped is no failure, however early or late it comes; only an audit that was stopped has proved nothing.
    """
    signals = Signals()
    signals.listen(stopped=int(sys.argv[1:2] == ["audit"]))
    gc.disable()  # what is loaded now stays
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it looks for them in each installed package
    from datagen.problems import CoreUnusable

    try:
        if not any(word.startswith("--plugins") for word in sys.argv):
            _make_arrays_without_pandas()
        import datagen.native  # noqa: F401  # or CoreUnusable
        from datagen.command.main import main as run  # takes a third of a second
    except CoreUnusable as error:
        _leave(_refuse(str(error)))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "datagen":
            raise
        remedy = f"run {sys.executable} -m pip install -r requirements.txt in the folder of datagen"
        _leave(_refuse(f"the library {error.name} is not installed; {remedy}"))
    gc.freeze()
    gc.enable()
    try:
        code = run(sys.argv[1:], signals)
    except SystemExit as end:  # after --help or --version
        code = int(end.code or 0)
    _leave(code)


class _Hidden:
    """Finds no pandas."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("not now")


def _make_arrays_without_pandas() -> None:
    """Let pyarrow look for pandas where it finds none: it would import it for the first array, which takes 0.3 s.

    Plug-ins may use pandas; what asks pyarrow for it by name, such as ``to_pandas``, finds it later.
    """
    import pyarrow

    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    pyarrow.array([None])
    sys.meta_path.remove(hidden)


def _refuse(text: str) -> int:
    """Say why the program can't run on this machine; return the exit code."""
    try:
        from datagen.command.voice import Voice, wants_json
    except ModuleNotFoundError:  # numpy is not there either: nothing is installed yet
        print(text, file=sys.stderr)
    else:
        Voice(as_json=wants_json(sys.argv[1:])).fail(text)
    return 2


def _leave(code: int) -> NoReturn:
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
