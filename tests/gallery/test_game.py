"""The gallery's game: ten players make a match, and nobody plays two at once."""

SPEC, RECORDS, RECORD_ID = "game", 1_000_000, True


def test_a_match_has_ten_players_of_one_region_who_begin_at_once(ask) -> None:
    [(matches, wrong)] = ask(
        """with matches as (select count(*) players, count(distinct player) different, count(distinct instant) begins,
                count(distinct region) regions, count(*) filter (team = 'red') red
            from r where event = 'start' group by match)
        select count(*), count(*) filter ((players, begins, regions, red) != (10, 1, 1, 5)) from matches"""
    )
    assert matches > 3000
    assert wrong <= 1  # the last one may be cut


def test_a_match_ends_for_all_at_once_with_one_winner(ask) -> None:
    [(matches, wrong)] = ask(
        """with matches as (select count(*) players, count(distinct instant) ends, count(distinct winner) winners,
                count(*) filter (won) won from r where event = 'end' group by match)
        select count(*), count(*) filter ((players, ends, winners, won) != (10, 1, 1, 5)) from matches"""
    )
    assert matches > 3000
    assert wrong <= 1  # the last one may be cut


def test_nobody_plays_two_matches_at_once(ask) -> None:
    """Names are not unique, so players are told apart by the workers who they are."""
    [(steps, wrong)] = ask(
        """with steps as (select event, match, lag(event) over own before, lag(match) over own former
            from r where event in ('start', 'end')
            window own as (partition by split_part(record_id, '-', 1) order by place))
        select count(*), count(*) filter (event = coalesce(before, 'end') or (event = 'end' and match != former))
        from steps"""
    )
    assert steps > 0.5 * RECORDS
    assert wrong == 0


def test_a_small_region_waits_longer(ask) -> None:
    waits = dict(ask("select region, avg(waited_s) from r where event = 'start' group by 1"))
    assert waits["ap-south"] > 2 * waits["eu-west"]
