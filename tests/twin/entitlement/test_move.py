"""What if a unit moved: against trying every way, and never against a limit."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.entitlement import FreeRoom, Mover, Proposal, Verdict, propose_move, standard_on
from twin.entitlement.seating import choose_own_rooms, choose_shared_rooms, levelled_limits
from twin.errors import Refused

STANDARD = standard_on(date(2026, 1, 1))
RANKS = ["bureau_chief", "division_chief", "division_deputy", "staff", "staff", "staff"]
AREAS = st.lists(st.integers(5, 60).map(float), max_size=6)


def rooms_of(areas: Sequence[float]) -> list[FreeRoom]:
    return [FreeRoom(room=f"{number:03}", area_m2=area, order=f"{number:03}") for number, area in enumerate(areas)]


def movers(*ranks: str, departments: str = "") -> list[Mover]:
    return [
        Mover(person=f"p{number:03}", rank=rank, level="provincial", department=departments[number : number + 1])
        for number, rank in enumerate(ranks)
    ]


def most_matched(limits: Sequence[float], areas: Sequence[float]) -> int:
    """The most people that can have a room each, by augmenting paths."""
    holder: dict[int, int] = {}

    def find_room(person: int, tried: set[int]) -> bool:
        for room, area in enumerate(areas):
            if 6 <= area <= limits[person] and room not in tried:
                tried.add(room)
                if room not in holder or find_room(holder[room], tried):
                    holder[room] = person
                    return True
        return False

    return sum(find_room(person, set()) for person in range(len(limits)))


@settings(deadline=None)
@given(st.lists(st.integers(6, 60).map(float), max_size=8), st.lists(st.integers(5, 60).map(float), max_size=8))
def test_no_way_gives_more_people_a_room_of_their_own(limits: list[float], areas: list[float]) -> None:
    people = {f"p{number}": limit for number, limit in enumerate(limits)}
    rooms = rooms_of(areas)
    chosen = choose_own_rooms(people, rooms, least_m2=6.0)
    assert len({room.room for room in chosen.values()}) == len(chosen)
    assert all(6.0 <= room.area_m2 <= people[person] for person, room in chosen.items())
    assert len(chosen) == most_matched(limits, areas)


def seatings(area: float, people: dict[float, int]) -> list[tuple[int, ...]]:
    """Every way to fill a room, none at all among them, tried by hand."""
    ways = product(*(range(number + 1) for number in people.values()))
    return [
        way
        for way in ways
        if not any(way) or 6 * sum(way) <= area <= sum(limit * number for limit, number in zip(people, way, strict=True))
    ]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 6), st.integers(0, 4), st.lists(st.integers(5, 45).map(float), max_size=4))
def test_no_way_seats_more_people_or_as_many_in_fewer_rooms_or_less_area(staff: int, deputies: int, areas: list[float]) -> None:
    rooms, people = rooms_of(areas), {9.0: staff, 12.0: deputies}
    chosen = choose_shared_rooms(people, rooms, least_m2=6.0)
    by_room = {room.room: room.area_m2 for room in rooms}
    numbers = {room: sum(found.values()) for room, found in chosen.items()}
    assert all(6 * number <= by_room[room] for room, number in numbers.items())
    assert all(by_room[room] <= sum(limit * number for limit, number in found.items()) for room, found in chosen.items())
    assert all(sum(found.get(limit, 0) for found in chosen.values()) <= number for limit, number in people.items())
    found = (-sum(numbers.values()), len(chosen), sum(by_room[room] for room in chosen))
    ways = [
        way
        for way in product(*(seatings(area, people) for area in areas))
        if all(sum(one[at] for one in way) <= number for at, number in enumerate(people.values()))
    ]
    assert found == min(
        (-sum(map(sum, way)), sum(map(any, way)), sum(area for area, one in zip(areas, way, strict=True) if any(one))) for way in ways
    )


def test_two_who_share_have_each_their_own_limit() -> None:
    """12 and 9 m² are 21: the room is within it, and was too large for two people of 9."""
    proposal = propose_move(movers("division_deputy", "staff"), rooms_of([21]), STANDARD)
    assert proposal.fits
    assert (proposal.verdicts["000"].verdict, proposal.verdicts["000"].allowed_m2) == (Verdict.WITHIN, 21)
    assert not propose_move(movers("staff", "staff"), rooms_of([21]), STANDARD).fits
    assert propose_move(movers("division_deputy", "division_deputy"), rooms_of([24]), STANDARD).fits


def test_limits_are_levelled_to_the_lower_where_there_are_too_many_ways() -> None:
    few = {9.0: 3, 12.0: 2}
    assert levelled_limits(few, 10) == {9.0: 9.0, 12.0: 12.0}
    assert levelled_limits({9.0: 400, 10.0: 400, 12.0: 400, 18.0: 1}, 50) == {9.0: 9.0, 10.0: 9.0, 12.0: 12.0, 18.0: 18.0}


@settings(deadline=None)
@given(st.lists(st.sampled_from(RANKS), max_size=14), st.lists(st.integers(50, 600).map(lambda tenths: tenths / 10), max_size=14))
def test_a_proposal_breaks_no_limit_and_names_everybody_once(ranks: list[str], areas: list[float]) -> None:
    people, rooms = movers(*ranks), rooms_of(areas)
    proposal = propose_move(people, rooms, STANDARD)
    seated = [seat.person for seat in proposal.seats]
    assert sorted(seated + [left.person for left in proposal.left_over]) == [mover.person for mover in people]
    assert proposal.fits == (len(seated) == len(people))
    assert {verdict.verdict for verdict in proposal.verdicts.values()} <= {Verdict.WITHIN}
    by_room = {room.room: room.area_m2 for room in rooms}
    crowd = Counter(seat.room for seat in proposal.seats)
    assert all(by_room[room] >= 6 * number for room, number in crowd.items())
    assert set(proposal.verdicts) == set(crowd)
    assert proposal.rooms_used + proposal.rooms_free == len(rooms)
    assert proposal.area_used_m2 == pytest.approx(sum(by_room[room] for room in crowd))
    assert proposal.area_used_m2 <= proposal.area_allowed_m2


@settings(deadline=None)
@given(st.permutations(movers("bureau_chief", "division_deputy", *["staff"] * 6)), st.permutations(rooms_of([30, 24, 18, 12, 9, 27, 14])))
def test_the_order_in_which_people_and_rooms_are_given_changes_nothing(people: list[Mover], rooms: list[FreeRoom]) -> None:
    expected = propose_move(movers("bureau_chief", "division_deputy", *["staff"] * 6), rooms_of([30, 24, 18, 12, 9, 27, 14]), STANDARD)
    found = propose_move(people, rooms, STANDARD)
    assert (found.seats, found.left_over) == (expected.seats, expected.left_over)


def test_leaders_have_rooms_of_their_own_and_a_deputy_shares_where_none_is_left() -> None:
    proposal = propose_move(movers("bureau_chief", "division_chief", "division_deputy", "staff", "staff"), rooms_of([30, 18, 27]), STANDARD)
    rooms = {seat.person: seat.room for seat in proposal.seats}
    assert rooms == {"p000": "000", "p001": "001", "p002": "002", "p003": "002", "p004": "002"}
    assert proposal.verdicts["002"].allowed_m2 == 30
    assert proposal.en == "5 of 5 people in 3 of 3 rooms, 75 m² (at most 78 m²)"


def test_people_of_one_department_sit_side_by_side() -> None:
    proposal = propose_move(movers(*["staff"] * 8, departments="ABABABAB"), rooms_of([36, 36]), STANDARD)
    rooms = {seat.person: seat.room for seat in proposal.seats}
    assert {rooms[f"p00{number}"] for number in (0, 2, 4, 6)} == {"000"}
    assert {rooms[f"p00{number}"] for number in (1, 3, 5, 7)} == {"001"}


def reasons(proposal: Proposal) -> dict[str, str]:
    return {left.person: left.en for left in proposal.left_over}


def test_who_does_not_fit_is_told_why() -> None:
    assert reasons(propose_move(movers("division_chief"), rooms_of([40, 20.5]), STANDARD)) == {
        "p000": "the rooms left have 20.5 to 40 m²; none suits a limit of 18 m² a person"
    }
    assert reasons(propose_move(movers("staff"), [], STANDARD)) == {"p000": "no free room is left"}
    assert reasons(propose_move(movers(""), rooms_of([9]), STANDARD)) == {"p000": "no limit is known for rank ?"}


def test_a_person_named_twice_and_a_day_without_rules_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        propose_move([*movers("staff"), *movers("staff")], rooms_of([9]), STANDARD)
    assert refused.value.code == "MOVER_TWICE"
    with pytest.raises(Refused) as refused:
        propose_move(movers("staff"), rooms_of([9]), standard_on(date(2010, 1, 1)))
    assert refused.value.code == "AREA_RULE_UNKNOWN"
    with pytest.raises(Refused) as refused:
        propose_move(movers("staff"), rooms_of([9, float("nan")]), STANDARD)
    assert (refused.value.code, refused.value.message) == ("ROOM_AREA_MISSING", "rooms without an area: 001")
    assert propose_move(movers("staff"), rooms_of([6]), standard_on(date(2010, 1, 1)), least_m2=5.0).fits


def test_nobody_moves_nowhere() -> None:
    proposal = propose_move([], rooms_of([9]), STANDARD)
    assert (proposal.fits, proposal.rooms_used, proposal.area_used_m2) == (True, 0, 0)
