"""The page: one file that needs nothing else, that anybody can read, and the command that makes it."""

import json
import re
import time
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from datagen import plots
from datagen.plots.data.state import State, States, Way
from datagen.plots.draw import color, text
from datagen.plots.draw.graph import dot, graph
from tests.fresh import some
from tests.worlds import READY, ROOT, constant, enum, exponential, state, world

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<b>&\"'\\ 日本 {x}|y"
VOID = {"meta", "br", "link"}


class Checked(HTMLParser):
    """Whether every element is closed, and which attributes there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(html: str) -> Checked:
    made = Checked()
    made.feed(html)
    assert not made.open
    return made


@pytest.mark.parametrize("name", some(READY, 4))
def test_a_page_of_a_ready_spec_is_whole_and_made_soon(name: str) -> None:
    begin = time.process_time()
    html = plots.page(ROOT / f"conf/gen/{name}.json").decode()
    populations = READY[name].get("populations", {"": READY[name]})
    states = [state for own in populations.values() for state in own["states"]]
    conditions = any("when" in way for state in states for way in state.get("transitions", []))
    waits = "resources" in READY[name] or any("spawn" in state for state in states)
    most = 30 if conditions or waits else 10  # these are measured in pilots: 18 s at most on a slow machine in use
    assert time.process_time() - begin < most  # of processors: others may use this machine meanwhile
    made = checked(html)
    assert len(made.ids) == len(set(made.ids))
    pointed = {value for name, value in made.attributes if name in ("aria-labelledby", "aria-describedby")}
    assert pointed <= set(made.ids)
    for emitter in READY[name]["emitters"]:
        assert f">Fields of {emitter['name']}<" in html


def test_a_page_needs_no_other_file() -> None:
    html = plots.page(READY["payments"]).decode()
    assert set(re.findall(r"\w+://[^\s\"'<]+", html)) == {"http://www.w3.org/2000/svg"}
    assert not {name for name, _ in checked(html).attributes} & {"src", "href", "xlink:href", "onload"}
    assert not re.search(r"url\(|@import|<script|<link", html)


def test_every_picture_has_a_name_and_a_description() -> None:
    root = ElementTree.fromstring(plots.page(READY["social_posts"], ".svg", span="1H"))
    pictures = [each for each in root.iter(f"{SVG}svg") if each.get("role") == "img" and each is not root]
    assert len(pictures) > 10
    for picture in pictures:
        title = picture.find(f"{SVG}title")
        assert title is not None
        assert title.text
        assert picture.get("aria-labelledby") == title.get("id")


def test_the_same_spec_gives_the_same_bytes() -> None:
    for ending in (".html", ".svg", ".png"):
        assert plots.page(READY["example"], ending, span="1H") == plots.page(READY["example"], ending, span="1H")


def test_names_may_hold_any_letter() -> None:
    names = [state(NASTY, {"b": 0.5, "stop": 0.5}, NASTY), state("b", emitter=NASTY)]
    spec = {
        "states": names,
        "emitters": [{"name": NASTY, "dimensions": [enum(NASTY, NASTY, "<script>")]}],
        "arrivals": [
            {"type": "poisson", "name": NASTY, "rate": 1},
            {"type": "poisson", "name": "other", "rate": 1},
        ],
    }
    html = plots.page(spec, span="1M").decode()
    checked(html)
    assert "<script" not in html
    assert "&lt;b&gt;&amp;" in html
    ElementTree.fromstring(plots.page(spec, ".svg", span="1M"))


def test_all_colours_of_words_and_lines_change_where_it_is_dark() -> None:
    html = plots.page(READY["example"], span="1H").decode()
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', html))
    changed = set(re.findall(r'\[fill="(#[0-9a-f]{6})"\]', color.dark_style()))
    assert used <= changed | set(color.PALETTE)
    assert {color.INK, color.SOFT, color.THEORY} <= used


def test_a_spec_whose_workers_never_come_has_a_page() -> None:
    spec = world()
    del spec["interarrival"]
    spec["arrivals"] = {"type": "poisson", "rate": 1, "from": "2030-01-01"}
    html = plots.page(spec).decode()
    assert "No worker was born" in html
    assert "It emitted no record in the run." in html


def test_a_page_says_where_a_run_was_cut() -> None:
    assert "It was cut at Mon 1 Jan 2024 04:0" in plots.page(READY["clickstream"]).decode()
    assert "cut" not in plots.page(READY["clickstream"], span="1M").decode()


def test_a_limit_far_below_who_would_come_is_told_and_no_line() -> None:
    assert "without the limit" in plots.page(READY["sensors"], span="1H").decode()


def test_the_graph_names_states_shares_stays_and_visits() -> None:
    told = dot(
        plots.states(world(states=[state("a", {"a": 0.25, "stop": 0.75}, delay=exponential(2))]), span="1H"), "LR"
    )
    assert "<b>a</b>" in told
    assert "stay 2 s · 1.33 × a life" in told
    assert "emits e" in told
    assert re.findall(r'label=" ([\d.]+ %) "', told) == ["25 %", "75 %"]


def test_children_are_dashed_arrows_with_their_number() -> None:
    spec = world(states=[state("a", spawn=[{"state": "kid", "count": 2.9}]), state("kid")])
    assert 's0 -> s1 [label=" 2 × ", style=dashed' in dot(plots.states(spec, span="1M"), "LR")
    shown = plots.page(spec, span="1M").decode()
    assert "Dashed: whom a worker brings about there" in shown
    assert "a: 100 % to stop, brings about 2 in kid" in shown
    assert "Dashed: whom" not in plots.page(world(), span="1M").decode()


def test_incidents_are_shaded_and_named() -> None:
    incidents = {"outage": {"from": "+10M", "until": "+20M"}, "storm": {"from": "+15M", "until": "+40M"}}
    spec = world(states=[state("s", delay=constant(90))], incidents=incidents)
    shown = plots.page(spec, span="1H").decode()
    assert shown.count("Shaded: incidents, outage (orange), storm (green).") == 2  # arrivals, and who is alive
    assert "Shaded" not in plots.page(world(), span="1H").decode()


def test_more_states_than_a_picture_holds_have_none() -> None:
    many = [State(str(number), None, 0, 1, 1, [Way("stop", 1)], []) for number in range(61)]
    assert graph(States(many, 1, 1)) is None
    assert graph(States(many[:60], 1, 1)) is not None


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.00025, "250 µs"),
        (0.9999, "1 s"),
        (1.5, "1.5 s"),
        (90, "1.5 min"),
        (3600, "1 h"),
        (100_000, "27.8 h"),
        (604_800, "7 days"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(seconds: float, shown: str) -> None:
    assert text.span(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1, "1"),
        (0.5, "0.5"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
        (0.00012345, "0.00012"),
        (100.0, "100"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, shown: str) -> None:
    assert text.number(value) == shown


def test_a_time_is_told_as_its_zone_writes_it() -> None:
    assert text.moment("2024-01-01T00:00:00.000000Z") == "Mon 1 Jan 2024 00:00 UTC"
    assert text.moment("2024-01-01T00:00:00.000000+02:00", 3600) == "Mon 1 Jan 2024 01:00 +02:00"
    assert text.moment("2024-01-01T00:00:00.000000") == "Mon 1 Jan 2024 00:00"


SPEC = ROOT / "conf/gen/example.json"


@pytest.mark.parametrize(
    ("name", "begin"), [("a.html", b"<!DOCTYPE html>"), ("a.svg", b"<svg "), ("a.png", b"\x89PNG")]
)
def test_the_command_makes_what_the_ending_says(tool, tmp_path, name: str, begin: bytes) -> None:
    outcome = tool("plot", SPEC, "-o", tmp_path / name, "--span", "1H")
    assert (tmp_path / name).read_bytes().startswith(begin)
    assert outcome.err == f"{tmp_path / name} is written\n"


def test_the_page_has_the_name_of_the_spec(tool, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tool("plot", SPEC, "--span", "1M")
    assert (tmp_path / "example.html").exists()


def test_a_dash_is_standard_output(command) -> None:
    outcome = command("plot", SPEC, "-o", "-", "--span", "1M", "--seed", 5, "-m", 7, "-s", "2024-05-01T12:00:00+02:00")
    assert outcome.out == plots.page(SPEC, span="1M", seed=5, max_workers=7, start="2024-05-01T12:00:00+02:00").decode()
    assert "from Wed 1 May 2024 12:00 +02:00, seed 5, at most 7 workers alive" in outcome.out
    assert outcome.err == ""


def test_without_a_start_it_is_a_monday_where_the_spec_is(tool, tmp_path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(world(timezone="Asia/Tokyo")))
    tool("plot", tmp_path / "spec.json", "-o", tmp_path / "a.html", "--span", "1M")
    assert "from Mon 1 Jan 2024 00:00 +09:00," in (tmp_path / "a.html").read_text()
    tool("plot", tmp_path / "spec.json", "-o", tmp_path / "a.html", "--span", "1M", "--timezone", "America/Lima")
    assert "from Mon 1 Jan 2024 00:00 -05:00," in (tmp_path / "a.html").read_text()


def test_a_spec_may_come_from_standard_input(command, tmp_path) -> None:
    command("plot", "-", "-o", tmp_path / "a.html", "--span", "1M", stdin=SPEC.read_bytes())
    assert "<title>spec</title>" in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["-o", "a.pdf"], 2, "must end in .html, .svg or .png"),
        (["-o", "html"], 2, "must end in .html, .svg or .png"),
        (["-o", "none/a.html"], 1, "writing none/a.html: No such file or directory"),
        (["--span", "soon"], 2, "--span: must be a duration"),
        (["--span", "0"], 2, "--span: must be above 0"),
        (["-s", "soon"], 2, "-s: must be a time such as"),
        (["-m", "0"], 2, "-m: must be a whole number, 1 or more"),
        (["--spam", "1D"], 2, "unknown option --spam; did you mean --span"),
    ],
)
def test_what_can_not_be_is_said_and_nothing_is_written(tool, tmp_path, monkeypatch, arguments, code, told) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = tool("plot", SPEC, *arguments)
    assert outcome.code == code
    assert told in outcome.err
    assert not list(tmp_path.iterdir())


def test_a_wrong_spec_is_refused_with_its_place(tool, tmp_path) -> None:
    (tmp_path / "wrong.json").write_text('{"states": []}')
    outcome = tool("plot", tmp_path / "wrong.json", "-o", tmp_path / "a.html")
    assert outcome.code == 2
    assert "wrong.json:1:" in outcome.err


@pytest.mark.parametrize("library", ["vl_convert", "pygraphviz"])
def test_a_library_that_is_not_there_is_named(tool, tmp_path, monkeypatch, library: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)
    outcome = tool("plot", SPEC, "-o", tmp_path / "a.html", "--span", "1M")
    assert outcome.code == 1
    assert 'pip install "datagen[plot]"' in outcome.err


def test_a_life_without_any_wait_is_drawn() -> None:
    checked(plots.page(world(states=[state("s")], gap=constant(60)), span="1H").decode())


def texts(svg: bytes) -> list[str]:
    """Return all that an SVG says, without where; that depends on the fonts of the machine."""
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("page", "spec", "options", "picture"),
    [
        ("plot", "desk.json", {}, "desk.svg"),
        ("time", "shop.json", {"start": "2024-11-25T00:00:00"}, "week.svg"),
    ],
)
def test_a_picture_of_the_documentation_is_what_its_command_draws(
    page: str, spec: str, options: dict, picture: str, tmp_path, monkeypatch
) -> None:
    written = (ROOT / f"docs/{page}.md").read_text()
    (tmp_path / spec).write_text(written.split(f"<!-- file: {spec} -->\n```json\n")[1].split("```")[0])
    monkeypatch.chdir(tmp_path)
    said = "".join(f"-s {start} " for start in options.values())
    assert f"`datagen plot {spec} {said}-o {picture}`" in written
    assert texts((ROOT / "docs/pictures" / picture).read_bytes()) == texts(plots.page(spec, ".svg", **options))


def test_plot_takes_the_options_of_a_run(command, tmp_path) -> None:
    given = ("plot", ROOT / "conf/gen/example.json", "--rate", "50/s", "--warm-up", "1M", "--timezone", "Europe/Berlin")
    outcome = command(*given, "--span", "1M", "-o", tmp_path / "a.html")
    assert (outcome.code, (tmp_path / "a.html").exists()) == (0, True)
    outcome = command(*given, "--volume", "1MB/D", "-o", tmp_path / "b.html")
    assert (outcome.code, "--rate and --volume exclude each other" in outcome.err) == (2, True)


def test_a_share_has_no_digit_that_is_no_more_than_an_error_of_binary_numbers() -> None:
    assert [text.share(share) for share in (0.55, 1 / 3, 0.004)] == ["55 %", "33.3 %", "0.4 %"]


def test_a_run_whose_workers_stay_nowhere_has_sentences_in_place_of_charts() -> None:
    spec = world(arrivals={"type": "at_start", "total": 3})
    del spec["interarrival"]
    shown = plots.page(spec, ".html").decode()
    assert "Nobody is alive for longer than an instant" in shown
    assert "Each is over in an instant" in shown
    assert "the whole span" not in shown


def test_shares_that_were_measured_are_marked() -> None:
    by_condition = {"next": "s", "when": "visits < 3"}, {"next": "stop", "when": "visits = 3"}
    stay = state("s", delay=constant(1)) | {"transitions": list(by_condition)}
    marked = "How often each transition by condition is taken was measured by a pilot"
    assert marked in plots.page(world(states=[stay]), span="1M").decode()
    assert marked not in plots.page(world(), span="1M").decode()


def test_waits_for_resources_are_told() -> None:
    served = {
        "name": "s",
        "emitter": "e",
        "use": "desk",
        "delay": exponential(1),
        "timeout": {"after": constant(1), "next": "stop"},
    }
    spec = world(states=[served], gap=exponential(2), resources={"desk": {"capacity": 1}})
    shown = plots.page(spec, ".html", span="1H").decode()
    assert "waits are measured by a pilot" in shown
    assert "of 1 unit in use" in shown
