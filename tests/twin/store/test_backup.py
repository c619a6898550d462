"""Backups on both databases and between them: one state, whole files, nothing half done."""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import MetaData, Table, create_engine, select

from spatial.source import bytes_sha256
from tests.conftest import require
from tests.postgres import REMEDY, Cluster, find_programs
from tests.twin.processes import PROCESSES
from tests.twin.store.builder import NOW, SITE, new_revision, record, tower, without_extents
from twin.auth import granted
from twin.errors import Refused, StoreNewer
from twin.settings import Settings
from twin.store import Store
from twin.store.backup import back_up, read_manifest, restore, upgrade, verify
from twin.store.backup.manifest import MANIFEST, write_manifest
from twin.store.facts import changes_key

BY: dict[str, Any] = {"tool": "test", "who": "test", "now": NOW}
SQLITE_COLUMNS = "SELECT t.name, c.name, c.type FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
POSTGRESQL_COLUMNS = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
REFLECTED: dict[tuple[str, tuple[tuple[str, ...], ...]], dict[str, Table]] = {}
COMPILED: dict[str, dict[Any, Any]] = {}
DAMAGES: dict[str, Callable[[Path], object]] = {
    "holds other bytes": lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "bytes, not": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "is missing": lambda path: path.unlink(),
}


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=url)


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty home on either database."""
    return home_on(request.param, request, tmp_path)


@pytest.fixture
def across(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty home on the other database than the test's own."""
    url = request.getfixturevalue("empty_url" if "empty_url" in request.fixturenames else "url")
    return home_on("postgresql" if url.startswith("sqlite") else "sqlite", request, tmp_path)


def home_on(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    home = tmp_path / "elsewhere"
    if database == "sqlite":
        return Settings(home=home)
    require(find_programs() is not None, "PostgreSQL", REMEDY)
    cluster: Cluster = request.getfixturevalue("cluster")
    return Settings(home=home, database_url=cluster.create())


@pytest.fixture
def filled(store: Store, settings: Settings) -> Store:
    """Two revisions of a tower, their files, a key with a session, and a row of a register."""
    record_with_files(store, settings, "tower", "first")
    record_with_files(store, settings, "hall", "second")
    key, _ = store.keys.add("gate", granted("viewer", []), expires_at=None, who="test", now=NOW)
    store.keys.open_session(key.id, now=NOW)
    with store.database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO clock (kind, now) VALUES ('asset', 7)")
    return store


def record_with_files(store: Store, settings: Settings, model_key: str, content: str) -> None:
    """A revision as imports record it: the original and the pack are kept first."""
    sha256 = bytes_sha256(content.encode())
    for path in (settings.models_dir / f"{sha256}.ifc", settings.meshes_dir / f"{sha256}-{model_key}.npz"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    new = new_revision(sha256, model_key, mesh_pack=f"{sha256}-{model_key}.npz", file=f"{model_key}.ifc")
    record(store, tower(model_key), new)


def everything(url: str, *, but: frozenset[str] = frozenset({"session", "store_fact"})) -> dict[str, list[str]]:
    """Every row of every table as text, floats and bytes exact."""
    engine = create_engine(url)
    with engine.connect() as connection:
        ask = connection.execution_options(compiled_cache=COMPILED.setdefault(engine.dialect.name, {}))
        tables = {name: table for name, table in tables_of(connection).items() if name not in but}
        found = {
            name: sorted(
                repr([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]) for row in ask.execute(select(table))
            )
            for name, table in tables.items()
        }
    engine.dispose()
    return found


def tables_of(connection: SqlConnection) -> dict[str, Table]:
    """The tables of the database as it describes them itself; looked up once for each list of columns."""
    query = SQLITE_COLUMNS if connection.dialect.name == "sqlite" else POSTGRESQL_COLUMNS
    columns = tuple(sorted(map(tuple, connection.exec_driver_sql(query))))
    if (connection.dialect.name, columns) not in REFLECTED:
        metadata = MetaData()
        metadata.reflect(connection)
        REFLECTED[connection.dialect.name, columns] = dict(metadata.tables)
    return REFLECTED[connection.dialect.name, columns]


def test_a_backup_restores_into_either_database_and_is_the_same(
    filled: Store, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    manifest = back_up(filled, settings, tmp_path / "kept", **BY)
    assert manifest.issues == ()
    assert manifest.revision == {"sites": {"PS": 2}, "clocks": {"asset": 7}}
    assert (manifest.rows["feature"], manifest.rows["session"]) == (44, 1)
    assert read_manifest(tmp_path / "kept") == manifest
    restored = restore(elsewhere, tmp_path / "kept", replace=False, **BY)
    assert everything(elsewhere.database_url) == everything(settings.database_url)
    assert (restored.kept, [row.name for row in restored.live_keys]) == (None, ["gate"])
    for folder in ("models", "meshes"):
        here, there = ({path.name: path.read_bytes() for path in (one / folder).iterdir()} for one in (settings.home, elsewhere.home))
        assert here == there != {}
    with Store.open(elsewhere.database_url) as store:
        assert [row.feature for row in store.features("PS", None)] == [row.feature for row in filled.features("PS", None)]
        assert store.keys.close_sessions() == 0
        with store.database.reading() as ours, filled.database.reading() as theirs:
            assert len(changes_key(ours)) == 32 and changes_key(ours) != changes_key(theirs)
        record(store, tower("annex"), new_revision(model_key="annex"))
    assert [path.name for path in elsewhere.home.rglob(".incoming-*")] + list(elsewhere.home.glob(".restore-*")) == []


def test_a_home_that_holds_something_is_kept_before_it_is_replaced(filled: Store, settings: Settings, tmp_path: Path) -> None:
    back_up(filled, settings, tmp_path / "kept", **BY)
    before = everything(settings.database_url)
    record_with_files(filled, settings, "annex", "third")
    later = everything(settings.database_url)
    (settings.tiles_dir / "PS").mkdir(parents=True)
    with pytest.raises(Refused) as refused:
        restore(settings, tmp_path / "kept", replace=False, **BY)
    assert (refused.value.code, everything(settings.database_url)) == ("HOME_NOT_EMPTY", later)
    assert settings.tiles_dir.is_dir()
    kept = restore(settings, tmp_path / "kept", replace=True, **BY).kept
    assert everything(settings.database_url) == before
    assert not settings.tiles_dir.exists()
    assert len(list(filled.features("PS", None))) == 44
    assert kept is not None
    assert list(settings.home.rglob(".incoming-*")) == []
    restore(settings, kept, replace=True, **BY | {"now": NOW.replace(year=2027)})
    assert everything(settings.database_url) == later


def test_a_folder_that_holds_something_and_a_home_that_holds_nothing_are_refused(filled: Store, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").touch()
    for folder in ("taken", "taken/mine"):
        with pytest.raises(Refused) as refused:
            back_up(filled, settings, tmp_path / folder, **BY)
        assert refused.value.code == "BACKUP_FOLDER_TAKEN"
    (tmp_path / "empty").mkdir()
    back_up(filled, settings, tmp_path / "empty", **BY)
    with Store.open(f"sqlite:///{tmp_path / 'other' / 'records.sqlite'}") as nothing, pytest.raises(Refused) as refused:
        nothing.migrate()
        back_up(nothing, settings, tmp_path / "of nothing", **BY)
    assert refused.value.code == "NOTHING_TO_BACK_UP"


def test_what_the_records_refer_to_and_is_gone_or_damaged_is_told(filled: Store, settings: Settings, tmp_path: Path) -> None:
    first, second = sorted(settings.models_dir.iterdir())
    first.unlink()
    second.write_text("rotten")
    pack = sorted(settings.meshes_dir.iterdir())[0]
    pack.unlink()
    (settings.meshes_dir / "cache.npz").touch()
    manifest = back_up(filled, settings, tmp_path / "kept", **BY)
    assert sorted(issue.code for issue in manifest.issues) == ["MESHES_LOST", "ORIGINAL_DAMAGED", "ORIGINAL_LOST"]
    assert pack.name in {issue.path for issue in manifest.issues}
    assert "meshes/cache.npz" not in {file.path for file in manifest.files}
    assert read_manifest(tmp_path / "kept").issues == manifest.issues
    verify(manifest, tmp_path / "kept")


# Damage


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a SQLite home; copy it."""
    folder = tmp_path_factory.mktemp("taken")
    settings = Settings(home=folder / "source")
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        record_with_files(store, settings, "tower", "first")
        back_up(store, settings, folder / "kept", **BY)
    return folder / "kept"


@pytest.fixture
def kept(taken: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(taken, tmp_path / "kept"))


@pytest.mark.parametrize("said", DAMAGES)
@pytest.mark.parametrize("folder", ["records.sqlite", "models", "meshes"])
def test_a_damaged_file_is_named_and_nothing_is_restored(kept: Path, tmp_path: Path, folder: str, said: str) -> None:
    damaged = next(file for file in read_manifest(kept).files if file.path.startswith(folder))
    DAMAGES[said](kept / damaged.path)
    with pytest.raises(Refused, match=said) as refused:
        restore(Settings(home=tmp_path / "new"), kept, replace=False, **BY)
    assert (refused.value.code, refused.value.path) == ("BACKUP_DAMAGED", str(kept / damaged.path))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[:-200], "BACKUP_DAMAGED"),
        (lambda text: text.replace('"sqlite"', '"postgresql"'), "BACKUP_DAMAGED"),
        (lambda text: "[]", "BACKUP_DAMAGED"),
        (lambda text: "", "BACKUP_DAMAGED"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(kept: Path, change: Callable[[str], str], code: str) -> None:
    text = (kept / MANIFEST).read_text()
    (kept / MANIFEST).write_text(change(text))
    with pytest.raises(Refused) as refused:
        read_manifest(kept)
    assert (refused.value.code, refused.value.path) == (code, str(kept / MANIFEST))


def test_a_manifest_that_names_files_outside_or_a_later_form_is_refused(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    manifest = read_manifest(kept)
    for path in ("models/../../stolen", "/etc/passwd"):
        write_manifest(replace(manifest, files=(replace(manifest.files[0], path=path),)), kept)
        with pytest.raises(Refused, match="outside"):
            read_manifest(kept)
    monkeypatch.setattr("twin.store.backup.manifest.FORMAT", 2)
    write_manifest(manifest, kept)
    monkeypatch.undo()
    with pytest.raises(StoreNewer):
        read_manifest(kept)


def test_what_is_no_backup_is_said_to_be_none(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read_manifest(tmp_path / "nowhere")
    assert refused.value.code == "BACKUP_NOT_FOUND"
    (kept / MANIFEST).unlink()
    with pytest.raises(Refused) as refused:
        read_manifest(kept)
    assert refused.value.code == "BACKUP_UNFINISHED"


# Under load, and killed


def test_a_backup_under_load_is_one_prefix_of_the_commits(store: Store, settings: Settings, across: Settings, tmp_path: Path) -> None:
    here, there = PROCESSES.Pipe()
    writer = PROCESSES.Process(target=_commit_numbers, args=(settings.home, settings.database_url, there))
    writer.start()
    acknowledged = 0
    while acknowledged < 5:
        assert here.poll(60)
        acknowledged = here.recv()
    manifest = back_up(store, settings, tmp_path / "kept", **BY)
    while here.poll():
        acknowledged = here.recv()
    here.send("stop")
    writer.join(60)
    assert writer.exitcode == 0
    assert manifest.issues == ()
    restore(across, tmp_path / "kept", replace=False, **BY)
    with Store.open(across.database_url) as restored:
        models = [row.model_key for row in restored.list_models("PS")]
        keys = [row.name for row in restored.keys.list()]
        assert models == [f"n{number:04d}" for number in range(1, len(models) + 1)]
        assert keys == models[: len(keys)]
        assert len(models) - len(keys) in (0, 1)
        assert 5 <= len(models) <= acknowledged + 1
        assert restored.scene_revision("PS") == len(models) == manifest.revision["sites"]["PS"]
        assert len(list(restored.features("PS", None))) == 22 * len(models)
    assert len(list((across.models_dir).iterdir())) >= len(models)


def _commit_numbers(home: Path, url: str, pipe: Connection) -> None:
    """Commit model n, then key n, for n = 1, 2, …, and say each n, until told to stop."""
    settings = Settings(home=home, database_url=url)
    with Store.open(url) as store:
        number = 0
        while not pipe.poll():
            number += 1
            record_with_files(store, settings, f"n{number:04d}", f"model {number}")
            store.keys.add(f"n{number:04d}", granted("viewer", []), expires_at=None, who="load", now=NOW)
            pipe.send(number)


def test_writers_go_on_while_a_backup_copies_its_files(filled: Store, settings: Settings, tmp_path: Path) -> None:
    added: list[str] = []

    def write_meanwhile(done: int, total: int) -> None:
        added.append(filled.keys.add(f"meanwhile {done}", granted("viewer", []), expires_at=None, who="test", now=NOW)[0].name)

    manifest = back_up(filled, settings, tmp_path / "kept", progress=write_meanwhile, **BY)
    assert (len(added), manifest.rows["access_key"], len(filled.keys.list())) == (4, 1, 5)


def test_a_backup_that_was_killed_is_recognised_and_removed_by_the_next(filled: Store, settings: Settings, tmp_path: Path) -> None:
    here, there = PROCESSES.Pipe()
    victim = PROCESSES.Process(target=_back_up_and_stop, args=(settings.home, settings.database_url, tmp_path / "kept", there))
    victim.start()
    assert here.poll(60)
    _kill(victim)
    assert not (tmp_path / "kept").exists()
    (left,) = tmp_path.glob(".kept.unfinished-*")
    with pytest.raises(Refused) as refused:
        restore(Settings(home=tmp_path / "new"), left, replace=False, **BY)
    assert refused.value.code == "BACKUP_UNFINISHED"
    verify(back_up(filled, settings, tmp_path / "kept", **BY), tmp_path / "kept")
    assert not left.exists()


def _back_up_and_stop(home: Path, url: str, folder: Path, pipe: Connection) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            pipe.send("two files are in")
            pipe.recv()

    with Store.open(url) as store:
        back_up(store, Settings(home=home, database_url=url), folder, progress=stop, **BY)


def test_a_restore_killed_at_any_moment_leaves_the_old_or_the_new_and_can_be_repeated(
    filled: Store, settings: Settings, tmp_path: Path
) -> None:
    back_up(filled, settings, tmp_path / "kept", **BY)
    new = everything(settings.database_url)
    record_with_files(filled, settings, "annex", "third")
    old = everything(settings.database_url)
    chance = random.Random(7)
    for attempt in range(3):
        here, there = PROCESSES.Pipe()
        victim = PROCESSES.Process(target=_restore_slowly, args=(settings.home, settings.database_url, tmp_path / "kept", attempt, there))
        victim.start()
        assert here.poll(60)
        time.sleep(chance.uniform(0, 0.12))
        _kill(victim)
        state = everything(settings.database_url)
        assert state in (old, new)
        verify(read_manifest(tmp_path / "kept"), tmp_path / "kept")
    restore(settings, tmp_path / "kept", replace=True, **BY)
    assert everything(settings.database_url) == new


def _restore_slowly(home: Path, url: str, folder: Path, attempt: int, pipe: Connection) -> None:
    settings = Settings(home=home, database_url=url)
    pipe.send("about to begin")
    restore(settings, folder, replace=True, **BY | {"now": NOW.replace(year=2030 + attempt)})


def _kill(victim: Any) -> None:
    with suppress(ProcessLookupError):  # it was quicker
        os.kill(victim.pid, signal.SIGKILL)
    victim.join(30)


# Upgrade


def older(url: str) -> None:
    """Make the tables of the version before this one, with a site and a tower's rows in them."""
    with Store.open(url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        record(store, tower())
    without_extents(url)


def test_an_upgrade_says_what_it_would_do_then_keeps_a_backup_and_does_it(empty_url: str, across: Settings, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url=empty_url)
    older(empty_url)
    before = everything(empty_url)
    planned = upgrade(settings, dry_run=True, **BY)
    assert (everything(empty_url), planned.done, planned.backup) == (before, False, None)
    assert [tables for tables, _ in planned.steps] == ["0007", "0008", "0009", planned.becomes]
    assert all(says for _, says in planned.steps)
    done = upgrade(settings, dry_run=False, **BY)
    assert (done.done, done.stands, done.steps) == (True, planned.stands, planned.steps)
    assert upgrade(settings, dry_run=False, **BY).steps == ()
    assert done.backup is not None
    assert read_manifest(done.backup).tables == done.stands
    restore(across, done.backup, replace=False, **BY)
    assert everything(across.database_url) == everything(empty_url)


def test_an_upgrade_leaves_a_newer_home_alone(store: Store, settings: Settings) -> None:
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9998'")
    before = everything(settings.database_url)
    try:
        for dry_run in (True, False):
            with pytest.raises(StoreNewer):
                upgrade(settings, dry_run=dry_run, **BY)
        assert everything(settings.database_url) == before
    finally:
        from twin.store.migrate import HEAD

        with store.database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{HEAD}'")


def test_an_upgrade_of_nothing_makes_the_tables(empty_url: str, tmp_path: Path) -> None:
    result = upgrade(Settings(home=tmp_path / "home", database_url=empty_url), dry_run=False, **BY)
    assert (result.stands, result.backup, result.done) == (None, None, True)
    assert json.dumps(result.steps).count("[") == 1 + len(result.steps)
