"""Devices: tables of cameras, gates, zones, guard posts and perimeter segments (docs/decisions/023)."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TYPES: dict[str, Any] = {
    "text": TEXT,
    "id": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "big": sa.BigInteger(),
    "integer": sa.Integer(),
    "double": sa.Double(),
}
"""A column is `name:type`, with `!` where it may not be null."""

TABLES = {
    "camera": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id device_id:text type:text site:text location_id:id offset_east:double offset_north:double lon:double "
        "lat:double easting:double northing:double datum:text mounting_height:double height_1985:double "
        "ellipsoidal_height:double heading:double tilt:double focal_length:double focal_length_max:double "
        "sensor_width:double sensor_height:double resolution_width:big resolution_height:big view_range:double "
        "pan_min:double pan_max:double tilt_min:double tilt_max:double installed:text unit_id:id label:text state:text "
        "remark:text place_id:big place_method:text place_reason:text slot:integer x_m:double y_m:double z_m:double "
        "accuracy_m:double ended:text extra:text "
    ),
    "gate": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id device_id:text type:text site:text location_id:id offset_east:double offset_north:double lon:double "
        "lat:double easting:double northing:double datum:text height_1985:double ellipsoidal_height:double heading:double "
        "width:double opening_hours:text unit_id:id label:text state:text remark:text place_id:big place_method:text "
        "place_reason:text slot:integer x_m:double y_m:double z_m:double accuracy_m:double ended:text extra:text "
    ),
    "guard_post": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id type:text site:text location_id:id offset_east:double offset_north:double lon:double lat:double "
        "easting:double northing:double datum:text height_1985:double ellipsoidal_height:double guards:big phone:text "
        "duty_hours:text unit_id:id label:text state:text remark:text place_id:big place_method:text place_reason:text "
        "slot:integer x_m:double y_m:double z_m:double accuracy_m:double ended:text extra:text "
    ),
    "perimeter_segment": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id type:text site:text centre_line:text datum:text height:double sensor_type:text sensor_id:text unit_id:id "
        "label:text state:text remark:text ended:text extra:text "
    ),
    "zone": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id type:text site:text location_id:id outline:text datum:text height_above_ground:double bottom_1985:double "
        "top_1985:double opening_hours:text unit_id:id label:text state:text remark:text place_id:big place_method:text "
        "place_reason:text slot:integer x_m:double y_m:double z_m:double accuracy_m:double ended:text extra:text "
    ),
}
INDEXED = ("key", "record_id", "unit_id")
UNPLACED = sa.text("place_method IS NULL")


def upgrade() -> None:
    """Make the tables and their indexes."""
    for name, columns in TABLES.items():
        op.create_table(
            name,
            *map(_column, columns.split()),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
            sa.CheckConstraint("since < until", name=f"ck_{name}_version"),
        )
        for column in INDEXED:
            op.create_index(f"ix_{name}_{column}", name, [column])
        if "place_method:" in columns:
            op.create_index(f"ix_{name}_unplaced", name, ["id"], sqlite_where=UNPLACED, postgresql_where=UNPLACED)


def _column(spec: str) -> sa.Column[Any]:
    name, kind = spec.split(":")
    return sa.Column(name, TYPES[kind.rstrip("!")], nullable=not kind.endswith("!"), autoincrement=False)
