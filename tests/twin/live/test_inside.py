"""Lists of who is inside against all passages gone through anew, whatever the order they came in and however often they were told."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from twin.live.inside import LATE_US, Passages, Passed, iter_area, key_of

START = 1_795_700_000_000_000
HOUR = 3_600_000_000
GATES = {"gate/N": ("PS",), "gate/S": ("PS",), "door/D": ("b:1",), "gate/B": ("PS", "b:1")}


def passed(at_us: int, gate: str, who: str | None, direction: str | None, count: int = 1) -> Passed:
    place = (gate.replace("/", ":"),)
    return Passed(at_us=at_us, gate=gate, who=who, direction=direction, site="PS", areas=GATES[gate], place=place, count=count)


PASSAGE = st.builds(
    passed,
    st.integers(0, 30).map(lambda hour: START + hour * HOUR),
    st.sampled_from(sorted(GATES)),
    st.sampled_from(["vehicle/A", "vehicle/B", "person/1", None]),
    st.sampled_from(["in", "out", None]),
)


def brute(passages: list[Passed]) -> dict[str, tuple[int, str]]:
    """Since when and through which gate, by key; each passage that was told several times once."""
    inside: dict[str, tuple[int, str]] = {}
    rank = {"out": 0, "in": 1, None: 2}
    for one in sorted({p for p in passages if p.who}, key=lambda p: (p.at_us, rank[p.direction], p.gate)):
        for area in one.areas:
            key = key_of(area, str(one.who))
            if one.direction == "in":
                inside.setdefault(key, (one.at_us, one.gate))
            elif one.direction == "out":
                inside.pop(key, None)
    return inside


def lists(rows: dict[str, dict]) -> dict[str, tuple[int, str]]:
    return {key: (row["since_us"], row["through"]) for key, row in rows.items() if row["area"]}


@settings(max_examples=150, deadline=None)
@given(st.lists(PASSAGE, max_size=25), st.randoms(use_true_random=False))
def test_lists_are_those_of_all_passages_in_their_order_whatever_came_when(passages: list[Passed], random: object) -> None:
    told = passages + random.sample(passages, len(passages) // 2)  # type: ignore[attr-defined]
    random.shuffle(told)  # type: ignore[attr-defined]
    made, followed = Passages(), {}
    for at, one in enumerate(told):
        fresh, changed, _ = made.take(one, START + 31 * HOUR)
        assert fresh == (one.who is None or one not in told[:at])
        for key, row in changed.items():
            followed.pop(key, None)
            if row is not None:
                followed[key] = row
        if at == len(told) // 2:
            made = Passages.untold(json.loads(json.dumps(made.told())))
    assert lists(made.rows) == brute(passages)
    assert followed == made.rows


@settings(max_examples=60, deadline=None)
@given(st.lists(PASSAGE, max_size=20))
def test_what_is_folded_changes_no_list(passages: list[Passed]) -> None:
    made = Passages()
    for one in passages:
        made.take(one, START + 31 * HOUR)
    before = lists(made.rows)
    made.fold(START + LATE_US + 15 * HOUR)
    assert lists(made.rows) == before
    made.fold(START + LATE_US + 40 * HOUR)
    assert lists(made.rows) == before
    assert all(not marks for marks in made.told()["marks"].values())
    assert {row["who"] for row in made.rows.values()} == {key.split("\n")[1] for key in before}
    fresh, changed, told = made.take(passed(START, "gate/N", "vehicle/A", "out"), START + LATE_US + 40 * HOUR)
    assert (fresh, changed, told[-1].what) == (True, {}, "too_late")


def test_a_late_passage_is_told_with_what_it_changed_and_an_earlier_day_is_counted_again() -> None:
    made = Passages()
    for hour, direction in ((30, "in"), (31, "in")):
        assert made.take(passed(START + hour * HOUR, "gate/N", "vehicle/A", direction), START + 40 * HOUR)[2] == []
    assert made.rows[key_of("PS", "vehicle/A")]["since_us"] == START + 30 * HOUR
    late = START + 30 * HOUR + HOUR // 2
    _, changed, told = made.take(passed(late, "gate/S", "vehicle/A", "out"), START + 40 * HOUR)
    assert made.rows[key_of("PS", "vehicle/A")]["since_us"] == START + 31 * HOUR and changed
    assert [(one.what, one.data["area"], one.data["inside"]) for one in told] == [("list", "PS", True)]
    made.take(passed(START, "gate/N", None, "in", 3), START + 40 * HOUR)
    _, _, told = made.take(passed(START + HOUR, "gate/N", None, "in", 2), START + 40 * HOUR)
    assert [(one.what, one.data["in_before"], one.data["in"]) for one in told] == [("count", 3, 5)]
    assert [row["who"] for row in iter_area(made.rows, "PS", "vehicle")] == ["vehicle/A"]
