"""Doors, fire points, panic buttons, lifts, guards on duty, visits; addresses of cameras on the media gateway (docs/decisions/049)."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
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
    "door": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id element:text device_id:text type:text held_s:big site:text location_id:id offset_east:double "
        "offset_north:double lon:double lat:double easting:double northing:double datum:text mounting_height:double "
        "height_1985:double ellipsoidal_height:double unit_id:id label:text state:text remark:text place_id:big "
        "place_method:text place_reason:text slot:integer x_m:double y_m:double z_m:double accuracy_m:double ended:text "
        "extra:text "
    ),
    "fire_point": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id panel:text loop:big point:big type:text site:text location_id:id offset_east:double offset_north:double "
        "lon:double lat:double easting:double northing:double datum:text mounting_height:double height_1985:double "
        "ellipsoidal_height:double unit_id:id label:text state:text remark:text place_id:big place_method:text "
        "place_reason:text slot:integer x_m:double y_m:double z_m:double accuracy_m:double ended:text extra:text "
    ),
    "guard": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "person_id:id terminal:text post_id:id shift:text duty_from:big duty_until:big unit_id:id state:text remark:text "
        "ended:text extra:text "
    ),
    "lift": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id registration:text type:text capacity:double floors:text inspected_until:text site:text location_id:id "
        "offset_east:double offset_north:double lon:double lat:double easting:double northing:double datum:text "
        "mounting_height:double height_1985:double ellipsoidal_height:double unit_id:id label:text state:text remark:text "
        "place_id:big place_method:text place_reason:text slot:integer x_m:double y_m:double z_m:double accuracy_m:double "
        "ended:text extra:text "
    ),
    "panic_button": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "name_id:id device_id:text site:text location_id:id offset_east:double offset_north:double lon:double lat:double "
        "easting:double northing:double datum:text mounting_height:double height_1985:double ellipsoidal_height:double "
        "unit_id:id label:text state:text remark:text place_id:big place_method:text place_reason:text slot:integer "
        "x_m:double y_m:double z_m:double accuracy_m:double ended:text extra:text "
    ),
    "visit": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "plate:text person_id:id card:text starts:big ends:big unit_id:id gate_id:id site:text state:text remark:text "
        "ended:text extra:text "
    ),
}
INDEXED = ("key", "record_id")
UNPLACED = sa.text("place_method IS NULL")
ADDRESSES = ("stream_url", "snapshot_url")


def upgrade() -> None:
    """Make the tables and their indexes, and the columns of cameras."""
    for name, columns in TABLES.items():
        op.create_table(
            name,
            *map(_column, columns.split()),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
            sa.CheckConstraint("since < until", name=f"ck_{name}_version"),
        )
        placed = "place_method:" in columns
        for column in (*INDEXED, "unit_id") if placed else INDEXED:
            op.create_index(f"ix_{name}_{column}", name, [column])
        if placed:
            op.create_index(f"ix_{name}_unplaced", name, ["id"], sqlite_where=UNPLACED, postgresql_where=UNPLACED)
    for column in ADDRESSES:
        op.add_column("camera", sa.Column(column, TEXT))


def _column(spec: str) -> sa.Column[Any]:
    name, kind = spec.split(":")
    return sa.Column(name, TYPES[kind.rstrip("!")], nullable=not kind.endswith("!"), autoincrement=False)
