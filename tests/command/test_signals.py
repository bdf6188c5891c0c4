"""What a signal does at any moment of a process's life, and how soon a run ends whose target can't be reached."""

import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.installed import wait_until
from tests.worlds import ROOT, constant, world, write_json

EXAMPLE = ROOT / "conf" / "gen" / "example.json"
SIGNALS = [signal.SIGINT, signal.SIGTERM]
SILENT = {
    "kafka": {"endpoint": "127.0.0.1:PORT", "topic": "x"},
    "redis": {"url": "redis://127.0.0.1:PORT/0", "list": "x"},
    "nats": {"servers": ["127.0.0.1:PORT"], "subject": "x"},
    "amqp": {"url": "amqp://127.0.0.1:PORT/", "queue": "x"},
    "mqtt": {"host": "127.0.0.1", "port": "PORT", "topic": "x"},
    "postgres": {"dsn": "postgresql://postgres@127.0.0.1:PORT/test", "table": "x"},
    "file": {"path": "s3://key:secret@bucket/x.json?endpoint_override=127.0.0.1:PORT&scheme=http&region=x"},
}


def start(*arguments: object) -> subprocess.Popen:
    line = [sys.executable, ROOT / "generator.py", *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def catches(process: subprocess.Popen, number: int) -> bool:
    """Whether a process has a handler for a signal, or has ended."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = status.partition("SigCgt:")[2].split()
    return not caught or bool(int(caught[0], 16) >> (number - 1) & 1) or process.poll() is not None


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_behind_the_closing_line_does_not_end_the_process(number: int) -> None:
    codes = []
    for _ in range(10):
        run = start("-c", EXAMPLE, "-s", "2024-01-01T00:00:00Z", "-n", 10)
        assert run.stderr.readline().startswith(b"10 records, ")
        run.send_signal(number)
        run.communicate(timeout=30)
        codes.append(run.returncode)
    assert codes == [0] * 10


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_no_failure_however_early_or_late_it_comes(number: int) -> None:
    """Before the first line of ours the signal is the interpreter's."""
    draws, codes = random.Random(number), []
    for _ in range(12):
        run = start("-c", EXAMPLE, "-s", "2024-01-01T00:00:00Z", "-n", 20_000)
        wait_until(lambda run=run: catches(run, signal.SIGTERM))
        time.sleep(draws.uniform(0, 1.2))
        run.send_signal(number)
        _, err = run.communicate(timeout=30)
        codes.append((run.returncode, b"Traceback" in err))
    assert codes == [(0, False)] * 12


@pytest.mark.parametrize("on_error", ["stop", "retry"])
@pytest.mark.parametrize("kind", SILENT)
def test_a_run_whose_target_says_nothing_ends_soon_after_a_signal(tmp_path, kind: str, on_error: str) -> None:
    spec = write_json(tmp_path / "spec.json", world() | {"interarrival": constant(0.01)})
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        keys = {key: filled(value, port) for key, value in SILENT[kind].items()}
        run = start("-c", spec, "-t", write_json(tmp_path / "t.json", {"type": kind, "on_error": on_error, **keys}))
        server.settimeout(60)
        with server.accept()[0]:
            run.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, err = run.communicate(timeout=60)
    assert time.monotonic() - began < 8  # about 1 s, on a machine that does nothing else
    assert run.returncode == 1
    assert err.decode().endswith("it did not answer before the run was stopped (0 records delivered)\n")


def filled(value: object, port: int) -> object:
    """Put the port where it belongs."""
    if isinstance(value, list):
        return [filled(item, port) for item in value]
    return port if value == "PORT" else str(value).replace("PORT", str(port))
