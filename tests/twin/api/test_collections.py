"""OGC API Features as programs of others use it: GDAL, OWSLib, a crawler while somebody writes."""

import itertools
import os
import subprocess
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from fastapi.testclient import TestClient
from owslib.ogcapi.features import Features

from tests.homes import TWIN
from tests.twin.queries.items.world import HIDDEN, NOW, filled, world
from tests.twin.served import service
from tests.twin.store.builder import boxes, new_revision, relabelled, tower
from twin.auth import Principal, Role
from twin.codes import get_kind
from twin.imports.tie import tie
from twin.records.write import Author, add_record
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"
OGC = "http://www.opengis.net/def/crs"
FIXED = ("buildings", "storeys", "rooms", "elements", "city-objects")
RECORDS = (
    "assets",
    "units",
    "vehicles",
    "cameras",
    "gates",
    "zones",
    "guard-posts",
    "perimeter",
    "doors",
    "fire-points",
    "panic-buttons",
    "lifts",
)
ALL = ["sites", *FIXED, *RECORDS, "world"]


LON, LAT = 119.295, 26.0899
PLACED: dict[str, Any] = {"lon": LON, "lat": LAT, "datum": "CGCS2000", "site": "PS"}
DEAR = (2_993_500_000, 19_724_700_000, 2**31)
"""Fen, beyond 32 bits."""
STATED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("unit", {"code": "U", "name": "局", "level": "provincial"}),
    *(("asset", {"code": f"A{n}", "name": "机组", "value": fen, "acquired": "2024-02-29"}) for n, fen in enumerate((1, 20, None, *DEAR))),
    ("vehicle", {"plate": "闽A00001", "price": 9_000_000_000, "seats": 5}),
    ("camera", {**PLACED, "code": "C1", "name": "东机", "mounting_height": 4.0, "heading": 90.0}),
    ("camera", {"code": "C2", "name": "无处机"}),
    ("gate", {**PLACED, "code": "G1", "name": "东门", "heading": 90.0, "width": 8.0}),
    ("guard_post", {**PLACED, "code": "P1", "name": "东岗", "guards": 2}),
    ("zone", {"code": "Z1", "site": "PS", "datum": "WGS84", "bottom_1985": 10.0, "top_1985": 14.0,
              "outline": f"POLYGON (({LON} {LAT}, {LON + 0.001} {LAT}, {LON + 0.001} {LAT + 0.001}, {LON} {LAT}))"}),
    ("perimeter_segment", {"code": "F1", "site": "PS", "datum": "WGS84", "height": 2.5,
                           "centre_line": f"LINESTRING ({LON} {LAT}, {LON + 0.001} {LAT})"}),
    ("door", {**PLACED, "code": "D1", "name": "东侧门"}),
    ("fire_point", {**PLACED, "code": "FP1", "name": "烟感", "mounting_height": 3.0, "loop": 2, "point": 17}),
    ("panic_button", {**PLACED, "code": "PB1", "name": "按钮", "mounting_height": 1.2}),
    ("lift", {**PLACED, "code": "L1", "name": "东梯"}),
)  # fmt: skip
DEVICES = {"cameras": "Point", "gates": "LineString", "guard-posts": "Point", "zones": "Polygon", "perimeter": "LineString",
           "doors": "Point", "fire-points": "Point", "panic-buttons": "Point", "lifts": "Point"}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Store]]:
    """The two sites of `world`, and devices in one of them; read them."""
    settings = Settings(home=tmp_path_factory.mktemp("items"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        filled(store)
        with store.database.writing() as connection:
            author = Author(who="", method="manual", source="", now=NOW)
            for kind, values in STATED:
                add_record(connection, get_kind(kind), values, author)
        tie(store, who="", now=NOW, settings=settings)
        yield settings, store


@pytest.fixture(scope="module")
def client(home: tuple[Settings, Store]) -> TestClient:
    return TestClient(service(*home), base_url=HERE)


@pytest.fixture(scope="module")
def url(home: tuple[Settings, Store]) -> Iterator[str]:
    """The address of a server of its own: GDAL keeps Python's lock while it reads."""
    environment = {**os.environ, "TWIN_HOME": str(home[0].home)}
    process = subprocess.Popen([TWIN, "serve", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = next(line for line in process.stderr if "http://" in line)
        yield said.split()[-1].rstrip("/")
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stderr.close()


def crawl(client: TestClient, path: str) -> list[dict[str, Any]]:
    """Every feature, by the next links."""
    found: list[dict[str, Any]] = []
    following: str | None = path
    while following is not None:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert document["numberReturned"] == len(document["features"])
        found += document["features"]
        link = next((link["href"] for link in document["links"] if link["rel"] == "next"), None)
        following = None if link is None else link.removeprefix(HERE)
    return found


def test_what_is_there_is_listed_with_its_extent_and_reference_systems(client: TestClient) -> None:
    document = client.get("/collections").json()
    assert [one["id"] for one in document["collections"]] == ALL
    for one in document["collections"]:
        assert client.get(f"/collections/{one['id']}").json() == one
        assert one["storageCrs"] in one["crs"] and f"{OGC}/EPSG/0/4549" in one["crs"]
        for link in one["links"]:
            if "tileset" not in link["href"]:
                assert client.get(link["href"].removeprefix(HERE)).status_code == 200, link
    rooms = next(one for one in document["collections"] if one["id"] == "rooms")
    west, south, low, east, north, high = rooms["extent"]["spatial"]["bbox"][0]
    assert 119 < west < east < 120 and 25 < south < north < 27 and 0 < low < high < 100
    classes = client.get("/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes


def test_each_collection_read_whole_is_the_store_whatever_the_page(client: TestClient, home: tuple[Settings, Store]) -> None:
    stored: dict[str, set[str]] = {}
    for site in ("PS", "MW"):
        for row in home[1].features(site, None):
            stored.setdefault(row.feature.kind, set()).add(f"{site}/{row.feature.id}")
    for name, kind in zip(FIXED, ("building", "storey", "space", "element", "city_object"), strict=True):
        for limit in (2, 10_000) if name == "rooms" else (50,):
            found = crawl(client, f"/collections/{name}/items?limit={limit}")
            ids = [feature["id"] if "/" in feature["id"].split(":")[0] else f"MW/{feature['id']}" for feature in found]
            assert len(ids) == len(set(ids)) and set(ids) == stored[kind], (name, limit)
    assert {feature["id"] for feature in crawl(client, "/collections/world/items?limit=7")} == {str(row.id) for row in world()}
    for name, kind, key in (("assets", "asset", "code"), ("units", "unit", "code"), ("vehicles", "vehicle", "plate")):
        items = {feature["id"]: feature["properties"] for feature in crawl(client, f"/collections/{name}/items?limit=2")}
        assert set(items) == {values[key] for one, values in STATED if one == kind}, name
        assert all(values.items() <= items[values[key]].items() for one, values in STATED if one == kind)
    for name, kind in (
        ("cameras", "camera"),
        ("gates", "gate"),
        ("guard-posts", "guard_post"),
        ("zones", "zone"),
        ("perimeter", "perimeter_segment"),
        ("doors", "door"),
        ("fire-points", "fire_point"),
        ("panic-buttons", "panic_button"),
        ("lifts", "lift"),
    ):
        found = {feature["id"]: feature for feature in crawl(client, f"/collections/{name}/items?limit=1")}
        assert set(found) == {values["code"] for one, values in STATED if one == kind}
        for one, values in STATED:
            if one == kind:
                assert values.items() <= found[values["code"]]["properties"].items()
        drawn = {key for key, feature in found.items() if feature["geometry"] is not None}
        assert {f"PS/{kind}:{key}" for key in drawn} == stored[kind] and len(drawn) == 1, name
    assert [feature["id"] for feature in crawl(client, "/collections/sites/items?limit=1")] == ["MW", "PS"]


@cache
def to_degrees(code: str) -> pyproj.Transformer:
    """PROJ's own, from the order of axes of the authority to lon, lat."""
    return pyproj.Transformer.from_crs(f"EPSG:{code}" if code.isdigit() else "OGC:CRS84", "OGC:CRS84", always_xy=False)


def test_a_point_comes_back_the_same_in_every_reference_system(client: TestClient) -> None:
    """Read in each CRS and brought to degrees by PROJ in the order of axes of its authority."""
    for name in ALL:
        query = {"site": "PS"} if name in FIXED else {}
        plain = {
            one["id"]: one["geometry"] for one in crawl(client, f"/collections/{name}/items?limit=100") if not query or "PS" in one["id"]
        }
        for uri in client.get(f"/collections/{name}").json()["crs"]:
            if "crs-compound" in uri:
                continue  # the other site has no geoid separation: below
            answer = client.get(f"/collections/{name}/items", params={"crs": uri, "limit": 100, **query})
            if name == "world" and uri.endswith("4549"):
                assert (answer.status_code, answer.json()["code"]) == (400, "PARAMETER_INVALID"), "half the earth is beyond it"
                answer = client.get(f"/collections/{name}/items", params={"crs": uri, "bbox": "100,-60,140,60"})
                assert len(answer.json()["features"]) > 5
            assert answer.headers["content-crs"] == f"<{uri}>"
            code = uri.rpartition("/")[2]
            back = to_degrees(code)
            for feature in answer.json()["features"]:
                if plain[feature["id"]] is None:
                    assert feature["geometry"] is None
                    continue
                shape, there = (shapely.geometry.shape(one) for one in (feature["geometry"], plain[feature["id"]]))
                moved = shapely.force_2d(
                    shapely.transform(shapely.force_2d(shape), lambda at, way=back: list(zip(*way.transform(*at.T), strict=True)))
                )
                assert moved.hausdorff_distance(shapely.force_2d(there)) < 2e-9, (name, uri)
                assert shape.has_z is (name != "world" and code in ("4979", "4480", "CRS84h"))


def test_1985_heights_are_those_above_the_ellipsoid_less_the_geoid_or_refused(client: TestClient) -> None:
    uri = f"{OGC}-compound?1={OGC}/EPSG/0/4549&2={OGC}/EPSG/0/5737"
    low = client.get("/collections/rooms/items", params={"crs": uri, "site": "PS", "limit": 1}).json()["features"][0]
    z = shapely.get_coordinates(shapely.geometry.shape(low["geometry"]), include_z=True)[:, 2]
    assert z == pytest.approx(low["properties"]["low_m"] - 10.2, abs=1e-3)
    refused = client.get("/collections/rooms/items", params={"crs": uri})
    assert (refused.status_code, refused.json()["code"]) == (400, "HEIGHT_DATUM_UNKNOWN")


def test_json_fg_has_the_room_as_a_prism_and_its_time(client: TestClient) -> None:
    feature = client.get("/collections/rooms/items?site=PS&f=jsonfg&limit=1").json()["features"][0]
    plain = client.get("/collections/rooms/items?site=PS&limit=1").json()["features"][0]
    prism = feature["place"]
    assert (prism["type"], feature["coordRefSys"]) == ("Prism", f"{OGC}/OGC/0/CRS84h")
    assert prism["upper"] - prism["lower"] == pytest.approx(2.8, abs=1e-3) and prism["base"]["type"] == "Polygon"
    assert len(feature["geometry"]["coordinates"][0][0]) == 2 and len(plain["geometry"]["coordinates"][0][0]) == 3
    assert feature["time"]["interval"] == [NOW.isoformat().replace("+00:00", "Z"), ".."]


@pytest.mark.parametrize(
    "query",
    ["foo=1", "bbox=1,2,3", "crs=EPSG:1", "datetime=yesterday", "limit=0", "limit=10001", "after=x", "f=shp", "area_m2=much",
     "bbox-crs=EPSG:4549", "limit=1&limit=2", "building=x", "bbox=0,0,1,1&bbox-crs=EPSG:9", "filter-lang=sql", "filter-crs=EPSG:9"],
)  # fmt: skip
def test_what_is_unknown_or_invalid_is_400_with_the_reason(client: TestClient, query: str) -> None:
    answer = client.get(f"/collections/rooms/items?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "PARAMETER_INVALID" and answer.json()["detail"]


def test_a_page_is_sent_once_to_who_has_it_and_a_label_hides_what_it_hides(client: TestClient, home: tuple[Settings, Store]) -> None:
    first = client.get("/collections/rooms/items")
    assert client.get("/collections/rooms/items", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    viewer = Principal(name="v", role=Role.VIEWER, labels=frozenset({"public"}), scopes=frozenset({"PS"}))
    public = TestClient(service(*home, principal_of=lambda _: viewer), base_url=HERE)
    texts = [public.get(f"/collections/{name}/items").text for name in FIXED]
    assert not any(f'"{hidden}"' in text for hidden in HIDDEN for text in texts) and '"MW"' not in "".join(texts)
    assert public.get(f"/collections/rooms/items/{HIDDEN[0]}").status_code == 404
    assert client.get(f"/collections/rooms/items/PS/{HIDDEN[0]}").status_code == 200
    assert public.get("/collections/world").status_code == 404
    clerk = Principal(name="c", role=Role.UNIT_CLERK, labels=frozenset({"public"}), units=frozenset({"*"}))
    nowhere = TestClient(service(*home, principal_of=lambda _: clerk), base_url=HERE)
    for name in (*FIXED, "units"):
        assert nowhere.get(f"/collections/{name}/items?f=jsonfg").status_code == 200, name


def test_gdal_reads_each_collection_whole_and_within_a_box(url: str, client: TestClient) -> None:
    layers = dict(pyogrio.list_layers(f"OAPIF:{url}").tolist())
    assert set(layers) == set(ALL) and layers["rooms"] == "Polygon Z"
    for name in ALL:
        shapes, values = gdal_read(url, name)
        ours = {feature["id"]: feature for feature in crawl(client, f"/collections/{name}/items")}
        assert len(shapes) == len(ours), name
        if not ours:
            continue
        ids = next(column for column in values.values() if set(column) == set(ours))
        for identity, wkb in zip(ids, shapes, strict=True):
            theirs, own = shapely.from_wkb(wkb), ours[identity]["geometry"]
            assert (own is None) is (theirs is None or theirs.is_empty)
            if own is not None:
                assert shapely.equals_exact(shapely.normalize(theirs), shapely.normalize(shapely.geometry.shape(own)), 1e-9)
    box = (100.0, 0.0, 140.0, 50.0)
    _, _, shapes, _ = pyogrio.raw.read(f"OAPIF:{url}", layer="world", bbox=box)
    assert len(shapes) == sum(row.geographic is not None and row.geographic.intersects(shapely.box(*box)) for row in world())


@cache
def gdal_read(url: str, name: str) -> tuple[Any, dict[str, Any]]:
    """Shapes and columns of a whole collection; assets two a page, so that the first has no large number."""
    meta, _, shapes, values = pyogrio.raw.read(f"OAPIF:{url}", layer=name, PAGE_SIZE=2 if name == "assets" else 50)
    return shapes, dict(zip(meta["fields"].tolist(), values, strict=True))


def test_gdal_reads_numbers_beyond_32_bits_that_its_first_page_has_not(url: str, client: TestClient) -> None:
    """Its own guess from the first page would end them at 2,147,483,647, which is why collections link the schema of their features."""
    for name, column in (("assets", "value"), ("vehicles", "price"), ("world", "人口")):
        _, read = gdal_read(url, name)
        ours = {feature["id"]: feature["properties"][column] for feature in crawl(client, f"/collections/{name}/items")}
        ids = next(values for values in read.values() if set(values) == set(ours))
        for identity, number in zip(ids, read[column].tolist(), strict=True):
            assert number == ours[identity] or (ours[identity] is None and np.isnan(number)), (name, identity)
    _, read = gdal_read(url, "assets")
    assert set(DEAR) <= set(read["value"].tolist()) and str(read["acquired"][0]) == "2024-02-29"
    document = client.get("/collections/assets/feature-schema")
    assert document.headers["content-type"] == "application/schema+json"
    assert document.json()["properties"]["properties"]["properties"]["value"] == {"type": "number", "multipleOf": 1}
    assert client.get("/collections/assets/feature-schema?f=json").status_code == 400


def test_owslib_finds_its_way(url: str) -> None:
    service = Features(url)
    assert service.feature_collections() == ALL
    assert set(service.collection_queryables("world")["properties"]) >= {"geometry", "NAME", "人口", "share", "open"}
    page = service.collection_items("world", limit=3, bbox=[-180, -90, 180, 90])
    assert page["numberReturned"] == 3 and page["numberMatched"] == 200
    assert set(service.collection_queryables("cameras")["properties"]) == {"geometry", "id", *(c.name for c in get_kind("camera").columns)}
    for name, drawn in DEVICES.items():
        found = service.collection_items(name, limit=10)
        assert found["numberMatched"] == len(found["features"])
        assert {one["geometry"]["type"] for one in found["features"] if one["geometry"]} == {drawn}
    assert service.collection_items("zones", filter="top_1985 > 12 AND S_INTERSECTS(geometry, BBOX(119,26,120,27))")["numberMatched"] == 1
    assert service.collection_item("world", page["features"][0]["id"])["id"] == page["features"][0]["id"]


def test_a_crawl_while_somebody_writes_misses_and_repeats_nothing_that_stays(tmp_path: Path) -> None:
    """Rooms come and go meanwhile; those that stay are each met once."""
    settings = Settings(home=tmp_path / "home")
    with Store.open(settings.database_url) as store:
        store.migrate()
        filled(store)
        client = TestClient(service(settings, store), base_url=HERE)
        staying = {f["id"] for f in crawl(client, "/collections/elements/items") if "d9-9" not in f["id"]}
        crawled = threading.Event()

        def write() -> None:
            for turn in itertools.count():
                if turn >= 12 and crawled.is_set():
                    return
                features = relabelled(tower(), dict.fromkeys(HIDDEN, "restricted"))
                kept = [item for item in features if turn % 2 or "d9-9" not in item.id]
                store.record_revision(new_revision(f"{turn:064d}"), kept, boxes(kept), [], [], now=NOW)

        writer = threading.Thread(target=write)
        writer.start()
        rounds = 0
        try:
            while writer.is_alive():
                ids = [feature["id"] for feature in crawl(client, "/collections/elements/items?limit=2")]
                assert len(ids) == len(set(ids)) and staying <= set(ids)
                rounds += 1
                if rounds == 2:
                    crawled.set()
        finally:
            crawled.set()
            writer.join()
        assert rounds >= 2


def test_a_collection_in_one_file_is_every_item_of_it(client: TestClient, tmp_path: Path) -> None:
    for name in ("rooms", "world"):
        answer = client.get(f"/collections/{name}/items?f=parquet")
        assert answer.headers["content-type"] == "application/vnd.apache.parquet"
        (tmp_path / "items.parquet").write_bytes(answer.content)
        frame = geopandas.read_parquet(tmp_path / "items.parquet").set_index("id")
        items = {feature["id"]: feature for feature in crawl(client, f"/collections/{name}/items?limit=1000")}
        assert set(frame.index) == set(items) and frame.crs.to_authority() == ("OGC", "CRS84")
        for identity, row in frame.iterrows():
            feature = items[str(identity)]
            assert (row.geometry is None) is (feature["geometry"] is None)
            if row.geometry is not None:
                assert row.geometry.equals_exact(shapely.geometry.shape(feature["geometry"]), 1e-3)
            if name == "world":
                stated = feature["properties"]["人口"]
                assert feature["properties"]["NAME"] == row["NAME"]
                assert np.isnan(row["人口"]) if stated is None else row["人口"] == stated
    few = client.get("/collections/world/items?f=parquet&bbox=0,0,1,1")
    assert few.status_code == 200 and len(few.content) < len(answer.content)
    assert client.get("/collections/world/items", params={"f": "parquet", "crs": f"{OGC}/EPSG/0/4549"}).status_code == 400


PYTHON_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


@pytest.mark.parametrize("name", ALL)
def test_the_schema_of_a_collection_holds_for_every_item(client: TestClient, name: str) -> None:
    answer = client.get(f"/collections/{name}/schema")
    schema = answer.json()
    assert answer.headers["content-type"] == "application/schema+json" and schema["$id"] == f"{HERE}/collections/{name}/schema"
    said = schema["properties"]
    assert said["id"]["x-ogc-role"] == "id" and said["geometry"]["x-ogc-role"] == "primary-geometry"
    links = {one["rel"]: one["href"] for one in client.get(f"/collections/{name}").json()["links"]}
    assert links["http://www.opengis.net/def/rel/ogc/1.0/schema"].endswith(f"/collections/{name}/schema")
    queryables = client.get(f"/collections/{name}/queryables").json()["properties"]
    assert queryables.keys() <= said.keys() and all(said[one].get("type") == queryables[one].get("type") for one in queryables)
    for item in client.get(f"/collections/{name}/items?limit=100").json()["features"]:
        assert set(schema.get("required", ())) <= {key for key, value in item["properties"].items() if value is not None}
        for key, value in item["properties"].items():
            assert value is None or isinstance(value, PYTHON_TYPES[said[key]["type"]]), (key, value)
        kind = (item["geometry"] or {"type": "Point"})["type"]
        assert said["geometry"]["format"] == "geometry-any" or kind == "Point"


def test_schemas_say_units_and_times(client: TestClient) -> None:
    cameras, rooms = (client.get(f"/collections/{name}/schema").json()["properties"] for name in ("cameras", "rooms"))
    assert cameras["heading"]["x-ogc-unit"] == "deg" and cameras["mounting_height"]["x-ogc-unit"] == "m"
    assert cameras["low_m"]["readOnly"] and rooms["area_m2"]["x-ogc-unit"] == "m2"
    assert (rooms["since"]["format"], rooms["since"]["x-ogc-role"]) == ("date-time", "primary-interval-start")
    value = client.get("/collections/assets/schema").json()["properties"]["value"]
    assert (value["type"], value["x-ogc-unit"], value["x-ogc-unitLang"]) == ("integer", "fen", "twin")
    assert "<table" in client.get("/collections/cameras/schema?f=html").text


def test_records_are_told_as_of_a_day_through_the_service(client: TestClient) -> None:
    today = client.get("/collections/cameras/items").json()["features"]
    told = client.get("/collections/cameras/items", params={"datetime": f"{NOW.date()}T00:00:00Z", "limit": 1}).json()
    assert (told["numberMatched"], told["features"][0]) == (len(today), today[0])
    following = next(link["href"] for link in told["links"] if link["rel"] == "next")
    assert client.get(following).json()["features"] == today[1:]
    in_order = client.get("/collections/cameras/items", params={"sortby": "-name"}).json()["features"]
    first = client.get("/collections/cameras/items", params={"sortby": "-name", "datetime": str(NOW.date()), "limit": 1}).json()
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    assert first["features"] + client.get(following).json()["features"] == in_order != today
    before = {"datetime": "2001-01-01"}
    assert client.get("/collections/cameras/items", params=before).json()["numberMatched"] == 0
    assert client.get("/collections/cameras/items/C1", params=before).status_code == 404
    refused = client.get("/collections/cameras/items", params={"datetime": "2001-01-01/.."})
    assert (refused.status_code, refused.json()["parameter"]) == (400, "datetime") and "one day" in refused.json()["detail"]
