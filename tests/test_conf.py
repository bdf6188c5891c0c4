"""What a user copies works: every file under ``conf/`` and ``formats/`` through the real command."""

import json
import re

import pytest

from tests.servers.local import FAR
from tests.worlds import ROOT, START

SPECS = sorted(ROOT.glob("conf/gen/*.json"))
TARGETS = sorted(ROOT.glob("conf/tar/*.json"))
PATTERNS = sorted(path for path in ROOT.glob("formats/*") if path.suffix != ".md")
EXPECTED = {"example", "clickstream", "social_posts", "sensors", "payments"}


def name(path) -> str:
    return path.name


def table() -> dict[str, str]:
    """The command that formats/README.md gives for each pattern."""
    text = (ROOT / "formats/README.md").read_text()
    return dict(re.findall(r"^\| `([^`]+)` \|.*\| `datagen ([^`]+)` \|$", text, re.MULTILINE))


def test_the_ready_files_are_there() -> None:
    assert {path.stem for path in SPECS} >= EXPECTED
    assert {path.stem for path in TARGETS} >= {"stdout", "file"}
    assert set(table()) == {path.name for path in PATTERNS}


@pytest.mark.parametrize("path", SPECS, ids=name)
def test_a_ready_spec_runs_without_a_warning(command, path) -> None:
    outcome = command("-c", path, "-s", START, "-n", 200, "--seed", 1)
    assert outcome.code == 0
    assert len(outcome.err.splitlines()) == 1
    assert len(outcome.records) == 200


@pytest.mark.parametrize("path", SPECS, ids=name)
@pytest.mark.parametrize("format_", ["csv", "tsv"])
def test_a_ready_spec_fits_a_table(command, path, format_: str) -> None:
    assert len(command("-c", path, "-s", START, "-n", 50, "-f", format_).lines) == 51


@pytest.mark.parametrize("path", SPECS, ids=name)
def test_a_ready_spec_is_checked(command, path) -> None:
    assert command("-c", path, "--check").code == 0


@pytest.mark.parametrize("path", TARGETS, ids=name)
def test_a_ready_target_takes_records(command, local, path, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    kind = json.loads(path.read_text())["type"]
    local.need(kind)
    only_check = ["--check"] if kind in FAR else []
    for name in re.findall(r"\$\{(\w+)\}", path.read_text()):
        monkeypatch.setenv(name, "secret")
    outcome = command("-c", ROOT / "conf/gen/clickstream.json", "-t", path, "-s", START, "-n", 20, *only_check)
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith("spec, target and format are valid" if only_check else "20 records, ")
    assert len(outcome.lines) == (20 if kind == "stdout" else 0)


@pytest.mark.parametrize("path", PATTERNS, ids=name)
def test_a_ready_pattern_fits_the_spec_that_its_readme_names(command, path, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    outcome = command(*table()[path.name].split(), "--seed", 1)
    assert outcome.code == 0, outcome.err
    assert len(outcome.lines) == 10
    assert "{{" not in outcome.out


def test_the_apache_pattern_makes_combined_log_lines(command) -> None:
    pattern = ROOT / "formats/apache_combined.txt"
    outcome = command("-c", ROOT / "conf/gen/access_log.json", "-f", pattern, "-s", START + "+00:00", "-n", 500)
    line = r'(\d+\.){3}\d+ - \S+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "[A-Z]+ \S+ HTTP/1\.1" \d{3} (\d+|-)'
    line += ' "[^"]*" "[^"]*"'
    assert all(re.fullmatch(line, text) for text in outcome.lines)


def test_the_envelope_pattern_makes_json(command) -> None:
    pattern = ROOT / "formats/envelope.json.txt"
    outcome = command("-c", ROOT / "conf/gen/clickstream.json", "-f", pattern, "-s", START, "-n", 500)
    assert all(record["payload"]["client"]["country"] for record in outcome.records)


def test_the_example_is_the_access_log_that_the_readme_shows(command) -> None:
    records = command("-c", ROOT / "conf/gen/example.json", "-s", START, "-n", 2000, "--seed", 1).records
    assert {"time", "server", "client", "endpoint", "response_time_ms"} <= set(records[0])
    assert len({record["client"] for record in records}) <= 200
    states = {state["name"] for state in json.loads((ROOT / "conf/gen/example.json").read_text())["states"]}
    assert any("get" in name for name in states)
    assert any("post" in name for name in states)


def test_the_clickstream_has_nine_dimensions_and_a_visit_every_tenth_of_a_second() -> None:
    spec = json.loads((ROOT / "conf/gen/clickstream.json").read_text())
    dimensions = spec["emitters"][0]["dimensions"]
    assert len(dimensions) == 9
    assert sum(dimension["type"] == "variable" for dimension in dimensions) > 4
    assert spec["interarrival"] == {"type": "exponential", "mean": 0.1}
    words = " ".join(state["name"] for state in spec["states"])
    assert all(word in words for word in ("login", "search", "view", "cart", "checkout", "leav"))
