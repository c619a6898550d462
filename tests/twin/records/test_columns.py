"""Columns brought up to date against columns built anew; kept and mapped; what is of another store is not taken."""

from __future__ import annotations

import gc
import itertools
import os
import random
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.moulds import Cast
from tests.twin.queries.town import Town, asset_values, author
from twin.api.prepared import Prepared
from twin.codes import get_kind
from twin.imports.ready import make_ready
from twin.records import shelf as shelf_module
from twin.records.column_file import FORM, are_kept, build_apart, keep_columns, keep_up_to_date, load_columns
from twin.records.column_rows import build_columns
from twin.records.columns import AssetColumns
from twin.records.interning import intern
from twin.records.place_tree import load_places
from twin.records.read import get_record
from twin.records.shelf import Shelf
from twin.records.state import note_ties
from twin.records.stored import joined
from twin.records.write import add_record, change_fields, end_record
from twin.settings import Settings
from twin.store import Store
from twin.store.database import Database

ASSET = get_kind("asset")
NUMBERS = itertools.count()


@pytest.fixture
def town(cast: Cast) -> Town:
    return cast(Town, assets=12)


def built(town: Town) -> AssetColumns:
    with town.store.database.reading() as connection:
        return build_columns(connection)


def assert_same(found: AssetColumns, wanted: AssetColumns) -> None:
    assert set(found.arrays) == set(wanted.arrays)
    for name, array in wanted.arrays.items():
        if name.endswith(("_hash", "_record")):
            continue
        if name == "position":  # may be longer: it is by record id
            assert np.array_equal(found.arrays[name][: len(array)], array)
            continue
        assert np.array_equal(found.arrays[name], array, equal_nan=array.dtype.kind == "f"), name
    for mark in ("serial", "tag"):
        pairs = [
            sorted(zip(one.arrays[f"{mark}_hash"].tolist(), one.arrays[f"{mark}_record"].tolist(), strict=True)) for one in (found, wanted)
        ]
        assert pairs[0] == pairs[1]
        assert np.all(np.diff(found.arrays[f"{mark}_hash"].astype(object)) >= 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "change", "rename", "end"]), st.integers(0, 11), st.integers(0, 99)), min_size=1, max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_brought_up_by_any_changes_they_are_as_if_built_anew(town: Town, steps: list[tuple[str, int, int]]) -> None:
    with town.store.database.reading() as connection:
        town.registers.shelf.assets(connection)
    with town.store.database.writing() as connection:
        for number, (what, which, value) in enumerate(steps):
            _do(connection, town, what, which, f"{value:02d}-{number}-{next(NUMBERS)}", value)
    with town.store.database.reading() as connection:
        assert_same(town.registers.shelf.assets(connection).columns, build_columns(connection))


def _do(connection: object, town: Town, what: str, which: int, name: str, value: int) -> None:
    from sqlalchemy import Connection

    assert isinstance(connection, Connection)
    if what == "add":
        add_record(connection, ASSET, asset_values(random.Random(value), value) | {"code": name}, author())
        return
    key = sorted(town.assets)[which]
    record = get_record(connection, ASSET, town.assets[key].get("now", key))
    if record.ended is None and what == "change":
        change_fields(connection, ASSET, record.id, {"value": value, "tag": f"T{value}", "unit": "U4", "state": None}, author())
    elif record.ended is None and what == "rename":
        change_fields(connection, ASSET, record.id, {"code": name}, author())
        town.assets[key]["now"] = name
    elif record.ended is None:
        end_record(connection, ASSET, record.id, author())


def test_kept_columns_are_mapped_and_the_same(town: Town, tmp_path: Path) -> None:
    columns = built(town)
    keep_columns(columns, tmp_path / "kept")
    with town.store.database.reading() as connection:
        found = load_columns(connection, tmp_path / "kept")
    assert found is not None
    assert_same(found, columns)
    assert isinstance(found.arrays["value"].base, np.memmap)
    keep_columns(columns, tmp_path / "kept")
    assert [entry.name for entry in (tmp_path / "kept").iterdir()] == ["assets"]


def test_columns_of_another_store_or_form_are_not_taken(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    keep_columns(built(town), folder)
    state = folder / "assets" / "state.json"
    for before, after in (
        (f'"form": {FORM}', '"form": 3'),
        ('"touched": ', '"touched": 9'),
        ('"clock": 0', '"clock": 7'),
        ('"origin": ""', '"origin": "x"'),
    ):
        text = state.read_text()
        assert before in text
        state.write_text(text.replace(before, after))
        with town.store.database.reading() as connection:
            assert load_columns(connection, folder) is None
        state.write_text(text)


def test_another_process_builds_what_takes_long_while_the_old_serves(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "AT_ONCE", 5)
    shelf = Shelf(town.store.database, tmp_path / "apart")
    with town.store.database.reading() as connection:
        assert len(shelf.assets(connection).columns) == 12
    with town.store.database.writing() as connection:
        note_ties(connection)
    with town.store.database.reading() as connection:
        old = shelf.assets(connection).columns
    assert len(old) == 12
    assert shelf._building is not None
    shelf._building.join(60)
    with town.store.database.reading() as connection:
        new = shelf.assets(connection).columns
    assert new.ties > old.ties
    assert_same(new, built(town))


def test_new_locations_extend_the_tree_that_is_there_as_if_it_were_loaded_anew(town: Town, tmp_path: Path) -> None:
    """During an import locations come by the thousand: a reader must not load the nodes again for each."""
    shelf = Shelf(town.store.database, tmp_path / "shelf")
    with town.store.database.reading() as connection:
        before = shelf.places(connection)
        place_id = before.rows[-1].id
    resolved = (place_id, "number", 0.97, None)
    key = joined(("一栋", "二层", "从未写过的 203"))
    with town.store.database.writing() as connection:
        new = intern(connection, "location", [key], {key: resolved})[key]
    with town.store.database.reading() as connection:
        after, anew = shelf.places(connection), load_places(connection)
    assert after.rows is before.rows
    assert new >= len(before.location_position) and after.place_of(None, new) == before.position(place_id)
    assert np.array_equal(after.location_position, anew.location_position)
    assert np.array_equal(after.location_fineness, anew.location_fineness)


def test_a_build_that_is_up_to_date_is_not_made_twice(town: Town, tmp_path: Path) -> None:
    build_apart(town.store.database, tmp_path / "apart")
    first = (tmp_path / "apart" / "assets" / "state.json").stat().st_mtime_ns
    build_apart(town.store.database, tmp_path / "apart")
    assert (tmp_path / "apart" / "assets" / "state.json").stat().st_mtime_ns == first


@pytest.mark.parametrize("left", ["missing", "cut off", "no file of a column", "a build that was killed"])
def test_kept_columns_that_are_broken_are_built_again(town: Town, tmp_path: Path, left: str) -> None:
    folder = tmp_path / "kept"
    keep_up_to_date(town.store.database, folder)
    if left == "missing":
        shutil.rmtree(folder / "assets")
    elif left == "cut off":
        os.truncate(folder / "assets" / "value.npy", 140)
    elif left == "no file of a column":
        (folder / "assets" / "x_m.npy").unlink()
    else:
        shutil.rmtree(folder / "assets")
        (folder / ".incoming-old").mkdir()
        (folder / ".incoming-old" / "record.npy").write_bytes(b"half of it")
    with town.store.database.reading() as connection:
        assert load_columns(connection, folder) is None
        assert not are_kept(connection, folder)
    keep_up_to_date(town.store.database, folder)
    assert [entry.name for entry in folder.iterdir()] == ["assets"]
    with town.store.database.reading() as connection:
        assert are_kept(connection, folder)
        found = load_columns(connection, folder)
    assert found is not None
    assert_same(found, built(town))


def test_a_build_behind_the_import_leaves_what_the_next_service_maps(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few assets need none; many get them from a process that nobody waits for, again only where a bulk change has overtaken them."""
    home = Settings(home=tmp_path, database_url=town.store.database.reader.url.render_as_string(hide_password=False))
    assert not make_ready(town.store, home)
    monkeypatch.setattr(shelf_module, "AT_ONCE", 5)
    assert make_ready(town.store, home)
    until = time.monotonic() + 60
    kept = False
    while not kept and time.monotonic() < until:
        with town.store.database.reading() as connection:
            kept = are_kept(connection, tmp_path / "columns")
        time.sleep(0.05)
    assert kept
    assert not make_ready(town.store, home)
    shelf = Shelf(town.store.database, tmp_path / "columns")
    with town.store.database.reading() as connection:
        assert shelf.take_what_is_kept(connection)
        assert isinstance(shelf.assets(connection).columns.arrays["value"].base, np.memmap)
    assert shelf._building is None, "a process that forks must have no thread"
    with town.store.database.writing() as connection:
        note_ties(connection)
    with town.store.database.reading() as connection:
        assert not are_kept(connection, tmp_path / "columns")
        assert not Shelf(town.store.database, tmp_path / "columns").take_what_is_kept(connection)


def test_what_is_prepared_for_workers_leaves_no_connection_and_no_thread(town: Town, tmp_path: Path) -> None:
    home = Settings(home=tmp_path, database_url=town.store.database.reader.url.render_as_string(hide_password=False))
    with Store.open(home.database_url) as store:
        prepared, threads = Prepared.of(home, store), threading.active_count()
        try:
            prepared.make_ready()
            pool = store.database.reader.pool
            assert (threading.active_count(), pool.checkedin(), pool.checkedout()) == (threads, 0, 0)  # type: ignore[attr-defined]
            with store.database.reading() as connection:
                assert prepared.registers.shelf.trees_at_hand(connection) is not None
                view = prepared.registers.shelf.assets_of_now(connection)
        finally:
            gc.unfreeze()
    assert view is not None
    assert_same(view.columns, built(town))


def test_who_can_do_without_columns_is_not_kept_waiting_by_who_cannot(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first columns are built the table answers: `assets_of_now` gives None at once, also beside a thread that waits for them."""
    monkeypatch.setattr(shelf_module, "AT_ONCE", 5)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(database: Database, folder: Path) -> None:
        begun.set()
        assert go_on.wait(60)
        keep_up_to_date(database, folder)

    monkeypatch.setattr(shelf_module, "build_apart", slowly)
    shelf = Shelf(town.store.database, tmp_path / "slow")
    warming = threading.Thread(target=shelf.warm)
    warming.start()
    try:
        assert begun.wait(60)
        asked: list[object] = []

        def ask() -> None:
            with town.store.database.reading() as connection:
                asked.append(shelf.assets_of_now(connection))

        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(30)
        assert asked == [None]
        assert warming.is_alive()
    finally:
        go_on.set()
        warming.join(60)
    with town.store.database.reading() as connection:
        assert shelf.assets_of_now(connection) is not None


def test_a_code_is_found_exactly_and_by_its_beginning(town: Town) -> None:
    columns = built(town)
    keys = sorted(code.encode() for code in town.assets)
    assert [columns.key(place) for place in range(len(columns))] == keys
    for place, key in enumerate(keys):
        assert columns.find_key(key.decode()) == place
    assert columns.find_key("A-000") == columns.find_key("") == columns.find_key("桌") == -1
    for prefix in ("A", "A-000", "A-0007/桌", "B", "中", "A-0007/桌x"):
        low, high = columns.prefixed(prefix)
        assert keys[low:high] == [key for key in keys if key.startswith(prefix.encode())]
