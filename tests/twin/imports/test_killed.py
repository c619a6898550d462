"""kill -9 at random moments of an import: readers see the old state or the new one, the next run completes, nothing is there twice."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.twin.processes import PROCESSES
from twin.codes import get_kind
from twin.imports import begun
from twin.imports.register import import_register
from twin.records.counters import clock_of
from twin.records.values import field_values
from twin.settings import Settings
from twin.store import Store, bulk_process
from twin.store import record_schema as schema

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
ROOMS, CARDS = 120, 1_500
KINDS = ("building", "room", "asset")


def write_rooms(folder: Path) -> list[tuple[str, Path]]:
    buildings, rooms = folder / "buildings.csv", folder / "rooms.csv"
    buildings.write_text("楼栋编码,楼栋名称,楼号\nB1,综合楼,1号楼\nB2,附属楼,2号楼\n", encoding="utf-8")
    lines = [f"R{n},{('1号楼', '2号楼')[n % 2]},{n // 20 + 1}层,{n // 20 + 1}{n % 20:02d},{12 + n % 9}" for n in range(ROOMS)]
    rooms.write_text("\n".join(["房间编码,楼栋,楼层,房间号,使用面积", *lines]) + "\n", encoding="utf-8")
    return [("building", buildings), ("room", rooms)]


def write_cards(folder: Path, version: int) -> Path:
    """Cards of a version: shuffled; a tenth moved and revalued, some gone, some new, one twice, one without a code."""
    chance = random.Random(version)
    lines = []
    for n in range(version * 40, CARDS + version * 40):
        said = version if chance.random() < 0.1 else 0
        room = (n + said) % ROOMS
        place = f"{room // 20 + 1}{room % 20:02d}室"
        lines.append(
            f"ZC{n:06d},{('办公桌', '台式计算机', '书柜')[n % 3]},{1000 + n % 7 + said}.00,{('1号楼', '2号楼')[room % 2]},,{place},S{n}"
        )
    chance.shuffle(lines)
    lines += [lines[3], ",椅子,5.00,1号楼,,101,"]
    path = folder / f"cards-{version}.csv"
    path.write_text("\n".join(["资产编号,资产名称,原值,楼栋,楼层,存放地点,序列号", *lines]) + "\n", encoding="utf-8")
    return path


def import_here(store: Store, settings: Settings, kind: str, path: Path) -> dict[str, Any]:
    return import_register(store, settings, kind, path, who="clerk", now=NOW).document


def run_import(home: Path, url: str, path: Path, processes: bool, pipe: Connection) -> None:
    """Import in a process of its own: says when it begins, and when the import is acknowledged."""
    if processes:
        begun.LARGE_BYTES = bulk_process.FEW_ROWS = 0
    settings = Settings(home=home, database_url=url)
    with Store.open(url) as store:
        pipe.send("begins")
        import_here(store, settings, "asset", path)
        pipe.send("acknowledged")


def killed_after(home: Path, url: str, path: Path, processes: bool, seconds: float) -> bool:
    """Kill an import so long after its beginning; whether it had been acknowledged before."""
    here, there = PROCESSES.Pipe()
    victim = PROCESSES.Process(target=run_import, args=(home, url, path, processes, there))
    victim.start()
    assert here.poll(60)
    here.recv()
    time.sleep(seconds)
    assert victim.pid is not None
    with suppress(ProcessLookupError):
        os.kill(victim.pid, signal.SIGKILL)
    victim.join(30)
    return here.poll(0) and here.recv() == "acknowledged"


def cards_seen(store: Store) -> dict[str, int]:
    """Key → value in fen of every card that readers see; a key that stands twice fails."""
    table = schema.kind_table("asset")
    with store.database.reading() as connection:
        now = clock_of(connection, "asset")
        query = table.select().where(table.c.since <= now, table.c.until > now)
        rows = [(row.key, row.value) for row in connection.execute(query)]
    assert len({key for key, _ in rows}) == len(rows)
    return dict(rows)


def everything(store: Store) -> dict[str, Any]:
    """All tables by what they say: ids put back into keys and paths, times and numbers of killed runs left out."""
    found: dict[str, Any] = {}
    with store.database.reading() as connection:
        ask = lambda query: [tuple(row) for row in connection.execute(text(query))]  # noqa: E731
        names = {row[0]: (row[1], row[2]) for row in ask("select id, parent_id, name from place")}

        def path(place: int | None) -> str | None:
            if place is None:
                return None
            parent, name = names[place]
            return f"{path(parent) or ''}/{name}"

        for kind_name in KINDS:
            kind, table = get_kind(kind_name), schema.kind_table(kind_name)
            now = clock_of(connection, kind_name)
            rows = [dict(row) for row in connection.execute(table.select().where(table.c.since <= now, table.c.until > now)).mappings()]
            said = field_values(connection, kind, rows)
            found[kind_name] = sorted(
                (
                    row["key"],
                    repr(values),
                    row["line"],
                    row["extra"],
                    path(row.get("place_id")),
                    row.get("place_method"),
                    row.get("slot") is None,
                )
                for row, values in zip(rows, said, strict=True)
            )
            found[f"{kind_name} clock"] = now
        keys = {record: key for kind in KINDS for record, key in ask(f"select record_id, key from {kind}")}
        found["place"] = sorted((path(place), kind) for place, kind in ask("select id, kind from place"))
        revisions = "join register_revision r on r.id = x.revision_id where r.status <> 'abandoned'"
        found["finding"] = sorted(ask(f"select r.file, x.line, x.field, x.code, x.value from register_issue x {revisions}"))
        found["quarantine"] = sorted(ask(f"select r.file, x.line, x.code, x.cells from register_quarantine x {revisions}"))
        found["vanished"] = sorted((file, keys[record]) for file, record in ask(f"select r.file, x.record_id from vanished x {revisions}"))
        found["change"] = sorted(
            (keys[record], *rest) for record, *rest in ask("select record_id, field, old, new, valid_from, since, who, method from change")
        )
        found["term"] = sorted((domain, said, keys.get(record)) for domain, said, record in ask("select domain, text, record_id from term"))
        found["location"] = sorted(
            (*said, path(place)) for place, *said in ask("select place_id, building, storey, room, method from location")
        )
        found["work"] = sorted(
            (code, keys.get(record), state) for code, record, state in ask("select code, record_id, state from work_item")
        )
        found["revision"] = sorted(ask("select kind, source, file, sha256, as_of from register_revision where status <> 'abandoned'"))
    return found


@pytest.fixture
def never_killed(tmp_path: Path) -> Iterator[Callable[[int], dict[str, Any]]]:
    """What a store holds that took every version up to one in peace (in SQLite: both databases say the same)."""
    settings = Settings(home=tmp_path / "peace")
    with Store.open(settings.database_url) as store:
        store.migrate()
        taken = [-1]

        def up_to(version: int) -> dict[str, Any]:
            if taken == [-1]:
                for kind, path in write_rooms(tmp_path):
                    import_here(store, settings, kind, path)
            for number in range(taken[0] + 1, version + 1):
                import_here(store, settings, "asset", write_cards(tmp_path, number))
            taken[0] = version
            return everything(store)

        yield up_to


def kill_often(opened: Callable[..., Store], url: str, folder: Path, never_killed: Callable[[int], dict[str, Any]], times: int) -> None:
    store, settings = opened(), Settings(home=folder / "home", database_url=url)
    for kind, path in write_rooms(folder):
        import_here(store, settings, kind, path)
    began = time.perf_counter()
    import_here(store, settings, "asset", write_cards(folder, 0))
    takes = time.perf_counter() - began
    assert everything(store) == never_killed(0)
    chance = random.Random(times)
    for version in range(1, times + 1):
        path = write_cards(folder, version)
        old = cards_seen(store)
        acknowledged = killed_after(settings.home, url, path, version % 2 == 0, chance.uniform(0.0, 1.3) * takes)
        seen = cards_seen(store)
        document = import_here(store, settings, "asset", path)
        new = cards_seen(store)
        assert seen in (old, new)
        assert not acknowledged or seen == new
        assert document["rows"] == CARDS + 2
        assert everything(store) == never_killed(version)
        assert any(settings.models_dir.glob(f"{document['sha256']}*"))


def test_an_import_killed_at_any_moment_is_completed_by_the_next(
    opened: Callable[..., Store], url: str, tmp_path: Path, never_killed: Callable[[int], dict[str, Any]]
) -> None:
    kill_often(opened, url, tmp_path, never_killed, 5)


def test_what_was_killed_between_import_and_tie_is_tied_by_the_next_run(
    opened: Callable[..., Store], url: str, tmp_path: Path, never_killed: Callable[[int], dict[str, Any]]
) -> None:
    store, settings = opened(), Settings(home=tmp_path / "home", database_url=url)
    for kind, path in [*write_rooms(tmp_path), ("asset", write_cards(tmp_path, 0))]:
        import_register(store, settings, kind, path, who="clerk", now=NOW, tie_after=False)
    assert everything(store)["place"] == []
    for kept in settings.models_dir.glob("*.csv"):
        kept.unlink()
    for kind, path in [*write_rooms(tmp_path), ("asset", write_cards(tmp_path, 0))]:
        assert not import_register(store, settings, kind, path, who="clerk", now=NOW).added
    assert everything(store) == never_killed(0)
    assert len(list(settings.models_dir.glob("*.csv"))) == 3


@pytest.mark.nightly
def test_twenty_killed_imports_leave_nothing_behind(
    opened: Callable[..., Store], url: str, tmp_path: Path, never_killed: Callable[[int], dict[str, Any]]
) -> None:
    kill_often(opened, url, tmp_path, never_killed, 20)
