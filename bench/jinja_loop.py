"""What Jinja2 takes for a template of records whose values are there: one template with one loop over all of them."""

import re
import time

import jinja2

from bench.engine import begin, made_of


def render(spec: str, template: str, records: int) -> float:
    """Return the CPU time that the texts of so many records take, in ns a record.

    The template reads fields alone. They are Python's values before it begins, and unpacked by the loop, so that no
    record is looked into for each of them.
    """
    names = re.findall(r"{{ (\w+) }}", template)
    run, _ = begin(spec, 100)
    rows: list[tuple[object, ...]] = []
    while len(rows) < records:
        for batch in made_of(run, run._walk.advance(run.clock.horizon())):
            columns = batch.parts[0].columns
            rows += zip(*(columns[name].to_pylist() for name in names), strict=True)
    loop = f"{{% for {', '.join(names)} in rows %}}{template}\n{{% endfor %}}"
    compiled = jinja2.Environment().from_string(loop)
    began = time.process_time_ns()
    text = compiled.render(rows=rows)
    spent = time.process_time_ns() - began
    assert text.count("\n") >= len(rows) - 1, "a line for each record"
    return spent / len(rows)
