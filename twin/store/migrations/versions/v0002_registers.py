"""Registers: a table a kind of records, and what they share (docs/decisions/010)."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
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
    "article": ("id:id! name:text! class_code:text! class_edition:text! folded:text! digest:big! "),
    "asset": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text article_id:id "
        "specification_id:id brand_id:id serial:text tag:text global_id:text quantity:double measure_id:id value:big "
        "net_value:big funding_id:id acquisition:text acquired:text in_service:text life_months:big unit_id:id keeper_id:id "
        "state:text location_id:id remark:text place_id:big place_method:text place_reason:text slot:integer x_m:double "
        "y_m:double z_m:double accuracy_m:double ended:text extra:text "
    ),
    "building": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text name_id:id "
        "site:text number:text address_id:id division:text holder_id:id manager_id:id ownership:text structure_id:id "
        "storeys_above:big storeys_below:big storey_height:double built:big gross_area:double usable_area:double land_area:double "
        "lon:double lat:double lon_lat_datum:text state:text remark:text ended:text extra:text "
    ),
    "change": (
        "id:id! kind:text! record_id:big! field:text! old:text new:text valid_from:text! recorded_us:big! since:big! source:text! "
        "who:text! method:text! request_id:big reverts:big "
    ),
    "clock": ("kind:text! now:big! "),
    "corrected": ("record_id:id! column_name:text! ledger_value:text! "),
    "counter": ("name:text! next:big! "),
    "dispatch": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text vehicle:text "
        "driver_id:id unit_id:id applicant_id:id purpose_id:id passengers:big origin_id:id destination_id:id planned_from:big "
        "planned_until:big departed:big returned:big odometer_from:double odometer_until:double cost:big state:text remark:text "
        "ended:text extra:text "
    ),
    "driver": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text name:text "
        "unit_id:id licence_class:text licence_until:text state:text remark:text ended:text extra:text "
    ),
    "energy": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! unit_id:id month:text "
        "electricity:double water:double gas:double petrol:double diesel:double lpg:double coal:double heat:double area:double "
        "people:big cost:big kind:text remark:text ended:text extra:text "
    ),
    "ledger_entry": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! ledger_id:id code:text "
        "name_id:id class_code_id:id class_edition:text unit_id:id quantity:double value:big net_value:big booked:text "
        "remark:text ended:text extra:text "
    ),
    "link": (
        "id:id! record_id:big! site_id:big! feature_id:text! method:text! confidence:double! evidence:text! state:text! who:text! "
        "since_us:big! until_us:big "
    ),
    "location": (
        "id:id! building:text! storey:text! room:text! place_id:big method:text confidence:double evidence:text decided_by:text "
        "digest:big! "
    ),
    "meter": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text name_id:id "
        "carrier:text unit_id:id location_id:id multiplier:double parent:text installed:text state:text remark:text place_id:big "
        "place_method:text place_reason:text slot:integer x_m:double y_m:double z_m:double accuracy_m:double ended:text "
        "extra:text "
    ),
    "person": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text name:text "
        "unit_id:id department_id:id rank:text post_id:id establishment:text location_id:id seat:text second_building_id:id "
        "second_room:text second_reason:text in_post_from:text in_post_until:text state:text remark:text place_id:big "
        "place_method:text place_reason:text slot:integer x_m:double y_m:double z_m:double accuracy_m:double ended:text "
        "extra:text "
    ),
    "place": (
        "id:id! parent_id:big kind:text! path:text! site_id:big feature_id:text record_id:big name:text! number:text "
        "order_key:text! label:text! "
    ),
    "post": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! unit_id:id rank:text "
        "posts:big remark:text ended:text extra:text "
    ),
    "register_revision": (
        "id:id! kind:text! source:text! number:integer! status:text! sha256:text! options:text! file:text! who:text! as_of:text! "
        "recorded_us:big! clock:big! facts:text! counts:text! "
    ),
    "request": (
        "id:id! kind:text! record_id:big subject:text! payload:text! applicant:text! unit:text state:text! step:integer! "
        "opened_us:big! closed_us:big "
    ),
    "room": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "building_id:id storey:text number:text name_id:id use:text usable_area:double gross_area:double washroom_area:double "
        "allocated_to_id:id used_by_id:id seats:big shared:integer state:text allocated_from:text remark:text ended:text "
        "extra:text "
    ),
    "term": (
        "id:id! domain:text! text:text! folded:text! record_id:big method:text confidence:double evidence:text decided_by:text digest:big! "
    ),
    "term_window": ("domain:text! window:text! term_id:id! "),
    "title": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text nature:text "
        "asset:text building_id:id vehicle:text holder_id:id address_id:id area:double issued:text remark:text ended:text "
        "extra:text "
    ),
    "touched": ("seq:id! kind:text! record_id:big! "),
    "unit": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! code:text "
        "credit_code:text name_id:id short_name:text level:text nature:text parent_id:id division:text address_id:id "
        "building_id:id staff:big state:text remark:text ended:text extra:text "
    ),
    "vehicle": (
        "id:id! record_id:big! since:big! until:big! revision_id:big line:integer row_hash:big! key:text! plate:text vin:text "
        "engine:text name_id:id brand_id:id body:text purpose:text energy:text seats:big displacement:double price:big "
        "purchased:text registered:text unit_id:id level:text terminal:text terminal_kind:text mileage:double state:text "
        "disposal:text disposed:text asset:text remark:text ended:text extra:text "
    ),
    "work_item": (
        "id:id! code:text! subject:text! record_id:big message:text! detail:text! state:text! opened_us:big! closed_us:big closed_by:text "
    ),
    "register_issue": (
        "revision_id:id! ordinal:integer! line:integer! record_id:big field:text! code:text! value:text! message:text! severity:text! "
    ),
    "register_quarantine": ("revision_id:id! ordinal:integer! line:integer! code:text! message:text! cells:text! "),
    "request_step": ("request_id:id! ordinal:integer! action:text! who:text! at_us:big! note:text! "),
    "vanished": ("revision_id:id! record_id:id! "),
}
PRIMARY_KEYS = {
    "article": "id",
    "asset": "id",
    "building": "id",
    "change": "id",
    "clock": "kind",
    "corrected": "record_id column_name",
    "counter": "name",
    "dispatch": "id",
    "driver": "id",
    "energy": "id",
    "ledger_entry": "id",
    "link": "id",
    "location": "id",
    "meter": "id",
    "person": "id",
    "place": "id",
    "post": "id",
    "register_revision": "id",
    "request": "id",
    "room": "id",
    "term": "id",
    "term_window": "domain window term_id",
    "title": "id",
    "touched": "seq",
    "unit": "id",
    "vehicle": "id",
    "work_item": "id",
    "register_issue": "revision_id ordinal",
    "register_quarantine": "revision_id ordinal",
    "request_step": "request_id ordinal",
    "vanished": "revision_id record_id",
}
UNIQUE = {
    "article": "digest",
    "location": "digest",
    "register_revision": "kind source number",
    "term": "digest",
    "work_item": "code subject opened_us",
}
FOREIGN_KEYS = {
    "register_issue": ("revision_id", "register_revision.id"),
    "register_quarantine": ("revision_id", "register_revision.id"),
    "request_step": ("request_id", "request.id"),
    "vanished": ("revision_id", "register_revision.id"),
}
VERSIONED = frozenset(
    {
        "asset",
        "building",
        "dispatch",
        "driver",
        "energy",
        "ledger_entry",
        "meter",
        "person",
        "post",
        "room",
        "title",
        "unit",
        "vehicle",
    }
)
WITHOUT_ROWID = frozenset({"term_window"})
INDEXES = {
    "ix_article_class": ("article", "class_edition class_code"),
    "ix_asset_key": ("asset", "key"),
    "ix_asset_record_id": ("asset", "record_id"),
    "ix_building_key": ("building", "key"),
    "ix_building_record_id": ("building", "record_id"),
    "ix_change_record_id": ("change", "record_id"),
    "ix_change_since": ("change", "kind since"),
    "ix_dispatch_key": ("dispatch", "key"),
    "ix_dispatch_planned_from": ("dispatch", "planned_from"),
    "ix_dispatch_record_id": ("dispatch", "record_id"),
    "ix_dispatch_vehicle": ("dispatch", "vehicle"),
    "ix_driver_key": ("driver", "key"),
    "ix_driver_record_id": ("driver", "record_id"),
    "ix_driver_unit_id": ("driver", "unit_id"),
    "ix_energy_key": ("energy", "key"),
    "ix_energy_month": ("energy", "month"),
    "ix_energy_record_id": ("energy", "record_id"),
    "ix_energy_unit_id": ("energy", "unit_id"),
    "ix_ledger_entry_key": ("ledger_entry", "key"),
    "ix_ledger_entry_ledger_id": ("ledger_entry", "ledger_id"),
    "ix_ledger_entry_record_id": ("ledger_entry", "record_id"),
    "ix_link_feature": ("link", "site_id feature_id"),
    "ix_link_record_id": ("link", "record_id"),
    "ix_location_place_id": ("location", "place_id"),
    "ix_meter_key": ("meter", "key"),
    "ix_meter_location_id": ("meter", "location_id"),
    "ix_meter_record_id": ("meter", "record_id"),
    "ix_meter_unit_id": ("meter", "unit_id"),
    "ix_person_key": ("person", "key"),
    "ix_person_location_id": ("person", "location_id"),
    "ix_person_record_id": ("person", "record_id"),
    "ix_person_unit_id": ("person", "unit_id"),
    "ix_place_feature": ("place", "site_id feature_id"),
    "ix_place_parent_id": ("place", "parent_id"),
    "ix_place_path": ("place", "path"),
    "ix_place_record_id": ("place", "record_id"),
    "ix_post_key": ("post", "key"),
    "ix_post_record_id": ("post", "record_id"),
    "ix_post_unit_id": ("post", "unit_id"),
    "ix_register_revision_sha256": ("register_revision", "kind sha256"),
    "ix_request_record_id": ("request", "record_id"),
    "ix_request_state": ("request", "state kind"),
    "ix_room_allocated_to_id": ("room", "allocated_to_id"),
    "ix_room_building_id": ("room", "building_id"),
    "ix_room_key": ("room", "key"),
    "ix_room_record_id": ("room", "record_id"),
    "ix_room_used_by_id": ("room", "used_by_id"),
    "ix_term_domain": ("term", "domain"),
    "ix_term_record_id": ("term", "record_id"),
    "ix_title_asset": ("title", "asset"),
    "ix_title_key": ("title", "key"),
    "ix_title_record_id": ("title", "record_id"),
    "ix_touched_kind": ("touched", "kind seq"),
    "ix_unit_key": ("unit", "key"),
    "ix_unit_parent_id": ("unit", "parent_id"),
    "ix_unit_record_id": ("unit", "record_id"),
    "ix_vehicle_key": ("vehicle", "key"),
    "ix_vehicle_record_id": ("vehicle", "record_id"),
    "ix_vehicle_unit_id": ("vehicle", "unit_id"),
    "ix_work_item_record_id": ("work_item", "record_id"),
    "ix_work_item_state": ("work_item", "state code"),
    "ix_register_issue_record_id": ("register_issue", "record_id"),
}


def upgrade() -> None:
    """Make the tables of registers."""
    for name, columns in TABLES.items():
        op.create_table(name, *map(_column, columns.split()), *_constraints(name), sqlite_with_rowid=name not in WITHOUT_ROWID)
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns.split())


def _column(spec: str) -> sa.Column[Any]:
    name, kind = spec.split(":")
    return sa.Column(name, TYPES[kind.rstrip("!")], nullable=not kind.endswith("!"), autoincrement=False)


def _constraints(name: str) -> list[sa.Constraint]:
    found: list[sa.Constraint] = [sa.PrimaryKeyConstraint(*PRIMARY_KEYS[name].split(), name=f"pk_{name}")]
    if name in UNIQUE:
        columns = UNIQUE[name].split()
        found.append(sa.UniqueConstraint(*columns, name="_".join(["uq", name, *columns])))
    if name in FOREIGN_KEYS:
        column, target = FOREIGN_KEYS[name]
        found.append(sa.ForeignKeyConstraint([column], [target], name=f"fk_{name}_{column}"))
    if name in VERSIONED:
        found.append(sa.CheckConstraint("since < until", name=f"ck_{name}_version"))
    return found
