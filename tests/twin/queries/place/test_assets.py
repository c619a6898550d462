"""Assets as points: nearest and visible ones by brute force over what was written, on both databases."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from tests.twin.moulds import Cast
from tests.twin.queries.test_assets import READERS, may_know
from tests.twin.queries.town import NOW, Town
from tests.twin.store.builder import SITE
from twin.queries.place.assets import AssetPoints, asset_points
from twin.records.scope import Reader
from twin.records.state import note_ties
from twin.store import record_schema as schema


@pytest.fixture
def standing(cast: Cast) -> Iterator[tuple[Town, dict[str, Any]]]:
    """The town on a site, two in three assets with a point; code → point."""
    town = cast(Town)
    town.store.add_site(SITE, now=NOW)
    (number,) = town.store.site_ids()
    rng = np.random.default_rng(5)
    table = schema.kind_table("asset").c
    points: dict[str, Any] = {}
    with town.store.database.writing() as connection:
        connection.execute(update(schema.place).values(site_id=number))
        query = select(table.record_id, table.key, schema.location.c.place_id)
        found = connection.execute(query.join(schema.location, schema.location.c.id == table.location_id, isouter=True)).all()
        for i, (record, key, place) in enumerate(found):
            if i % 3 and place is not None:
                points[key] = rng.uniform(-30, 30, 3)
                x, y, z = (float(one) for one in points[key])
                values = {"place_id": place, "place_method": "spot", "x_m": x, "y_m": y, "z_m": z}
                connection.execute(update(schema.kind_table("asset")).where(table.record_id == record).values(**values))
        note_ties(connection)
    yield town, points


@pytest.mark.parametrize("reader", READERS, ids=[reader.name for reader in READERS])
def test_the_nearest_assets_a_reader_may_know_of(standing: tuple[Town, dict[str, Any]], reader: Reader) -> None:
    town, points = standing
    assets = AssetPoints(town.registers)
    here, view = assets.of(SITE.code)
    known = {key: point for key, point in points.items() if may_know(town.assets[key], reader)}
    asked = np.array([3.0, -4.0, 1.0])
    rows, metres = here.points.nearest(asked, 5, here.visible(view, reader))
    expected = sorted((float(np.linalg.norm(point - asked)), key) for key, point in known.items())[:5]
    documents = assets.documents(view, [int(record) for record in here.record[rows]])
    assert [one["key"] for one in documents] == [key for _, key in expected] and len(expected) > 1
    assert metres.tolist() == pytest.approx([distance for distance, _ in expected])
    assert all(one["place"] is not None for one in documents)


def test_the_points_of_a_process_follow_the_registers(standing: tuple[Town, dict[str, Any]]) -> None:
    town, points = standing
    assets = asset_points(town.registers)
    assert asset_points(town.registers) is assets
    assert len(assets.of(SITE.code)[0].record) == len(points)
    table = schema.kind_table("asset")
    with town.store.database.writing() as connection:
        connection.execute(update(table).where(table.c.key == next(iter(points))).values(x_m=None))
        note_ties(connection)
    assert len(assets.of(SITE.code)[0].record) == len(points) - 1
