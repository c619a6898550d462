"""Outcomes of stock-takes: worked examples, and what must hold for any scans at all, against a slow judge of its own."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from twin.queries.assetops.judge import Card, judge
from twin.records.stocktake import Outcome, StoredScan

ROOM, OTHER, BUILDING, AWAY = "/1/2/3/", "/1/2/4/", "/1/2/", "/1/9/8/"
PLACES = ("", "/1/", BUILDING, ROOM, OTHER, AWAY)


def card(record: int, path: str = ROOM, **facts: Any) -> Card:
    return Card(
        **{"record_id": record, "code": f"ZC{record}", "place_id": _last(path), "path": path, "expected": True, "due": True} | facts
    )


def scan(number: int, code: str, path: str = ROOM, *, at: int | None = None, who: str = "陈榕") -> StoredScan:
    moment = number if at is None else at
    return StoredScan(id=number, code=code, place_id=_last(path), path=path, said={}, who=who, at_us=moment, source="api")


def _last(path: str) -> int | None:
    return int(path.split("/")[-2]) if path else None


def said(cards: Sequence[Card], scans: Sequence[StoredScan], more: Sequence[Card] = ()) -> dict[str, tuple[str, int | None, set[str]]]:
    meant: dict[str, list[Card]] = {}
    for one in (*cards, *more):
        meant.setdefault(one.code, []).append(one)
    return {one.code: (one.outcome, one.found_place_id, set(one.findings)) for one in judge(cards, meant, scans)}


def test_found_missing_elsewhere_and_unexpected_are_told_apart() -> None:
    answer = said([card(1), card(2), card(3)], [scan(1, "ZC1"), scan(2, "ZC2", OTHER), scan(3, "TY99")])
    assert answer == {
        "ZC1": ("found", 3, set()),
        "ZC2": ("found_elsewhere", 4, {"STOCKTAKE_FOUND_ELSEWHERE"}),
        "ZC3": ("missing", None, {"STOCKTAKE_MISSING"}),
        "TY99": ("unexpected", 3, {"STOCKTAKE_UNEXPECTED"}),
    }


def test_what_belongs_elsewhere_and_is_scanned_here_was_found_elsewhere_too() -> None:
    answer = said([], [scan(1, "ZC7")], [card(7, AWAY, expected=False)])
    assert answer["ZC7"][:2] == ("found_elsewhere", 3)


def test_what_is_scanned_in_its_own_place_outside_the_take_is_outside() -> None:
    assert said([], [scan(1, "ZC7", AWAY)], [card(7, AWAY, expected=False)])["ZC7"][0] == "outside"


def test_a_room_within_the_building_that_the_card_names_is_its_place() -> None:
    assert said([card(1, BUILDING)], [scan(1, "ZC1", ROOM)])["ZC1"] == ("found", 3, set())
    assert said([card(1, ROOM)], [scan(1, "ZC1", BUILDING)])["ZC1"][0] == "found"


def test_a_scan_that_names_no_place_finds_the_asset_and_moves_nothing() -> None:
    assert said([card(1)], [scan(1, "ZC1", "")])["ZC1"] == ("found", None, {"STOCKTAKE_PLACE_UNKNOWN"})


def test_one_asset_in_two_places_is_told_and_stands_in_neither_unless_one_is_its_own() -> None:
    both = said([card(1)], [scan(1, "ZC1", OTHER), scan(2, "ZC1", AWAY)])["ZC1"]
    assert both == ("found_elsewhere", None, {"STOCKTAKE_FOUND_ELSEWHERE", "STOCKTAKE_SCANNED_TWICE"})
    assert said([card(1)], [scan(1, "ZC1"), scan(2, "ZC1", AWAY)])["ZC1"] == ("found", 3, {"STOCKTAKE_SCANNED_TWICE"})


def test_one_code_read_twice_at_one_moment_is_two_things() -> None:
    assert said([card(1)], [scan(1, "ZC1", at=9), scan(2, "ZC1", at=9)])["ZC1"][2] == {"STOCKTAKE_SCANNED_TWICE"}
    assert said([card(1)], [scan(1, "ZC1", at=9), scan(2, "ZC1", at=9, who="林闽生")])["ZC1"][2] == set()


def test_a_tag_of_two_cards_means_the_one_at_home_there_and_else_nobody_knows() -> None:
    here, there = card(1, code="TY1"), card(2, OTHER, code="TY1")
    outcomes = {one.record_id: (one.outcome, one.findings) for one in judge([here, there], {"TY1": [here, there]}, [scan(1, "TY1")])}
    assert outcomes == {1: ("found", ("STOCKTAKE_TAG_DUPLICATE",)), 2: ("missing", ("STOCKTAKE_MISSING",))}
    unsure = judge([here, there], {"TY1": [here, there]}, [scan(1, "TY1", AWAY)])
    assert {one.outcome for one in unsure} == {"ambiguous"}


def test_what_is_lent_or_disposed_of_is_never_missing_and_its_scan_is_told() -> None:
    gone = card(1, due=False)
    assert said([gone], []) == {}
    assert said([gone], [scan(1, "ZC1")])["ZC1"] == ("not_due", 3, {"STOCKTAKE_NOT_DUE"})


cards = st.lists(st.tuples(st.sampled_from(PLACES), st.booleans(), st.booleans(), st.integers(0, 3)), max_size=7)
scanned = st.lists(
    st.tuples(st.sampled_from(["T0", "T1", "T2", "T3", "无卡"]), st.sampled_from(PLACES), st.integers(0, 3), st.sampled_from("甲乙")),
    max_size=9,
)


@given(cards, scanned)
def test_what_is_due_comes_out_once_and_every_scan_is_accounted_for(rows: list[Any], read: list[Any]) -> None:
    every = [card(at, path, due=due, expected=inside, code=f"T{tag}") for at, (path, due, inside, tag) in enumerate(rows)]
    expected = [one for one in every if one.expected]
    meant: dict[str, list[Card]] = {}
    for one in every:
        meant.setdefault(one.code, []).append(one)
    scans = [scan(at, code, path, at=moment, who=who) for at, (code, path, moment, who) in enumerate(read)]
    outcomes = judge(expected, meant, scans)
    due = Counter(one.outcome for one in outcomes if one.due)
    assert sum(due.values()) == sum(one.due for one in expected)
    assert set(due) <= {"found", "found_elsewhere", "missing", "ambiguous"}
    records = [one.record_id for one in outcomes if one.record_id is not None]
    assert len(records) == len(set(records))
    assert {one.code for one in outcomes if one.outcome == "unexpected"} == {one.code for one in scans if one.code not in meant}
    assert {one.record_id: one.outcome == "found" for one in outcomes if one.due} == _slowly(expected, every, scans, outcomes)


def _slowly(
    expected: Sequence[Card], every: Sequence[Card], scans: Sequence[StoredScan], outcomes: Sequence[Outcome]
) -> dict[int | None, bool]:
    """Whether each due asset was found at home: some scan that can only mean it and whose place does not contradict its own."""

    def agrees(one: StoredScan, home: Card) -> bool:
        steps, own = one.path.split("/")[1:-1], home.path.split("/")[1:-1]
        return bool(steps) and bool(own) and all(a == b for a, b in zip(steps, own, strict=False))

    found: dict[int | None, bool] = {}
    for asset in (one for one in expected if one.due):
        rivals = [one for one in every if one.code == asset.code]
        mine = [
            one
            for one in scans
            if one.code == asset.code and (len(rivals) == 1 or [rival for rival in rivals if agrees(one, rival)] == [asset])
        ]
        found[asset.record_id] = any(agrees(one, asset) for one in mine) or (bool(mine) and not any(one.path for one in mine))
    return found
