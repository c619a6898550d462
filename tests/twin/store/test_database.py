"""Migrations, two writers, and a process that is killed in the middle."""

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import InternalError

from tests.postgres import Cluster
from tests.twin.processes import PROCESSES
from tests.twin.store.builder import EXTENTS, NOW, SITE, feature, new_revision, record, tower, without_extents
from tests.twin.store.test_record import rows
from twin.errors import Invalid, StoreBusy, StoreNewer, StoreUnavailable
from twin.store import RevisionRow, Store, migrate
from twin.store.migrate import HEAD
from twin.store.share_schema import metadata


def test_the_migrations_lead_from_nothing_to_the_tables_of_the_code(empty_url: str) -> None:
    with Store.open(empty_url) as store:
        store.migrate()
        store.migrate()
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


NEXT_VERSION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade():
    op.add_column("feature", sa.Column("storeys_above", sa.Integer(), nullable=True))
    op.execute("UPDATE feature SET storeys_above = 3 WHERE kind = 'storey'")
    {then}
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Teaches the code one more migration; the argument is a last statement of it."""
    plain = migrate._config

    def install(then: str) -> None:
        (tmp_path / "v9999.py").write_text(NEXT_VERSION.replace("{then}", then).replace("{head}", HEAD))

        def config() -> Config:
            made = plain()
            made.set_main_option("version_locations", f"{Path(migrate.__file__).parent}/migrations/versions:{tmp_path}")
            return made

        monkeypatch.setattr(migrate, "_config", config)
        monkeypatch.setattr(migrate, "HEAD", "9999")

    return install


def test_a_filled_older_store_is_brought_up_to_date_and_keeps_its_rows(store: Store, url: str, next_version: Callable[[str], None]) -> None:
    record(store, tower())
    before, state = rows(url), [row.feature for row in store.features("PS", None)]
    next_version("pass")
    store.migrate()
    store.migrate()
    assert rows(url) == before
    assert [row.feature for row in store.features("PS", None)] == state
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM feature WHERE storeys_above = 3")).scalar_one() == 2
    engine.dispose()


def test_a_migration_that_fails_leaves_the_store_as_it_was(store: Store, url: str, next_version: Callable[[str], None]) -> None:
    record(store, tower())
    before = rows(url)
    next_version('op.execute("UPDATE nowhere SET a = 1")')
    with pytest.raises(StoreUnavailable):
        store.migrate()
    assert rows(url) == before
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
    engine.dispose()


def test_records_of_a_newer_version_are_left_alone(
    store: Store, next_version: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    next_version("pass")
    store.migrate()
    monkeypatch.undo()
    with pytest.raises(StoreNewer, match="newer version"):
        store.migrate()


def test_a_store_without_tables_says_so(empty_url: str) -> None:
    with Store.open(empty_url) as store, pytest.raises(StoreUnavailable, match="no tables"):
        store.list_sites()


def test_processes_that_start_together_migrate_once(empty_url: str) -> None:
    starters = [PROCESSES.Process(target=_migrate, args=(empty_url,)) for _ in range(2)]
    for process in starters:
        process.start()
    for process in starters:
        process.join(60)
    assert [process.exitcode for process in starters] == [0, 0]


def test_sqlite_is_durable_and_keeps_its_references(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'a' / 'records.sqlite'}") as store:
        store.migrate()
        names = ("journal_mode", "synchronous", "foreign_keys")
        with store._database.reading() as connection:
            pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]
    assert pragmas == ["wal", 2, 1]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "postgresql://x/y", "nonsense"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(Invalid):
        Store.open(url)


def test_a_password_is_never_part_of_an_error(tmp_path: Path) -> None:
    with Store.open(f"postgresql+psycopg://twin:geheim@/twin?host={tmp_path}") as store, pytest.raises(StoreUnavailable) as error:
        store.list_sites()
    assert "geheim" not in error.value.message


def test_a_file_that_is_no_database_is_a_clean_error(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_bytes(b"not a database, " * 100)
    with Store.open(f"sqlite:///{tmp_path / 'records.sqlite'}") as store, pytest.raises(StoreUnavailable):
        store.migrate()


def test_text_is_ordered_by_bytes(store: Store, url: str) -> None:
    names = ["b", "B", "a", "é", "中", "_", "A"]
    for name in names:
        record(store, [], new_revision(model_key=f"m{ord(name):06d}", name=name))
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name FROM model ORDER BY name")).scalars().all()
    engine.dispose()
    assert list(found) == sorted(names, key=str.encode)


def test_a_connection_that_the_server_closed_is_replaced_and_readers_write_nothing(cluster: Cluster) -> None:
    url = cluster.clone()
    other = create_engine(url, isolation_level="AUTOCOMMIT")
    with Store.open(url) as store:
        with store.database.reading() as connection:
            ours = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with other.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({ours}, 5000)")
        with store.database.reading() as connection:
            assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != ours
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "repeatable read"
            with pytest.raises(InternalError):
                connection.exec_driver_sql("DELETE FROM site")
        with store.database.writing() as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
            connection.exec_driver_sql("DELETE FROM session")
    other.dispose()


def test_what_readers_ask_stays_prepared(cluster: Cluster) -> None:
    """psycopg prepares what is asked a sixth time, and forgets all of it at a rollback."""
    with Store.open(cluster.clone()) as store:
        for number in range(7):
            with store.database.reading() as connection:
                assert connection.execute(text("SELECT CAST(:number AS integer)"), {"number": number}).scalar_one() == number
        with store.database.reading() as connection:
            prepared = connection.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
        assert any("integer" in statement for statement in prepared)


def test_a_second_writer_waits_for_the_first(store: Store, opened: Callable[..., Store]) -> None:
    other, inside = opened(), threading.Event()
    done: list[RevisionRow] = []

    def write_second() -> None:
        inside.wait(20)
        done.append(record(other, tower("hall"), new_revision(model_key="hall")))

    second = threading.Thread(target=write_second)
    second.start()

    def linger(_done: int, _total: int) -> None:
        inside.set()
        time.sleep(0.1)
        assert not done

    record(store, tower(), progress=linger)
    second.join(20)
    assert [row.name for row in store.list_models("PS")] == ["hall@1", "tower@1"]
    assert store.scene_revision("PS") == 2


def test_a_writer_that_waits_too_long_is_told_that_the_store_is_busy(store: Store, opened: Callable[..., Store], url: str) -> None:
    impatient = opened(lock_timeout_s=0.2)
    here, there = PROCESSES.Pipe()
    holder = PROCESSES.Process(target=_record_and_stop, args=(url, there))
    holder.start()
    assert here.poll(60)
    with pytest.raises(StoreBusy, match=r"more than 0\.2 s"):
        record(impatient, tower("hall"), new_revision(model_key="hall"))
    assert impatient.counts("PS", None) == {}
    here.send("go on")
    holder.join(30)
    assert holder.exitcode == 0
    assert record(impatient, tower("hall"), new_revision(model_key="hall")).number == 1
    assert len(list(store.features("PS", None))) == 44


def test_a_process_killed_in_the_middle_of_a_revision_leaves_the_store_as_before(store: Store, url: str) -> None:
    record(store, [feature("tower", "old", tower()[0].kind)], new_revision("old"))
    before, state = rows(url), [row.feature for row in store.features("PS", None)]
    here, there = PROCESSES.Pipe()
    victim = PROCESSES.Process(target=_record_and_stop, args=(url, there))
    victim.start()
    assert here.poll(60)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(30)
    assert victim.exitcode == -signal.SIGKILL
    assert rows(url) == before
    assert [row.feature for row in store.features("PS", None)] == state
    assert record(store, tower()).number == 2
    assert len(list(store.features("PS", None))) == 22


def _migrate(url: str) -> None:
    with Store.open(url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)


def _record_and_stop(url: str, pipe: Connection) -> None:
    """Record a revision and stand still between its rows and its commit, until told to go on."""
    told = False

    def stop(done: int, total: int) -> None:
        nonlocal told
        if done == total and not told:
            told = True
            pipe.send("rows are in")
            pipe.recv()

    with Store.open(url) as store:
        record(store, tower(), progress=stop)


def test_the_head_that_the_store_knows_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "twin.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_where_features_lie_is_worked_out_for_an_older_store(store: Store, url: str) -> None:
    """0007: the same degrees and heights as a store of today has, and none where there is no place."""
    record(store, tower())
    query = text(f"SELECT id, {', '.join(EXTENTS)} FROM feature ORDER BY id")
    engine = create_engine(url)
    with engine.connect() as connection:
        before = connection.execute(query).all()
    without_extents(url)
    store.migrate()
    with engine.connect() as connection:
        after = connection.execute(query).all()
    engine.dispose()
    assert [row.id for row in after] == [row.id for row in before] and len(before) == 22
    placed = [row for row in before if row.west is not None]
    assert 0 < len(placed) < 22 and all(119.29 < row.west < row.east < 119.30 and row.low_m < row.high_m for row in placed)
    for ours, theirs in zip(after, before, strict=True):
        assert ours[1:] == pytest.approx(theirs[1:], abs=1e-9)
