"""Ways to run the command: in this process, which is fast, and as a real process."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from datagen.command.generate import main, tools
from tests.servers.local import Local
from tests.worlds import ROOT, START, write_json


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left behind."""

    code: int
    data: bytes
    err: str

    @property
    def out(self) -> str:
        return self.data.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def records(self) -> list[dict]:
        return [json.loads(line) for line in self.data.decode().split("\n")[:-1]]


@pytest.fixture(scope="session")
def local() -> Iterator[Local]:
    """The servers that a reader of the pages has on this machine."""
    made = Local()
    yield made
    made.close()


def outcome_of(
    main: Callable[[list[str]], int], arguments: tuple[object, ...], capture: pytest.CaptureFixture[bytes]
) -> Outcome:
    """Call a command's function as its process would."""
    capture.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as ended:
        code = ended.code
    data, err = capture.readouterr()
    return Outcome(code, data, err.decode())


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run the command in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        return outcome_of(main, arguments, capfdbinary)

    return run


@pytest.fixture
def tool(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Outcome]:
    """Run ``python -m datagen`` in this process."""
    return lambda *arguments: outcome_of(tools, arguments, capfdbinary)


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
def process(tmp_path: Path) -> Callable[..., Outcome]:
    """Run the command as a process of its own, in the test's directory."""

    def run(*arguments: object, **options: object) -> Outcome:
        line = [sys.executable, ROOT / "generator.py", *map(str, arguments)]
        options = {"cwd": tmp_path, "capture_output": True, "input": b""} | options
        done = subprocess.run(line, timeout=60, **options)
        return Outcome(done.returncode, done.stdout or b"", (done.stderr or b"").decode())

    return run
