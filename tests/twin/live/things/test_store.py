"""The file of things: durable when told so, one writer after another, the same for all processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.errors import StoreNewer, StoreUnavailable
from twin.live.things import Entity, EntityCache, Extent, ObservationRow, ThingStore

WRITER = """
import sys
from pathlib import Path
from twin.live.things import ObservationRow, ThingStore
store = ThingStore(Path(sys.argv[1]))
for number in range(10**6):
    with store.writing() as writing:
        name = writing.next_id("Observation")
        writing.add_observations([ObservationRow(name, 1, number, number, None, None, {"result": number})])
    print(name, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ThingStore]:
    store = ThingStore(tmp_path / "history" / "things.sqlite")
    yield store
    store.close()


def thing(name: int | str, text: str = "x", **links: object) -> Entity:
    return Entity(type="Thing", id=name, body={"name": text}, site="PS", label="public", links={"Locations": (), **links})


def observation(name: int | str, at: int = 0, *, stream: int = 1, result_us: int | None = None, foi: int | None = None) -> ObservationRow:
    return ObservationRow(name, stream, at, at + 5, result_us, foi, {"result": at})


def test_what_was_told_to_be_kept_outlives_a_killed_writer(store: ThingStore) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(store.path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(40)]
    os.kill(process.pid, signal.SIGKILL)
    told += [int(line) for line in process.stdout if line.strip().isdigit()]
    process.wait()
    process.stdout.close()
    kept = [row.id for row in store.observations()]
    assert set(told) <= set(kept) and kept == list(range(1, len(kept) + 1)) and len(kept) - len(told) <= 1
    extent = store.extent(1)
    assert extent is not None and (extent.number, extent.end_us) == (len(kept), len(kept) - 1)


def test_writers_take_turns_and_no_number_is_given_twice(store: ThingStore) -> None:
    made: list[int] = []

    def write() -> None:
        for _ in range(15):
            with store.writing() as writing:
                name = writing.next_id("Thing")
                writing.put(thing(name))
            made.append(name)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == list(range(1, 61))
    assert [one.id for one in EntityCache(store).now().all("Thing")] == list(range(1, 61))


def test_a_transaction_that_fails_leaves_nothing(store: ThingStore) -> None:
    with pytest.raises(RuntimeError), store.writing() as writing:
        writing.put(thing(writing.next_id("Thing")))
        raise RuntimeError
    assert EntityCache(store).now().all("Thing") == []
    with store.writing() as writing:
        assert writing.next_id("Thing") == 1


def test_a_cache_learns_of_what_others_made_changed_and_ended(store: ThingStore) -> None:
    mine, others = EntityCache(store), ThingStore(store.path)
    with others.writing() as writing:
        for name in (1, "a", 2):
            writing.put(thing(name))
    first = mine.now()
    assert [one.id for one in first.all("Thing")] == [1, 2, "a"]
    assert mine.now() is first
    with others.writing() as writing:
        writing.put(thing(2, "changed", Sensor=5))
        writing.remove("Thing", 1)
    second = mine.now()
    assert [(one.id, one.body["name"]) for one in second.all("Thing")] == [(2, "changed"), ("a", "x")]
    assert (second.linking("Thing", "Sensor", 5), first.linking("Thing", "Sensor", 5)) == ([2], ())
    assert [one.id for one in first.all("Thing")] == [1, 2, "a"]
    with store.writing() as writing:
        assert (writing.has("Thing", 1), writing.has("Thing", 2), writing.next_id("Thing")) == (False, True, 3)
    others.close()


def test_5_and_the_text_5_are_two_and_numbers_come_first(store: ThingStore) -> None:
    with store.writing() as writing:
        writing.add_observations([observation(name) for name in ("5", 10, 5, "a", 9)])
    assert [row.id for row in store.observations()] == [5, 9, 10, "5", "a"]
    assert [row.id for row in store.observations(descending=True)] == ["a", "5", 10, 9, 5]


def test_the_extent_of_a_datastream_follows_its_observations(store: ThingStore) -> None:
    with store.writing() as writing:
        writing.add_observations([observation(1, 100), observation(2, 50, result_us=60), observation(3, 70, stream=2, foi=9)])
        writing.add_observations([observation(4, 10, result_us=20, foi=9)])
    assert store.extent(1) == Extent(3, 10, 105, 20, 60)
    with store.writing() as writing:
        writing.remove_observation(2)
        writing.replace_observation(observation(1, 300))
    assert store.extent(1) == Extent(2, 10, 305, 20, 20)
    assert sorted(map(str, store.users_of(9))) == ["1", "2"]
    with store.writing() as writing:
        writing.remove("FeatureOfInterest", 9)
    assert (store.extent(1), store.extent(2)) == (Extent(1, 300, 305, None, None), None)
    with store.writing() as writing:
        writing.remove("Datastream", 1)
    assert (store.extent(1), list(store.observations())) == (None, [])


def test_a_file_of_a_later_version_and_one_that_is_none_are_refused(tmp_path: Path) -> None:
    newer, broken = tmp_path / "newer.sqlite", tmp_path / "broken.sqlite"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    broken.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreNewer):
        EntityCache(ThingStore(newer)).now()
    with pytest.raises(StoreUnavailable):
        EntityCache(ThingStore(broken)).now()
    with pytest.raises(StoreUnavailable):
        EntityCache(ThingStore(broken / "below" / "things.sqlite")).now()


def test_a_full_disk_is_said_and_leaves_what_was_kept(store: ThingStore) -> None:
    with store.writing() as writing:
        writing.put(thing(1))
        pages = writing.connection.execute("PRAGMA page_count").fetchone()[0]
    with store.reading() as connection:
        connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA max_page_count = {pages + 2:d}")
    with pytest.raises(StoreUnavailable, match="full"), store.writing() as writing:
        for name in range(2, 3000):
            writing.put(thing(name, "x" * 500))
    assert [one.id for one in EntityCache(store).now().all("Thing")] == [1]
    with store.reading() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
