"""The format ``jinja``: the text of records from templates, with a header before them and a footer behind."""

import gzip
import json
import threading
from datetime import UTC
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jinja2
import pytest

import datagen
from datagen.plugin.registry import Registry
from tests.worlds import START, constant, counter, enum, run_of, state, uniform, world

PAGE = {"header": "<events>", "body": '<event n="{{ n }}">{{ u|upper }}</event>', "footer": "</events>"}
U = enum("u", "a", "b", None, weights=[1, 1, 1])
SPEC = world(
    counter("n"),
    {"name": "u", "type": "string", "length_distribution": uniform(1, 3), "hidden": True},
    states=[state("s", {"s": 0.9, "stop": 0.1}, delay=constant(1))],
)


def lines_of(format_: dict, spec: dict = SPEC, count: int = 20) -> list[str]:
    run = run_of(spec, count)
    formatter = Registry.load().make("formatter", {"type": "jinja", **format_})
    assert formatter.misfits(run.layout) == []
    writer = formatter.begin(run.layout)
    return b"".join(bytes(writer.lines(batch).data) for batch in run.batches()).decode().splitlines()


@pytest.mark.parametrize(
    "body",
    [
        "{{ n }} {{ u|upper }}",
        "{% for name, value in record.items() %}{{ name }}={{ value }};{% endfor %}",
        "{% if n is odd %}odd{% else %}{{ u }}{% endif %} {{ emitter }} {{ missing|default('-') }}",
        "{{ time.strftime('%H:%M:%S') }} {{ time }}",
    ],
)
def test_it_is_what_jinja2_makes_of_the_values(body: str) -> None:
    """In columns, and in a loop over records."""
    environment = jinja2.Environment()
    expected = []
    run = run_of(SPEC, 20)
    for batch in run.batches():
        for row in range(len(batch)):
            values = {name: array[row].as_py() for name, array in batch.parts[0].columns.items()}
            values["time"] = values["time"].replace(tzinfo=UTC)
            shown = {name: values[name] for name in ("time", "n")}
            expected.append(environment.from_string(body).render(**values, record=shown, emitter="e"))
    found = lines_of({"body": body})
    assert found == expected


def test_header_and_footer_stand_once_or_again_after_so_many_records(generate) -> None:
    spec = SPEC | {"templates": {"page": PAGE, "pages": PAGE | {"records": 3}}}
    found = generate(spec, "-n", 7, "-f", "page").lines
    assert (found[0], found[-1], len(found)) == ("<events>", "</events>", 9)
    pages = generate(spec, "-n", 7, "-f", "pages").lines
    assert [len(page.splitlines()) for page in "\n".join(pages).split("</events>")] == [4, 5, 3, 0]
    assert [line for line in pages if "event " in line] == found[1:-1]


def test_a_format_of_the_spec_is_that_of_a_target_and_of_a_file(generate, tmp_path: Path) -> None:
    spec = SPEC | {"templates": {"page": PAGE}}
    expected = generate(spec, "-n", 4, "-f", "page").out
    assert generate(spec | {"target": {"type": "stdout", "format": "page"}}, "-n", 4).out == expected
    (tmp_path / "target.json").write_text(json.dumps({"type": "stdout", "format": "page"}))
    assert generate(spec, "-n", 4, "-t", tmp_path / "target.json").out == expected
    (tmp_path / "own.j2").write_text(PAGE["body"] + "\n")
    assert generate(SPEC, "-n", 4, "-f", tmp_path / "own.j2").lines == expected.splitlines()[1:-1]


def test_a_template_includes_what_is_beside_it(generate, tmp_path: Path) -> None:
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "line.j2").write_text("{% from 'own.j2' import shout %}{{ shout(n) }}")
    (tmp_path / "formats" / "own.j2").write_text("{% macro shout(x) %}{{ x }}!{% endmacro %}")
    assert generate(SPEC, "-n", 2, "-f", tmp_path / "formats" / "line.j2").lines == ["0!", "1!"]


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("rotate", [None, {"records": 5}])
def test_each_file_has_a_header_and_a_footer_also_of_a_run_that_was_continued(
    generate, tool, tmp_path: Path, compression: str, rotate: dict | None
) -> None:
    path = tmp_path / "out" / "x.txt"
    path.parent.mkdir()
    target = {"type": "file", "path": str(path), "format": {"type": "jinja", **PAGE, "records": 2}}
    target |= {"compression": compression} | ({"rotate": rotate} if rotate else {})
    for count in (3, 4, 12):
        assert generate(SPEC | {"target": target}, "-n", count, "--state", tmp_path / "state").code == 0
    texts = []
    for file in sorted(path.parent.iterdir()):
        data = file.read_bytes()
        texts.append((gzip.decompress(data) if compression == "gzip" else data).decode())
    assert len(texts) == (1 if rotate is None else 3)
    events = []
    for text in texts:
        pages = text.split("</events>\n")
        assert pages.pop() == ""
        assert all(page.startswith("<events>\n") for page in pages)
        assert {page.count("<event ") for page in pages[:-1]} <= {2}
        events += [line for line in text.splitlines() if "<event " in line]
    assert events == lines_of({"body": PAGE["body"]}, count=12)
    audit = ("audit", tmp_path / "spec.json", "-s", START, "--seed", 1, "-n", 12)
    assert "12 expected, 12 found, 0 missing, 0 duplicated, 0 out of order, 0 altered" in tool(*audit).out


def test_a_file_that_is_added_to_has_whole_blocks(generate, tmp_path: Path) -> None:
    target = {"type": "file", "path": f"{tmp_path}/x.txt", "append": True, "format": {"type": "jinja", **PAGE}}
    for _ in range(2):
        generate(SPEC | {"target": target}, "-n", 1)
    found = (tmp_path / "x.txt").read_text().splitlines()
    assert [line[:8] for line in found] == ["<events>", "<event n", "</events"] * 2


@pytest.mark.parametrize(
    "format_",
    [
        {"body": "{{ n % 2 }}", "header": "1"},
        {"body": "{{ n % 2 }}", "footer": "0"},
        {"body": "{{ n % 2 }}", "header": "0", "footer": "1"},
        {"body": "{{ n }}\n{% if n is odd %}\n{% endif %}.", "header": "-", "footer": "1"},
    ],
)
def test_an_audit_takes_no_record_for_a_header_or_footer(generate, tool, tmp_path: Path, format_: dict) -> None:
    target = {"type": "file", "path": f"{tmp_path}/x.txt", "format": {"type": "jinja", "records": 4, **format_}}
    generate(SPEC | {"target": target}, "-n", 14)
    lines = len(lines_of({"body": format_["body"]}, count=14))
    audit = ("audit", tmp_path / "spec.json", "-s", START, "--seed", 1, "-n", 14)
    assert f"{lines} expected, {lines} found, 0 missing, 0 duplicated" in tool(*audit).out


@pytest.mark.parametrize("fields", [[], [counter("n", hidden=True)]])
def test_a_record_without_fields_is_an_empty_object(fields: list) -> None:
    spec = world(*fields)
    spec["emitters"][0]["time"] = None
    assert lines_of({"body": "{{ record }}"}, spec, 3) == ["{}"] * 3
    assert lines_of({"body": "{{ record|length }}{% for name in record %}{{ name }}{% endfor %}"}, spec, 3) == ["0"] * 3


def test_each_request_has_a_header_and_a_footer(generate) -> None:
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target = {"type": "http", "url": f"http://127.0.0.1:{server.server_port}/", "batch": {"records": 4}}
    generate(SPEC | {"target": target | {"format": {"type": "jinja", **PAGE}}}, "-n", 10)
    server.shutdown()
    server.server_close()
    assert [body.count("<event ") for body in bodies] == [4, 4, 2]
    assert all(body.startswith("<events>\n") and body.endswith("</events>\n") for body in bodies)


def test_a_run_that_goes_on_begins_with_a_header_where_the_one_before_has_left_a_footer(generate, tmp_path) -> None:
    def told(count: int, name: str) -> list[str]:
        return generate(SPEC | {"templates": {"page": PAGE}}, "-n", count, "-f", name, "--state", tmp_path / name).lines

    first, second = told(1, "page"), told(3, "page")
    assert (first[0], first[-1], len(first)) == ("<events>", "</events>", 3)
    assert (second[0], second[-1], len(second)) == ("<events>", "</events>", 4)
    assert [len(told(count, "csv")) for count in (1, 3)] == [2, 2]


def test_a_message_has_neither_and_no_line_end() -> None:
    run = run_of(SPEC, 2)
    writer = Registry.load().make("formatter", {"type": "jinja", **PAGE}).begin(run.layout)
    lines = writer.lines(next(run.batches()))
    assert bytes(lines.data).startswith(b'<event n="0">')
    assert lines.end == 1


def test_a_whole_text_is_a_column() -> None:
    spec = world(counter("n"))
    spec["emitters"][0]["text"] = {"type": "text", "value": "no {{n}}"}
    assert lines_of({"body": "{{ n }}: {{ text }}"}, spec, 2) == ["0: no 0", "1: no 1"]


@pytest.mark.parametrize(
    ("format_", "message"),
    [
        ({"body": "{{ tim }}"}, 'no emitter has "tim"; did you mean "time"?'),
        ({"body": "{{ n"}, "target.format.body: line 1: "),
        ({"header": "x"}, 'there must be either "body" or "path"'),
        ({"path": "nosuch.j2"}, "nosuch.j2"),
        (
            {"body": "{{ rand.number.integer(1, 2) }}"},
            "a format draws nothing and reads no tables",
        ),
        ({"body": "x", "footer": "{{ tables.t[0] }}"}, "target.format.footer: a format draws nothing"),
        ({"body": "x", "records": 0}, "target.format.records: must be greater than or equal to 1, found 0"),
    ],
)
def test_what_does_not_fit_is_said(generate, format_: dict, message: str) -> None:
    outcome = generate(SPEC | {"target": {"type": "stdout", "format": {"type": "jinja", **format_}}}, "-n", 1)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_template_that_is_wrong_is_said_where_it_stands() -> None:
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(SPEC | {"templates": {"page": {"body": "{% if %}", "heder": ""}}})
    assert 'templates.page.heder: unknown key "heder"; did you mean "header"?' in str(caught.value)
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(SPEC | {"templates": {"page": {"body": "{% if %}"}, "other": 1}})
    assert "templates.page.body: line 1" in str(caught.value)
    assert "templates.other: must be an object, found 1" in str(caught.value)


def test_a_template_that_fails_tells_where_and_for_which_record(generate) -> None:
    format_ = {"type": "jinja", "body": "a\n{{ 1 / (n - 3) }}"}
    outcome = generate(SPEC | {"target": {"type": "stdout", "format": format_}}, "-n", 10)
    assert outcome.code == 1
    expected = "the body of the format jinja: line 2: ZeroDivisionError: division by zero; the record held n=3"
    assert expected in outcome.err
