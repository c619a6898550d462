"""The context of an incident in one call and the muster list: the same answers as the questions they are made of, label by label."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.api.seen import FRAME, Watched, camera_line, watched
from tests.twin.files import SITE, Files
from tests.twin.imports.conftest import NOW as IMPORTED
from tests.twin.incidents.world import KINDS, NOW, S, alarm, alarms
from tests.twin.served import service
from twin.api.incident_state import EVENTS
from twin.auth import Principal, Role
from twin.imports.register import import_register
from twin.incidents import IncidentStore
from twin.queries.incidents.live_state import InsideRow, LiveRow, SeenRow
from twin.queries.sight.answerer import Answerer

pytestmark = pytest.mark.usefixtures("sight_library")
EVERY = frozenset({"*"})
As = Callable[..., TestClient]
NOT_MINE = {"protected": None, "labels": ("restricted",)}


class Live:
    """Things that are near or inside, as the hub would tell them."""

    def __init__(self, office: Watched) -> None:
        lon, lat, height = FRAME.to_lon_lat_height([office.spot("100")])[0].tolist()
        here: dict[str, Any] = {"lon": lon, "lat": lat, "height_m": height, "time_us": NOW, "site": SITE.code, "labels": ("public",)}
        self.room = str(office.rooms["102"].id)
        self.rows = [
            LiveRow(device="vehicle/闽A1", **here, more={"speed_kmh": 12.5}),
            LiveRow(device="vehicle/闽A2", **{**here, **NOT_MINE}),
            LiveRow(device="guard/W1", **here),
            LiveRow(device="person/P1", **here, place=self.room),
        ]

    def near(self, site: str, lon: float, lat: float, radius_m: float, kinds: Collection[str]) -> Sequence[LiveRow]:
        return [row for row in self.rows if row.device.partition("/")[0] in kinds]

    def inside(self, site: str, place: str) -> Sequence[LiveRow]:
        return [row for row in self.rows if row.place == place]


class Lists:
    """Who went in: P1 and P2 are seen at the assembly point, P3 is not, P4 is in a place of its own label."""

    def inside(self, site: str, building: str | None) -> Sequence[InsideRow]:
        row: dict[str, Any] = {"since_us": NOW - 3600 * S, "through": "gate/G1", "labels": ("public",)}
        seen = InsideRow(person="P3", place="house:x", seen_us=NOW - 60 * S, **row)
        return [InsideRow(person="P1", **row), InsideRow(person="P2", **row), seen, InsideRow(person="P4", **{**row, **NOT_MINE})]

    def seen(self, site: str, places: Collection[str], since_us: int) -> Sequence[SeenRow]:
        (point,) = places
        return [SeenRow(person=name, time_us=since_us + S, place=point) for name in ("P1", "P2")]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[Watched]:
    """Room 101 is restricted; C1 looks along the corridor, C2 hangs in 102, C3 in the hidden room; a guard stands in 100, one in 201;
    incident 1 is in 102, 2 in the hidden 101, 3 has neither place nor position, 4 is of a camera in the corridor by its position."""
    office = watched(tmp_path_factory.mktemp("context"), files.office_later)
    office.relabel({str(office.rooms["101"].id): "restricted"}, note="a hidden room")
    lens = {name: [x, y, z + 2.3] for name in ("100", "101", "102") for x, y, z in [office.spot(name)]}
    west = [lens["100"][0] - 6.0, *lens["100"][1:]]
    north = [lens["102"][0], lens["102"][1] + 2.0, lens["102"][2]]
    cameras = (("C1", west, 90.0, 0.0), ("C2", north, 180.0, -30.0), ("C3", lens["101"], 180.0, -30.0))
    office.cameras([camera_line(name, xyz, heading, tilt=tilt) for name, xyz, heading, tilt in cameras])
    post = office.settings.home / "posts.csv"
    lines = [_post(name, office.spot(room)) for name, room in (("S1", "100"), ("S2", "201"))]
    post.write_text("\n".join(["岗位编号,岗位名称,经度,纬度,坐标系,大地高(m)", *lines]) + "\n", encoding="utf-8")
    import_register(office.store, office.settings, "guard_post", post, who="test", now=IMPORTED)
    zone = office.settings.home / "zones.csv"
    lon, lat, _ = FRAME.to_lon_lat_height([(40.0, 40.0, 0.0)])[0].tolist()
    ring = f"POLYGON (({lon} {lat}, {lon + 1e-4} {lat}, {lon + 1e-4} {lat + 1e-4}, {lon} {lat}))"
    zone.write_text(
        f'区域编号,区域名称,区域类型,范围,坐标系,底1985高程,顶1985高程\nZ1,集结区,集结区,"{ring}",CGCS2000,0,60\n', encoding="utf-8"
    )
    import_register(office.store, office.settings, "zone", zone, who="test", now=IMPORTED)
    assets = office.settings.home / "assets.csv"
    stands = "小办公楼,1F"
    lines = [f"A1,办公桌,100,{stands},102", f"A2,保险柜,9000,{stands},102", f"A3,椅子,,{stands},102", f"A4,密码机,50000,{stands},101"]
    assets.write_text("\n".join(["资产编号,资产名称,原值(元),楼栋,楼层,房间号", *lines]) + "\n", encoding="utf-8")
    import_register(office.store, office.settings, "asset", assets, who="test", now=IMPORTED)
    lon, lat, height = FRAME.to_lon_lat_height([office.spot("100")])[0].tolist()
    here = {"site": SITE.code, "labels": ("public",)}
    rows = [
        alarm("fire/F1", "fire_alarm", place=str(office.rooms["102"].id), place_kind="room", **here),
        alarm("door/D1", place=str(office.rooms["101"].id), site=SITE.code, labels=("restricted",), protected=str(office.rooms["101"].id)),
        alarm("lift/L1", "lift_trapped", **here),
        alarm("guard/W9", "man_down", lon_lat=(lon, lat), height_m=height, at_s=4000, **here),
    ]
    with IncidentStore.open(office.settings.home / EVENTS, KINDS, now_us=NOW) as store:
        store.take(0, alarms(*rows), NOW)
    yield office
    office.store.close()


def _post(name: str, spot: tuple[float, float, float]) -> str:
    lon, lat, height = FRAME.to_lon_lat_height([spot])[0].tolist()
    return f"{name},岗{name},{lon:.9f},{lat:.9f},CGCS2000,{height:.4f}"


@pytest.fixture(scope="module")
def answerer(office: Watched) -> Answerer:
    return Answerer(office.store, office.settings)


@pytest.fixture(scope="module")
def asking(office: Watched, answerer: Answerer) -> As:
    def client(*labels: str, role: str = Role.ADMINISTRATOR, live: bool = True, sight: bool = True) -> TestClient:
        principal = Principal(name="someone", role=role, labels=frozenset(labels) or EVERY, scopes=EVERY, units=EVERY)
        more = {"sight": answerer} if sight else {}
        app = service(office.settings, office.store, principal_of=lambda _: principal, **more)
        app.state.live_state, app.state.inside = (Live(office), Lists()) if live else (None, None)
        return TestClient(app, base_url="http://127.0.0.1")

    return client


def context(client: TestClient, incident: int) -> dict[str, Any]:
    answer = client.get(f"/incidents/{incident}/context")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_all_that_is_around_a_room_is_told_in_one_call(asking: As, office: Watched) -> None:
    client, room = asking(), office.rooms["102"]
    told = context(client, 1)
    assert told["unanswered"] == {}
    assert (told["room"]["id"], told["room"]["kind"]) == (str(room.id), "space")
    assert told["room"]["storey"] == {"id": str(room.storey), "name": told["room"]["storey"]["name"]} and told["room"]["building"]["id"]
    assert told["doors"] and all(door["class"] == "IfcDoor" and door["distance_m"] <= 0.6 for door in told["doors"])
    assert told["procedure"]["title"]["zh"] == "火灾报警处置" and [step["step"] for step in told["procedure"]["steps"]] == [1, 2, 3, 4, 5]
    assert [row["id"] for row in told["people"]] == ["person/P1"], "inside; near is asked of a position alone"
    assert [(row["key"], row["values"]["value"]) for row in told["assets"]] == [("A2", 900_000), ("A1", 10_000), ("A3", None)]
    assert told["assets_total"] == 3


def test_the_cameras_and_guards_are_those_that_the_questions_of_sight_and_routes_name(asking: As, office: Watched) -> None:
    client, room = asking(), str(office.rooms["102"].id)
    told = context(client, 1)
    seen = client.get("/spatial/visible-from", params={"feature": room}).json()["targets"][0]["cameras"]
    assert [one["id"] for one in told["cameras"]] == [one["camera"] for one in seen if any(one["sees"].values())] == ["camera:C2"]
    assert {"name", "distance_m", "pixels_per_metre", "class"} <= told["cameras"][0].keys()
    guards = client.get("/spatial/guards", params={"to": room}).json()["found"]
    assert [(one["id"], one["route_m"], one["seconds"]) for one in told["guards"]] == [(g["id"], g["metres"], g["seconds"]) for g in guards]
    assert [one["id"] for one in guards] == ["guard_post:S1", "guard_post:S2"]
    assert told["guards"][0]["name"] == "岗S1" and told["guards"][0]["route"]["type"] == "LineString"


def test_values_of_assets_are_for_who_may_read_values_and_their_order_does_not_betray_them(asking: As) -> None:
    told = context(asking(role=Role.SECURITY_OFFICER), 1)
    assert [row["key"] for row in told["assets"]] == ["A1", "A2", "A3"]
    assert all("value" not in row["values"] and "value" in row["withheld"] for row in told["assets"])
    assert [row["key"] for row in context(asking(), 2)["assets"]] == ["A4"]


def test_by_a_position_it_is_what_is_near(asking: As) -> None:
    told = context(asking(), 4)
    assert [row["id"] for row in told["people"]] == ["guard/W1", "person/P1"]
    assert [(row["id"], row.get("speed_kmh")) for row in told["vehicles"]] == [("vehicle/闽A1", 12.5), ("vehicle/闽A2", None)]
    assert "camera:C1" in [one["id"] for one in told["cameras"]]
    assert told["guards"][0]["id"] in ("guard/W1", "guard_post:S1") and {one["id"] for one in told["guards"]} >= {"guard/W1"}


def test_what_nobody_can_answer_is_said_and_all_else_is_answered(asking: As) -> None:
    told = context(asking(live=False, sight=False), 1)
    assert {name: why["code"] for name, why in told["unanswered"].items()} == {
        "cameras": "SIGHT_NOT_READY",
        "people": "HUB_ABSENT",
        "vehicles": "HUB_ABSENT",
    }
    assert (told["cameras"], told["people"], told["vehicles"]) == (None, None, None)
    assert told["guards"] and told["procedure"] and told["room"] and told["doors"]
    nowhere = context(asking(), 3)
    assert nowhere["unanswered"]["cameras"]["code"] == nowhere["unanswered"]["guards"]["code"] == "INCIDENT_PLACE_UNKNOWN"
    assert (nowhere["room"], nowhere["doors"], nowhere["procedure"]["name"]) == (None, [], "lift")


def test_a_reader_meets_in_it_only_what_they_may_know_of(asking: As, office: Watched) -> None:
    public = asking("public")
    assert public.get("/incidents/2/context").status_code == 404
    hidden = str(office.rooms["101"].id)
    for incident in (1, 4):
        text = public.get(f"/incidents/{incident}/context").text
        assert hidden not in text and "闽A2" not in text and "camera:C3" not in text
    assert context(asking(), 2)["room"]["id"] == hidden


def test_persons_are_for_who_may_read_persons(asking: As, monkeypatch: pytest.MonkeyPatch) -> None:
    from twin.auth import Action, roles

    row = roles.find_role(Role.SECURITY_OFFICER)
    assert row is not None
    blind = roles.RoleRow(name=row.name, zh=row.zh, en=row.en, actions=row.actions - {Action.READ_PERSON}, scopes=row.scopes)
    monkeypatch.setattr("twin.auth.principal.find_role", lambda name: blind)
    told = context(asking(role=Role.SECURITY_OFFICER), 4)
    assert told["people"] is None and told["unanswered"]["people"]["code"] == "FORBIDDEN" and told["vehicles"]
    list_of = muster(asking(role=Role.SECURITY_OFFICER))
    assert (list_of["inside"], list_of["missing"], list_of["missing_people"], list_of["safe_people"]) == (4, 2, None, None)


def muster(client: TestClient, **query: Any) -> dict[str, Any]:
    since = datetime.fromtimestamp(NOW / 1e6, UTC).isoformat()
    answer = client.get(f"/sites/{SITE.code}/muster", params={"since": since, **query})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_the_muster_list_says_who_is_missing_and_where_they_were_last(asking: As, office: Watched) -> None:
    told = muster(asking(), building=str(office.rooms["102"].building))
    assert told["points"] == ["zone:Z1"], "zones of the type assembly"
    assert (told["inside"], told["safe"], told["missing"]) == (4, 2, 2)
    assert [row["person"] for row in told["safe_people"]] == ["P1", "P2"] and told["safe_people"][0]["point"] == "zone:Z1"
    assert [(row["person"], row["last_place"]) for row in told["missing_people"]] == [("P4", None), ("P3", "house:x")]
    public = muster(asking("public"))
    assert (public["inside"], [row["person"] for row in public["missing_people"]]) == (3, ["P3"])


def test_the_muster_list_of_what_is_not_there_or_not_counted(asking: As) -> None:
    since = {"since": "2026-11-27T00:00:00Z"}
    assert asking().get("/sites/nowhere/muster", params=since).status_code == 404
    assert asking().get(f"/sites/{SITE.code}/muster", params={**since, "building": "x:1"}).status_code == 404
    for points, status in ((["zone:Z1"], 200), (["zone:Z1", "zone:NOPE"], 404), (["nonsense"], 404)):
        answer = asking().get(f"/sites/{SITE.code}/muster", params={**since, "point": points})
        assert answer.status_code == status, "a point that is not there would make everybody missing"
    assert asking().get(f"/sites/{SITE.code}/muster").status_code == 400
    answer = asking(live=False).get(f"/sites/{SITE.code}/muster", params=since)
    assert (answer.status_code, answer.json()["code"]) == (503, "HUB_ABSENT")
