"""SensorThings through HTTP: devices derived, external things created, hidden things nowhere, malformed questions refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from sensors.observation import Stream
from tests.twin.api.sta import Compound, Remembered, app_of, somebody, sqlite_url
from tests.twin.moulds import Cast
from twin.auth import Role

HERE = "http://127.0.0.1"
ROOT = "/sta/v1.1"
US = 1_764_144_000_000_000  # 2025-11-26T08:00:00Z
As = Callable[..., TestClient]
POINT = {"type": "Point", "coordinates": [119.3, 26.09]}
UNIT = {"name": "degree Celsius", "symbol": "Cel", "definition": "ucum:Cel"}
PLACE: dict[str, Any] = {"name": "roof", "description": "top", "encodingType": "application/geo+json", "location": POINT}
STREAM: dict[str, Any] = {
    "name": "temperature",
    "description": "air",
    "observationType": "OM_Measurement",
    "unitOfMeasurement": UNIT,
    "Sensor": {"name": "PT100", "description": "r", "encodingType": "text/html", "metadata": "x"},
    "ObservedProperty": {"name": "air temperature", "definition": "t", "description": "of the air"},
    "Observations": [
        {"phenomenonTime": "2026-11-26T08:00:00Z", "result": 20.5},
        {"phenomenonTime": "2026-11-26T09:00:00Z", "result": 21},
    ],
}
STATION: dict[str, Any] = {
    "name": "station",
    "description": "on the roof",
    "properties": {"owner": "office"},
    "Locations": [PLACE],
    "Datastreams": [STREAM],
}


@pytest.fixture
def url(tmp_path: Path, migrated: Path) -> str:
    """One database: the view of devices is asked on both in test_sensorthings_labels."""
    return sqlite_url(tmp_path, migrated)


@pytest.fixture
def history() -> Remembered:
    return Remembered()


@pytest.fixture
def asking(cast: Cast, history: Remembered) -> As:
    compound = cast(Compound)

    def client(role: str = Role.ADMINISTRATOR, *labels: str, **more: Any) -> TestClient:
        return TestClient(app_of(compound, somebody(role, *labels, **more), history), base_url=HERE)

    return client


@pytest.fixture
def client(asking: As) -> TestClient:
    return asking()


def get(client: TestClient, path: str, status: int = 200, **options: str) -> Any:
    params = {f"${name}": text for name, text in options.items()}
    answer = client.get(path if path.startswith(("http", "/")) else f"{ROOT}/{path}", params=params or None)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer.text


def post(client: TestClient, path: str, document: Any, status: int = 201) -> Any:
    answer = client.post(f"{ROOT}/{path}", json=document)
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(found: Any) -> list[Any]:
    return [one["@iot.id"] for one in found["value"]]


# Devices


def test_devices_are_things_with_their_streams(client: TestClient) -> None:
    things = get(client, "Things", count="true")
    assert (things["@iot.count"], ids(things)) == (
        7,
        ["camera:C1", "camera:C2", "camera:C3", "gate:G1", "meter:M1", "meter:M2", "vehicle:闽A12345"],
    )
    camera = get(client, "Things('camera:C2')", expand="Locations,Datastreams($select=id,observationType)")
    assert camera["properties"] | {"x": 0} == {
        "kind": "camera", "key": "C2", "record": "/cameras/C2", "site": "PS", "label": "public", "state": "in_use",
        "device_id": "35010200001320000002", "x": 0,
    }  # fmt: skip
    assert camera["Locations"][0]["location"]["coordinates"][:2] == pytest.approx([119.295, 26.0899])
    assert [one["@iot.id"] for one in camera["Datastreams"]] == ["camera:C2:alarm", "camera:C2:state"]
    assert get(client, "Datastreams('meter:M2:reading')")["unitOfMeasurement"]["symbol"] == "m3"
    assert ids(get(client, "Sensors")) == ["camera", "gate", "meter", "vehicle"]
    assert ids(get(client, "ObservedProperties")) == ["alarm", "passage", "position", "reading", "state"]
    assert ids(get(client, "Sensors('camera')/Datastreams", filter="ObservedProperty/id eq 'alarm'")) == [
        "camera:C1:alarm", "camera:C2:alarm", "camera:C3:alarm",
    ]  # fmt: skip


def test_a_device_is_changed_in_its_register_alone(client: TestClient) -> None:
    for method, path in (("PATCH", "Things('camera:C2')"), ("PUT", "Datastreams('camera:C2:state')"), ("DELETE", "Sensors('camera')")):
        answer = client.request(method, f"{ROOT}/{path}", json={"name": "x"} if method != "DELETE" else None)
        assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED"), answer.text
        assert answer.headers["allow"]
    assert "/cameras/C2" in client.patch(f"{ROOT}/Things('camera:C2')", json={"name": "x"}).json()["hint"]
    assert client.post(f"{ROOT}/Things('camera:C2')/Locations", json=PLACE).status_code == 405
    taken = post(client, "Things", {"@iot.id": "camera:mine", "name": "x", "description": ""}, 400)
    assert taken["code"] == "THING_INVALID"


def test_what_a_device_said_is_told_by_time_and_found_by_its_id(client: TestClient, history: Remembered) -> None:
    for at in (3, 1, 2, 2):
        history.say("meter/M1", Stream.READING, US + 100 + at, {"value": at}, device_us=US + at)
    rows = get(client, "Datastreams('meter:M1:reading')/Observations", count="true")
    assert rows["@iot.count"] == 4
    assert ids(rows) == [f"meter:M1:reading:{US + at}:{number}" for at, number in ((1, 0), (2, 0), (2, 1), (3, 0))]
    for one in rows["value"]:
        assert get(client, f"Observations('{one['@iot.id']}')") == one
    assert ids(get(client, "Datastreams('meter:M1:reading')/Observations", orderby="phenomenonTime desc", top="2")) == ids(rows)[::-1][:2]
    for order in ("asc", "desc"):
        page = get(client, "Datastreams('meter:M1:reading')/Observations", orderby=f"phenomenonTime {order}", top="1", count="true")
        told = ids(page)
        while "@iot.nextLink" in page:
            page = get(client, page["@iot.nextLink"].removeprefix(HERE))
            told += ids(page)
            assert page["@iot.count"] == 4
        assert told == ids(rows)[:: 1 if order == "asc" else -1]
    assert get(client, "Datastreams('meter:M1:reading')")["phenomenonTime"] == "2025-11-26T08:00:00.000001Z/2025-11-26T08:00:00.000003Z"
    for name in (
        f"meter:M1:reading:{US + 2}:2",
        f"meter:M1:reading:{US}:0",
        "meter:M1:reading:x:0",
        "meter:M1:reading",
        "meter:M9:reading:1:0",
    ):
        assert client.get(f"{ROOT}/Observations('{name}')").status_code == 404


def test_a_position_goes_through_the_inlet_as_a_fix_and_is_where_the_vehicle_is(client: TestClient, history: Remembered) -> None:
    stream = "Datastreams('vehicle:闽A12345:position')/Observations"
    made = []
    for minute, lon in ((0, 119.29), (1, 119.30)):
        document = {"phenomenonTime": f"2026-11-26T08:0{minute}:00Z", "result": {"type": "Point", "coordinates": [lon, 26.09]}}
        made.append(post(client, stream, document | {"parameters": {"speed_kmh": 36.5, "heading_deg": 90}})["@iot.id"])
    (fix,) = history.batches[0].fixes
    assert (history.batches[0].devices, int(fix["speed_dkmh"]), int(fix["heading_cdeg"]), int(fix["status"])) == (
        ("vehicle/闽A12345",),
        365,
        9000,
        1,
    )
    assert len({batch.number for batch in history.batches}) == len({batch.source for batch in history.batches}) + 1 == 2
    assert ids(get(client, stream)) == made
    assert get(client, f"Observations('{made[0]}')")["result"]["coordinates"] == [119.29, 26.09]
    thing = get(client, "Things('vehicle:闽A12345')", expand="Locations,HistoricalLocations($expand=Locations)")
    assert thing["Locations"][0]["location"]["coordinates"] == [119.3, 26.09]
    past = thing["HistoricalLocations"]
    assert [(one["time"], one["Locations"][0]["location"]["coordinates"][0]) for one in past] == [
        ("2026-11-26T08:00:00Z", 119.29), ("2026-11-26T08:01:00Z", 119.3),
    ]  # fmt: skip
    assert get(client, past[0]["@iot.selfLink"].removeprefix(HERE))["time"] == "2026-11-26T08:00:00Z"
    assert get(client, past[0]["Locations"][0]["@iot.selfLink"].removeprefix(HERE))["location"]["coordinates"][0] == 119.29


POSITION = {"type": "Point", "coordinates": [119, 26]}
NO_POSITIONS: tuple[Any, ...] = (
    {"result": 5},
    {"result": {"type": "Point", "coordinates": [200, 26]}},
    {"result": {"type": "Point", "coordinates": [True, 26]}},
    {"result": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}},
    {"result": POSITION, "parameters": {"speed_kmh": "fast"}},
    {"result": POSITION, "parameters": {"heading_deg": 1e300}},
    {"result": POSITION, "phenomenonTime": "2026-11-26T08:00:00Z/2026-11-26T09:00:00Z"},
    {"result": POSITION, "phenomenonTime": "yesterday"},
    {"result": POSITION, "@iot.id": 7},
    {"phenomenonTime": "2026-11-26T08:00:00Z"},
    [],
    5,
)


TAKEN: list[tuple[str, Any, dict[str, Any], tuple[str, ...]]] = [
    ("camera:C2:alarm", "camera_tamper", {"code": "camera_tamper", "result": "camera_tamper"}, ("camera_tamper",)),
    ("camera:C2:alarm", {"code": "motion", "active": False}, {"code": "motion", "active": False}, ()),
    ("camera:C2:state", "offline", {"state": "offline", "result": "offline"}, ()),
    ("camera:C2:state", {"state": "online"}, {"state": "online"}, ()),
    ("meter:M1:reading", 7, {"value": 7}, ()),
    ("meter:M1:reading", {"value": 7.5, "unit": "kWh"}, {"value": 7.5, "unit": "kWh"}, ()),
]
NOT_TAKEN: list[tuple[str, Any]] = [
    ("camera:C2:alarm", 7), ("camera:C2:alarm", {}), ("camera:C2:alarm", ""), ("camera:C2:state", None), ("camera:C2:state", ["open"]),
    ("meter:M1:reading", "abc"), ("meter:M1:reading", True), ("meter:M1:reading", 1e301), ("meter:M1:reading", {"value": None}),
]  # fmt: skip


def test_what_is_posted_to_a_device_says_what_it_would_say_by_any_other_door(client: TestClient, history: Remembered) -> None:
    for stream, result, value, alarms in TAKEN:
        made = post(client, f"Datastreams('{stream}')/Observations", {"result": result})
        assert (dict(history.rows[-1].value), history.rows[-1].alarms) == (value, alarms), (stream, result)
        told = get(client, made["@iot.selfLink"].removeprefix(HERE))["result"]
        assert told == result or (stream.endswith("reading") and told == value["value"])
    before = len(history.rows)
    for stream, result in NOT_TAKEN:
        refused = post(client, f"Datastreams('{stream}')/Observations", {"result": result}, 400)
        assert refused["code"] == "THING_INVALID" and refused["detail"], (stream, result)
    assert len(history.rows) == before


def test_what_is_no_position_never_reaches_the_inlet(client: TestClient, history: Remembered) -> None:
    for document in NO_POSITIONS:
        assert post(client, "Datastreams('vehicle:闽A12345:position')/Observations", document, 400)["code"] == "THING_INVALID", document
    assert history.batches == []


# External things


def test_a_thing_is_made_with_all_that_is_within_it_or_not_at_all(client: TestClient) -> None:
    made = post(client, "Things", STATION)
    name = made["@iot.id"]
    whole = get(
        client,
        f"Things({name})",
        expand="Locations,HistoricalLocations/Locations,Datastreams/Sensor,Datastreams/ObservedProperty,Datastreams/Observations",
    )
    (stream,) = whole["Datastreams"]
    assert (stream["Sensor"]["name"], stream["ObservedProperty"]["name"]) == ("PT100", "air temperature")
    assert [(one["phenomenonTime"], one["result"], one["resultTime"]) for one in stream["Observations"]] == [
        ("2026-11-26T08:00:00Z", 20.5, None), ("2026-11-26T09:00:00Z", 21, None),
    ]  # fmt: skip
    assert whole["HistoricalLocations"][0]["Locations"][0]["@iot.id"] == whole["Locations"][0]["@iot.id"]
    feature = get(client, f"Observations({stream['Observations'][0]['@iot.id']})/FeatureOfInterest")
    assert feature["feature"] == POINT
    assert len(ids(get(client, f"FeaturesOfInterest({feature['@iot.id']})/Observations"))) == 2
    broken = STATION | {"name": "broken", "Datastreams": [{**STREAM, "unitOfMeasurement": "C"}]}
    before = {kind: get(client, kind, count="true")["@iot.count"] for kind in ("Things", "Locations", "Sensors", "HistoricalLocations")}
    assert post(client, "Things", broken, 400)["code"] == "THING_INVALID"
    assert {kind: get(client, kind, count="true")["@iot.count"] for kind in before} == before


def test_links_lead_everywhere_and_back(client: TestClient) -> None:
    name = post(client, "Things", STATION)["@iot.id"]
    seen: set[str] = set()
    ways = [f"{ROOT}/Things({name})"]
    while ways:
        path = ways.pop()
        if path in seen or len(seen) > 60:
            continue
        seen.add(path)
        document = get(client, path)
        for one in document.get("value", [document]):
            for member, link in one.items():
                if member.endswith(("@iot.navigationLink", "@iot.selfLink")) and "'" not in link:
                    ways.append(link.removeprefix(HERE))
    assert {path.removeprefix(f"{ROOT}/").partition("(")[0] for path in seen} == {
        "Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties", "Observations", "FeaturesOfInterest",
    }  # fmt: skip


def test_paths_lead_to_members_values_references_and_counts(client: TestClient) -> None:
    name = post(client, "Things", STATION)["@iot.id"]
    assert get(client, f"Things({name})/name") == {"name": "station"}
    assert get(client, f"Things({name})/name/$value") == "station"
    assert get(client, f"Things({name})/properties/owner/$value") == "office"
    assert get(client, f"Things({name})/Locations")["value"][0]["location"] == POINT
    place = ids(get(client, f"Things({name})/Locations"))[0]
    assert get(client, f"Things({name})/Locations({place})/location/coordinates/1") == {"1": 26.09}
    assert get(client, f"Things({name})/Datastreams/$ref")["value"][0].keys() == {"@iot.selfLink"}
    assert get(client, "Observations/$count") == "2"
    assert get(client, f"Things({name})/Datastreams/$count", filter="name eq 'other'") == "0"
    stream = ids(get(client, f"Things({name})/Datastreams"))[0]
    assert get(client, f"Datastreams({stream})/Observations/$count", filter="result gt 20.6") == "1"
    for path in ("Thing", "Things(999)", "Things('x')", f"Things({name})/nothing", f"Things({name})/name/x", "Things/name",
                 f"Things({name})(1)",
                 f"Things({name})/Datastreams(999)", f"Things({name})/Locations/Things", "Things(1", f"Things({name})/properties/none",
                 f"Sensors(1)/Datastreams({stream})/Thing/Locations('camera:C2')", "$ref", "Things/$ref/$ref"):  # fmt: skip
        assert client.get(f"{ROOT}/{path}").status_code == 404, path


def test_an_entity_changes_in_part_by_a_patch_or_as_a_whole(client: TestClient) -> None:
    name = post(client, "Things", STATION)["@iot.id"]
    path = f"{ROOT}/Things({name})"
    assert client.patch(path, json={"description": "new"}).json()["description"] == "new"
    operations = [{"op": "add", "path": "/properties/floor", "value": 9}, {"op": "remove", "path": "/properties/owner"}]
    told = client.patch(path, json=operations, headers={"Content-Type": "application/json-patch+json"})
    assert told.json()["properties"] == {"floor": 9}
    assert client.put(path, json={"name": "n", "description": "d"}).json() | {"properties": 0} == {
        **get(client, f"Things({name})"), "name": "n", "description": "d", "properties": 0,
    }  # fmt: skip
    assert "properties" not in get(client, f"Things({name})")
    for bad, headers in (
        ({"name": 5}, {}), ({"name": None}, {}), ({"nonsense": 1}, {}), ([], {}),
        ([{"op": "replace", "path": "/nowhere/x", "value": 1}], {"Content-Type": "application/json-patch+json"}),
        ({"op": "x"}, {"Content-Type": "application/json-patch+json"}),
        ([{"op": "remove", "path": "/name"}], {"Content-Type": "application/json-patch+json"}),
    ):  # fmt: skip
        assert client.patch(path, json=bad, headers=headers).status_code == 400, bad
    assert client.put(path, json={"name": "only"}).status_code == 400


def test_a_new_place_of_a_thing_is_remembered(client: TestClient) -> None:
    name = post(client, "Things", STATION)["@iot.id"]
    moved = post(client, f"Things({name})/Locations", {**PLACE, "name": "yard"})
    assert ids(get(client, f"Things({name})/Locations")) == [moved["@iot.id"]]
    assert get(client, f"Things({name})/HistoricalLocations/$count") == "2"
    other = post(client, "Locations", {**PLACE, "Things": [{"@iot.id": name}]})
    assert ids(get(client, f"Things({name})/Locations")) == [other["@iot.id"]]
    post(
        client,
        "HistoricalLocations",
        {"time": "2020-01-01T00:00:00Z", "Thing": {"@iot.id": name}, "Locations": [{"@iot.id": moved["@iot.id"]}]},
    )
    assert ids(get(client, f"Things({name})/Locations")) == [other["@iot.id"]]
    post(
        client,
        "HistoricalLocations",
        {"time": "2090-01-01T00:00:00Z", "Thing": {"@iot.id": name}, "Locations": [{"@iot.id": moved["@iot.id"]}]},
    )
    assert ids(get(client, f"Things({name})/Locations")) == [moved["@iot.id"]]


def test_what_hangs_on_an_entity_ends_with_it(client: TestClient) -> None:
    name = post(client, "Things", STATION)["@iot.id"]
    stream = ids(get(client, f"Things({name})/Datastreams"))[0]
    sensor = get(client, f"Datastreams({stream})/Sensor")["@iot.id"]
    assert client.delete(f"{ROOT}/Observations({ids(get(client, 'Observations'))[1]})").status_code == 204
    assert get(client, f"Datastreams({stream})")["phenomenonTime"] == "2026-11-26T08:00:00Z/2026-11-26T08:00:00Z"
    assert client.delete(f"{ROOT}/Sensors({sensor})").status_code == 204
    assert get(client, "Observations/$count") == "0"
    assert get(client, f"Things({name})/Datastreams/$count") == "0"
    place = ids(get(client, f"Things({name})/Locations"))[0]
    assert client.delete(f"{ROOT}/Locations({place})").status_code == 204
    assert ids(get(client, f"Things({name})/Locations")) == []
    assert client.delete(f"{ROOT}/Things({name})").status_code == 204
    assert client.delete(f"{ROOT}/Things({name})").status_code == 404
    assert client.delete(f"{ROOT}/Things").status_code == 404
    assert post(client, "Things", {"name": "next", "description": ""})["@iot.id"] == name + 1


def test_an_id_of_the_client_s_counts_once_and_is_never_given_to_another(client: TestClient) -> None:
    name = post(client, "Things", STATION)["@iot.id"]
    stream = ids(get(client, f"Things({name})/Datastreams"))[0]
    path, document = f"Datastreams({stream})/Observations", {"@iot.id": 50, "phenomenonTime": "2026-11-26T10:00:00Z", "result": 1}
    for _ in range(3):
        assert post(client, path, document)["@iot.id"] == 50
    assert post(client, path, document | {"@iot.id": "mine"})["@iot.id"] == "mine"
    assert get(client, f"{path}/$count") == "4"
    assert post(client, path, document | {"phenomenonTime": "2026-11-26T11:00:00Z"}, 409)["code"] == "THING_TAKEN"
    without = {"phenomenonTime": "2026-11-26T10:00:00Z", "result": 1}
    assert [post(client, path, without)["@iot.id"] for _ in range(2)] == [51, 52]
    assert post(client, "Things", {"@iot.id": name, "name": "x", "description": ""}, 409)["code"] == "THING_TAKEN"
    for bad in (True, 1.5, [], "", "x" * 201):
        assert post(client, "Things", {"@iot.id": bad, "name": "x", "description": ""}, 400)["code"] == "THING_INVALID"


def test_arrays_of_observations_are_taken_and_told(client: TestClient, history: Remembered) -> None:
    stream = ids(get(client, f"Things({post(client, 'Things', STATION)['@iot.id']})/Datastreams"))[0]
    rows = [[f"2026-11-26T10:{minute:02}:00Z", minute] for minute in range(5)]
    body = [
        {"Datastream": {"@iot.id": stream}, "components": ["phenomenonTime", "result"], "dataArray": [*rows, ["never", 1]]},
        {
            "Datastream": {"@iot.id": "meter:M1:reading"},
            "components": ["phenomenonTime", "result"],
            "dataArray": [["2026-11-26T10:00:00Z", 7.5]],
        },
        {"Datastream": {"@iot.id": 999}, "components": ["result"], "dataArray": [[1]]},
    ]
    told = post(client, "CreateObservations", body)
    assert [one.startswith("error") for one in told] == [False] * 5 + [True, False, True]
    assert get(client, told[6].removeprefix(HERE))["result"] == 7.5
    assert history.rows[0].device == "meter/M1"
    first = get(
        client,
        f"Datastreams({stream})/Observations",
        resultFormat="dataArray",
        top="3",
        orderby="phenomenonTime desc",
        select="phenomenonTime,result",
        count="true",
    )
    (group,) = first["value"]
    assert (first["@iot.count"], group["components"], group["dataArray@iot.count"]) == (7, ["phenomenonTime", "result"], 3)
    assert group["dataArray"] == rows[:1:-1]
    (second,) = get(client, first["@iot.nextLink"].removeprefix(HERE))["value"]
    assert second["dataArray"][:2] == rows[1::-1]
    for bad in ({}, [1], [{"Datastream": {"@iot.id": stream}, "components": ["result"], "dataArray": [[1, 2]]}], [{"dataArray": []}],
                [{"Datastream": {"@iot.id": stream}, "components": ["result", "result"], "dataArray": []}]):  # fmt: skip
        assert post(client, "CreateObservations", bad, 400)["code"] == "THING_INVALID"


def test_sites_and_labels_of_what_is_made_are_those_the_key_may_know_of(asking: As, client: TestClient) -> None:
    bare = {"name": "x", "description": ""}
    made = post(client, "Things", bare | {"properties": {"label": "restricted", "site": "PS"}})
    assert made["properties"]["label"] == "restricted"
    for properties in ({"label": "topsecret"}, {"label": 5}, {"site": "nowhere"}, {"site": []}):
        assert post(client, "Things", bare | {"properties": properties}, 400)["code"] == "THING_INVALID"
    narrow = asking(Role.INTEGRATOR, "public")
    assert post(narrow, "Things", bare | {"properties": {"label": "restricted"}}, 400)["code"] == "THING_INVALID"
    assert narrow.patch(f"{ROOT}/Things({made['@iot.id']})", json={"name": "mine"}).status_code == 404
    assert asking(Role.VIEWER).post(f"{ROOT}/Things", json=bare).status_code == 403
    foreign = asking(Role.INTEGRATOR, scopes=frozenset({"other"}))
    assert ids(get(foreign, "Things", filter="id eq " + str(made["@iot.id"]))) == []


# Malformed


MALFORMED = {
    "$filter": (
        "", "name eq", "eq 5", "name eq 'x", "nothing eq 1", "name eq 1 2", "(" * 200, "not " * 100 + "true", "name like 'x'",
        "Datastreams eq 1", "name eq '\ufffd'.x", "foo(name)", "length()", "length(name, name)", "2020-13-45T00:00:00Z eq now()",
        "geo.distance(name, geography'POINT(')", "st_within(location, geography'SRID=3857;POINT(1 2)')", "name eq 'a' or", "1 add",
        "duration'P' eq duration'P'", "99999999999999999999 eq 1", "1e999 eq 1", "a" * 20_000, "Thing/Thing/Thing/x eq 1", "name eq @x",
        "properties/ eq 1", "; drop table entity", "name eq 25:61:00",
    ),
    "$orderby": ("", "nothing", "name sideways", "name,", "Datastreams/name", "name desc desc"),
    "$top": ("-1", "x", "1.5", "99999999999", ""),
    "$skip": ("-1", "x"),
    "$skiptoken": ("", "x", "[]", "[1,2,3,4]", "{}", "[true]", "[1.5]", "[[1]]", "[1]", "[9999999999999999999999]", "[" * 900),
    "$count": ("yes", "1"),
    "$select": ("nothing", "name,", "*"),
    "$expand": (
        "Nothing", "Datastreams(", "Datastreams($top=x)", "Datastreams($nothing=1)", "Datastreams()", "name",
        "/".join(["Datastreams", "Thing"] * 8),
    ),
    "$resultFormat": ("xml", "dataArray"),
    "$search": ("x",),
}  # fmt: skip


def test_a_malformed_question_is_refused_and_names_its_option(client: TestClient) -> None:
    for option, texts in MALFORMED.items():
        for text in texts:
            answer = client.get(f"{ROOT}/Things?{quote(option)}={quote(text)}")
            assert answer.status_code == 400, (option, text, answer.text)
            assert answer.json()["parameter"] == option


def nested(times: int) -> dict[str, Any]:
    """A datastream of a Thing whose datastream's sensor has a datastream of a Thing …"""
    sensor = STREAM["Sensor"]
    if times:
        inner = {name: value for name, value in nested(times - 1).items() if name != "Sensor"}
        sensor = {**sensor, "Datastreams": [inner]}
    return {**STREAM, "Thing": {"name": "t", "description": "", "Datastreams": [{**STREAM, "Sensor": sensor}]}}


def test_bodies_that_are_no_entity_are_refused(client: TestClient) -> None:
    for content, media, status in (
        (b"{", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"[1]", "application/json", 400),
        (b"{}", "application/json", 400),
    ):
        assert client.post(f"{ROOT}/Things", content=content, headers={"Content-Type": media}).status_code == status
    assert post(client, "Datastreams", nested(1))["@iot.id"]
    assert post(client, "Datastreams", nested(3), 400)["code"] == "THING_INVALID"
    stream = STREAM
    for document in (
        stream, stream | {"Thing": {"@iot.id": 99}}, stream | {"Thing": 5}, stream | {"Thing": {"@iot.id": []}},
        stream | {"Thing": {"@iot.id": "camera:C1"}, "Observations": 5}, {"name": "x"}, {"Thing": None},
    ):  # fmt: skip
        assert post(client, "Datastreams", document, 400)["code"] == "THING_INVALID", document
    for document in ({"result": 1}, {"result": 1, "Datastream": {"@iot.id": 7}}, {"result": 1, "Datastream": 5}):
        assert post(client, "Observations", document, 400)["code"] == "THING_INVALID"
    place = PLACE | {"location": {"type": "Point", "coordinates": ["x"]}}
    assert post(client, "Locations", place, 400)["code"] == "THING_INVALID"
    assert post(client, "Nothing", {}, 404)["code"] == "PATH_INVALID"
