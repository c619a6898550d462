"""Every operation of the OpenAPI document is asked what it says it takes, and what it does not: no 5xx, no undocumented answer."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.twin.api.fuzzing import Fuzzed, fuzz
from tests.twin.queries.items.world import filled
from tests.twin.queries.town import Town
from twin.api import create_app
from twin.auth import Principal, local_administrator
from twin.codes import list_kinds
from twin.settings import Settings
from twin.store import Store

SEED = 20261126
ALIKE = frozenset(f"/{kind.plural}" for kind in list_kinds()) - {"/rooms", "/assets", "/cameras"}
"""Registers whose routes are made by the same function as those of rooms: all of them are asked nightly."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Store, Town]]:
    """A throw-away home: two sites, a layer of the world, and registers."""
    folder = tmp_path_factory.mktemp("fuzz")
    settings = Settings(home=folder)
    with Store.open(settings.database_url) as store:
        store.migrate()
        yield settings, filled(store), Town(store, folder, assets=12)


def service_of(home: tuple[Settings, Store, Town], principal: Principal) -> FastAPI:
    settings, store, _ = home
    return create_app(settings, store, principal_of=lambda request: principal)


def is_chosen(label: str) -> bool:
    return "/" + label.split("/")[1].split("{")[0] not in ALIKE


def require_clean(found: Fuzzed) -> None:
    assert not found.findings, f"{len(found.findings)} of {found.total} requests:\n" + "\n".join(found.findings[:20])


def test_an_administrator_meets_no_fault_and_no_undocumented_answer(home: tuple[Settings, Store, Town]) -> None:
    app = service_of(home, local_administrator())
    found = fuzz(app, seed=SEED, examples=4, phases=("examples", "fuzzing"), chosen=is_chosen)
    documented = {f"{method.upper()} {path}" for path, item in app.openapi()["paths"].items() for method in item}
    assert set(found.requests) == {label for label in documented if is_chosen(label)}
    require_clean(found)
    assert sum(status < 300 for statuses in found.statuses.values() for status in statuses.elements()) > 100
