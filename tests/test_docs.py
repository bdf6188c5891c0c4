"""Every JSON, sh and python block of the README and the written documentation, run through the real command.

A comment ``<!-- file: NAME -->`` before a block says that the reader saves it under that name.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from datagen.command.main import main
from datagen.plugin.registry import Registry
from tests.servers.local import FAR

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
    if line.startswith("python ") and not line.startswith("python -m tests.")  # servers, which run meanwhile
] + [(path, line) for path in PAGES for line in re.findall(r"`(python generator\.py -c conf[^`]*)`", path.read_text())]
CONSTANT = {"type": "constant", "value": 1}
GROUPS = ("distribution", "dimension", "formatter", "stage", "target")
KINDS = {name: group for group in GROUPS for name in Registry.load().of(group)}


def blocks(language):
    return [
        pytest.param(path, match, id=f"{path.relative_to(ROOT)}:{match.string.count(chr(10), 0, match.start()) + 2}")
        for path, match in BLOCKS
        if match["language"] == language
    ]


def needs(path):
    """Return the kinds of targets whose servers a page's examples need; it names them in its first line."""
    found = re.match(r"<!-- server: (.+) -->", path.read_text(encoding="utf-8"))
    return found[1].split(", ") if found else []


def whole_spec(part):
    """Put a part of a spec into a whole one."""
    if isinstance(part, list):
        return {**whole_spec(part[0]), "target": part}
    if "states" in part:
        return part
    if KINDS.get(str(part.get("type"))) == "target":
        return {**json.loads((ROOT / "conf/gen/clickstream.json").read_text()), "target": part}
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


@pytest.fixture(autouse=True)
def environment(clone, monkeypatch):
    """Set what docs/delivery.md tells a reader to set."""
    monkeypatch.setenv("EVENTS_FOLDER", str(clone))


def run(command, folder, shell=False):
    done = subprocess.run(command, cwd=folder, shell=shell, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("path", "block"), blocks("json"))
def test_a_json_block_runs(path, block, local, clone, monkeypatch, capfd):
    for kind in needs(path):
        local.need(kind)
    monkeypatch.chdir(clone)
    part = json.loads(block["text"])
    Path("spec.json").write_text(json.dumps(whole_spec(part)))
    plugins = [f"--plugins={match['file']}" for _, match in BLOCKS if match["file"] and "kind = " in match["text"]]
    only_check = ["--check"] if set(needs(path)) & set(FAR) else []
    code = main(["-c", "spec.json", "-s", "2024-01-01", "-n", "3", "--seed", "1", *plugins, *only_check])
    err = capfd.readouterr().err
    assert code == 0, err
    assert any(line.startswith("spec, target" if only_check else "3 records, ") for line in err.splitlines()), err


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(path, line, id=f"{path.relative_to(ROOT)}: {line}") for path, line in COMMANDS]
)
def test_a_command_runs(path, command, local, clone):
    for kind in needs(path):
        local.need(kind)
    if not set(needs(path)) & set(FAR):
        run(command.replace("python ", f"{sys.executable} ", 1), clone, shell=True)


@pytest.mark.parametrize(("path", "block"), blocks("python"))
def test_a_python_block_runs(path, block, local, clone):
    for kind in needs(path):
        local.need(kind)
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
            assert (path.parent / link.partition("#")[0]).exists(), link
