"""What a reader may not know of is in no answer of SensorThings: not listed, counted, expanded, linked, filtered by, nor found."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from sensors.observation import Stream
from tests.twin.api.sta import Compound, Remembered, app_of, somebody
from tests.twin.api.test_sensorthings import HERE, PLACE, ROOT, STATION, STREAM, US, get, ids, post
from tests.twin.moulds import Cast
from twin.auth import Role

As = Callable[..., TestClient]
HIDDEN = ("C1", "C3", "机要", "暗哨", "secret")
"""What an answer to the public may not hold: of hidden devices the keys and names, of hidden external things all names."""


@pytest.fixture
def history() -> Remembered:
    said = Remembered()
    for key in ("C1", "C2", "C3"):
        said.say(f"camera/{key}", Stream.STATE, US, {"state": f"of {key}"})
    return said


@pytest.fixture
def asking(cast: Cast, history: Remembered) -> As:
    compound = cast(Compound)

    def client(role: str = Role.ADMINISTRATOR, *labels: str, **more: Any) -> TestClient:
        return TestClient(app_of(compound, somebody(role, *labels, **more), history), base_url=HERE)

    return client


def hidden_thing(name: str) -> dict[str, Any]:
    """A restricted thing with a place, sensor, property and observations whose names all say so."""
    text = json.dumps(STATION).replace("station", name).replace("roof", f"{name} roof").replace("temperature", f"{name} temperature")
    made: dict[str, Any] = json.loads(text.replace("PT100", f"{name} sensor"))
    return made | {"properties": {"label": "restricted"}}


def everything(client: TestClient) -> str:
    """All that a reader can list, with what hangs on it."""
    expand = {
        "Things": "Locations/HistoricalLocations,HistoricalLocations/Locations,Datastreams/Observations",
        "Locations": "Things/Datastreams,HistoricalLocations/Thing",
        "HistoricalLocations": "Thing,Locations",
        "Datastreams": "Thing/Locations,Sensor/Datastreams,ObservedProperty/Datastreams/Thing,Observations/FeatureOfInterest",
        "Sensors": "Datastreams/Thing",
        "ObservedProperties": "Datastreams/Thing/Locations",
        "Observations": "Datastream/Thing,FeatureOfInterest/Observations",
        "FeaturesOfInterest": "Observations/Datastream/Thing",
    }
    return "\n".join(json.dumps(get(client, kind, expand=text, count="true"), ensure_ascii=False) for kind, text in expand.items())


def test_a_hidden_thing_is_nowhere(asking: As) -> None:
    every, public = asking(), asking(Role.VIEWER, "public")
    post(every, "Things", hidden_thing("secret"))
    open_thing = post(every, "Things", STATION)["@iot.id"]
    shared = post(every, "ObservedProperties", {"name": "shared", "definition": "d", "description": ""})["@iot.id"]
    stream = STREAM | {"ObservedProperty": {"@iot.id": shared}}
    for label in ("public", "restricted"):
        thing = {"name": f"{'secret ' * (label != 'public')}with shared", "description": "", "properties": {"label": label}}
        post(every, "Things", thing | {"Datastreams": [stream | {"name": "x" if label == "public" else "secret x"}]})
    post(every, "Things('camera:C3')/Datastreams", STREAM | {"name": "secret of C3"})
    whole, seen = everything(every), everything(public)
    for word in HIDDEN:
        assert word in whole and word not in seen, word
    assert "station" in seen and "东院机" in seen and "of C2" in seen
    assert ids(get(public, "Things")) == [open_thing, open_thing + 1, "camera:C2", "gate:G1", "meter:M1", "meter:M2", "vehicle:闽A12345"]
    for kind in ("Things", "Locations", "Datastreams", "Observations", "HistoricalLocations", "FeaturesOfInterest", "Sensors"):
        told = get(public, kind, count="true", top="1000")
        assert told["@iot.count"] == len(told["value"]) < get(every, kind, count="true", top="0")["@iot.count"] or kind == "Sensors"
        assert get(public, f"{kind}/$count") == str(told["@iot.count"])


def test_a_hidden_thing_is_not_found_followed_or_guessed_by_a_filter(asking: As) -> None:
    every, public = asking(), asking(Role.VIEWER, "public")
    secret = post(every, "Things", hidden_thing("secret"))["@iot.id"]
    stream = ids(get(every, f"Things({secret})/Datastreams"))[0]
    observation = ids(get(every, f"Datastreams({stream})/Observations"))[0]
    place = ids(get(every, f"Things({secret})/Locations"))[0]
    past = ids(get(every, f"Things({secret})/HistoricalLocations"))[0]
    feature = get(every, f"Observations({observation})/FeatureOfInterest")["@iot.id"]
    sensor = get(every, f"Datastreams({stream})/Sensor")["@iot.id"]
    paths = [
        f"Things({secret})", f"Datastreams({stream})", f"Datastreams({stream})/Observations", f"Observations({observation})",
        f"Observations({observation})/result", f"Locations({place})", f"HistoricalLocations({past})", f"FeaturesOfInterest({feature})",
        f"Sensors({sensor})", "Things('camera:C3')", "Things('camera:C1')/Datastreams", "Datastreams('camera:C3:state')",
        "Datastreams('camera:C3:state')/Observations", f"Observations('camera:C3:state:{US}:0')", "Locations('camera:C3')",
        "Sensors('camera')/Datastreams('camera:C3:state')", "FeaturesOfInterest('camera:C3')",
    ]  # fmt: skip
    for path in paths:
        assert every.get(f"{ROOT}/{path}").status_code == 200, path
        assert public.get(f"{ROOT}/{path}").status_code == 404, path
    for path, text in (
        ("Things", "startswith(name, 'secret')"), ("Observations", f"Datastream/id eq {stream}"),
        ("Sensors", "Datastreams/Thing/id eq 'camera:C3'"),
        ("Observations", "Datastream/id eq 'camera:C3:state'"), ("ObservedProperties", "Datastreams/Thing/name eq '暗哨机'"),
        ("Observations", f"FeatureOfInterest/id eq {feature}"), ("Locations", "Things/name eq 'secret'"),
    ):  # fmt: skip
        assert ids(get(every, path, filter=text)) != [], (path, text)
        assert ids(get(public, path, filter=text)) == [], (path, text)


def test_relabelling_a_thing_hides_what_was_made_with_it(asking: As) -> None:
    every, public = asking(), asking(Role.VIEWER, "public")
    thing = post(every, "Things", STATION)["@iot.id"]
    kinds = ("Locations", "Datastreams", "Observations", "HistoricalLocations", "FeaturesOfInterest", "Sensors", "ObservedProperties")
    external = {kind: [one for one in ids(get(public, kind)) if isinstance(one, int)] for kind in kinds}
    assert all(external.values())
    assert every.patch(f"{ROOT}/Things({thing})", json={"properties": {"label": "restricted"}}).status_code == 200
    assert {kind: [one for one in ids(get(public, kind)) if isinstance(one, int)] for kind in kinds} == {kind: [] for kind in kinds}
    assert {kind: [one for one in ids(get(every, kind)) if isinstance(one, int)] for kind in kinds} == external


def test_nobody_writes_on_or_ends_what_they_may_not_know_of(asking: As) -> None:
    every, narrow = asking(), asking(Role.INTEGRATOR, "public")
    secret = post(every, "Things", hidden_thing("secret"))["@iot.id"]
    stream = ids(get(every, f"Things({secret})/Datastreams"))[0]
    for method, path in (("DELETE", f"Things({secret})"), ("PATCH", f"Datastreams({stream})"),
                         ("POST", f"Datastreams({stream})/Observations"),
                         ("POST", "Datastreams('camera:C3:state')/Observations")):  # fmt: skip
        assert narrow.request(method, f"{ROOT}/{path}", json={"result": 1} if method != "DELETE" else None).status_code == 404, path
    post(narrow, "Observations", {"result": 1, "Datastream": {"@iot.id": stream}}, 400)
    post(narrow, "Datastreams", STREAM | {"Thing": {"@iot.id": secret}}, 400)
    told = post(narrow, "CreateObservations", [{"Datastream": {"@iot.id": stream}, "components": ["result"], "dataArray": [[1]]}])
    assert told[0].startswith("error")
    sensor = post(narrow, "Sensors", STREAM["Sensor"])["@iot.id"]
    made = hidden_thing("secret too") | {"Datastreams": [STREAM | {"Sensor": {"@iot.id": sensor}}]}
    public_thing = post(narrow, "Things", STATION | {"Datastreams": [STREAM | {"Sensor": {"@iot.id": sensor}}]})
    post(every, "Things", made)
    refused = narrow.delete(f"{ROOT}/Sensors({sensor})")
    assert (refused.status_code, refused.json()["code"]) == (409, "THING_IN_USE")
    assert get(every, f"Sensors({sensor})/Datastreams/$count") == "2"
    assert get(narrow, f"Sensors({sensor})/Datastreams/$count") == "1"
    place = post(narrow, f"Things({public_thing['@iot.id']})/Locations", PLACE)["@iot.id"]
    post(every, "Things", {"name": "secret", "description": "", "properties": {"label": "restricted"}, "Locations": [{"@iot.id": place}]})
    assert narrow.delete(f"{ROOT}/Locations({place})").json()["code"] == "THING_IN_USE"


def test_units_and_sites_count_for_devices_as_for_their_records(asking: As) -> None:
    assert ids(get(asking(Role.INTEGRATOR, units=frozenset({"U1"})), "Things")) == []
    assert [one for one in ids(get(asking(Role.INTEGRATOR, scopes=frozenset({"other"})), "Things")) if one.startswith("camera")] == []
    viewer = get(asking(Role.VIEWER, "public", units=frozenset()), "Things('camera:C2')")
    assert viewer["properties"].keys() == {"kind", "key", "record", "site", "label"}
    for role in (Role.EDITOR, Role.UNIT_CLERK, Role.ANONYMOUS):
        assert asking(role).get(f"{ROOT}/Things").status_code in (401, 403)
