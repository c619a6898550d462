"""Roads of whole tracks: on a grid whose truth is known, and beside another's matcher on real roads (FMM, Stockholm)."""

import csv
from pathlib import Path

import geopandas
import numpy as np
import shapely

from sensors.map_matching import RoadGraph, match_track
from sensors.roads import NO_ROAD, Roads
from tests.sensors.driving import drive, streets


def test_a_drive_through_canyons_is_found_on_its_streets() -> None:
    graph = RoadGraph.of(Roads.of(streets()))
    true = drive(101, 8.0, district="canyon").every(5)
    said = true.reported(101)
    matched = match_track(said.xy, np.full(len(said.xy), 13.0), graph)
    lines = shapely.linestrings(streets().reshape(-1, 2, 2))
    on = np.flatnonzero(matched.segment != NO_ROAD)
    off = shapely.distance(lines[matched.segment[on]], shapely.points(true.xy[on]))
    assert len(on) > 0.9 * len(true.xy) and np.mean(off < 15.0) > 0.9
    touching = [shapely.distance(lines[a], lines[b]) for a, b in zip(matched.path, matched.path[1:], strict=False)]
    assert max(touching) < 1e-6


def test_one_way_streets_are_driven_their_way() -> None:
    """Two ways around a block: the short one is against its sense."""
    square = np.array([[0, 0, 100, 0], [0, 0, 0, 100], [0, 100, 100, 100], [100, 0, 100, 100.0]])
    roads = Roads.of(square, reach_m=30.0)
    xy = np.array([[0.0, 50.0], [50.0, 2.0]])
    both = match_track(xy, np.full(2, 5.0), RoadGraph.of(roads))
    barred = match_track(xy, np.full(2, 5.0), RoadGraph.of(roads, np.array([-1, 0, 0, 0], np.int8)))
    assert both.path == [1, 0] and barred.path == [1, 2, 3, 0]


def test_what_is_far_from_roads_is_on_none() -> None:
    graph = RoadGraph.of(Roads.of(np.array([[0.0, 0, 500, 0]])))
    xy = np.array([[0.0, 3], [50, 3], [100, 300], [150, 300], [200, 3], [250, 3]])
    assert match_track(xy, np.full(6, 5.0), graph).segment.tolist() == [0, 0, NO_ROAD, NO_ROAD, 0, 0]
    assert match_track(np.zeros((0, 2)), np.zeros(0), graph).path == []


def test_real_trips_take_the_roads_that_fmm_found(data_dir: Path) -> None:
    tracks = data_dir / "tracks"
    edges = geopandas.read_file(tracks / "stockholm_network" / "edges.shp")
    scale = np.array([111_320.0 * np.cos(np.radians(59.34)), 111_400.0])
    lines = [(shapely.get_coordinates(one) - (18.05, 59.34)) * scale for one in edges.geometry]
    segments = np.concatenate([np.hstack([line[:-1], line[1:]]) for line in lines])
    graph = RoadGraph.of(Roads.of(segments, reach_m=100.0), np.ones(len(segments), dtype=np.int8))
    with (tracks / "fmm_stockholm_trips.csv").open() as file:
        trips = {row["id"]: shapely.from_wkt(row["geom"]) for row in csv.DictReader(file, delimiter=";")}
    with (tracks / "fmm_stockholm_result.txt").open() as file:
        results = {row["id"]: shapely.from_wkt(row["mgeom"]) for row in csv.DictReader(file, delimiter=";")}
    assert results
    for key, theirs in results.items():
        xy = (shapely.get_coordinates(trips[key]) - (18.05, 59.34)) * scale
        path = match_track(xy, np.full(len(xy), 40.0), graph).path
        ours = shapely.union_all(shapely.linestrings(segments[path].reshape(-1, 2, 2)))
        other = shapely.linestrings((shapely.get_coordinates(theirs) - (18.05, 59.34)) * scale)
        assert shapely.length(shapely.intersection(other, ours.buffer(20.0))) > 0.9 * shapely.length(other)
