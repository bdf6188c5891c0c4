"""Every JSON, sh and python block of the README and the written documentation, run through the real command.

A comment ``<!-- file: NAME -->`` before a block says that the reader saves it under that name.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from datagen import cli
from datagen.registry import Registry

ROOT = Path(__file__).parent.parent
PAGES = [
    path
    for path in (ROOT / "README.md", ROOT / "formats" / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if path.parent.name != "reference"  # made from docstrings, whose examples tests/test_reference.py runs
]
BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
BLOCKS = [(path, match) for path in PAGES for match in BLOCK.finditer(path.read_text(encoding="utf-8"))]
COMMANDS = [
    (path, line)
    for path, match in BLOCKS
    if match["language"] == "sh"
    for line in match["text"].splitlines()
    if line.startswith("python ")
] + [(path, line) for path in PAGES for line in re.findall(r"`(python generator\.py -c conf[^`]*)`", path.read_text())]
CONSTANT = {"type": "constant", "value": 1}
KINDS = {name: group for group, name in Registry.load().kinds}


def blocks(language):
    return [
        pytest.param(match, id=f"{path.relative_to(ROOT)}:{match.string.count(chr(10), 0, match.start('text')) + 1}")
        for path, match in BLOCKS
        if match["language"] == language
    ]


def whole_spec(part):
    """Put a part of a spec into a whole one."""
    if "states" in part:
        return part
    state = {
        "name": "only",
        "emitter": "record",
        "delay": CONSTANT,
        "transitions": [{"next": "only", "probability": 1}],
    }
    spec = {"states": [state], "emitters": [{"name": "record", "dimensions": []}], "interarrival": CONSTANT}
    group = KINDS.get(str(part.get("type")))
    if "transitions" in part:
        spec["states"] = [part]
    elif group == "dimension":
        spec["emitters"][0]["dimensions"] = [part]
        if "variable" in part:
            state["variables"] = [{"type": "counter", "name": part["variable"]}]
    else:
        spec["interarrival" if group == "distribution" else "target"] = part
    return spec


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Make a directory that looks like a clone in which a reader has saved what the pages say to save."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("generator.py", "datagen", "conf", "formats"):
        (folder / name).symlink_to(ROOT / name)
    for _, match in BLOCKS:
        if match["file"]:
            (folder / match["file"]).write_text(match["text"], encoding="utf-8")
    return folder


def run(command, folder, shell=False):
    done = subprocess.run(command, cwd=folder, shell=shell, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("json"))
def test_a_json_block_runs(block, clone, monkeypatch, capfd):
    monkeypatch.chdir(clone)
    part = json.loads(block["text"])
    Path("spec.json").write_text(json.dumps(whole_spec(part)))
    plugins = [f"--plugins={match['file']}" for _, match in BLOCKS if (match["file"] or "").endswith(".py")]
    code = cli.main(["-c", "spec.json", "-s", "2024-01-01", "-n", "3", "--seed", "1", *plugins])
    out, err = capfd.readouterr()
    assert code == 0, err
    assert len(out.splitlines()) == 3 or Path(part["path"]).stat().st_size


@pytest.mark.parametrize(
    "command", [pytest.param(line, id=f"{path.relative_to(ROOT)}: {line}") for path, line in COMMANDS]
)
def test_a_command_runs(command, clone):
    run(command.replace("python ", f"{sys.executable} ", 1), clone, shell=True)


@pytest.mark.parametrize("block", blocks("python"))
def test_a_python_block_runs(block, clone):
    run([sys.executable, "-c", block["text"]], clone)


def test_the_readme_shows_the_example_spec():
    assert (ROOT / "conf" / "gen" / "example.json").read_text() in (ROOT / "README.md").read_text()


def test_the_readme_commands_are_one_line_each_and_set_up_the_same():
    setups = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(setups) == 2
    assert all(line.startswith("python3 -m venv .venv && .venv/bin/pip install -q -r requirements") for line in setups)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)
    }
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("http") and link != "bench/RESULTS.md":  # made by `python -m bench`
            assert (path.parent / link).exists(), link
