"""Every operation of the OpenAPI document is asked what it says it takes, and what it does not: no 5xx, no undocumented answer."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from bim import Anchor
from spatial.feature import Kind
from tests.homes import new_home
from tests.twin.api.fuzzing import EVERY_PHASE, Fuzzed, fuzz
from tests.twin.files import SITE, Files
from tests.twin.imports.conftest import NOW
from tests.twin.incidents.world import KINDS, alarm, alarms
from tests.twin.incidents.world import NOW as HAPPENED
from tests.twin.queries.items.world import world
from tests.twin.queries.town import Town
from tests.twin.store.builder import new_revision
from twin.api import create_app
from twin.api.incident_state import EVENTS
from twin.assemble import build_tiles
from twin.auth import LabelPolicy, Principal, Role, local_administrator
from twin.codes import list_kinds
from twin.gateway.control import Control
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.imports.city import import_city
from twin.imports.model import import_bim
from twin.incidents import IncidentStore
from twin.incidents.desk import StoreDesk
from twin.live.state import LiveState
from twin.queries.live.around import Around
from twin.queries.live.replica import Replica
from twin.queries.live.visible import Visible
from twin.queries.live.watching import Live
from twin.queries.sight.answerer import Answerer
from twin.settings import Settings
from twin.store import Store

pytestmark = pytest.mark.usefixtures("sight_library")
SEED = 20261126
NIGHTLY_EXAMPLES = 60
ANCHOR = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=30.0, heading_deg=0.0)
ALIKE = frozenset(f"/{kind.plural}" for kind in list_kinds()) - {"/rooms", "/assets", "/cameras"}
"""Registers whose routes are made by the same function as those of rooms: all of them are asked nightly."""
RESULT = Path(__file__).resolve().parents[3] / "benchmarks" / "results" / "fuzz.json"

DESKS: dict[Path, StoreDesk] = {}

Served = tuple[Settings, Store]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[Served]:
    """A throw-away home: an office with its meshes and tiles on its terrain, a layer of the world, and registers."""
    folder = tmp_path_factory.mktemp("fuzz")
    settings = Settings(home=folder)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        import_bim(store, settings, files.office_later, key="office", site="s", who="test", now=NOW, anchor=ANCHOR)
        import_city(store, settings, files.dem, site="s", who="test", now=NOW)
        layer = new_revision("b" * 64, "world", site="s", kind="city", name="world", mesh_pack=None, similarity=None)
        store.record_revision(layer, world(), {}, [], [], now=NOW)
        build_tiles(store, settings, "s")
        Town(store, folder, assets=12)
        room = next(row.feature.id for row in store.features("s", None, model_key="office") if row.feature.kind is Kind.SPACE)
        with IncidentStore.open(folder / EVENTS, KINDS, now_us=HAPPENED) as incidents:
            said = [alarm(f"door/{n}", place=room, labels=("public",), at_s=n * 400) for n in range(3)]
            incidents.take(0, alarms(*said), HAPPENED)
            DESKS[settings.home] = StoreDesk(incidents, lambda: HAPPENED)
            yield settings, store


def service_of(home: Served, principal: Principal) -> FastAPI:
    """With a hub that has told that nothing is live: without one every question about it is 503, which is no fault and no answer."""
    app = create_app(*home, principal_of=lambda request: principal, sight=Answerer(home[1], home[0]))
    app.state.desk = DESKS[home[0].home]
    replica = Replica()
    replica.take(LiveState().whole())
    visible = Visible(app.state.registers, app.state.scenes)
    app.state.live = Live(replica, visible, HubClient(Meeting(home[0].home / "nowhere")))
    app.state.live_state, app.state.knows_of = Around(replica, app.state.scenes), visible.of
    return app


class Noted:
    """What vehicles are told, kept nowhere: without it nothing may be told."""

    def __init__(self) -> None:
        self.said: list[Mapping[str, Any]] = []

    async def note(self, vehicle: str, data: Mapping[str, Any]) -> int:
        """See `CommandLog`."""
        self.said.append(data)
        return len(self.said)


@contextmanager
def a_gateway(history: Path) -> Iterator[None]:
    """One that has every terminal, each of which does what it is told: without one what is told to a vehicle is 503."""

    async def done(arguments: dict[str, Any]) -> dict[str, Any]:
        return {"result": 0, "terminal": arguments["terminal"]}

    control = Control(history, "jt808-0", {"text": done, "track": done, "confirm": done})
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(control.start(), loop).result()
        control.tell({"protocol": "jt808", "connected": [], "contested": []}, now_us=2**62)
        yield
    finally:
        loop.call_soon_threadsafe(control.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def clerk() -> Principal:
    """Of one unit, one site, and what is public."""
    return Principal(name="clerk", role=Role.UNIT_CLERK, labels=frozenset({"public"}), scopes=frozenset({"s"}), units=frozenset({"U3"}))


def is_chosen(label: str) -> bool:
    return f"/{label.split('/')[1]}" not in ALIKE and is_finite(label)


def is_finite(label: str) -> bool:
    """Not a stream of events, which ends when its reader leaves."""
    return label != "GET /events"


def labels_of(app: FastAPI) -> set[str]:
    return {f"{method.upper()} {path}" for path, item in app.openapi()["paths"].items() for method in item}


def require_clean(found: Fuzzed) -> None:
    assert not found.findings, f"{len(found.findings)} of {found.total} requests:\n" + "\n".join(found.findings[:20])


def test_an_administrator_meets_no_fault_and_no_undocumented_answer(home: Served) -> None:
    app = service_of(home, local_administrator())
    found = fuzz(app, seed=SEED, examples=2, phases=("examples", "fuzzing"), chosen=is_chosen)
    assert set(found.requests) == {label for label in labels_of(app) if is_chosen(label)}
    require_clean(found)
    assert sum(status < 300 for statuses in found.statuses.values() for status in statuses.elements()) > 40


def test_a_document_that_does_not_know_an_answer_is_found_out(home: Served) -> None:
    app = service_of(home, local_administrator())
    del app.openapi()["paths"]["/sites/{code}"]["get"]["responses"]["404"]
    found = fuzz(app, seed=SEED, examples=2, phases=("fuzzing",), chosen=lambda label: label == "GET /sites/{code}")
    assert "Undocumented status code" in found.findings[0]


def greedy(make: Callable[[int], Any], many_bytes: int) -> FastAPI:
    """An app that makes an array of so many bytes a request, and keeps it."""
    app, kept = FastAPI(), list[Any]()

    def take() -> int:
        kept.append(make(many_bytes // 8))
        return len(kept)

    app.add_api_route("/greedy", take)
    return app


def test_what_asks_for_all_memory_does_not_get_it_and_is_named() -> None:
    found = fuzz(greedy(np.empty, 2**33), seed=SEED, examples=1, phases=("fuzzing",))
    assert any(one.startswith("GET /greedy") and "MemoryError" in one for one in found.findings), found.findings


def test_what_keeps_memory_is_named() -> None:
    found = fuzz(greedy(np.ones, 2**26), seed=SEED, examples=2, phases=("fuzzing",), most_grown=2**24)
    assert any("GET /greedy | fuzzing | the process has grown by" in one for one in found.findings), found.findings


def test_a_run_that_is_stopped_is_not_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("schemathesis.engine.run.execute", interrupted)
    found = fuzz(greedy(np.empty, 8), seed=SEED, examples=1, phases=("fuzzing",))
    assert any("did not come to its end: interrupted" in one for one in found.findings), found.findings


def test_the_edges_of_every_parameter_are_documented_too(home: Served) -> None:
    def is_edge(label: str) -> bool:
        return label.split()[1].startswith(("/collections", "/sites", "/requests/", "/rooms/", "/assets/totals"))

    require_clean(fuzz(service_of(home, local_administrator()), seed=SEED, examples=1, phases=("coverage",), chosen=is_edge))


def test_who_may_see_little_meets_no_fault_either(home: Served) -> None:
    found = fuzz(service_of(home, clerk()), seed=SEED + 1, examples=2, phases=("fuzzing",), chosen=is_chosen)
    require_clean(found)
    answered = {status for statuses in found.statuses.values() for status in statuses}
    assert {200, 403, 404} <= answered


@pytest.mark.nightly
@pytest.mark.parametrize("who", ["administrator", "clerk"])
def test_every_operation_of_the_demo_for_a_night(who: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All phases over a demo that `twin demo` built; how often each operation was asked, and answered what, is kept."""
    demo = new_home(tmp_path_factory.mktemp("fuzz-demo"))
    assert demo.run("demo", "--scale", "small").code == 0
    settings = Settings(home=demo.folder, meshes_dir=demo.meshes)
    with Store.open(settings.database_url) as store, IncidentStore.open(demo.folder / EVENTS, KINDS, now_us=HAPPENED) as incidents:
        incidents.take(0, alarms(*(alarm(f"door/{n}", labels=("public",), site="pingshan", at_s=n * 400) for n in range(3))), HAPPENED)
        DESKS[settings.home] = StoreDesk(incidents, lambda: HAPPENED)
        app = service_of((settings, store), local_administrator() if who == "administrator" else clerk())
        app.state.command_log = Noted()
        with a_gateway(demo.folder / "history"):
            found = fuzz(app, seed=SEED, examples=NIGHTLY_EXAMPLES, phases=EVERY_PHASE, chosen=is_finite)
        assert set(found.requests) == {label for label in labels_of(app) if is_finite(label)}
    keep(who, found, NIGHTLY_EXAMPLES)
    require_clean(found)
    assert all(found.requests[label]["fuzzing"] for label in labels_of(app) if is_finite(label))


def keep(who: str, found: Fuzzed, examples: int) -> None:
    """Write what was asked into the results beside those of the benchmarks."""
    kept: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    kept[who] = {
        "seed": SEED,
        "examples": examples,
        "requests": found.total,
        "findings": len(found.findings),
        "operations": {
            label: {"requests": dict(phases), "statuses": {str(status): n for status, n in sorted(found.statuses[label].items())}}
            for label, phases in sorted(found.requests.items())
        },
    }
    RESULT.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
