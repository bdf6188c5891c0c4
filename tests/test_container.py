"""The files for containers: what they copy and run is there and right. Linters look at them in ``.ci/run``."""

import json
import re

import yaml

from tests.worlds import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    copied = {name for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()}
    kept = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert copied == set(kept)
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_the_command_and_not_as_root() -> None:
    assert re.search(r"^USER [1-9]\d*$", DOCKERFILE, re.MULTILINE)
    assert json.loads(re.search(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)[1]) == ["datagen"]


def test_the_composed_command_is_valid_with_its_targets(command, tmp_path, monkeypatch) -> None:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text())
    targets = tmp_path / "targets.json"
    targets.write_text(composed["configs"]["targets"]["content"])
    arguments = composed["services"]["datagen"]["command"]
    assert arguments[-1] == composed["services"]["datagen"]["configs"][0]["target"]
    monkeypatch.chdir(ROOT)
    command("check", *arguments[:-1], targets)
    hosts = re.findall(r"(?<=@)\w+|\w+(?=:9092)", targets.read_text())
    assert set(hosts) == set(composed["services"]) - {"datagen"}
