"""Templates of Eventum: what its content packs use, by the counts of its contract, and its documented examples."""

import json
import re
from pathlib import Path

import pytest

import datagen
from datagen.problems import InvalidInput, RunFailed
from tests.worlds import constant, records_of, run_of, state, uniform, world, write_json

START = "2026-01-01T00:00:00+00:00"
TABLES = {
    "hosts": {
        "columns": ["name", "os", "weight", "count"],
        "rows": [["web-1", "linux", 3, 1], ["web-2", "linux", 1, 2], ["dc-1", "windows", 0, 3]],
    },
    "users": {"rows": [{"id": "S-1", "groups": ["admins"], "more": {"city": "Rome"}}, {"id": "S-2", "groups": []}]},
}


SUM = (
    "{% set ns = namespace(n=0) %}{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}"
    "{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"
)


def pack(text: str, **keys: object) -> dict:
    return {"type": "template", "dialect": "eventum", "text": text, **keys}


def texts(text: str, count: int = 1, tables: dict | None = TABLES, **keys: object) -> list[str]:
    spec = world(pack(text, name="v", **keys), tables=tables or {})
    return [record["v"] for record in records_of(spec, count, start=START)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ timestamp }}|{{ timestamp.isoformat() }}", "2026-01-01 00:00:00+00:00|2026-01-01T00:00:00+00:00"),
        ("{{ timestamp.strftime('%s %e %b') }}", "1767225600  1 Jan"),
        ("{{ (timestamp + module.datetime.timedelta(hours=1)).timestamp()|int }}", "1767229200"),
        ("{{ params.domain }} {{ params.get('x', 7) }} {{ vars.a }} {{ nothing }}{{ nothing is defined }}", None),
        ("{{ tags }} {{ 'x' in tags }}", "() False"),
        ("{{ samples.hosts|length }} {{ samples.hosts[0].name }} {{ samples.hosts[-1][1] }}", "3 web-1 windows"),
        ("{{ samples.hosts['os']|unique|join(',') }}", "linux,windows"),
        ("{{ samples.hosts.columns|join(',') }}", "name,os,weight,count"),
        ("{{ samples.hosts[0].count }} {{ samples.hosts[0]['os'] }}", "1 linux"),
        ("{{ samples.hosts[0]|list }}", "['web-1', 'linux', 3, 1]"),
        ("{{ samples.hosts[0:2] }}", "[('web-1', 'linux', 3, 1), ('web-2', 'linux', 1, 2)]"),
        ("{% for name, os, w, n in samples.hosts %}{{ name }}{{ loop.index }} {% endfor %}", "web-11 web-22 dc-13 "),
        ("{{ samples.hosts.where(os='windows').pick().name }} {{ samples.hosts.where(os='x').pick('no') }}", "dc-1 no"),
        ("{{ samples.hosts.where(os='windows').pick_n(2)|map(attribute='name')|list }}", "['dc-1', 'dc-1']"),
        ("{{ samples.hosts.where(name='web-2').weighted_pick('weight').name }}", "web-2"),
        ("{{ (samples.hosts|selectattr('os', 'equalto', 'windows')|list|random).name }}", "dc-1"),
        ("{{ samples.hosts|rejectattr('os', 'equalto', 'linux')|map(attribute='name')|first }}", "dc-1"),
        ("{{ samples.users[0].groups|tojson }} {{ samples.users[0].more.city }} {{ samples.users[0]|tojson }}", None),
        ("{{ {'b': 1, 'a': \"<&'>\"}|tojson }}", '{"a": "\\u003c\\u0026\\u0027\\u003e", "b": 1}'),
        ("{% set l = [1] %}{% do l.append(2) %}{{ l }}{% do l.pop() %}{{ l }}", "[1, 2][1]"),
        ("{{ 'a-b'.split('-')|last|upper }} {{ 'x'.startswith('x') }}", "B True"),
        ("{{ 'a b'|replace(' ', '_')|title }}", "A_b"),
        ("{{ module.hashlib.sha1('a'.encode()).hexdigest()[:6] }}", "86f7e4"),
        ("{{ module.base64.b64encode('a'.encode()).decode() }}", "YQ=="),
        ("{{ module.calendar.timegm(timestamp.timetuple()) }} {{ module.math.floor(1.5) }}", "1767225600 1"),
        ("{{ module.json.dumps([1]) }}", "[1]"),
        ("{{ module.datetime.datetime.fromtimestamp(0, timestamp.tzinfo).isoformat() }}", "1970-01-01T00:00:00+00:00"),
        (SUM, "3"),
        ("{{ '%05.1f|%s'|format(2.25, 'x') }} {{ 'a b'|urlencode }} {{ 2.5|round|int }}", "002.2|x a%20b 2"),
        ("{{ ' x '|trim }} {{ none is none }}", "x True"),
        ("{% do locals.set('n', 1) %}{{ locals.n }}{{ shared['no'] }}{{ globals.get('k', 'd') }}", "1Noned"),
        ("{% do globals.acquire() %}{% do globals.release() %}", ""),
    ],
)  # fmt: skip
def test_what_is_not_drawn_is_as_eventum_has_it(text: str, expected: str | None) -> None:
    wanted = {
        "{{ params": "CONTOSO 7 [2, 'y'] False",
        "{{ samples.users[0].groups": '["admins"] Rome ["S-1", ["admins"], {"city": "Rome"}]',
    }
    expected = (
        expected if expected is not None else next(value for begin, value in wanted.items() if text.startswith(begin))
    )
    assert texts(text, constants={"params": {"domain": "CONTOSO"}, "vars": {"a": [2, "y"]}}) == [expected]


@pytest.mark.parametrize(
    ("call", "form"),
    [
        ("weighted_choice(['a', 'b'], [0, 1])", "b"),
        ("weighted_choice({'a': 0, 'b': 5})", "b"),
        ("weighted_choices({'a': 0, 'b': 5}, 2)", r"\['b', 'b'\]"),
        ("choice([7, 7])", "7"),
        ("choices('ab', 2)|length", "2"),
        ("shuffle('aa')", "aa"),
        ("chance(1)", "True"),
        ("number.integer(3, 4)", "[34]"),
        ("number.floating(0, 1)", r"0\.\d+"),
        ("number.clamp(7, 1, 3)", "3"),
        ("number.gauss(0, 1)|round(1)|string", r"-?\d\.\d"),
        ("number.lognormal(0, 1) > 0", "True"),
        ("number.exponential(2) > 0", "True"),
        ("number.pareto(2, 3.0) >= 3", "True"),
        ("number.triangular(1, 3, 2) <= 3", "True"),
        ("string.hex(8)", "[0-9a-f]{8}"),
        ("string.digits(3)", r"\d{3}"),
        ("string.letters(3) ~ module.rand.string.letters_uppercase(2)", "[a-zA-Z]{3}[A-Z]{2}"),
        ("string.pattern('%A{2}-%d{3}%%%n%h%H')", r"[A-Z]{2}-\d{3}%[1-9][0-9a-f][0-9A-F]"),
        ("string.pattern('%a%l%w%p')", r"[a-z][a-zA-Z][a-zA-Z0-9]([^\w\s]|_)"),
        ("network.ip_v4()", r"(\d+\.){3}\d+"),
        ("network.ip_v4_public()", r"(\d+\.){3}\d+"),
        ("network.ip_v4_private_a()", r"10\.(\d+\.){2}\d+"),
        ("network.ip_v4_private_b()", r"172\.(\d+\.){2}\d+"),
        ("network.ip_v4_private_c()", r"192\.168\.\d+\.\d+"),
        ("network.ip_v4_in_subnet('10.1.2.0/30')", r"10\.1\.2\.[12]"),
        ("network.mac()", "([0-9a-f]{2}:){5}[0-9a-f]{2}"),
        ("crypto.uuid4()", "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("crypto.md5() ~ module.rand.crypto.sha256()", "[0-9a-f]{96}"),
        ("datetime.timestamp(timestamp, timestamp).year", "2026"),
    ],
)  # fmt: skip
def test_what_is_drawn_has_its_form_and_is_keyed(call: str, form: str) -> None:
    text = "{{ module.rand." + call + " }}"
    found = texts(text, 20)
    assert all(re.fullmatch(form, one) for one in found), found[0]
    assert texts(text, 20) == found


def test_what_looks_real_comes_by_the_names_of_faker_and_of_mimesis() -> None:
    text = "{{ module.faker.locale.en_US.user_name() }}|{{ module.faker.locale['de_DE'].email() }}"
    name, email = texts(text)[0].split("|")
    assert name
    assert "@" in email
    assert texts("{{ module.mimesis.locale.de.person.full_name() }}")[0].count(" ") >= 1
    with pytest.raises(RunFailed, match='faker\'s "pybool" is not known here'):
        texts("{{ module.faker.locale.en_US.pybool() }}")
    loaded = datagen.load(world(pack("{{ module.faker.locale.en_US.word() }}", name="v")))
    assert "mimesis" in next(record for record in [str(loaded.spec.emitters[0].dimensions[0].libraries())])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ module.os.getcwd() }}", "module.os can't be read by a template: it could change from run to run"),
        ("{{ module.random.random() }}", "module.random can't be read"),
        ("{{ subprocess.run('ls') }}", "would reach the machine"),
        ("{% do dispatch.next() %}", "which emitter makes a record, its state says"),
        ("{% do dispatch.exhaust() %}", "-n, -r or --until"),
        ("{% do samples.users[0].groups.append(1) %}", "change a copy"),
        ("{{ module.rand.string.pattern('%x') }}", "%x is no code of a pattern"),
        ("{% do shared.set('k', module) %}", '"k" can\'t be remembered as Modules'),
    ],
)
def test_what_can_not_be_repeated_is_refused(text: str, said: str) -> None:
    with pytest.raises(RunFailed, match=re.escape(said)):
        texts(text)


def test_a_table_that_there_is_not_is_a_problem() -> None:
    with pytest.raises(InvalidInput, match='unknown table "hots"; did you mean "hosts"'):
        texts("{{ samples.hots.pick() }}")


def test_a_list_that_was_kept_may_be_added_to_and_is_capped() -> None:
    """As packs keep sessions: the very list is kept, and a snapshot holds it."""
    text = (
        "{% set open = shared.get('sessions') %}"
        "{% if open is none %}{% set open = [] %}{% do shared.set('sessions', open) %}{% endif %}"
        "{% do open.append({'id': open|length, 'host': samples.hosts[0]}) %}"
        "{% if open|length > 3 %}{% do open.pop(0) %}{% endif %}"
        "{{ open|map(attribute='id')|join(',') }} {{ open[0].host.name }}"
    )
    assert texts(text, 5) == ["0 web-1", "0,1 web-1", "0,1,2 web-1", "1,2,3 web-1", "2,3,3 web-1"]


LOGON = (
    "{% do shared.set('n', (shared.n or 0) + 1) %}{% set s = {'id': shared.n, 'user': (samples.users|random).id} %}"
    "{% if not shared.open %}{% do shared.set('open', []) %}{% endif %}{% do shared.open.append(s) %}"
    "{{ {'event': {'code': '4624', 'time': timestamp.isoformat()}, 'n': shared.n, 'open': shared.open|length, "
    "'at': module.rand.network.ip_v4_public()}|tojson }}"
)
LOGOFF = (
    "{% if shared.open %}{% set s = shared.open.pop(0) %}{% else %}{% set s = none %}{% endif %}"
    "{% do shared.set('n', (shared.n or 0) + 1) %}"
    "{{ {'event': {'code': '4634'}, 'n': shared.n, 'of': s, 'domain': params.domain}|tojson }}"
)


def test_what_no_snapshot_could_hold_is_told() -> None:
    spec = world(pack("{% do shared.set('a', []) %}{% do shared.a.append(module) %}x", name="v"))
    run = run_of(spec, 2)
    assert len(list(run.batches()))
    with pytest.raises(RunFailed, match="population/shared: what is remembered can't be kept: Modules"):
        run.snapshot()


FRAME = [("logon", LOGON), ("logoff", LOGOFF)]


def frame() -> dict:
    """The frame of all packs, with templates of our own: five records a second, each of a template by chance."""
    ways = {"logon": 0.6, "logoff": 0.4}
    states = [state("pick", ways, emitter=None), *(state(name, emitter=name) for name, _ in FRAME)]
    emitters = [
        {"name": name, "check": "json", "text": pack(text, constants={"params": {"domain": "CONTOSO"}})}
        for name, text in FRAME
    ]
    source = {"type": "cron", "expression": "* * * * * *", "count": 5}
    return {"tables": TABLES, "arrivals": source, "states": states, "emitters": emitters}


def test_the_frame_of_a_pack_gives_json_in_the_order_of_events() -> None:
    found = [json.loads(record["text"]) for record in records_of(frame(), 1000, start=START, max_workers=10**6)]
    assert [one["n"] for one in found] == list(range(1, 1001))
    opened = [one["n"] for one in found if one["event"]["code"] == "4624"]
    closed = [one["of"]["id"] for one in found if one["event"]["code"] == "4634" and one["of"]]
    assert closed == opened[: len(closed)]
    assert abs(len(opened) - 600) < 4 * (1000 * 0.6 * 0.4) ** 0.5
    assert records_of(frame(), 100, start=START, max_workers=10**6) == [
        {"text": json.dumps(one, sort_keys=True, separators=(",", ":"))} for one in found[:100]
    ]


def emitting(*emitters: dict, order: list[str], count: int) -> list[str]:
    """Return the texts of a worker that goes through states in an order, again and again."""
    names = [f"{place}{name}" for place, name in enumerate(order)]
    follows = [*names[1:], names[0]]
    made = zip(names, follows, order, strict=True)
    states = [state(name, to, emitter, delay=constant(1)) for name, to, emitter in made]
    spec = {"states": states, "emitters": list(emitters), "interarrival": constant(10**9)}
    return [record["text"] for record in records_of(spec, count, start=START)]


def test_the_example_of_a_chain_gives_what_eventum_gives() -> None:
    text = '{{ vars.x }} {{ locals.n or 0 }}{% do locals.set("n", (locals.n or 0) + 1) %}'
    text += '{% if globals.get("k") %}!{% endif %}'
    both = [{"name": name, "text": pack(text, constants={"vars": {"x": x}})} for name, x in (("a", 1), ("b", [2, "y"]))]
    assert emitting(*both, order=["a", "a", "b"], count=5) == ["1 0", "1 1", "[2, 'y'] 0", "1 2", "1 3"]


def test_the_example_of_a_drop_gives_what_eventum_gives() -> None:
    text = '{% do shared.set("n", (shared.n or 0)+1) %}{% if shared.n == 2 %}{% do dispatch.drop() %}{% endif %}'
    text += "C{{ shared.n }}"
    emitters = [{"name": "a", "text": pack("A")}, {"name": "c", "text": pack(text)}]
    assert emitting(*emitters, order=["a", "c"], count=5) == ["A", "C1", "A", "A", "C3"]


def test_the_example_of_states_gives_what_eventum_gives() -> None:
    login = '{%- do shared.set("pages", 0) -%}{{ timestamp.isoformat() }} login {{ locals.get("n", 0) }}'
    login += ' {{ params.site }}{%- do locals.set("n", locals.get("n", 0) + 1) -%}'
    browse = '{%- do shared.set("pages", shared.pages + 1) -%}{{ timestamp.isoformat() }} browse {{ shared.pages }}'
    browse += " {{ loop is defined }}"
    logout = '{{ timestamp.isoformat() }} logout after {{ shared["pages"] }}'
    emitters = [
        {"name": name, "text": pack(text, constants={"params": {"site": "shop"}})}
        for name, text in (("login", login), ("browse", browse), ("logout", logout))
    ]
    found = emitting(*emitters, order=["login", "browse", "browse", "browse", "logout"], count=6)
    assert [one.split(" ", 1)[1] for one in found] == [
        "login 0 shop", "browse 1 False", "browse 2 False", "browse 3 False", "logout after 3", "login 1 shop",
    ]  # fmt: skip


def test_macros_and_files_of_a_folder_are_found(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "macros.jinja").write_text(
        "{% macro at(host) %}{{ host.name }} {{ params.domain }} {{ shared.n }}{% endmacro %}"
    )
    (tmp_path / "templates" / "a.jinja").write_text(
        "{% from 'macros.jinja' import at %}{% do shared.set('n', (shared.n or 0) + 1) %}{{ at(samples.hosts[0]) }}\n"
    )
    text = pack("", path="templates/a.jinja", constants={"params": {"domain": "D"}})
    del text["text"]
    spec = world(states=[state("s")], tables=TABLES)
    spec["emitters"] = [{"name": "e", "text": text}]
    path = write_json(tmp_path / "spec.json", spec)
    found = [record["text"] for record in datagen.records(path, start=START, seed=1, records=2)]
    assert found == ["web-1 D 1", "web-1 D 2"]


def test_a_name_of_the_dialect_is_no_unknown_one(generate) -> None:
    names = "{{ timestamp }}{{ tags }}{{ params.a }}{{ vars.b }}{{ locals.c }}{{ shared.d }}{{ globals.e }}"
    outcome = generate(world(pack(names, name="v"), states=[state("s", delay=uniform(0, 1))]), "--check")
    assert outcome.code == 0
    assert "warning" not in outcome.err
