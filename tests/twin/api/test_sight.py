"""Who sees what, through the service: a small office with cameras, some hidden; closed and open doors, what-ifs, refusals."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from spatial.errors import SightLibraryMissing
from spatial.feature import Kind
from tests.twin.api.seen import FRAME, Watched, camera_line, heading_to, watched
from tests.twin.files import SITE, Files
from tests.twin.imports.conftest import NOW
from tests.twin.served import service
from twin.auth import Principal, Role
from twin.cli.app import app as command
from twin.errors import NotReady
from twin.imports.register import import_register
from twin.queries.sight.answerer import Answerer

pytestmark = pytest.mark.usefixtures("sight_library")

HERE = "http://127.0.0.1"
EVERY = frozenset({"*"})
LENS_M = 2.3
As = Callable[..., TestClient]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[Watched]:
    """Room 101 is restricted. C1 looks along the corridor 100, C2 hangs in 102, C3 in the hidden room, C4 where C1 does, restricted by
    itself; C5 lacks its focal length, C6 is out of order, C7 lacks it and is restricted."""
    office = watched(tmp_path_factory.mktemp("seen"), files.office_later)
    office.relabel({str(office.rooms["101"].id): "restricted"}, note="a hidden room")
    lens = {name: np.add(office.spot(name), (0.0, 0.0, LENS_M)) for name in ("100", "101", "102")}
    west = np.add(lens["100"], (-6.0, 0.0, 0.0))
    office.cameras(
        [
            camera_line("C1", west, 90.0),
            camera_line("C2", lens["102"], 180.0, tilt=-30.0),
            camera_line("C3", lens["101"], 180.0, tilt=-30.0),
            camera_line("C4", west, 90.0, label="restricted"),
            camera_line("C5", west, 90.0, focal=""),
            camera_line("C6", west, 90.0, state="故障"),
            camera_line("C7", west, 90.0, focal="", label="restricted"),
        ]
    )
    yield office
    office.store.close()


@pytest.fixture(scope="module")
def answerer(office: Watched) -> Answerer:
    return Answerer(office.store, office.settings)


@pytest.fixture(scope="module")
def asking(office: Watched, answerer: Answerer) -> As:
    """`asking(labels…)`: a client who may know of these labels alone."""

    def client(*labels: str, scopes: frozenset[str] = EVERY) -> TestClient:
        principal = Principal(name="someone", role=Role.VIEWER, labels=frozenset(labels) or EVERY, scopes=scopes)
        return TestClient(service(office.settings, office.store, sight=answerer, principal_of=lambda _: principal), base_url=HERE)

    return client


def at(xyz: Any, above_m: float = 0.0) -> dict[str, Any]:
    lon, lat, height = FRAME.to_lon_lat_height([xyz])[0].tolist()
    return {"lon": lon, "lat": lat, "height_m": height + above_m, "datum": "ellipsoidal"}


def seers(document: dict[str, Any], target: int = 0) -> dict[str, dict[str, Any]]:
    return {one["camera"]: one for one in document["targets"][target]["cameras"]}


def test_a_target_by_place_by_datum_and_by_feature_is_seen_by_the_same_cameras(asking: As, office: Watched) -> None:
    client, spot = asking(), office.spot("100")
    by_place = client.get("/spatial/visible-from", params=at(spot)).json()
    found = seers(by_place)["camera:C1"]
    assert found["sees"] == {"feet": True, "chest": True, "head": True} and found["distance_m"] == pytest.approx(np.hypot(6, 1.0), abs=0.02)
    assert found["pixels_per_metre"] == pytest.approx(1920 * 2.4 / 4.8 / 6.0, abs=0.5), "half the picture is 90° of 6 m"
    assert by_place["features"]["camera:C1"] == {"name": "C1", "class": "Camera"}
    old = {**at(spot), "datum": "1985", "height_m": at(spot)["height_m"] - 10.0}
    targets = [old, {"feature": str(office.rooms["100"].id)}]
    both = client.post("/spatial/visible-from", json={"targets": targets}).json()
    assert seers(both, 0) == seers(both, 1) == seers(by_place)
    heights = client.post("/spatial/visible-from", json={"targets": targets[1:], "heights_m": {"ceiling": 2.3}}).json()
    assert seers(heights)["camera:C1"]["sees"] == {"ceiling": True}


def test_cameras_without_a_value_or_out_of_order_are_listed_with_the_reason_and_not_asked(asking: As, office: Watched) -> None:
    document = asking().get("/spatial/visible-from", params=at(office.spot("100"))).json()
    reasons = {one["camera"]: (one["code"], one["lacks"]) for one in document["unusable"]}
    lacking = ("CAMERA_VALUE_MISSING", ["focal_length_mm"])
    assert reasons == {"camera:C5": lacking, "camera:C6": ("CAMERA_OUT_OF_USE", []), "camera:C7": lacking}
    assert document["asked"] == 4 and not {"camera:C5", "camera:C6"} & set(seers(document))
    told = asking().get("/spatial/explain", params={"camera": "camera:C5", **at(office.spot("100"))}).json()
    assert told["unusable"]["code"] == "CAMERA_VALUE_MISSING" and "焦距" in told["unusable"]["message"] and told["points"] == []


def test_a_closed_door_stands_in_the_way_an_open_one_does_not_and_a_wall_can_be_imagined_away(asking: As, office: Watched) -> None:
    """From the corridor into room 102 through its door: a camera is imagined straight before it."""
    client = asking()
    doors = [row.feature for row in office.store.features(SITE.code, None, kinds={Kind.ELEMENT}) if row.feature.class_name == "IfcDoor"]
    room = office.rooms["102"]
    assert room.footprint is not None and room.z_range is not None
    rows = {str(row.feature.id): row for row in office.store.features(SITE.code, None) if row.box is not None}
    near = [one for one in doors if rows[one.id].box[0, 2] == pytest.approx(0.0, abs=0.2)]
    door = min(near, key=lambda one: room.footprint.distance(shapely.Point(*rows[one.id].box.mean(axis=0)[:2])))
    x, y, _ = rows[door.id].box.mean(axis=0)
    inward = 1.0 if room.footprint.centroid.y > y else -1.0
    lens = at((x, y - inward * 1.2, room.z_range[0] + 1.3))
    camera = {"camera": "new", **lens, "heading_deg": 0.0 if inward > 0 else 180.0, "tilt_deg": 0.0, "focal_length_mm": 2.4,
              "range_m": 20.0, "sensor_mm": [4.8, 4.8], "resolution_px": [1920, 1920]}  # fmt: skip
    whole = {"in": str(room.id), "what_if": {"added": [camera], "failed": ["camera:C2"]}, "step_m": 0.25, "heights_m": [1.3]}

    def seen(**more: Any) -> float:
        answer = client.post("/spatial/coverage", json={**whole, **more})
        assert answer.status_code == 200, answer.text
        return float(answer.json()["totals"]["room"]["seen"])

    assert seen() == 0.0 and seen(open_doors=[str(door.id)]) > 2.0
    assert seen(left_out=[str(door.id)]) == seen(open_doors=[str(door.id)])


def test_who_may_not_know_learns_no_hidden_camera_room_or_thing_and_no_count_of_them(asking: As, office: Watched) -> None:
    spot = at(office.spot("100"))
    everything, public = (asking(*labels).get("/spatial/visible-from", params=spot).json() for labels in ((), ("public",)))
    assert {"camera:C1", "camera:C4"} <= set(seers(everything)) and everything["asked"] == 4
    assert set(seers(public)) <= {"camera:C1", "camera:C2"} and public["asked"] == 2
    assert [one["camera"] for one in public["unusable"]] == ["camera:C5", "camera:C6"]
    assert not any(word in json.dumps(public) for word in ("C3", "C4", "C7", str(office.rooms["101"].id)))
    for params in ({"camera": "camera:C4", **spot}, {"camera": "camera:C9", **spot}):
        refused = asking("public").get("/spatial/explain", params=params)
        assert refused.status_code == 404 and refused.json()["detail"] == f"no camera {params['camera']}"
    hidden = str(office.rooms["101"].id)
    assert asking("public").get("/spatial/visible-from", params={"feature": hidden}).status_code == 404
    assert asking().get("/spatial/visible-from", params={"feature": hidden}).status_code == 200
    whole, part = (asking(*labels).get("/spatial/coverage").json() for labels in ((), ("public",)))
    assert hidden in {one["id"] for one in whole["features"]} and hidden not in {one["id"] for one in part["features"]}
    assert not any(word in json.dumps(part) for word in ("camera:C3", "camera:C4", "C7", hidden))
    area = next(one["properties"]["size"] for one in whole["features"] if one["id"] == hidden)
    assert whole["totals"]["room"]["size"] - part["totals"]["room"]["size"] == pytest.approx(area, abs=0.01)
    storeys = [{one["id"]: one["size"] for one in document["storeys"]} for document in (whole, part)]
    assert sum(storeys[0].values()) - sum(storeys[1].values()) == pytest.approx(area, abs=0.01)
    for body in ({"failed": ["camera:C4"]}, {"moved": [{"camera": "camera:C4", "heading_deg": 0}]}):
        assert asking("public").post("/spatial/coverage", json={"what_if": body}).status_code == 404
        assert asking().post("/spatial/coverage", json={"what_if": body}).status_code == 200
    assert asking("public").post("/spatial/coverage", json={"cameras": ["camera:C4"]}).status_code == 404


def test_what_bounds_a_hidden_thing_still_blocks_and_is_not_named(office: Watched, answerer: Answerer) -> None:
    """Every wall restricted: the same verdicts as for who sees all, without a name."""
    question = {"targets": [{"feature": str(one.id)} for name, one in office.rooms.items() if name != "101"]}
    everything = json.loads(answerer.ask("visible", SITE.code, None, question))
    cameras = {"camera:C1", "camera:C2"}
    live = answerer.sights.of(SITE.code).live
    labels = {name: label if name in cameras or name in {one["feature"] for one in question["targets"]} else "restricted"
              for name, label in live.labels.items()}  # fmt: skip
    kept = dict(live.labels)
    try:
        live.labels.clear()  # type: ignore[attr-defined]
        live.labels.update(labels)  # type: ignore[attr-defined]
        masked = json.loads(answerer.ask("visible", SITE.code, frozenset({"public"}), question))
    finally:
        live.labels.clear()  # type: ignore[attr-defined]
        live.labels.update(kept)  # type: ignore[attr-defined]
    named = {wall for target in everything["targets"] for one in target["cameras"] for wall in one["blocked_by"].values() if wall}
    assert named and not any(wall in json.dumps(masked) for wall in named)
    for whole, part in zip(everything["targets"], masked["targets"], strict=True):
        verdicts = {one["camera"]: one["verdict"] for one in whole["cameras"] if one["camera"] in cameras}
        assert {one["camera"]: one["verdict"] for one in part["cameras"]} == verdicts
        assert all(wall is None for one in part["cameras"] for wall in one["blocked_by"].values())
        assert all(one["through_glass"] == [] for one in part["cameras"])


def test_coverage_is_geojson_whose_blind_spots_and_seen_areas_make_up_the_room(asking: As, office: Watched) -> None:
    answer = asking().get("/spatial/coverage", params={"in": str(office.rooms["100"].id), "step_m": 0.2})
    assert answer.headers["content-type"] == "application/geo+json"
    document = answer.json()
    (room,) = document["features"]
    facts = room["properties"]
    blind = shapely.transform(shapely.from_geojson(json.dumps(room["geometry"])), FRAME.from_lon_lat_height, include_z=True)
    assert blind.area + facts["seen"] == pytest.approx(facts["size"], rel=0.03) and 0.2 < facts["seen"] / facts["size"] < 1.0
    assert facts["size"] == pytest.approx(office.rooms["100"].footprint.area, abs=0.01) and facts["name"] and facts["within"]  # type: ignore[union-attr]
    assert shapely.get_coordinates(blind, include_z=True)[:, 2] == pytest.approx(office.spot("100")[2], abs=2e-3)
    assert sum(facts["classes"]["2014"].values()) == pytest.approx(facts["seen"], abs=0.01)
    (storey,) = document["storeys"]
    assert storey["seen"] == pytest.approx(facts["seen"], abs=0.01) and facts["cameras"] == ["camera:C1", "camera:C4"]
    assert facts["seen_twice"] == facts["seen"], "C1 and C4 hang in one place"
    rows = {one["camera"]: one for one in document["cameras"]}
    assert facts["seen"] <= rows["camera:C1"]["seen_m2"] == pytest.approx(max(facts["seen_at"].values()), abs=0.5)
    assert rows["camera:C1"]["alone_m2"] == 0.0


def test_perimeter_segments_with_a_sensor_are_told_by_their_distance_and_hidden_ones_are_not(asking: As, office: Watched) -> None:
    x, y, z = np.add(office.spot("100"), (0.0, -20.0, 0.0))

    def line(key: str, south_m: float, sensor: str, label: str) -> str:
        ends = FRAME.to_lon_lat_height([(x - 5, y - south_m, z), (x + 5, y - south_m, z)])
        text = ", ".join(f"{lon:.9f} {lat:.9f}" for lon, lat, _ in ends.tolist())
        return f'{key},{key},"LINESTRING ({text})",CGCS2000,2.5,{sensor},{label}'

    rows = [
        line("P1", 1.0, "振动光纤", ""),
        line("P2", 2.0, "", ""),
        line("P3", 0.5, "红外对射", "restricted"),
        line("P4", 8.0, "微波对射", ""),
    ]
    path = office.settings.home / "perimeter.csv"
    path.write_text("\n".join(["周界编号,周界名称,线位,坐标系,围界高度(m),探测器类型,可见范围", *rows]) + "\n", encoding="utf-8")
    import_register(office.store, office.settings, "perimeter_segment", path, who="test", now=NOW)

    def near(*labels: str, **more: Any) -> list[tuple[str, float]]:
        answer = asking(*labels).post("/spatial/visible-from", json={"targets": [at((x, y, z))], **more})
        return [(row["segment"], row["distance_m"]) for row in answer.json()["targets"][0]["perimeter"]]

    assert near() == [("perimeter_segment:P3", 0.5), ("perimeter_segment:P1", 1.0)]
    assert near("public") == [("perimeter_segment:P1", 1.0)]
    assert [name for name, _ in near("public", perimeter_m=10)] == ["perimeter_segment:P1", "perimeter_segment:P4"]
    covered = asking("public").get("/spatial/coverage", params={"blind": False}).json()
    lengths = {one["id"]: one["properties"] for one in covered["features"] if one["properties"]["kind"] == "perimeter"}
    assert set(lengths) == {f"perimeter_segment:P{n}" for n in (1, 2, 4)}
    assert lengths["perimeter_segment:P1"]["size"] == pytest.approx(10.0, abs=0.01) and lengths["perimeter_segment:P1"]["unit"] == "m"


def test_a_camera_moved_added_or_failed_changes_this_answer_alone(asking: As, office: Watched) -> None:
    client, room = asking(), str(office.rooms["102"].id)

    def seen(what_if: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = client.post("/spatial/coverage", json={"in": room, "what_if": what_if, "blind": False})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    before = seen()["totals"]["room"]["seen"]
    assert before > 1.0
    failed = seen({"failed": ["camera:C2"]})
    assert failed["totals"]["room"]["seen"] == 0.0 and failed["what_if"] == {"camera:C2": "failed"}
    lifted = at(np.add(office.spot("102"), (0.0, 0.0, LENS_M)))
    moved = seen({"moved": [{"camera": "camera:C2", "heading_deg": 180.0}, {"camera": "camera:C1", **lifted, "tilt_deg": -89.0}]})
    assert moved["what_if"] == {"camera:C1": "moved", "camera:C2": "moved"} and moved["totals"]["room"]["seen"] > before
    wide = {**lifted, "camera": "wide", "heading_deg": 0.0, "tilt_deg": -90.0, "focal_length_mm": 1.0, "range_m": 30.0,
            "sensor_mm": [4.8, 4.8], "resolution_px": [1920, 1920]}  # fmt: skip
    assert seen({"added": [wide]})["totals"]["room"]["seen"] > before
    assert seen()["totals"]["room"]["seen"] == before
    for bad, code in (
        ({"added": [{**wide, "focal_length_mm": None}]}, "CAMERA_INVALID"),
        ({"added": [{**wide, "camera": "camera:C2"}]}, "CAMERA_INVALID"),
        ({"moved": [{"camera": "camera:C2", "lon": 119.0}]}, "TARGET_INVALID"),
        ({"failed": ["camera:C2"], "moved": [{"camera": "camera:C2"}]}, "CAMERA_INVALID"),
    ):
        refused = client.post("/spatial/coverage", json={"in": room, "what_if": bad})
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text


def test_a_camera_is_explained_by_its_wall_its_range_its_picture_and_its_pixels(asking: As, office: Watched) -> None:
    client = asking()

    def why(camera: str, target: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = client.get("/spatial/explain", params={"camera": camera, **target, **more})
        assert answer.status_code == 200, answer.text
        document = dict(answer.json())
        return {**document["points"][1], "features": document["features"]}

    near, far = at(office.spot("100")), at(np.add(office.spot("100"), (100.0, 0.0, 0.0)))
    assert why("camera:C1", near)["verdict"] == "seen"
    assert why("camera:C1", near, task="2014/identify")["verdict"] == "too_few_pixels"
    assert why("camera:C1", far)["verdict"] == "out_of_range"
    assert why("camera:C1", at(np.add(office.spot("100"), (-9.0, 0.0, 0.0))))["verdict"] == "behind"
    through = why("camera:C1", at(np.add(office.spot("100"), (6.0, -6.0, 0.0))))
    assert through["verdict"] == "blocked" and through["features"][through["blocked_by"]]["class"].startswith("Ifc")
    assert through["words"]["zh"] == "被遮挡" and through["blocked_after_m"] < through["distance_m"] and len(through["blocked_at"]) == 3
    assert client.get("/spatial/explain", params={"camera": "camera:C1", **near, "task": "2014/guess"}).json()["code"] == "TASK_UNKNOWN"
    assert client.get("/spatial/explain", params={"camera": "camera:C1", "asset": "A", **near}).status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"targets": []}, 413, "TARGETS_MANY"),
        ({"targets": [{"lon": 119.2946, "lat": 26.0896, "height_m": 30.0}]}, 422, "TARGET_INVALID"),
        ({"targets": [{"lon": 119.2946, "lat": 26.0896, "height_m": 0.0, "datum": "ground"}]}, 422, "TARGET_INVALID"),
        ({"targets": [{"lon": 9.0, "lat": 26.0896, "height_m": 0.0, "datum": "ellipsoidal"}]}, 422, "TARGET_INVALID"),
        ({"targets": [{"lon": 119.2946, "lat": 26.0896, "height_m": 1e300, "datum": "1985"}]}, 422, "TARGET_INVALID"),
        ({"targets": [{"feature": "house:never"}]}, 404, "NOT_FOUND"),
        ({"targets": "all"}, 422, "QUESTION_INVALID"),
        ({"targets": [{"feature": "x", "size": 3}]}, 422, "QUESTION_INVALID"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(asking: As, body: dict[str, Any], status: int, code: str) -> None:
    refused = asking().post("/spatial/visible-from", json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text


def test_open_doors_that_are_no_doors_and_steps_too_small_are_refused(asking: As, office: Watched) -> None:
    room = str(office.rooms["100"].id)
    for body, status, code in (
        ({"open_doors": ["house:never"]}, 404, "NOT_FOUND"),
        ({"open_doors": [room]}, 422, "COVERAGE_INVALID"),
        ({"step_m": 0.01}, 422, "COVERAGE_INVALID"),
        ({"heights_m": [1.0, 1.0]}, 422, "COVERAGE_INVALID"),
        ({"cameras": ["camera:C5"]}, 422, "CAMERA_VALUE_MISSING"),
        ({"cameras": ["camera:C6"]}, 422, "CAMERA_OUT_OF_USE"),
    ):
        refused = asking().post("/spatial/coverage", json=body)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text


def test_another_scope_is_refused_and_an_asset_needs_who_reads_records(asking: As, office: Watched) -> None:
    params = {**at(office.spot("100")), "site": SITE.code}
    assert asking(scopes=frozenset({"elsewhere"})).get("/spatial/visible-from", params=params).status_code == 403
    assert asking().get("/spatial/explain", params={"asset": "A-1"}).status_code in (403, 404)


def test_without_the_library_or_the_process_that_holds_the_scene_the_rest_goes_on(office: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    spot = at(office.spot("100"))
    alone = TestClient(service(office.settings, office.store), base_url=HERE)
    refused = alone.get("/spatial/visible-from", params=spot)
    assert (refused.status_code, refused.json()["code"]) == (503, "SIGHT_NOT_READY") and int(refused.headers["retry-after"]) > 0
    assert alone.get("/spatial/locate", params={name: spot[name] for name in ("lon", "lat", "height_m")}).status_code == 200

    def missing() -> None:
        raise SightLibraryMissing("lines of sight need open3d", hint="pip install 'pingshan-twin[sight]'")

    monkeypatch.setattr("spatial.visibility.require_sight_library", missing)
    bare = TestClient(service(office.settings, office.store, sight=Answerer(office.store, office.settings)), base_url=HERE)
    for refused in (bare.get("/spatial/visible-from", params=spot), bare.get("/spatial/coverage")):
        assert (refused.status_code, refused.json()["code"]) == (501, "SIGHT_LIBRARY_MISSING") and "pip install" in refused.json()["hint"]
    assert bare.get("/sites").status_code == 200


def test_a_question_taken_back_ends_and_too_many_at_once_are_told(answerer: Answerer) -> None:
    with pytest.raises(NotReady) as taken:
        answerer.ask("coverage", SITE.code, None, {"step_m": 0.45}, gone=lambda: True)
    assert taken.value.code == "SIGHT_CANCELLED"
    for _ in range(8):
        answerer._waiting.acquire()
    try:
        with pytest.raises(NotReady) as busy:
            answerer.ask("coverage", SITE.code, None, {"step_m": 0.47})
        assert busy.value.code == "SIGHT_BUSY"
    finally:
        for _ in range(8):
            answerer._waiting.release()


def test_the_command_line_says_the_same(asking: As, office: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_HOME", str(office.settings.home))
    room, (lon, lat, height, _) = str(office.rooms["100"].id), at(office.spot("100")).values()
    place = f"{lon},{lat},{height}"
    run = CliRunner().invoke(command, ["query", "visible-from", place, "--datum", "ellipsoidal", "--json"])
    served = asking().get("/spatial/visible-from", params=at(office.spot("100"))).json()
    assert (run.exit_code, json.loads(run.stdout)["targets"]) == (0, served["targets"])
    words = CliRunner().invoke(command, ["query", "visible-from", room]).stdout
    assert "camera:C1 C1: sees feet, chest, head" in words and "camera:C5: the register has no 焦距 focal_length_mm" in words
    assert CliRunner().invoke(command, ["query", "visible-from", place]).exit_code == 2, "a height without a datum"
    cover = CliRunner().invoke(command, ["query", "coverage", "--in", room, "--failed", "camera:C1", "--failed", "camera:C4"])
    assert cover.exit_code == 0 and "room: 0 of" in cover.stdout
    what_if = office.settings.home / "what-if.json"
    lens = at(np.add(office.spot("100"), (0.0, 0.0, LENS_M)))
    what_if.write_text(json.dumps({"moved": [{"camera": "camera:C2", **lens, "tilt_deg": -89.0}]}), encoding="utf-8")
    asked = ["query", "coverage", "--in", room, "--failed", "camera:C1", "--failed", "camera:C4", "--what-if", str(what_if), "--json"]
    imagined = CliRunner().invoke(command, asked)
    moved = json.loads(imagined.stdout)
    assert (
        moved["what_if"] == {"camera:C1": "failed", "camera:C2": "moved", "camera:C4": "failed"} and moved["totals"]["room"]["seen"] > 1.0
    )
    what_if.write_text('{"moved": [{"heading_deg": 3}]}', encoding="utf-8")
    assert CliRunner().invoke(command, asked).exit_code == 2
    why = CliRunner().invoke(command, ["query", "explain", "camera:C2", "--target", room, "--json"])
    assert why.exit_code == 3 and not any(one["verdict"] == "seen" for one in json.loads(why.stdout)["points"])
    assert heading_to((0, 0), (1, 0)) == 90.0
