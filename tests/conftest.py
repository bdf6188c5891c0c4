"""Ways to run the command: in this process, which is fast, and as a real process."""

import fcntl
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datagen.command.main import main
from tests.fresh import FRESH_SEED
from tests.servers.local import Local
from tests.worlds import ROOT, START, write_json

# What a shell runs in the background ignores Ctrl-C, and under nohup SIGHUP; so would all that a test starts to
# interrupt it.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Files that take longest, by the clock: first those that wait for others most of the time.
LONGEST = (
    "test_faults",
    "test_docs",
    "test_oracle",
    "test_file",
    "test_laws",
    "test_then_live",
    "test_page",
    "test_explain",
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how what failed is repeated, also in a quiet report, which has no head."""
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"fresh samples: DATAGEN_FRESH_SEED={FRESH_SEED}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin first, so that the cores end together; a file stays on one of them."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


class Outcome:
    """What a run of the command left behind: success, unless the test looks at its code."""

    def __init__(self, code: int, data: bytes, err: str) -> None:
        self._code = code
        self._was_looked_at = False
        self.data = data
        self.err = err

    @property
    def code(self) -> int:
        self._was_looked_at = True
        return self._code

    def assert_expected(self) -> None:
        assert self._was_looked_at or self._code == 0, self.err

    @property
    def out(self) -> str:
        return self.data.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def records(self) -> list[dict]:
        return [json.loads(line) for line in self.data.decode().split("\n")[:-1]]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """The servers that a reader of the pages has on this machine, on standard ports: for one process at a time."""
    with open(tmp_path_factory.getbasetemp().parent / "local.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Local()
        yield made
        made.close()


@pytest.fixture
def outcomes() -> Iterator[list[Outcome]]:
    """All runs of a test, none of which may have failed without the test saying so."""
    made: list[Outcome] = []
    yield made
    for outcome in made:
        outcome.assert_expected()


def outcome_of(
    main: Callable[[list[str]], int],
    arguments: tuple[object, ...],
    capture: pytest.CaptureFixture[bytes],
    outcomes: list[Outcome],
) -> Outcome:
    """Call a command's function as its process would."""
    capture.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as ended:
        code = ended.code
    data, err = capture.readouterr()
    outcomes.append(Outcome(code, data, err.decode()))
    return outcomes[-1]


@pytest.fixture
def command(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome]
) -> Callable[..., Outcome]:
    """Run the command in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        return outcome_of(main, arguments, capfdbinary, outcomes)

    return run


@pytest.fixture
def tool(capfdbinary: pytest.CaptureFixture[bytes], outcomes: list[Outcome]) -> Callable[..., Outcome]:
    """Run a command that reads nothing from standard input in this process."""
    return lambda *arguments: outcome_of(main, arguments, capfdbinary, outcomes)


@pytest.fixture
def generate(command: Callable[..., Outcome], tmp_path: Path) -> Callable[..., Outcome]:
    """Run the command on a spec, on a simulated clock with seed 1; the spec is written to ``spec.json``."""

    def run(spec: object, *arguments: object) -> Outcome:
        path = tmp_path / "spec.json"
        if isinstance(spec, str):
            path.write_text(spec, encoding="utf-8")
        else:
            write_json(path, spec)
        return command("-c", path, "-s", START, "--seed", 1, *arguments)

    return run


@pytest.fixture
def process(tmp_path: Path, outcomes: list[Outcome]) -> Callable[..., Outcome]:
    """Run the command as a process of its own, in the test's directory."""

    def run(*arguments: object, **options: object) -> Outcome:
        line = [sys.executable, ROOT / "generator.py", *map(str, arguments)]
        options = {"cwd": tmp_path, "capture_output": True, "input": b""} | options
        done = subprocess.run(line, timeout=120, **options)
        outcomes.append(Outcome(done.returncode, done.stdout or b"", (done.stderr or b"").decode()))
        return outcomes[-1]

    return run
