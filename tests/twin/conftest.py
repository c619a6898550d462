"""Files, homes and databases that the tests of the roof share: a test that takes `url` runs on SQLite and PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import require
from tests.postgres import REMEDY, Cluster, find_programs, running_cluster
from tests.twin.files import Files, write_files
from tests.twin.moulds import Cast, Moulds, T
from twin.demo.block import write_block
from twin.demo.hall import write_hall
from twin.demo.registers import RegisterFile, write_registers
from twin.demo.tower import write_tower
from twin.settings import Settings
from twin.store import Store

if TYPE_CHECKING:
    from tests.twin.queries.planner.office import Office

SEEDS = (7, 8, 9)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Small files of every kind; read them, never write them."""
    return write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three models of the small demo."""
    folder = tmp_path_factory.mktemp("models")
    write_tower(folder / "tower.ifc", seed=7, storeys=3)
    write_block(folder / "block.ifc", seed=7)
    write_hall(folder / "hall.ifc", seed=7)
    return {key: folder / f"{key}.ifc" for key in ("tower", "block", "hall")}


@pytest.fixture(scope="session")
def small_registers(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, list[RegisterFile]]]:
    """The registers of the small demo for three seeds, each with its folder; read them, never write them."""
    folders = {seed: tmp_path_factory.mktemp(f"small-{seed}") for seed in SEEDS}
    return {seed: (folder, write_registers(folder, scale="small", seed=seed, models=models)) for seed, folder in folders.items()}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL server for the session."""
    programs = find_programs()
    require(programs is not None, "PostgreSQL", REMEDY)
    assert programs is not None
    with running_cluster(programs) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'records.sqlite'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.create()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database without rows."""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        return cluster.clone() if "next_version" in request.fixturenames else cluster.emptied()
    file = tmp_path / "home" / "records.sqlite"
    file.parent.mkdir()
    shutil.copyfile(request.getfixturevalue("migrated"), file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def home_of_module(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a home that the tests of a module share, its database migrated and without rows; on each database."""
    folder = tmp_path_factory.mktemp("home")
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        return Settings(home=folder, database_url=cluster.clone())
    shutil.copyfile(request.getfixturevalue("migrated"), folder / "records.sqlite")
    return Settings(home=folder)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows; copy it."""
    file = tmp_path_factory.mktemp("migrated") / "records.sqlite"
    with Store.open(f"sqlite:///{file}") as store:
        store.migrate()
    return file


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Office"]:
    """The office of `tests.twin.queries.planner.office`, imported once on each database: ask it, never write into it."""
    from tests.twin.queries.planner.office import Office

    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'home' / 'records.sqlite'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.create()
    with Store.open(url) as store:
        store.migrate()
        yield Office(store, folder)


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Store]]:
    """Opens further stores on the database of the test; all are closed at its end."""
    stores: list[Store] = []

    def open_one(*, lock_timeout_s: float = 20.0) -> Store:
        stores.append(Store.open(url, lock_timeout_s=lock_timeout_s))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def moulds(tmp_path_factory: pytest.TempPathFactory) -> Moulds:
    """What the session has built to be copied."""
    return Moulds(tmp_path_factory.mktemp("moulds"))


@pytest.fixture
def cast(moulds: Moulds, url: str, opened: Callable[..., Store], tmp_path: Path) -> Cast:
    """`cast(make, …)`: what `make(store, folder, …)` builds, built once a session on each database, over a copy of the test's own."""

    def one(make: Callable[..., T], **options: Any) -> T:
        model: T = moulds.filled(url, tmp_path, make, options)
        return model.moved(opened(), tmp_path)

    return one
