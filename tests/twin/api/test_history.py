"""What was, through HTTP: tracks for those who may follow, any moment and counts an hour, each without what its reader may not know of."""

import csv
import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from sensors.observation import FIX
from tests.twin.files import SITE
from tests.twin.history.moving import NOON_US, open_positions, shut
from tests.twin.imports.conftest import NOW
from tests.twin.served import service
from twin.api.history import PastDocument, TrackDocument
from twin.auth import Principal, Role
from twin.history.positions import JUDGED
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"
EVERY = frozenset({"*"})
NOON = "2026-11-27T12:00:00+08:00"
HOUR = f"{NOON}/2026-11-27T13:00:00+08:00"


@dataclass(frozen=True)
class Some:
    """Knows all but one device and one place."""

    everything: bool = False

    def knows(self, address: str, features: Collection[str] = ()) -> bool:
        return address != "vehicle/secret" and self.knows_places(features)

    def knows_places(self, features: Collection[str]) -> bool:
        return "vault" not in features


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An hour of two vehicles, a minute apart from point to point, in Fuzhou and about 100 km from there; the first is in a vault from
    the 20th to the 29th minute."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
    write(settings.home / "history")
    return settings


def write(folder: Path) -> None:
    fixes, judged = np.zeros(120, dtype=FIX), np.zeros(120, dtype=JUDGED)
    minute = np.repeat(np.arange(60), 2)
    fixes["device"] = np.tile([0, 1], 60)
    for clock in ("device_us", "fix_us", "received_us"):
        fixes[clock] = NOON_US + minute * 60_000_000
    fixes["lon_e7"], fixes["lat_e7"] = 1_192_946_000 + minute * 1000 + fixes["device"] * 10_000_000, 260_896_000
    fixes["speed_dkmh"], fixes["heading_cdeg"] = 360, -(2**31)
    judged["lon_e7"], judged["lat_e7"], judged["accuracy_dm"] = fixes["lon_e7"] + 10, fixes["lat_e7"], 32
    judged["place"] = np.where((fixes["device"] == 0) & (minute >= 20) & (minute < 30), 1, 0)
    positions = open_positions(folder)
    positions.apply(0, ["vehicle/闽A 1", "vehicle/secret"], fixes, judged, ["yard\nblock", "yard\nvault"])
    positions.flush()
    positions.shelf.close_days(NOON_US + 10**12)
    shut(positions)


@pytest.fixture(scope="module")
def asking(home: Settings) -> Iterator[Callable[..., TestClient]]:
    with Store.open(home.database_url) as store:

        def make(role: str = Role.SECURITY_OFFICER, *, knows: object = None) -> TestClient:
            def principal_of(request: Request) -> Principal:
                return Principal(name="reader", role=role, labels=EVERY, scopes=EVERY, units=EVERY)

            app = service(home, store, principal_of=principal_of, knows_of=None if knows is None else lambda principal: knows)
            return TestClient(app, base_url=HERE)

        yield make


def test_a_track_is_a_line_with_its_moments_and_both_positions(asking: Callable[..., TestClient]) -> None:
    answer = asking(knows=Some(everything=True)).get("/live/tracks/vehicle/闽A 1", params={"datetime": HOUR, "step": 600})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/geo+json")
    told = answer.json()
    TrackDocument.model_validate(told)
    assert (told["id"], told["geometry"]["type"], told["properties"]["numberReturned"]) == ("vehicle/闽A 1", "LineString", 6)
    assert told["properties"]["times"][:2] == ["2026-11-27T04:09:00.000Z", "2026-11-27T04:19:00.000Z"]
    assert told["properties"]["said"][0] == [119.2955, 26.0896]
    assert told["geometry"]["coordinates"][0] == [119.295501, 26.0896]
    assert (told["properties"]["accuracy_m"][0], told["properties"]["heading_deg"][0]) == (3.2, None)
    assert told["properties"]["breaks"] == [1, 2, 3, 4, 5]


def test_a_track_leaves_out_hidden_places_and_a_hidden_device_has_none(asking: Callable[..., TestClient]) -> None:
    client = asking(knows=Some())
    told = client.get("/live/tracks/vehicle/闽A 1", params={"datetime": HOUR}).json()["properties"]
    assert (told["numberReturned"], told["breaks"]) == (50, [20])
    assert {tuple(place) for place in told["place"]} == {("yard", "block")}
    hidden, unknown = (client.get(f"/live/tracks/vehicle/{key}", params={"datetime": HOUR}) for key in ("secret", "none"))
    assert (hidden.status_code, unknown.status_code) == (404, 200)


def test_the_same_track_as_csv(asking: Callable[..., TestClient]) -> None:
    answer = asking(knows=Some()).get("/live/tracks/vehicle/闽A 1", params={"datetime": HOUR, "f": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert (len(rows), rows[0]["time"], rows[0]["said_lon"], rows[0]["heading_deg"], rows[0]["place"]) == (
        50, "2026-11-27T04:00:00.000Z", "119.2946000", "", "yard block",
    )  # fmt: skip


def test_a_moment_is_asked_by_site_box_and_kind(asking: Callable[..., TestClient]) -> None:
    client = asking(knows=Some(everything=True))

    def ids(moment: str = "2026-11-27T12:30:30+08:00", **more: object) -> list[str]:
        answer = client.get("/live/at", params={"datetime": moment, **more})
        assert answer.status_code == 200, answer.text
        PastDocument.model_validate(answer.json())
        return [one["id"] for one in answer.json()["features"]]

    assert ids() == ["vehicle/secret", "vehicle/闽A 1"]
    assert ids(site=SITE.code) == ["vehicle/闽A 1"]
    assert ids(bbox="120,26,121,27") == ["vehicle/secret"]
    assert ids(site=SITE.code, bbox="120,26,121,27") == []
    assert ids(kind="guard") == []
    assert ids("2026-11-27T13:10:00+08:00") == []


def test_a_moment_and_counts_know_nothing_of_what_is_hidden(asking: Callable[..., TestClient]) -> None:
    client = asking(Role.VIEWER, knows=Some())
    told = [client.get("/live/at", params={"datetime": f"2026-11-27T12:{minute}:30+08:00"}).json()["features"] for minute in (10, 25)]
    assert [[one["id"] for one in features] for features in told] == [["vehicle/闽A 1"], []]
    (hour,) = client.get("/live/counts", params={"datetime": HOUR}).json()["hours"]
    assert hour == {"start": "2026-11-27T04:00:00.000Z", "devices": 1, "moving": 1, "places": {"yard": 1, "block": 1}}
    (hour,) = asking(knows=Some(everything=True)).get("/live/counts", params={"datetime": HOUR}).json()["hours"]
    assert hour["places"] == {"yard": 2, "block": 2, "vault": 1}


def test_who_may_see_what_is_live_may_not_follow_anybody(asking: Callable[..., TestClient]) -> None:
    address = "/live/tracks/vehicle/闽A 1"
    assert asking(Role.VIEWER, knows=Some()).get(address, params={"datetime": HOUR}).status_code == 403
    assert asking(Role.EDITOR, knows=Some()).get("/live/at", params={"datetime": NOON}).status_code == 403
    assert asking().get(address, params={"datetime": HOUR}).status_code == 503


@pytest.mark.parametrize(
    ("path", "parameters", "parameter"),
    [
        ("/live/at", {}, "datetime"),
        ("/live/at", {"datetime": "2026-11-27T12:00:00"}, "datetime"),
        ("/live/at", {"datetime": "noon"}, "datetime"),
        ("/live/at", {"datetime": NOON, "bbox": "1,2,3"}, "bbox"),
        ("/live/at", {"datetime": NOON, "bbox": "1,2,3,4,5,6"}, "bbox"),
        ("/live/counts", {"datetime": NOON}, "datetime"),
        ("/live/counts", {"datetime": f"{NOON}/2026-11-26T12:00:00Z"}, "datetime"),
        ("/live/counts", {"datetime": f"{NOON}/.."}, "datetime"),
        ("/live/counts", {"datetime": "2020-01-01T00:00:00Z/2026-01-01T00:00:00Z"}, "datetime"),
        ("/live/tracks/vehicle/x", {"datetime": HOUR, "step": "-1"}, "step"),
        ("/live/tracks/vehicle/x", {"datetime": HOUR, "f": "kml"}, "f"),
    ],
)
def test_what_is_no_question_is_refused_by_its_parameter(
    asking: Callable[..., TestClient], path: str, parameters: dict[str, str], parameter: str
) -> None:
    answer = asking(knows=Some(everything=True)).get(path, params=parameters)
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter), answer.text


def test_a_track_of_too_many_points_is_refused_with_a_way_on(asking: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.queries.live.history.MOST_POINTS", 10)
    client = asking(knows=Some(everything=True))
    answer = client.get("/live/tracks/vehicle/闽A 1", params={"datetime": HOUR})
    assert (answer.status_code, answer.json()["code"]) == (400, "TRACK_LONG")
    assert "step" in answer.json()["hint"]
    assert client.get("/live/tracks/vehicle/闽A 1", params={"datetime": HOUR, "step": 600}).status_code == 200
