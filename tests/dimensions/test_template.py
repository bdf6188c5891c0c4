"""The dimension ``template``: equal to Jinja2 itself, repeatable, closed to the machine, clear about what is wrong."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import datagen
from datagen.clock import SimulatedClock
from datagen.moment import parse_moment
from datagen.plugin.fake import pool as fake_pool
from datagen.plugin.model import named_files, named_libraries
from datagen.problems import InvalidInput, RunFailed
from datagen.records.text import join
from datagen.script import environment
from datagen.script.columns import shown
from tests.stepping import SteppingClock
from tests.worlds import START, enum, integer, records_of, run_of, state, uniform, world, write_json

CITIES = {"columns": ["name", "country", "people"], "rows": [["Rome", "IT", 3], ["Oslo", "NO", 1], ["Milan", "IT", 0]]}
FIELDS = [
    enum("word", "plain", 'é"\\ß', "a,b", "line\nbreak", "<&>'", "", " 50 %/?\x1c", "😀", None),
    integer("n", uniform(-5, 10**6)),
    {"name": "x", "type": "float", "distribution": {"type": "normal", "mean": 0, "stddev": 1e4}},
    {"name": "y", "type": "float", "distribution": uniform(-3, 9), "precision": 1, "percent_nulls": 20},
    {"name": "s", "type": "string", "length_distribution": uniform(0, 5)},
    {"name": "u", "type": "string", "length_distribution": uniform(1, 3), "chars": "aßǅéИ"},
    {"name": "b", "type": "bool"},
    {
        "name": "o",
        "type": "object",
        "dimensions": [enum("k", 1, "x", [1, None]), enum("items", "it", percent_missing=50)],
    },
    {"name": "l", "type": "list", "elements": [enum("e", 1, 2, 3)], "length_distribution": uniform(0, 3)},
    enum("gone", "here", percent_missing=50),
]
TEXTS = {
    "names": "{{ word }}|{{ n }}|{{ x }}|{{ y }}|{{ s }}|{{ b }}|{{ gone }}|{{ time }}",
    "filters": "{{ word|upper }}|{{ s|lower }}|{{ s|trim }}|{{ u|upper }}|{{ u|lower }}|{{ n|abs }}|{{ x|round(2) }}",
    "defaults": "{{ gone|default('-') }}|{{ gone|d(5) }}|{{ y|default('-') }}|{{ gone|default('-', true) }}",
    "expressions": "{{ n + 1 }}|{{ s[0] }}|{{ o.k }}|{{ o.no }}|{{ gone|default('-') }}|{{ 'big' if n > 9 else 'no' }}",
    "objects": "{{ o }}|{{ l }}|{{ l|length }}|{{ l|sum }}|{{ o['k']|tojson }}|{{ l|join('-') }}|{{ word|tojson }}",
    "conditions": "{% if n > 500000 %}{{ word }}{% elif gone is defined %}{{ gone }}{% else %}-{% endif %}{{ n }}",
    "sets": "{% if n is even %}{% set a = n %}{% endif %}[{{ a }}]{% set a = 2 %}{{ a }}",
    "loops": "{% for i in l %}{{ loop.index }}:{{ i }}{% if i == 2 %}{% break %}{% endif %}{% else %}none{% endfor %}",
    "changes": "{% set found = [] %}{% for i in l if i > 1 %}{% do found.append(i) %}{% endfor %}{{ found }}",
    "macros": "{% macro m(a, b=2) %}{{ a }}+{{ b }}+{{ n }}{% endmacro %}{{ m(1) }} {{ m(word, b=l) }}",
    "spaces": "  {{- n -}}  \n{#- no -#}\n {% raw %}{{ n }}{% endraw %}\n",
    "calls": "{{ s.startswith('a') }} {{ '%05d'|format(n) }} {{ '{:>8}'.format(n) }} {{ s.split('a') }}",
    "times": "{{ time.isoformat() }} {{ time.strftime('%d/%b/%Y:%H:%M:%S %z') }} {{ time.year + 1 }}",
    "include": "{% include 'part.j2' %}{% include ['no.j2', 'part.j2'] %}{% include 'no.j2' ignore missing %}",
    "import": "{% from 'lib.j2' import shout, once %}\n{% import 'lib.j2' as l %}{{ shout(n) }} {{ l.once }}{{ once }}",
    "late import": "{{ n }}{% if n is even %}{% from 'lib.j2' import shout %}{{ shout(s) }}{% endif %}",
    "inherits": "{% extends 'base.j2' %}{% block body %}{{ n }} {{ super() }}{% endblock %}",
    "namespace": "{% set ns = namespace(t=0) %}{% for i in l %}{% set ns.t = ns.t + i %}{% endfor %}{{ ns.t }}",
    "nothing": "",
    "text": "only this {{ 'and this' }}",
}
FILES = {
    "part.j2": "<{{ n }}{{ word }}>\n",
    "lib.j2": "{% set once = 'one' %}{% macro shout(x) %}{{ x }}!{{ once }}{% endmacro %}",
    "base.j2": "[{% block body %}{{ word }}{% endblock %}]",
}


def template(text: str, name: str = "v", **keys: object) -> dict:
    return {"name": name, "type": "template", "text": text, **keys}


def saved(folder: Path, spec: dict) -> str:
    """Write a spec beside the files that its templates include; return its name."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return str(write_json(folder / "spec.json", spec))


def texts(text: str, *fields: dict, count: int = 1, **keys: object) -> list[str]:
    options = {"start": keys.pop("start", START)}
    return [record["v"] for record in records_of(world(*fields, template(text), **keys), count, **options)]


def problems_of(spec: dict | str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(spec), start="2024-01-01T00:00:00Z", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def failure_of(spec: dict | str, count: int = 100) -> str:
    with pytest.raises(RunFailed) as caught:
        list(datagen.records(datagen.load(spec), start=START, records=count, seed=1))
    return str(caught.value)


@pytest.mark.parametrize("zone", [None, "America/St_Johns"])
@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_that_of_jinja_rendered_for_each_record(tmp_path: Path, name: str, zone: str | None) -> None:
    spec = world(*FIELDS, template(TEXTS[name]), gap=86_400.123457, **({"timezone": zone} if zone else {}))
    records = datagen.records(datagen.load(saved(tmp_path, spec)), start="2024-02-01T00:00:00Z", records=30, seed=3)
    plain = jinja2.Environment(
        loader=jinja2.FileSystemLoader(tmp_path), extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
    )
    for number, record in enumerate(records):
        moment = datetime(2024, 2, 1, tzinfo=UTC) + number * timedelta(days=1, microseconds=123457)
        seen = {key: value for key, value in record.items() if key != "v"}
        seen["time"] = moment.astimezone(ZoneInfo(zone or "UTC"))
        assert record["v"] == plain.from_string(TEXTS[name], seen).render(seen)  # as globals, too, for macros


def test_a_template_stands_in_a_file_beside_the_spec(tmp_path: Path) -> None:
    (tmp_path / "line.j2").write_text("{% include 'part.j2' %}{{ n }}\n")
    field = {"name": "v", "type": "template", "path": "line.j2"}
    path = saved(tmp_path, world(enum("n", 7), enum("word", "w"), field))
    assert next(datagen.records(datagen.load(path), start=START, records=1))["v"] == "<7w>7"


def test_what_a_template_includes_is_part_of_what_a_run_is(tmp_path: Path) -> None:
    path = saved(tmp_path, world(enum("n", 7), enum("word", "w"), template("{% include 'part.j2' %}{{ n }}")))
    files = named_files(datagen.load(path).spec)
    assert files == [str(tmp_path / "part.j2")]


DRAWING = "{{ rand.crypto.uuid4() }} {% for i in l %}{{ [1, 2, 3]|random }}{% endfor %} {{ tables.cities.pick().name }}"
DRAWN = world(
    FIELDS[8],
    template(DRAWING),
    template(DRAWING, "other"),
    states=[state("s", {"s": 0.7, "stop": 0.3}, delay=uniform(0, 3), variables=[template("{{ rand() }}", "var")])],
    tables={"cities": CITIES},
)


def test_a_draw_depends_on_nothing_but_its_record(tmp_path: Path) -> None:
    expected = records_of(DRAWN, 600)
    assert all(record["v"] != record["other"] for record in expected)
    for threads in (1, 3):
        assert list(datagen.records(datagen.load(DRAWN), start=START, seed=1, records=600, threads=threads)) == expected
    more = json.loads(json.dumps(DRAWN))
    more["emitters"][0]["dimensions"].insert(0, template("{{ rand() }}", "new"))
    pairs = zip(records_of(more, 100), expected[:100], strict=True)
    assert all({**record, "new": 0} == {**other, "new": 0} for record, other in pairs)


def test_the_windows_in_which_a_run_is_computed_change_no_text() -> None:
    def written(windows: int | None) -> list[str]:
        clock = SimulatedClock(parse_moment(START)) if windows is None else SteppingClock(parse_moment(START), windows)
        batches = run_of(DRAWN, 100, clock=clock).batches()
        return [text for batch in batches for text in batch.parts[0].columns["v"].to_pylist()]

    assert written(None) == written(10**9) == written(10**10)


def test_a_call_more_leaves_the_calls_before_it_as_they_were() -> None:
    short, long = texts("{{ rand() }}", count=100), texts("{{ rand() }} {{ rand.choices([1, 2], 9) }}", count=100)
    assert [text.split()[0] for text in long] == short


def test_a_template_may_compute_which_table_it_reads() -> None:
    loaded = datagen.load(world(template("{{ tables['t' ~ ''][0]['a'] }}"), tables={"t": {"rows": [{"a": 7}]}}))
    assert loaded.warnings == ()
    assert [record["v"] for record in datagen.records(loaded, start=START, records=2, seed=1)] == ["7", "7"]


def test_a_table_that_reads_itself_by_a_computed_name_is_a_circle() -> None:
    table = {"size": 2, "columns": [template("{{ tables['t' ~ ''] | length }}")]}
    [problem] = problems_of(world({"name": "r", "type": "row", "table": "t"}, tables={"t": table}))
    assert problem.endswith("making table t: tables can't be made of each other (t → t); row 1")


UNIFORM = stats.uniform()
THEORY: dict[str, Callable] = {
    "rand()": UNIFORM.cdf,
    "rand.number.floating(2, 4)": stats.uniform(2, 2).cdf,
    "rand.number.gauss(3, 2)": stats.norm(3, 2).cdf,
    "rand.number.lognormal(0.5, 0.8)": stats.lognorm(0.8, scale=2.718281828**0.5).cdf,
    "rand.number.exponential(0.25)": stats.expon(scale=4).cdf,
    "rand.number.pareto(3, 2)": stats.pareto(3, scale=2).cdf,
    "rand.number.triangular(1, 5, 2)": stats.triang(0.25, 1, 4).cdf,
}


def test_numbers_are_drawn_as_theory_says() -> None:
    for call, cdf in THEORY.items():
        drawn = list(map(float, texts(f"{{{{ {call} }}}}", count=800)))
        assert stats.kstest(drawn, cdf).pvalue > 0.001, call  # one seed in a thousand


CHOICES = {
    "rand.choice(['a', 'b'])": {"a": 1, "b": 1},
    "['a', 'b', 'c']|random": {"a": 1, "b": 1, "c": 1},
    "rand.weighted_choice({'a': 3, 'b': 1, 'c': 0})": {"a": 3, "b": 1},
    "rand.weighted_choice(['a', 'b'], [1, 4])": {"a": 1, "b": 4},
    "rand.number.integer(2, 4)": {"2": 1, "3": 1, "4": 1},
    "rand.chance(0.2)": {"True": 1, "False": 4},
    "rand.shuffle('ab')": {"ab": 1, "ba": 1},
    "([1, 2, 3]|shuffle)[0]": {"1": 1, "2": 1, "3": 1},
    "tables.cities.pick().name": {"Rome": 1, "Oslo": 1, "Milan": 1},
    "tables.cities.weighted_pick('people').name": {"Rome": 3, "Oslo": 1},
    "tables.cities.where(country='IT').pick().name": {"Rome": 1, "Milan": 1},
    "(tables.cities|random).name": {"Rome": 1, "Oslo": 1, "Milan": 1},
    "tables.cities.pick_n(2)[1].name": {"Rome": 1, "Oslo": 1, "Milan": 1},
    "rand.choices('ab', 3)[2]": {"a": 1, "b": 1},
}


def test_choices_are_as_likely_as_they_should_be() -> None:
    for call, weights in CHOICES.items():
        found = Counter(texts(f"{{{{ {call} }}}}", count=500, tables={"cities": CITIES}))
        assert found.keys() == weights.keys(), call
        expected = [500 * weight / sum(weights.values()) for weight in weights.values()]
        assert stats.chisquare([found[key] for key in weights], expected).pvalue > 0.001, call


FORMS = {
    "rand.string.hex(5)": r"[0-9a-f]{5}",
    "rand.string.hex(20)": r"[0-9a-f]{20}",
    "rand.string.letters(9)": r"[a-zA-Z]{9}",
    "rand.string.letters_lowercase(3)": r"[a-z]{3}",
    "rand.string.letters_uppercase(3)": r"[A-Z]{3}",
    "rand.string.digits(0)": "",
    "rand.string.punctuation(4)": r"[!-/:-@\[-`{-~]{4}",
    "rand.crypto.uuid4()": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "rand.crypto.md5()": r"[0-9a-f]{32}",
    "rand.crypto.sha1()": r"[0-9a-f]{40}",
    "rand.crypto.sha256()": r"[0-9a-f]{64}",
    "rand.network.mac()": r"([0-9a-f]{2}:){5}[0-9a-f]{2}",
    "rand.network.mac(oui='00-1B-63')": r"00:1b:63(:[0-9a-f]{2}){3}",
    "rand.datetime.timestamp(time, time + datetime.timedelta(1)).date()": r"2024-01-0[12]",
    "rand.number.clamp(rand.number.gauss(0, 9), 1, 2)": r"1|2|1\.\d+",
}


def test_texts_have_their_form() -> None:
    for call, form in FORMS.items():
        assert all(re.fullmatch(form, text) for text in texts(f"{{{{ {call} }}}}", count=20)), call


NETWORKS = {
    "ip_v4()": "0.0.0.0/0",
    "ip_v4_private_a()": "10.0.0.0/8",
    "ip_v4_private_b()": "172.16.0.0/12",
    "ip_v4_private_c()": "192.168.0.0/16",
    "ip_v4_in_subnet('10.1.2.0/30')": "10.1.2.0/30",
    "ip_v4_in_subnet('10.1.2.3/32')": "10.1.2.3/32",
    "ip_v6()": "::/0",
    "ip_v6_global()": "2000::/3",
    "ip_v6_link_local()": "fe80::/64",
    "ip_v6_ula()": "fd00::/8",
}


def test_addresses_are_of_their_networks() -> None:
    for call, network in NETWORKS.items():
        found = set(texts(f"{{{{ rand.network.{call} }}}}", count=100))
        assert all(ip_address(address) in ip_network(network) for address in found), call
    assert set(texts("{{ rand.network.ip_v4_in_subnet('10.1.2.0/30') }}", count=100)) == {"10.1.2.1", "10.1.2.2"}
    private = texts("{{ rand.network.ip_v4_private() }}", count=1200)
    counts = Counter(address.split(".")[0] for address in private)
    assert stats.chisquare([counts["10"], counts["172"], counts["192"]], [500, 200, 500]).pvalue > 0.001
    assert all(ip_address(address).is_global for address in texts("{{ rand.network.ip_v4_public() }}", count=500))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ tables.cities|length }} {{ tables['cities'][1].name }}", "3 Oslo"),
        ("{{ tables.cities.name }} {{ tables.nordic }}", "['Rome', 'Oslo', 'Milan'] [{'n': 1}]"),
        ("{{ tables.cities['people']|sum }} {% for c in tables.cities %}{{ c.name[0] }}{% endfor %}", "4 ROM"),
        ("{{ tables.cities[1:]|map(attribute='name')|join }} {{ tables.nordic.columns }}", "OsloMilan ['n']"),
        ("{{ tables.cities.where(country='XX')|length }}{{ tables.cities.where(country='XX').pick('-') }}", "0-"),
        ("{{ tables.cities.where(country='IT', people=3)[0] }}", "{'name': 'Rome', 'country': 'IT', 'people': 3}"),
        ("{{ (tables.cities|selectattr('people', 'gt', 0)|list|last).name }}", "Oslo"),
    ],
)  # fmt: skip
def test_a_table_is_read_in_every_way(text: str, expected: str) -> None:
    assert texts(text, tables={"cities": CITIES, "nordic": {"rows": [{"n": 1}]}}) == [expected]


def test_what_looks_real_is_that_of_the_field_fake() -> None:
    text = "{{ fake.de.person.full_name() }}|{{ fake['pt-br'].address.city() }}|{{ fake.en.finance.price(minimum=5) }}"
    made = {name for line in texts(text, count=50) for name in [line.split("|")[0]]}
    assert len(made) > 45
    assert made <= set(fake_pool("person.full_name", 10_000, "de"))
    assert named_libraries(datagen.load(world(template(text))).spec)[0].startswith("mimesis ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ math.sqrt(2) }} {{ math.pi|round(2) }}", f"{math.sqrt(2)} 3.14"),
        ("{{ json.dumps({'a': [1]}) }} {{ json.loads('[1]') }}", '{"a": [1]} [1]'),
        ("{{ hashlib.sha1('x'.encode()).hexdigest() }}", hashlib.sha1(b"x").hexdigest()),
        ("{{ base64.b64encode('x'.encode()).decode() }}", "eA=="),
        ("{{ calendar.timegm(time.utctimetuple()) }} {{ calendar.monthrange(2024, 2)[1] }}", "1704067200 29"),
        ("{{ time - datetime.timedelta(hours=1) }}", "2023-12-31 23:00:00+00:00"),
        ("{{ datetime.datetime.fromtimestamp(0) }}", "1970-01-01 00:00:00+00:00"),
        ("{{ datetime.datetime(2024, 1, 1).timestamp()|int }}", "1704067200"),
        ("{{ time.strftime('%s %%s') }}", "1704067200 %s"),
        ("{{ datetime.datetime(2024, 1, 1).astimezone() }}", "2024-01-01 00:00:00+00:00"),
        ("{{ time|tojson }} {{ datetime.date(2024, 1, 5) }}", '"2024-01-01T00:00:00+00:00" 2024-01-05'),
        ("{{ datetime.datetime.strptime('5.1.2024', '%d.%m.%Y').day }} {{ lipsum is defined }}", "5 False"),
    ],
)  # fmt: skip
def test_modules_are_their_pure_parts(text: str, expected: str, monkeypatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert texts(text, start="2024-01-01T00:00:00") == [expected]


REFUSED = {
    "{{ time.now() }}": "now reads the clock of the machine; time is the time of the record",
    "{{ datetime.datetime.now() }}": "has no attribute 'now'",
    "{{ datetime.date.today() }}": "has no attribute 'today'",
    "{{ time|attr('utcnow') }}": "utcnow reads the clock of the machine; time is the time of the record",
    "{{ word.__class__.__mro__ }}": "__class__ of str can't be read by a template",
    "{{ rand._numbers }}": "_numbers of Rand can't be read by a template",
    "{% do l.append(1) %}": "append would change what others read too; change a copy, such as (items|list)",
    "{% do constant.clear() %}": "clear would change what others read too",
    "{% do tables.cities.columns.clear() %}": "clear would change what others read too",
    "{% for i in range(1000000) %}{% endfor %}": "Range too big",
    "{{ lipsum() }}": "'lipsum' is undefined",
    "{{ hashlib.new('x') }}": "has no attribute 'new'",
    "{{ 1 / (n * 0) }}": "ZeroDivisionError: division by zero",
    "{{ nobody.name }}": "'nobody' is undefined",
    "{{ tables.cities.where(contry='x') }}": 'there is no column "contry"; did you mean "country"?',
    "{{ tables.cities.where(country='x').pick() }}": "ValueError: no row is left to pick from",
    "{{ rand.choice([]) }}": "ValueError: there is nothing to choose from",
    "{{ rand.weighted_choice(['a'], [0]) }}": "weights must be numbers from 0 on, and not all 0",
    "{{ rand.weighted_choice(['a'], [1, 2]) }}": "there are 2 weights for 1 items",
    "{{ rand.number.integer(2, 1) }}": "there is no whole number from 2 to 1",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_fails_or_is_not_allowed_ends_the_run_with_the_reason(text: str) -> None:
    fields = (enum("word", "w"), enum("n", 3), FIELDS[8], template("x\n" + text, constants={"constant": {"a": 1}}))
    message = failure_of(world(*fields, tables={"cities": CITIES}), 1)
    assert message.startswith("making emitter/e/v: line 2: ")
    assert REFUSED[text] in message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("fake.en.person.full_nam()", 'unknown provider "person.full_nam"; did you mean "person.full_name"?'),
        ("fake['xx'].person.full_name()", 'unknown locale "xx"; known: '),
        ("fake.en.path.home()", '"path.home" can\'t be repeated: the system of this machine decides'),
        ("fake.en()", 'unknown provider ""'),
    ],
)
def test_a_fake_that_there_is_not_is_a_problem_before_the_run(call: str, message: str) -> None:
    [problem] = problems_of(world(template(f"{{% if rand.chance(0) %}}\n{{{{ {call} }}}}{{% endif %}}")))
    assert problem.startswith(f"emitters[0].dimensions[0].text: line 2: {message}")


def test_a_failing_record_is_named_with_its_file_and_what_it_held(tmp_path: Path) -> None:
    (tmp_path / "bad.j2").write_text("{% macro half(x) %}\n{{ 7 / x }}\n{% endmacro %}")
    field = template("{% from 'bad.j2' import half %}\n{{ half(n - 2) }} {{ word }}")
    spec = saved(tmp_path, world({"name": "n", "type": "counter"}, enum("word", "w"), field))
    place = f"{tmp_path / 'bad.j2'}:2: ZeroDivisionError: division by zero"
    record = 'the record of 2024-01-01T00:00:02.000, worker 2, step 0 held n=2, word="w"'
    assert failure_of(spec) == f"making emitter/e/v: {place}; {record}"


def test_records_before_a_failing_one_are_made() -> None:
    run = datagen.records(
        datagen.load(world({"name": "n", "type": "counter"}, template("{{ 1 / (5 - n) }}"))), start=START
    )
    with pytest.raises(RunFailed, match="worker 5"):
        list(run)


BAD = {
    "{% if %}": "line 1: Expected an expression, got 'end of statement block'",
    "\n{{ n|uper }}": 'line 2: unknown filter "uper"; did you mean "upper"?',
    "{{ 1 is evn }}": 'line 1: unknown test "evn"; did you mean "even"?',
    "{% include 'nobody.j2' %}": 'line 1: there is no file "nobody.j2" in ',
    "{% include 'prt.j2' %}": 'did you mean "part.j2"?',
    "{% include '../spec.json' %}": 'line 1: there is no file "../spec.json" in ',
    "{% include n %}": "line 1: which file is meant must stand there as a text: all are read before the run",
    "{% break %}": "the template: 'break' outside loop",
    "{{ tables.citis|length }}": 'unknown table "citis"; did you mean "cities"?',
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_template_is_a_problem_with_its_place(tmp_path: Path, text: str) -> None:
    spec = saved(tmp_path, world(enum("n", 1), template(text), tables={"cities": CITIES}))
    [problem] = problems_of(spec)
    assert problem.startswith("emitters[0].dimensions[1].text: ")
    assert BAD[text] in problem


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"text": "x", "path": "part.j2"}, ': there must be either "text" or "path"'),
        ({}, ': there must be either "text" or "path"'),
        ({"path": "no.j2"}, ".path: "),
        ({"path": ""}, '.path: must be the name of a file, found ""'),
        ({"text": 5}, ".text: must be a text, found 5"),
        ({"text": "x", "undefined": "loud"}, ".undefined: must be 'nothing' or 'strict', found \"loud\""),
    ],
)
def test_a_bad_key_is_a_problem_with_its_place(tmp_path: Path, keys: dict, problem: str) -> None:
    found = problems_of(saved(tmp_path, world({"name": "v", "type": "template", **keys})))
    assert found[0].startswith(f"emitters[0].dimensions[0]{problem}")


def warnings_of(*fields: dict, **keys: object) -> list[str]:
    return [problem.message for problem in datagen.load(world(*fields, **keys)).warnings]


def test_a_name_that_stands_for_nothing_prints_nothing_and_is_told() -> None:
    spec = (
        enum("word", "w"),
        template("[{{ wrd }}{{ later }}{% if x is defined %}{% endif %}{{ y|default(1) }}]"),
        enum("later", 1),
    )
    assert records_of(world(*spec), 1)[0]["v"] == "[1]"
    assert warnings_of(*spec) == [
        '"later" does not stand above, and only what does can be read; move it up (it is read as nothing)',
        '"wrd" is not a dimension above, a variable or time; did you mean "word"? (it is read as nothing)',
    ]  # fmt: skip


def test_a_name_that_stands_for_nothing_can_be_an_error() -> None:
    problem = 'emitters[0].dimensions[1].text: "wrd" is not a dimension above, a variable or time; did you mean "word"?'
    assert problems_of(world(enum("word", "w"), template("{{ wrd }}", undefined="strict"))) == [problem]
    gone = world(enum("word", "w", percent_missing=50), template("{{ word }}", undefined="strict"))
    assert "'word' is undefined" in failure_of(gone)
    fine = template("{{ word }}{{ x is defined }}{{ c }}{{ rand() }}", undefined="strict", constants={"c": 1})
    assert warnings_of(enum("word", "w"), fine) == []


def test_what_a_spec_calls_a_name_comes_before_what_a_template_has_anyway() -> None:
    fields = (enum("rand", "mine"), enum("c", "field"), template("{{ rand }}{{ c }}", constants={"c": "constant"}))
    assert records_of(world(*fields), 1)[0]["v"] == "mineconstant"


def test_a_time_that_a_clock_shows_twice_is_told_apart() -> None:
    spec = world(template("{{ time }}|{{ time.hour }}|{{ time.isoformat() }}"), gap=3600, timezone="Europe/Berlin")
    found = records_of(spec, 3, start="2024-10-27T00:30:00+00:00")
    assert [record["v"] for record in found] == [
        f"2024-10-27 {clock}|2|2024-10-27T{clock}" if clock[1] == "2" else f"2024-10-27 {clock}|3|2024-10-27T{clock}"
        for clock in ("02:30:00+02:00", "02:30:00+01:00", "03:30:00+01:00")
    ]


def test_templates_make_variables_columns_of_tables_and_what_is_nested() -> None:
    made = {"size": 3, "columns": [{"type": "counter", "name": "id"}, template("row {{ id }}", "label")]}
    spec = world(
        {"name": "v", "type": "object", "dimensions": [template("{{ given }}!", "inner")]},
        {"name": "c", "type": "column", "table": "made", "column": "label", "pick": "cycle"},
        states=[state("s", variables=[template("w{{ worker }}", "given")])],
        tables={"made": made},
    )
    assert records_of(spec, 2) == [
        {"time": "2024-01-01T00:00:00.000", "v": {"inner": "w0!"}, "c": "row 0"},
        {"time": "2024-01-01T00:00:01.000", "v": {"inner": "w1!"}, "c": "row 1"},
    ]


def test_only_a_template_that_does_more_than_to_fill_in_values_is_by_row() -> None:
    fill = template("{{ a|upper }} {{ c }} {{ 'text' }} {{ nothing }} {{ math.pi }}!", "fill", constants={"c": 2})
    spec = world(enum("a", 1), fill, template("{% if a %}{% endif %}", "flow"))
    assert records_of(spec, 1)[0]["fill"] == "1 2 text  3.141592653589793!"
    found = [list(field.by_row()) for field in datagen.load(spec).spec.emitters[0].dimensions]
    assert found == [[], [], ['template "flow"']]


def test_nothing_of_the_loop_over_records_can_be_seen() -> None:
    assert texts("{{ loop is defined }}{{ _rows_of_block }}{{ _text_of_row }}") == ["False"]
    assert "'loop' is undefined" in failure_of(world(template("{{ loop.index }}")))
    assert texts("{{ loop }}{% for i in [7] %}{{ loop.index }}{% endfor %}", enum("loop", "x"))[0][-1] == "1"


def test_an_imported_file_does_not_remember_records(tmp_path: Path) -> None:
    (tmp_path / "seen.j2").write_text(
        "{% set l = [] %}{% macro add(x) %}{% do l.append(x) %}{{ l|length }}{% endmacro %}"
    )
    path = saved(tmp_path, world(template("{% import 'seen.j2' as seen %}{{ seen.add(1) }}")))
    assert [record["v"] for record in datagen.records(datagen.load(path), start=START, records=3)] == ["1"] * 3


@given(st.lists(st.none() | st.floats() | st.floats(-2e9, 2e9) | st.floats(-1e-3, 1e-3), max_size=5), st.booleans())
def test_columns_of_floats_are_written_as_python_writes_each(values: list[float | None], is_short: bool) -> None:
    array = pa.array(values, pa.float32() if is_short else pa.float64())
    piece = shown(array, "UTC")
    assert piece is not None
    assert join([piece], len(array)).to_pylist() == [str(value) for value in array.to_pylist()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ time.isoformat }}", "isoformat is a function: call it"),
        ("{{ range }}{{ n }}", "range is a function: call it"),
        ("{% macro m() %}{% endmacro %}{{ m }}", "m is a function: call it"),
        ("{% macro n() %}{% endmacro %}{{ n }}", "n is a function: call it"),
        ("{% set n = range %}{{ n }}", "range is a function: call it"),
        ("{% for n in [range] %}{{ n }}{% endfor %}", "range is a function: call it"),
        ("{{ n|default(1) if false else range }}", "range is a function: call it"),
        ("{{ m|default(range) }}", "range is a function: call it"),
        ("{{ rand }}", "Rand is a function: call it"),
        ("{{ rand.number }}", "_OfNumbers can't be printed"),
        ("{{ 'x' ~ rand }}", "Rand can't be printed"),
        ("{{ [1]|map('abs') }}", "make a list of it"),
        ("{{ cycler(1) }}", "Cycler can't be printed"),
        ("{{ math }}", "SimpleNamespace can't be printed"),
        ("{{ datetime.datetime.strptime('CET', '%Z') }}", "%Z would be a name of the zone of this machine"),
        ("{{ time['strptime']('CET', '%Z') }}", "%Z would be a name of the zone of this machine"),
    ],
)
def test_what_would_print_something_of_the_machine_is_refused(text: str, message: str) -> None:
    assert message in failure_of(world(enum("n", 1), template(text)))


def test_values_of_records_are_printed_without_a_look_at_each(monkeypatch) -> None:
    monkeypatch.setattr(environment, "_printed", lambda value: pytest.fail("looked at"))
    text = "{% if n %}{{ n }} {{ w|upper }}{{ n + 1 if n else 'x' ~ w }}{{ w is string }}{{ -n|round }}{% endif %}"
    assert texts(text, enum("n", 1), enum("w", "a")) == ["1 A2True-1"]
    with pytest.raises(pytest.fail.Exception, match="looked at"):
        texts("{{ n }}{{ range(n)|list }}", enum("n", 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ datetime.datetime(2024, 1, 1)['astimezone']() }}", "2024-01-01 00:00:00+09:00"),
        ("{{ ([time.replace(tzinfo=none)]|map(attribute='timestamp')|first)() }}", "1704034800.0"),
        ("{{ time.date().strftime('%s') }} {{ time.fromtimestamp(0) }}", "1704034800 1970-01-01 09:00:00+09:00"),
        ("{{ {'b': 1, 'a': 2, 'c': 3}.keys() - ['a'] }}{{ 3 - 1 }}", "['b', 'c']2"),
    ],
)  # fmt: skip
def test_neither_the_zone_of_the_machine_nor_the_order_of_a_set_is_seen(text: str, expected: str) -> None:
    assert texts(text, timezone="Asia/Tokyo") == [expected]


@pytest.mark.parametrize(
    ("text", "message"),
    [("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nested too deeply"), ("{{ " + "1" * 5000 + " }}", "4300 digits")],
)
def test_what_python_can_not_read_is_a_problem_with_its_place(text: str, message: str) -> None:
    [problem] = problems_of(world(template(text)))
    assert problem.startswith("emitters[0].dimensions[0].text: ")
    assert message in problem


def test_the_version_of_jinja_is_part_of_what_a_template_by_row_makes() -> None:
    made = {text: named_libraries(datagen.load(world(template(text))).spec) for text in ("{{ time }}", "{{ rand() }}")}
    assert [[name.split()[0] for name in names] for names in made.values()] == [[], ["jinja2", "markupsafe"]]


def test_rows_are_found_and_weighed_by_what_they_are() -> None:
    rows = {"t": {"rows": [{"a": [1], "w": 1}, {"a": "[1]", "w": None}]}}
    text = "{{ tables.t.where(a=[1])|length }}{{ tables.t.where(a='[1]')[0].w }}{{ tables.t.where(a='[1]')[0].w }}"
    assert texts(text, tables=rows) == ["1NoneNone"]
    assert "row 1 has no w, by which" in failure_of(world(template("{{ tables.t.weighted_pick('w') }}"), tables=rows))


def test_a_pool_and_a_table_are_made_before_there_is_a_record_to_read() -> None:
    inside = {"name": "o", "type": "object", "cardinality": 3, "dimensions": [template("{{ time }}{{ x or 1 }}")]}
    assert problems_of(world(inside)) == [
        'emitters[0].dimensions[0].dimensions[0].text: "time" can\'t be read here: a pool is made before the run',
        'emitters[0].dimensions[0].dimensions[0].text: "x" can\'t be read here: a pool is made before the run',
    ]
    table = {"size": 3, "columns": [template("{{ time }}")]}
    assert '"time" is no column above' in problems_of(world(enum("n", 1), tables={"t": table}))[0]


def test_more_rows_than_come_with_the_program_are_a_warning() -> None:
    table = {"t": {"type": "countries", "size": 1000}}
    loaded = datagen.load(world(template("{{ tables.t|length }}"), tables=table))
    assert [str(problem.path) for problem in loaded.warnings] == ["tables.t.size"]
