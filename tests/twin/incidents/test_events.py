"""The sequence of events: consecutive, durable, never used twice; gaps are told; a full disk is refused and forgiven."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import StoreBusy, StoreNewer, StoreUnavailable
from twin.incidents import Event, EventFile, EventLog

DAY_US = 86_400_000_000


def event(word: str = "incident", *, site: str = "s", labels: tuple[str, ...] = (), time_us: int = 0, **data: object) -> Event:
    return Event(type=f"pingshan.{word}", subject="incident/1", time_us=time_us, site=site, labels=labels, data=data)


def test_ids_are_consecutive_and_go_on_after_the_file_was_closed(tmp_path: Path) -> None:
    with EventFile.open(tmp_path / "events.sqlite") as file:
        assert EventLog(file).append([event(), event()], 1) == [1, 2]
        assert EventLog(file).append([], 1) == []
    with EventFile.open(tmp_path / "events.sqlite") as file:
        assert EventLog(file).append([event()], 2) == [3]
        assert EventLog(file).last_id() == 3


def test_what_was_appended_is_read_as_it_was(tmp_path: Path) -> None:
    said = Event(type="pingshan.incident", subject="incident/7", time_us=5, site="大院", place="tower:1", labels=("a", "b"), data={"数": 1})
    with EventFile.open(tmp_path / "e.sqlite") as file, EventFile.open_reading(tmp_path / "e.sqlite") as reader:
        EventLog(file).append([said], 1)
        (found,) = EventLog(reader).since(0).events
    assert (found.id, found.place, found.labels, found.data, found.site) == (1, "tower:1", ("a", "b"), {"数": 1}, "大院")
    told = found.to_json()
    assert {"specversion", "id", "source", "type"} <= told.keys() and told["specversion"] == "1.0" and "labels" not in told
    assert all(name.isascii() and name.islower() and name.isalnum() and len(name) <= 20 for name in told), "CloudEvents 1.0, 2.1"


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 7), max_size=6), limit=st.integers(1, 5), after=st.integers(-3, 50), mine=st.sets(st.integers(0, 2)))
def test_the_union_of_pages_is_everything_after_an_id_that_the_reader_may_know_of(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int, after: int, mine: set[int]
) -> None:
    with EventFile.open(tmp_path_factory.mktemp("e") / "e.sqlite") as file:
        log = EventLog(file)
        number = 0
        for size in sizes:
            log.append([event(n=number + i) for i in range(size)], 1)
            number += size
        start = min(max(after, 0), number)
        found, at, more = [], after, True
        while more:
            page = log.since(at, limit, lambda one: one.data["n"] % 3 in mine)
            found += [one.id for one in page.events]
            at, more = page.last, page.more
        assert found == [n + 1 for n in range(start, number) if n % 3 in mine]
        assert at == number


def test_what_is_no_longer_kept_is_a_gap_for_who_was_before_it_and_of_the_types_asked_for(tmp_path: Path) -> None:
    with EventFile.open(tmp_path / "e.sqlite") as file:
        log = EventLog(file)
        log.append([event("passage"), event(), event("passage")], 0)
        log.append([event("passage"), event()], 2 * DAY_US)
        assert log.forget({"pingshan.passage": 1, "pingshan.incident": 900}, 2 * DAY_US) == 2
        assert log.first_id() == 4 and log.first_id({"pingshan.incident"}) == 1
        read = log.since(0)
        assert (read.gap, [one.id for one in read.events]) == ((1, 3), [2, 4, 5])
        assert log.since(1).gap == (2, 3) and log.since(3).gap is None
        assert log.since(0, types={"pingshan.incident"}).gap is None
        assert log.append([event()], 0) == [6], "removed ids come never again"


def test_an_id_is_not_used_again_when_the_newest_were_removed(tmp_path: Path) -> None:
    with EventFile.open(tmp_path / "e.sqlite") as file:
        EventLog(file).append([event()], 0)
        EventLog(file).forget({"pingshan.incident": 0}, DAY_US)
    with EventFile.open(tmp_path / "e.sqlite") as file:
        assert EventLog(file).append([event()], 0) == [2]


def test_a_transaction_that_fails_leaves_neither_event_nor_hole(tmp_path: Path) -> None:
    with EventFile.open(tmp_path / "e.sqlite") as file:
        log = EventLog(file)
        log.append([event()], 0)
        with pytest.raises(ValueError, match="serialize"):
            log.append([event(), event(bad=object())], 0)
        assert log.append([event()], 0) == [2]
        assert [one.id for one in log.since(0).events] == [1, 2]


def test_a_second_writer_is_refused_while_the_first_writes_and_a_newer_file_always(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite"
    with EventFile.open(path) as file, EventFile.open(path) as other:
        with file.writing(), pytest.raises(StoreBusy):
            EventLog(other).append([event()], 0)
        with file.writing() as connection:
            connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreNewer):
        EventFile.open(path)


def test_readers_cannot_write_and_say_so_where_there_is_no_file(tmp_path: Path) -> None:
    with EventFile.open_reading(tmp_path / "e.sqlite") as reader:
        with pytest.raises(StoreUnavailable) as refused:
            EventLog(reader).last_id()
        assert refused.value.code == "EVENTS_ABSENT"
        EventFile.open(tmp_path / "e.sqlite").close()
        assert EventLog(reader).last_id() == 0, "it may be made later"
        with reader.reading() as connection, pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM event").fetchall()
            raise AssertionError("a reader wrote")


def fill(file: EventFile) -> int:
    """Append until it is refused; how many were acknowledged."""
    count = 0
    with pytest.raises(StoreUnavailable) as refused:
        while count < 100_000:
            count = EventLog(file).append([event(text="x" * 500) for _ in range(20)], 0)[-1]
    assert refused.value.code == "EVENTS_FULL"
    return count


def test_a_file_at_its_bound_refuses_keeps_what_it_has_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with EventFile.open(tmp_path / "e.sqlite", max_pages=60) as file:
        count = fill(file)
        assert [one.id for one in EventLog(file).since(0, 10_000).events] == list(range(1, count + 1))
    with EventFile.open(tmp_path / "e.sqlite", max_pages=6000) as file:
        assert EventLog(file).append([event()], 0) == [count + 1]
        with file.reading() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_disk_refuses_keeps_what_it_has_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with EventFile.open(tmp_path / "e.sqlite") as file:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
            count = fill(file)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert EventLog(file).append([event()], 0) == [count + 1]
        with file.reading() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert [one.id for one in EventLog(file).since(0, 10_000).events] == list(range(1, count + 2))


WRITER = """
    import sys
    from pathlib import Path
    from twin.incidents import Event, EventFile, EventLog
    with EventFile.open(Path(sys.argv[1])) as file:
        while True:
            ids = EventLog(file).append([Event(type="pingshan.incident", subject="x", time_us=0, site="s")] * 3, 0)
            sys.stdout.write(f"{ids[-1]}\\n")
            sys.stdout.flush()
"""


def test_what_was_told_before_the_writer_was_killed_is_there_and_ids_go_on(tmp_path: Path) -> None:
    path, told = tmp_path / "e.sqlite", 0
    for _ in range(3):
        command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())}) as writer:
            assert writer.stdout is not None
            for _ in range(5):
                told = int(writer.stdout.readline())
            writer.kill()
            rest = writer.stdout.read().split()
            told = max([told, *map(int, rest[:-1])])
        with EventFile.open(path) as file:
            log = EventLog(file)
            last = log.last_id()
            assert last >= told and last % 3 == 0
            assert [one.id for one in log.since(0, 100_000).events] == list(range(1, last + 1))
