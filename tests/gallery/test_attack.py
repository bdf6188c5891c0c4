"""The gallery's attack: stages follow each other as in a kill chain, and the staff live as they would without it."""

from itertools import pairwise

import datagen
from tests.gallery.conftest import MONDAY
from tests.worlds import ROOT

SPEC, RECORDS = "attack", 1_000_000
CHAIN = ["delivery", "execution", "discovery", "lateral movement", "collection", "exfiltration"]


def test_stages_follow_each_other(ask) -> None:
    """Whoever is at a stage was at the one before it."""
    for before, stage in pairwise(CHAIN):
        assert ask(
            f"""with firsts as (select attack, min(place) filter (stage = '{before}') earlier,
            min(place) filter (stage = '{stage}') later from r where label = 'attack' group by 1)
            select count(*) from firsts where later is not null and (earlier is null or earlier > later)"""
        ) == [(0,)]
    [(begun, executed, through)] = ask(
        """select count(distinct attack) filter (stage = 'delivery'),
        count(distinct attack) filter (stage = 'execution'),
        count(distinct attack) filter (stage = 'exfiltration') from r"""
    )
    assert begun > executed > through > 0


def test_implants_call_home_every_five_minutes_from_the_machine_they_are_on(ask) -> None:
    assert ask(
        """with calls as (
            select attack, host, instant - lag(instant) over (partition by attack, host order by place) gap
            from r where stage = 'command and control'),
        once as (select attack, host from r where stage = 'execution' group by 1, 2 having count(*) = 1)
        select count(*) from calls join once using (attack, host) where gap not between 270000 and 330000"""
    ) == [(0,)]
    assert ask(
        """select count(*) from (select attack, host, min(place) place from r where stage = 'command and control'
        group by 1, 2) c where not exists
        (select 1 from r where stage = 'execution' and r.attack = c.attack and r.host = c.host and r.place < c.place)"""
    ) == [(0,)]


def test_labels_say_what_is_an_attack(ask) -> None:
    assert set(ask("select distinct label, stage is null, attack is null from r")) == {
        ("benign", True, True),
        ("attack", False, False),
    }


def test_the_staff_live_as_they_would_without_the_attack() -> None:
    path, options = ROOT / "conf/gen/attack.json", {"start": MONDAY, "seed": 7}
    both = [one for one in datagen.records(path, records=20_000, **options) if one["label"] == "benign"]
    alone = list(datagen.records(datagen.load(path, only=["staff"]), records=len(both), **options))
    assert both == alone
