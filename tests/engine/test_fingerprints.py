"""Golden fingerprints: the bytes of every ready spec stay what they were, on every machine.

Remake them, after a change that is meant to change records, with ``python -m tests.engine.test_fingerprints``.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds import ROOT, START

FINGERPRINTS = Path(__file__).with_name("fingerprints.json")
SPECS = sorted(ROOT.glob("conf/gen/*.json"))
OPTIONS = ("-s", START, "--seed", "1", "-n", "100000", "-t", str(ROOT / "conf/tar/stdout.json"))


def fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_every_ready_spec_has_a_fingerprint() -> None:
    assert set(json.loads(FINGERPRINTS.read_text())) == {path.stem for path in SPECS}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_bytes_of_a_ready_spec_are_what_they_were(command, path: Path) -> None:
    outcome = command("-c", path, *OPTIONS)
    assert outcome.code == 0
    assert fingerprint(outcome.data) == json.loads(FINGERPRINTS.read_text())[path.stem]


def remake() -> None:
    """Write the fingerprints of what the command makes now."""
    made = {}
    for path in SPECS:
        line = [sys.executable, ROOT / "generator.py", "-c", path, *OPTIONS]
        done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        made[path.stem] = fingerprint(done.stdout)
    FINGERPRINTS.write_text(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    remake()
