"""Where features lie in degrees and metres above the ellipsoid; shapes that their source states in degrees."""

from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from alembic import op

from spatial.frame import Site, SiteFrame

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

EXTENT = ("west", "south", "east", "north", "low_m", "high_m")
ROWS = 2_000
PLAN = ("x_min", "y_min", "x_max", "y_max")


def upgrade() -> None:
    """Add the columns and work them out for what is there."""
    op.add_column("feature", sa.Column("geographic", sa.LargeBinary))
    for name in EXTENT:
        op.add_column("feature", sa.Column(name, sa.Double))
    connection = op.get_bind()
    for site in connection.execute(sa.text("SELECT id, code, name, lon, lat, height_m, crs FROM site")).mappings().all():
        facts = {name: site[name] for name in ("code", "name", "lon", "lat", "height_m", "crs")}
        _fill(connection, site["id"], SiteFrame.of(Site(**facts, geoid_separation_m=None)))


def _fill(connection: sa.Connection, site_id: int, frame: SiteFrame) -> None:
    columns = ", ".join(f"feature.{name}" for name in ("id", "footprint", *PLAN, "z_min", "z_max", "z_low", "z_high"))
    query = sa.text(
        f"SELECT {columns} FROM feature JOIN model ON model.id = feature.model_id "
        "WHERE model.site_id = :site AND feature.id > :after ORDER BY feature.id LIMIT :rows"
    )
    change = sa.text(f"UPDATE feature SET {', '.join(f'{name} = :{name}' for name in EXTENT)} WHERE id = :id")
    after = 0
    while rows := connection.execute(query, {"site": site_id, "after": after, "rows": ROWS}).mappings().all():
        found = _extents(rows, frame)
        known = [{"id": row["id"], **one} for row, one in zip(rows, found, strict=True) if any(value is not None for value in one.values())]
        if known:
            connection.execute(change, known)
        after = rows[-1]["id"]


def _extents(rows: Any, frame: SiteFrame) -> list[dict[str, float | None]]:
    plans = np.array([_plan(row) for row in rows], dtype=object)
    low, high = (
        np.array([row[own] if row[own] is not None else row[box] for row in rows], dtype=np.float64)
        for own, box in (("z_low", "z_min"), ("z_high", "z_max"))
    )
    points, owner = shapely.get_coordinates(plans, return_index=True)
    result = np.full((len(rows), 6), np.nan)
    if len(points):
        bounds = shapely.bounds(plans).reshape(-1, 2, 2)
        degrees = frame.to_lon_lat_height(np.column_stack([points, np.nan_to_num(low)[owner]]))
        result[:, :4] = shapely.bounds(shapely.set_coordinates(plans, degrees[:, :2]))
        known = np.isfinite(low) & np.isfinite(high) & np.isfinite(bounds[:, 0, 0])
        for place, z in ((4, low), (5, high)):
            result[known, place] = frame.to_lon_lat_height(np.column_stack([bounds[known].mean(axis=1), z[known]]))[:, 2]
    return [dict(zip(EXTENT, (None if np.isnan(value) else float(value) for value in one), strict=True)) for one in result]


def _plan(row: Any) -> Any:
    if row["footprint"] is not None:
        return shapely.force_2d(shapely.from_wkb(row["footprint"]))
    return None if row["x_min"] is None else shapely.box(*(row[name] for name in PLAN))
