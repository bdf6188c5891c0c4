"""The raw limits of the machine, and our run beside that of a pipe."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.population import CLICK_STREAM
from bench.process import ONE, TWO, Ran, answer, generate, run
from bench.setting import Setting, middle, ratio
from bench.table import Line


def limits(setting: Setting) -> Iterator[Line]:
    """Measure memory, a file and a pipe, and then the run through a pipe to ``cat``."""
    count = setting.size(5_000_000)
    sample = setting.fresh("sample.json")
    generate(CLICK_STREAM, count, output=sample)
    size = Path(sample).stat().st_size
    writing = ["-c", f"from bench.raw import write; write({sample!r}, {size})"]

    def pair() -> tuple[Ran, Ran]:
        return run(writing, TWO, read=_cat), generate(CLICK_STREAM, count, TWO, output="", read=_cat)

    copied = setting.repeat(lambda: answer("raw", "copy", 8)[0])
    yield Line("memory copied, one core", median(copied) / 1e9, "GB/s")
    filed = middle(setting.repeat(lambda: run(writing, ONE, setting.output("a file"))))
    yield Line("bytes written to a file", size / filed.seconds / 1e9, "GB/s", ran=filed)
    raw, ours = zip(*setting.repeat(pair), strict=True)
    for what, ran in (("bytes", middle(raw)), ("click stream", middle(ours))):
        yield Line(f"{what} written to a pipe to `cat`", size / ran.seconds / 1e9, "GB/s", ran=ran)
    share = ratio([ran.seconds for ran in raw], [ran.seconds for ran in ours])
    yield Line("click stream / bytes, to a pipe to `cat`", share, "", least=0.6)


def _cat(pipe: int) -> None:
    subprocess.run(["cat"], stdin=pipe, stdout=subprocess.DEVNULL, check=True)
