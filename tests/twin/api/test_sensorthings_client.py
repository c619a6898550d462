"""frost-sta-client as it is, against a real server: creates, queries, pages, changes, deletes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import frost_sta_client as sta
import pytest
import requests
import uvicorn
from geojson import Point

from tests.twin.api.sta import Compound, Remembered, app_of, somebody
from tests.twin.moulds import Moulds

pytestmark = pytest.mark.filterwarnings("ignore:furl.pathstr is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def root(moulds: Moulds, migrated: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from twin.store import Store

    folder = tmp_path_factory.mktemp("sta")
    url = f"sqlite:///{folder / 'home' / 'records.sqlite'}"
    (folder / "home").mkdir()
    (folder / "home" / "records.sqlite").write_bytes(migrated.read_bytes())
    with Store.open(url) as store:
        app = app_of(Compound(store, folder), somebody(), Remembered())
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/sta/v1.1"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def service(root: str) -> Any:
    return sta.SensorThingsService(root)


def station(name: str) -> Any:
    """A Thing with a location and a datastream, made at one go."""
    thing = sta.Thing(name=name, description="a weather station", properties={"owner": "office"})
    thing.locations = [sta.Location(name="roof", description="top", location=Point((119.3, 26.09)), encoding_type="application/geo+json")]
    unit = sta.UnitOfMeasurement(name="degree Celsius", symbol="Cel", definition="http://unitsofmeasure.org/ucum.html#para-30")
    sensor = sta.Sensor(name="PT100", description="resistance", encoding_type="application/pdf", metadata="https://example.org/pt100.pdf")
    observed = sta.ObservedProperty(name="air temperature", definition="https://example.org/t", description="of the air")
    stream = sta.Datastream(
        name=f"{name} temperature", description="roof", observation_type="OM_Measurement", unit_of_measurement=unit, sensor=sensor,
        observed_property=observed,
    )  # fmt: skip
    thing.datastreams = [stream]
    return thing


def test_the_client_creates_finds_changes_and_deletes(service: Any) -> None:
    thing = station("north")
    service.create(thing)
    found = service.things().find(thing.id)
    assert (found.name, found.properties) == ("north", {"owner": "office"})
    (stream,) = found.get_datastreams().query().list()
    assert stream.unit_of_measurement.symbol == "Cel"
    (place,) = found.get_locations().query().list()
    assert place.location["coordinates"] == [119.3, 26.09]
    found.description = "moved"
    service.update(found)
    assert service.things().find(thing.id).description == "moved"
    service.patch(found, [{"op": "replace", "path": "/description", "value": "patched"}])
    assert service.things().find(thing.id).description == "patched"
    service.delete(found)
    with pytest.raises(requests.exceptions.HTTPError) as error:
        service.things().find(thing.id)
    assert error.value.response.status_code == 404


def test_the_client_posts_observations_and_pages_through_them(service: Any) -> None:
    thing = station("pages")
    service.create(thing)
    (stream,) = service.things().find(thing.id).get_datastreams().query().list()
    for number in range(23):
        at = f"2026-11-26T08:{number:02}:00Z"
        service.create(sta.Observation(phenomenon_time=at, result_time=at, result=number / 2, datastream=stream))
    found = stream.get_observations().query().filter("result ge 2 and result lt 9").orderby("phenomenonTime", "asc").top(5).count().list()
    assert found.count == 14
    assert [one.result for one in found] == [number / 2 for number in range(4, 18)]
    latest = stream.get_observations().query().orderby("phenomenonTime", "desc").top(1).list().get(0)
    assert (latest.result, latest.phenomenon_time) == (11.0, "2026-11-26T08:22:00Z")
    assert service.datastreams().find(stream.id).phenomenon_time == "2026-11-26T08:00:00Z/2026-11-26T08:22:00Z"


def test_the_client_reads_devices_and_posts_a_reading_to_a_meter(service: Any) -> None:
    names = {one.name: one.id for one in service.things().query().filter("properties/kind eq 'meter'").list()}
    assert names == {"总电表": "meter:M1", "水表": "meter:M2"}
    (stream,) = service.things().find("meter:M1").get_datastreams().query().filter("ObservedProperty/id eq 'reading'").list()
    assert stream.unit_of_measurement.symbol == "kWh"
    made = sta.Observation(phenomenon_time="2026-11-26T09:00:00Z", result=1234.5, datastream=stream)
    service.create(made)
    assert service.observations().find(made.id).result == 1234.5
    assert [one.id for one in stream.get_observations().query().list()] == [made.id]
