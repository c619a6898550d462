"""The duplex through the service, from its register of cameras to the verdict: against a pinhole and every triangle, written here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from fastapi.testclient import TestClient

from bim import read_model
from spatial.feature import Kind
from tests.spatial.brute_rays import BruteScene
from tests.twin.api.seen import FRAME, Watched, camera_line, watched
from tests.twin.served import service
from twin.queries.sight.answerer import Answerer

pytestmark = pytest.mark.usefixtures("sight_library")

DUPLEX = "duplex_A_20110907.ifc"
CAMERAS, TARGETS, RANGE_M = 10, 30, 15.0
HEIGHTS = {"feet": 0.1, "chest": 1.3, "head": 1.7}


@pytest.fixture(scope="module")
def duplex(tmp_path_factory: pytest.TempPathFactory, data_dir: Path, real_meshes: Path) -> Iterator[Watched]:
    found = watched(tmp_path_factory.mktemp("duplex"), data_dir / "ifc" / DUPLEX, meshes=real_meshes)
    yield found
    found.store.close()


@pytest.fixture(scope="module")
def opaque(data_dir: Path, real_meshes: Path) -> BruteScene:
    """All opaque triangles in the model's frame, which is the site's."""
    model = read_model(data_dir / "ifc" / DUPLEX, "house", cache_dir=real_meshes)
    rooms = {feature.id for feature in model.features if feature.kind is Kind.SPACE}
    meshes = model.meshes
    owners = [meshes.features[meshes.part_feature[part]] for part in range(meshes.parts)]
    parts = [part for part in range(meshes.parts) if owners[part] not in rooms and meshes.part_rgba[part, 3] == 255]
    solid = [(owners[part], meshes.part_vertices(part), meshes.meshes[meshes.part_mesh[part]].triangles.astype(np.int64)) for part in parts]
    return BruteScene(solid)


def in_picture(lens: np.ndarray, heading_deg: float, tilt_deg: float, point: np.ndarray) -> tuple[bool, float]:
    """Whether a camera 90° wide and high has a point in range and picture, and how far from the edge of that the point is."""
    turn = trimesh.transformations.rotation_matrix
    axes = (turn(-np.radians(heading_deg), (0, 0, 1)) @ turn(np.radians(tilt_deg), (1, 0, 0)))[:3, :3]
    across, along, up = (point - lens) @ axes
    margin = min(RANGE_M - float(np.linalg.norm(point - lens)), along - abs(across), along - abs(up))
    return margin >= 0, abs(margin)


def test_each_verdict_for_each_camera_and_point_is_that_of_brute_force(duplex: Watched, opaque: BruteScene) -> None:
    rng = np.random.default_rng(5)
    rooms = [name for name, one in duplex.rooms.items() if one.footprint is not None and one.z_range is not None]
    spots = [np.add(duplex.spot(rooms[i]), (*rng.uniform(-0.3, 0.3, 2), 0.0)) for i in rng.integers(len(rooms), size=CAMERAS + TARGETS)]
    poses = [(np.add(spot, (0.0, 0.0, 1.9)), float(rng.uniform(0, 360)), float(rng.uniform(-40, 10))) for spot in spots[:CAMERAS]]
    rows = [camera_line(f"D{i}", lens, heading, tilt=tilt, range=RANGE_M) for i, (lens, heading, tilt) in enumerate(poses)]
    duplex.cameras(rows)
    targets = spots[CAMERAS:]
    asked: list[dict[str, Any]] = []
    for target in targets:
        lon, lat, height = FRAME.to_lon_lat_height([target])[0].tolist()
        asked.append({"lon": lon, "lat": lat, "height_m": height, "datum": "ellipsoidal"})
    client = TestClient(service(duplex.settings, duplex.store, sight=Answerer(duplex.store, duplex.settings)), base_url="http://127.0.0.1")
    document = client.post("/spatial/visible-from", json={"targets": asked}).json()
    assert document["asked"] == CAMERAS and document["unusable"] == [], json.dumps(document["unusable"])
    tally = {"seen": 0, "blocked": 0, "neither": 0}
    undecided = 0
    for target, answer in zip(targets, document["targets"], strict=True):
        told = {one["camera"]: one for one in answer["cameras"]}
        for number, (lens, heading, tilt) in enumerate(poses):
            for name, above in HEIGHTS.items():
                point = np.add(target, (0.0, 0.0, above))
                shown, margin = in_picture(lens, heading, tilt, point)
                line = opaque.lines(lens[None], point[None])[0]
                wanted = "neither" if not shown else "blocked" if line.blocked else "seen"
                one = told.get(f"camera:D{number}")
                verdict = "neither" if one is None or one["verdict"][name] not in ("seen", "blocked") else one["verdict"][name]
                tally[wanted] += 1
                same = verdict == wanted and (wanted != "blocked" or one is None or one["blocked_by"][name] in line.features)
                if not same:
                    undecided += 1
                    assert margin < 0.01 or (shown and not opaque.decided(lens, point, rng, frozenset())), (number, name, target)
    assert min(tally.values()) > 20 and undecided < 0.02 * CAMERAS * TARGETS * len(HEIGHTS), (tally, undecided)
