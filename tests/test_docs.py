"""Every JSON, sh and python block of the README and the written documentation, run through the real command.

- ``<!-- file: NAME -->`` before a block says that the reader saves it under that name.
- A ``text`` block directly after a ``sh`` or ``python`` block is what that one prints: its standard output or, where
  there is none, its standard error. How many seconds something took, and the rate behind it, may differ.
- ``<!-- exit: 2 -->`` before a block says that it fails with this exit code.

``python -m tests.test_docs`` writes into the pages what their blocks print now (pages that need a server excepted).
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
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
    r"(?:^<!-- (?:file: (?P<file>\S+)|exit: (?P<exit>\d+)) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
ELSEWHERE = (
    "python3 -m venv ",
    "source .venv",
    "pip install ",
    "docker ",
    "socat ",
    "python -m tests.",
    "python -m native.",
)  # set-up, servers
# What a run takes, without a rate where it is over at once; and whose time zones a machine has.
VARIES = re.compile(r"\d+\.\d+ ?s\b(, [\d.,]+ records/s)?|(?<=tzdata )[\w.]+")
OPENING = re.compile(r"^datagen [\d.]+: \w+ from .*\n", re.MULTILINE)  # of a run that takes long, on a slow machine
BLOCKS = [(path, match) for path in PAGES for match in BLOCK.finditer(path.read_text(encoding="utf-8"))]
INLINE = [(path, line) for path in PAGES for line in re.findall(r"`(datagen -c conf[^`]*)`", path.read_text())]
CONSTANT = {"type": "constant", "value": 1}
GROUPS = ("distribution", "dimension", "formatter", "profile", "stage", "target")
KINDS = {name: group for group in GROUPS for name in Registry.load().of(group)}


def is_used(path, block):
    """Return whether a block is a file that a command or program on its page reads, and so is run there."""
    texts = [match["text"] for page, match in BLOCKS if page == path and match["language"] in ("sh", "python")]
    return block["file"] is not None and any(block["file"] in text for text in texts if text != block["text"])


def blocks(*languages):
    return [
        pytest.param(path, match, id=f"{path.relative_to(ROOT)}:{match.string.count(chr(10), 0, match.start()) + 2}")
        for path, match in BLOCKS
        if match["language"] in languages and not (match["language"] == "json" and is_used(path, match))
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
    elif group == "profile":
        spec |= {"profiles": {"profile": part}, "incidents": {"outage": {"from": "+1H", "until": "+2H"}}}
    elif group == "dimension":
        spec["emitters"][0]["dimensions"] = [part]
        if "variable" in part:
            state["variables"] = [{"type": "counter", "name": part["variable"]}]
    else:
        spec["interarrival" if group == "distribution" else "target"] = part
    return spec


def save_files(text, folder):
    """Make a folder that looks like a clone in which a reader has saved what a page says to save."""
    for name in ("generator.py", "datagen", "conf", "formats"):
        (folder / name).symlink_to(ROOT / name)
    for match in BLOCK.finditer(text):
        if match["file"]:
            (folder / match["file"]).write_text(match["text"], encoding="utf-8")
    command = folder / ".bin" / "datagen"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m datagen "$@"\n')
    command.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Return the folder in which the blocks of a page run."""
    folders = {}

    def folder(path):
        if path not in folders:
            folders[path] = save_files(path.read_text(encoding="utf-8"), tmp_path_factory.mktemp("page"))
        return folders[path]

    return folder


def run(command, folder, code=0):
    """Run a command and return what it prints."""
    path = os.pathsep.join([str(folder / ".bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout or done.stderr


def printed(block, folder):
    """Return what a sh or python block prints."""
    if block["language"] == "python":
        return run([sys.executable, "-c", block["text"]], folder, int(block["exit"] or 0))
    lines = [line for line in block["text"].splitlines() if not line.startswith(ELSEWHERE)]
    return run(["bash", "-eo", "pipefail", "-c", "\n".join(lines)], folder, int(block["exit"] or 0))


def calls(block):
    """Return the arguments of each call of datagen, when a block holds nothing else and needs no shell."""
    lines = [line for line in block["text"].splitlines() if not line.startswith(ELSEWHERE)]
    is_plain = all(line.startswith("datagen ") and not set(line) & set("|<>;&$*`\\") for line in lines)
    return [shlex.split(line)[1:] for line in lines] if is_plain and block["language"] == "sh" else []


def said(command, calls, code=0):
    """Call datagen in this process, which is sooner there than one of its own; return what it prints."""
    outcomes = [command(*arguments) for arguments in calls]
    assert outcomes[-1].code == code, outcomes[-1].err
    return "".join(outcome.out for outcome in outcomes) or "".join(outcome.err for outcome in outcomes)


def masked(text):
    return VARIES.sub("…", OPENING.sub("", text))


def rewritten(text, folder):
    """Return a page with what its blocks print now."""
    for match in [match for match in BLOCK.finditer(text) if match["language"] in ("sh", "python")]:
        output = printed(match, folder)
        if match["output"] is not None and masked(output) != masked(match["output"]):
            text = text.replace(match[0], match[0].replace(f"```text\n{match['output']}```", f"```text\n{output}```"))
    return text


@pytest.mark.parametrize(("path", "block"), blocks("json"))
def test_a_json_block_runs(path, block, local, folder_of, monkeypatch, capfd):
    for kind in needs(path):
        local.need(kind)
    monkeypatch.chdir(folder_of(path))
    monkeypatch.setenv("EVENTS_FOLDER", ".")  # as docs/delivery.md tells a reader
    part = json.loads(block["text"])
    Path(".block.json").write_text(json.dumps(whole_spec(part)))
    plugins = [
        f"--plugins={match['file']}"
        for page, match in BLOCKS
        if page == path and match["file"] and "kind = " in match["text"]
    ]
    only_check = ["--check"] if set(needs(path)) & set(FAR) else []
    code = main(["-c", ".block.json", "-s", "2024-01-01", "-n", "3", "--seed", "1", *plugins, *only_check])
    err = capfd.readouterr().err
    assert code == 0, err
    assert any(line.startswith("spec, target" if only_check else "3 records, ") for line in err.splitlines()), err


HERE = [case for case in blocks("sh", "python") if not set(needs(case.values[0])) & set(FAR)]


@pytest.mark.parametrize(("path", "block"), HERE)
def test_a_block_prints_what_the_page_shows(path, block, local, folder_of, command, monkeypatch):
    for kind in needs(path):
        local.need(kind)
    monkeypatch.chdir(folder_of(path))
    plain = calls(block)
    output = said(command, plain, int(block["exit"] or 0)) if plain else printed(block, Path.cwd())
    if block["output"] is not None:
        assert masked(output) == masked(block["output"])


@pytest.mark.parametrize(("path", "line"), [pytest.param(*case, id=case[1]) for case in INLINE])
def test_a_command_within_a_sentence_runs(path, line, folder_of):
    run(["bash", "-c", line], folder_of(path))


def test_an_output_that_differs_is_noticed_and_written_anew(tmp_path):
    page = "```sh\necho {0}\n```\n\n```text\n{1}\n```\n".format
    folder = save_files("", tmp_path)
    assert rewritten(page("2, 0.5 s", "1, 0.5 s"), folder) == page("2, 0.5 s", "2, 0.5 s")
    assert rewritten(page("2, 0.5 s", "2, 1.7 s, 9 records/s"), folder) == page("2, 0.5 s", "2, 1.7 s, 9 records/s")
    with pytest.raises(AssertionError):
        rewritten("```sh\nfalse\n```\n", folder)


def test_the_readme_shows_the_example_spec():
    assert (ROOT / "conf" / "gen" / "example.json").read_text() in (ROOT / "README.md").read_text()


def test_the_readme_commands_are_one_line_each_and_set_up_the_same():
    setups = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(setups) == 2
    assert all(line.startswith("python3 -m venv .venv && .venv/bin/pip install -q -r requirements") for line in setups)


def anchors(path):
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        if link.startswith("http") or link.endswith("bench/RESULTS.md"):  # made by `python -m bench`
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


if __name__ == "__main__":
    for page in PAGES:
        if not needs(page):
            with tempfile.TemporaryDirectory() as made:
                page.write_text(rewritten(page.read_text(encoding="utf-8"), save_files(page.read_text(), Path(made))))
