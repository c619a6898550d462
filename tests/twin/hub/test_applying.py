"""What a commit changes, by column, against the same told one by one; a batch that fails costs itself alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from sensors import Batch, Observation, Stream
from tests.twin.hub.devices import FENCE, LAT, LON, SQUARE, START_US, FlatGround, moving
from twin.hub.applying import Applier, Committed
from twin.hub.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from twin.hub.guarded import Guarded
from twin.hub.recording import Recording
from twin.live.fences import Crossing
from twin.live.state import Flag, LiveState
from twin.live.streets import Streets

SECOND = 1_000_000
OUTSIDE = (LON + 0.5, LAT)


class Kept:
    def __init__(self) -> None:
        self.committed: list[Committed] = []

    def keep(self, committed: Committed, state: LiveState) -> None:
        self.committed.append(committed)

    @property
    def crossings(self) -> list[Crossing]:
        return [crossing for one in self.committed for crossing in one.crossings]


def applier() -> tuple[Applier, Kept]:
    kept = Kept()
    return Applier(ground=FlatGround(), keeps=[kept]), kept


def row_of(made: Applier, key: str) -> np.void:
    handle = made.state.find(f"vehicle/{key}")
    assert handle is not None
    return made.state.current[handle]


def test_many_batches_at_once_lead_where_one_after_the_other_leads() -> None:
    rng = np.random.default_rng(5)
    batches = []
    for number in range(1, 40):
        keys = rng.choice(list("ABCDEF"), size=rng.integers(1, 5), replace=False)
        places = {str(key): (LON + 1e-5 * number, LAT + 1e-5 * ord(str(key))) for key in keys}
        batches.append(moving("g", number, places, at_us=START_US + number * SECOND))
    together, _ = applier()
    together.apply(batches, now_us=START_US + 40 * SECOND, first=0, position=39)
    alone, _ = applier()
    for number, batch in enumerate(batches, start=1):
        alone.apply([batch], now_us=START_US + 40 * SECOND, first=number - 1, position=number)
    for name in ("lon_e7", "lat_e7", "fix_us", "received_us", "verdict", "flags"):
        for key in "ABCDEF":
            assert row_of(together, key)[name] == row_of(alone, key)[name], (name, key)


def test_a_crossing_and_the_place_are_told_with_the_fix_that_led_to_it() -> None:
    made, kept = applier()
    made.apply([moving("g", 1, {"A": OUTSIDE})], now_us=START_US, first=1 - 1, position=1)
    edge = (SQUARE[2] - 1e-5, LAT)
    for number, place in enumerate([(SQUARE[2] + 1e-3, LAT), edge, (SQUARE[2] + 1e-5, LAT), edge, (LON, LAT)], start=2):
        at_us = START_US + number * 3600 * SECOND
        made.apply([moving("g", number, {"A": place}, at_us=at_us)], now_us=at_us, first=number - 1, position=number)
        crossed_before = [(one.fence, one.entered) for one in kept.crossings[: len(kept.crossings) - (number == 6)]]
        assert crossed_before == []
    assert [(one.fence, one.entered) for one in kept.crossings] == [(FENCE, True)]
    assert made.state.places[int(row_of(made, "A")["place"])] == (FENCE,)
    assert [made.state.places[int(row)] for row in kept.committed[-1].place] == [(FENCE,)]


@pytest.mark.parametrize("together", [1, 2, 3, 7, 40])
def test_crossings_are_the_same_however_batches_are_committed_together(together: int) -> None:
    east = SQUARE[2]
    told = []
    for size in (1, together):
        made, kept = applier()
        batches = [
            moving("g", number + 1, {"A": (east + 2e-3 * np.cos(number / 3), LAT), "B": (LON, LAT)}, at_us=START_US + number * 10 * SECOND)
            for number in range(40)
        ]
        for first in range(0, len(batches), size):
            some = batches[first : first + size]
            made.apply(some, now_us=START_US + 400 * SECOND, first=first, position=first + len(some))
        crossings = [pair for one in kept.committed for pair in zip(one.crossings, one.crossings_at, strict=True)]
        told.append((crossings, row_of(made, "A")["since_us"], made.fences.told()))
    assert told[0] == told[1]
    assert len(told[0][0]) > 2


def test_an_older_fix_does_not_move_the_state_and_is_handed_on() -> None:
    made, kept = applier()
    made.apply([moving("g", 1, {"A": (LON, LAT)}, at_us=START_US + 100 * SECOND)], now_us=START_US + 100 * SECOND, first=1 - 1, position=1)
    made.apply([moving("g", 2, {"A": (LON + 0.001, LAT)}, at_us=START_US)], now_us=START_US + 101 * SECOND, first=2 - 1, position=2)
    assert int(row_of(made, "A")["lon_e7"]) == round(LON * 1e7)
    assert len(kept.committed[-1].fixes) == 1


def late(number: int, places: dict[str, tuple[float, float]], second: int, received: int, *, alarm: int = 0, kept: bool = True) -> Batch:
    """Fixes of a second that were received at another; `kept` by the device in between, as it says."""
    batch = moving("g", number, places, at_us=START_US + second * SECOND, alarm=alarm)
    batch.fixes["received_us"] = START_US + received * SECOND
    batch.fixes["status"] |= 4 * kept
    return batch


def test_what_a_device_sends_late_beside_what_it_says_now_hides_nothing_of_now() -> None:
    before = [moving("g", n, {"A": (LON + n * 1e-5, LAT)}, at_us=START_US + n * SECOND) for n in range(1, 4)]
    now = late(4, {"A": (LON + 4e-5, LAT)}, 300, 300, alarm=2, kept=False)
    kept = [late(5 + n, {"A": (LON + 1e-3, LAT)}, 100 + n, 300) for n in range(3)]
    rows = []
    for batches in ([[*before], [now, *kept]], [[*before], [now], [*kept]], [[*before], [*kept[:1], now], [*kept[1:]]]):
        made, _ = applier()
        for some in batches:
            made.apply(some, now_us=START_US + 300 * SECOND, first=some[0].number - 1, position=some[-1].number)
        rows.append(row_of(made, "A"))
    for row in rows:
        assert (int(row["fix_us"]), int(row["raw_lon_e7"])) == (START_US + 300 * SECOND, round((LON + 4e-5) * 1e7))
        assert (int(row["alarm"]), int(row["verdict"])) == (2, 0)
        assert Flag(int(row["flags"])) & (Flag.BACKLOG | Flag.ALARM | Flag.SMOOTHED) == Flag.ALARM | Flag.SMOOTHED


def test_a_second_fix_of_the_same_second_moves_nothing_but_its_alarm_is_one_of_now() -> None:
    made, _ = applier()
    for number in range(1, 3):
        at_us = START_US + number * SECOND
        made.apply([moving("g", number, {"A": (LON, LAT)}, at_us=at_us)], now_us=at_us, first=number - 1, position=number)
    before = row_of(made, "A").copy()
    made.apply([late(3, {"A": (LON + 1e-4, LAT)}, 2, 2, alarm=1, kept=False)], now_us=START_US + 2 * SECOND, first=2, position=3)
    row = row_of(made, "A")
    for name in ("lon_e7", "raw_lon_e7", "accuracy_dm", "verdict", "fix_us"):
        assert row[name] == before[name], name
    assert (int(row["alarm"]), int(row["flags"])) == (1, int(before["flags"]) | Flag.ALARM)
    made.apply([late(4, {"A": (LON, LAT)}, -900, 3, alarm=4)], now_us=START_US + 3 * SECOND, first=3, position=4)
    assert int(row_of(made, "A")["alarm"]) == 1
    made.apply([moving("g", 5, {"A": (LON, LAT)}, at_us=START_US + 4 * SECOND)], now_us=START_US + 4 * SECOND, first=4, position=5)
    assert (int(row_of(made, "A")["alarm"]), Flag.ALARM in Flag(int(row_of(made, "A")["flags"]))) == (0, False)


def test_who_says_nothing_for_too_long_is_silent_until_its_next_word() -> None:
    made, _ = applier()
    made.apply([moving("g", 1, {"A": (LON, LAT)})], now_us=START_US, first=1 - 1, position=1)
    assert made.sweep(now_us=START_US + 599 * SECOND).changes is None
    told = made.sweep(now_us=START_US + 601 * SECOND).changes
    assert told is not None
    assert [Flag(flags) & ~Flag.SMOOTHED for flags in told.rows["flags"].tolist()] == [Flag.IGNITION | Flag.SILENT]
    assert made.sweep(now_us=START_US + 602 * SECOND).changes is None
    made.apply([moving("g", 2, {"A": (LON, LAT)}, at_us=START_US + 700 * SECOND)], now_us=START_US + 700 * SECOND, first=2 - 1, position=2)
    assert not row_of(made, "A")["flags"] & Flag.SILENT


@pytest.mark.parametrize("year_us", [915_148_800_000_000, 2_051_222_400_000_000], ids=["1999", "2035"])
def test_a_clock_of_another_year_poisons_nothing(year_us: int) -> None:
    made, _ = applier()
    made.apply([moving("g", 1, {"A": (LON, LAT), "B": (LON, LAT)})], now_us=START_US, first=1 - 1, position=1)
    wrong = moving("g", 2, {"A": (LON + 1e-5, LAT)}, at_us=year_us)
    wrong.fixes["received_us"] = START_US + 10 * SECOND
    made.apply([wrong], now_us=START_US + 10 * SECOND, first=2 - 1, position=2)
    made.apply(
        [moving("g", 3, {"A": (LON + 2e-5, LAT)}, at_us=START_US + 20 * SECOND)], now_us=START_US + 20 * SECOND, first=3 - 1, position=3
    )
    assert int(row_of(made, "A")["fix_us"]) == START_US + 20 * SECOND
    assert int(row_of(made, "A")["raw_lon_e7"]) == round((LON + 2e-5) * 1e7)
    assert abs(int(row_of(made, "A")["lon_e7"]) - round(LON * 1e7)) < 1500


def passed(direction: str, at_us: int, *, received_us: int | None = None) -> Observation:
    return Observation(
        device="gate/G", stream=Stream.PASSAGE, received_us=received_us or at_us, device_us=at_us, value={"direction": direction}
    )


def test_passages_are_counted_by_the_day_of_the_compound() -> None:
    made, _ = applier()
    midnight = 1_795_708_800_000_000  # 2026-11-27T00:00+08:00
    for number, observation in enumerate(
        [passed("in", midnight - SECOND), passed("in", midnight), passed("out", midnight + 1), passed("in", midnight - 5)], start=1
    ):
        made.apply([Batch(source="g", number=number, others=[observation])], now_us=midnight, first=number - 1, position=number)
    assert (made.state.still["gate/G"]["in"], made.state.still["gate/G"]["out"]) == (1, 1)


def test_the_road_that_a_vehicle_follows_is_in_the_state_and_gone_with_it() -> None:
    made, _ = applier()
    made.drive_on(Streets.of([("road:east", shapely.LineString([(LON - 0.01, LAT), (LON + 0.02, LAT)]))]))
    for number in range(30):
        at_us = START_US + number * SECOND
        batch = moving("g", number + 1, {"A": (LON + number * 5.55e-5, LAT + 3e-5)}, at_us=at_us)
        made.apply([batch], now_us=at_us, first=number, position=number + 1)
    assert made.state.places[int(row_of(made, "A")["road"])] == ("road:east",)
    made.drive_on(Streets.of([]))
    last_us = START_US + 30 * SECOND
    made.apply([moving("g", 31, {"A": (LON + 30 * 5.55e-5, LAT)}, at_us=last_us)], now_us=last_us, first=30, position=31)
    assert made.state.places[int(row_of(made, "A")["road"])] == ()


class Fails(Applier):
    def apply(self, batches, *, now_us, first, position):
        if any(batch.number == 2 for batch in batches):
            raise RuntimeError("a fault of ours")
        return super().apply(batches, now_us=now_us, first=first, position=position)


def test_a_batch_that_cannot_be_applied_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    made = Fails(ground=FlatGround())
    guarded, replica = Guarded(made), LiveState()
    told = guarded.apply([moving("g", number, {str(number): (LON, LAT)}) for number in (1, 2, 3)], now_us=START_US, first=0, position=3)
    assert told.changes is not None
    replica.follow(told.changes)
    assert replica.addresses == ["vehicle/1", "vehicle/3"]
    assert guarded.faults == 1
    assert "batch 2 of g, at position 1" in caplog.text


def test_a_checkpoint_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "state" / "checkpoint"
    assert read_checkpoint(path) is None
    write_checkpoint(path, Checkpoint(position=7, facts={"a": [1, "二"]}, parts={"x": b"123", "y": b""}))
    found = read_checkpoint(path)
    assert found is not None
    assert (found.position, found.facts, found.parts) == (7, {"a": [1, "二"]}, {"x": b"123", "y": b""})
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:20], b"", bytes([*whole[:-1], whole[-1] ^ 1])):
        path.write_bytes(damaged)
        assert read_checkpoint(path) is None


def test_a_commit_without_a_position_is_recorded_and_one_with_it_after_it(tmp_path: Path) -> None:
    recording = Recording.open(tmp_path)
    made = Applier(ground=FlatGround(), keeps=[recording])
    made.apply([Batch(source="g", number=1, others=[passed("in", START_US)])], now_us=START_US, first=1 - 1, position=1)
    made.apply(
        [moving("g", 2, {"A": (LON, LAT)}), Batch(source="g", number=3, others=[passed("in", START_US)])],
        now_us=START_US,
        first=1,
        position=3,
    )
    assert recording.positions.shelf.recent(START_US - 1, START_US + 1)["position"].to_pylist() == [1]
    recording.write()
    assert recording.positions.shelf.rows_in_memory == 0
    recording.close()


def test_a_history_that_fails_costs_no_alarm(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Kept):
        def keep(self, committed: Committed, state: LiveState) -> None:
            raise RuntimeError("no history")

    class Told:
        def happen(self, committed: Committed, state: LiveState) -> list[dict[str, object]]:
            return [{"id": 1}]

        def tick(self, now_us: int) -> list[dict[str, object]]:
            return []

    made = Applier(ground=FlatGround(), keeps=[Broken()], happens=[Told()])
    assert made.apply([moving("g", 1, {"A": (LON, LAT)})], now_us=START_US, first=1 - 1, position=1).events == [{"id": 1}]
    assert "not in the history" in caplog.text


def test_what_is_delivered_again_in_another_batch_is_taken_once() -> None:
    made, kept = applier()
    said = replace(passed("in", START_US), value={"direction": "in", "event": ["/gate", "7"]})
    other = replace(said, value={"direction": "in", "event": ["/gate", "8"]})
    for number, others in enumerate(([said], [other, said], [passed("in", START_US)], [said, other]), start=1):
        made.apply([Batch(source=f"g{number}", number=1, others=others)], now_us=START_US, first=number - 1, position=number)
    assert made.state.still["gate/G"]["in"] == 3
    assert [len(one.others) for one in kept.committed] == [1, 1, 1, 0]
