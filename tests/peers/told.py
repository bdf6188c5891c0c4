"""Runs specs that say what files of other generators say, and gives the lines that they print."""

import json
from pathlib import Path

import datagen

ONCE = [{"next": "stop", "probability": 1}]
START = "2026-01-01T00:00:00Z"


def told(folder: Path, spec: dict, files: dict[str, str] | None = None, **options: object) -> list[str]:
    """Return the lines of a run of a spec in a folder with files."""
    for name, text in {**(files or {}), "spec.json": json.dumps(spec)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    target = {"type": "file", "path": str(folder / "out.txt")} | options.pop("target", {})
    datagen.run(folder / "spec.json", target, **{"start": START, "seed": 7} | options)
    return [line for path in sorted(folder.glob("out*")) for line in path.read_text(encoding="utf-8").splitlines()]


def events(arrivals: dict | list, text: dict, *variables: dict, **keys: object) -> dict:
    """Return a spec whose workers make one event each, of a text."""
    state = {"name": "event", "emitter": "event", "variables": list(variables), "transitions": ONCE}
    return {"arrivals": arrivals, "states": [state], "emitters": [{"name": "event", "text": text}]} | keys


def lines(path: str = "sample.log", **keys: object) -> dict:
    """Return a table of the events in a file of text."""
    return {"path": path, "format": "lines"} | keys


def sample(*rules: tuple[str, dict], pick: str = "batch") -> dict:
    """Return the text of a sample's event with its tokens replaced, by regular expressions and field generators."""
    line = {"type": "column", "name": "line", "table": "sample", "column": "line", "pick": pick}
    tokens = [{"match": match, "value": {"name": f"t{n}"} | value} for n, (match, value) in enumerate(rules)]
    return {"type": "replace", "in": line, "with": tokens} if tokens else line
