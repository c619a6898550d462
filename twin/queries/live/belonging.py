"""Where a device belongs that is in no feature: the site it is within, else what its record says. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from spatial.feature import DEVICES, PUBLIC
from twin.codes import RecordKind, get_kind
from twin.errors import StoreUnavailable
from twin.incidents import Spot
from twin.queries.live.grounds import Grounds
from twin.queries.live.listed import state_of
from twin.queries.live.visible import DEVICE_KINDS
from twin.records.counters import clock_of
from twin.records.unit_tree import load_units
from twin.records.values import field_values
from twin.store import Store
from twin.store import record_schema as schema
from twin.store.record_schema import column_name
from twin.store.sites import list_sites

__all__ = ["Belonging"]

SAID = ("site", "label", "unit", "post", "building")
READ = (*sorted(DEVICE_KINDS), "unit", "building")
OPEN = (PUBLIC,)


@dataclass(slots=True, eq=False)
class Belonging:
    """See `twin.hub.happening.Belongs`. `refresh` may run in a thread of its own."""

    store: Store
    grounds: Grounds
    _spots: Mapping[str, Spot] = field(default_factory=dict)
    _seen: Any = None

    def of(self, device: str, lon_lat: tuple[float, float] | None) -> Spot | None:
        """The one site that it is within; else, by its record, its site: what it names, that of its guard post, or of the building of its
        unit. The label of its record is needed; without a record, or where a device of the scene's kinds has no label, every label."""
        own = self._spots.get(device)
        sites = self.grounds.sites_at(*lon_lat) if lon_lat is not None else []
        if len(sites) == 1:
            return Spot(site=sites[0], labels=own.labels if own is not None else ())
        return own if own is not None and own.site else None

    def refresh(self) -> None:
        """Be as the registers are now; a store that cannot be read now leaves all as it was."""
        try:
            with self.store.database.reading() as connection:
                sites = [(site.code, site.name) for site in list_sites(connection)]
                seen = sites, [state_of(connection, kind) for kind in READ]
                if seen != self._seen:
                    self._spots = _spots(connection, {name: code for code, *names in sites for name in (code, *names) if name})
                    self._seen = seen
        except StoreUnavailable:
            return


def _spots(connection: Connection, sites: Mapping[str, str]) -> dict[str, Spot]:
    """The spot of every device that has a record; without a site where that says none."""
    posts = {row["key"]: sites.get(row["site"] or "") for row in _rows(connection, "guard_post")}
    tree, of_unit = load_units(connection), _units(connection, sites)
    found: dict[str, Spot] = {}
    for kind in DEVICE_KINDS:
        for row in _rows(connection, kind):
            unit = of_unit.get(tree.records.get(row.get("unit_id") or 0, 0))
            site = sites.get(row.get("site") or "") or posts.get(row.get("post") or "") or unit
            found[f"{kind}/{row['key']}"] = Spot(site=site or "", labels=_labels(get_kind(kind), row))
    return found


def _units(connection: Connection, sites: Mapping[str, str]) -> dict[int, str | None]:
    """The site of the building that each unit (by record) has its offices in; a building is named by its key, or as somebody tied it."""
    buildings = _rows(connection, "building")
    by_key = {row["key"]: sites.get(row["site"] or "") for row in buildings}
    by_record = {row["record_id"]: by_key[row["key"]] for row in buildings}
    term = schema.term.c
    tied = connection.execute(select(term.id, term.record_id).where(term.domain == "building", term.record_id.is_not(None)))
    of_term = {number: by_record.get(record) for number, record in tied}
    units = _rows(connection, "unit")
    return {row["record_id"]: of_term.get(row["building_id"] or 0) or by_key.get(row["building"] or "") for row in units}


def _labels(kind: RecordKind, row: Mapping[str, Any]) -> tuple[str, ...]:
    if row.get("label"):
        return (str(row["label"]),)
    return () if kind.name in DEVICES or kind.parts("location") else OPEN


def _rows(connection: Connection, name: str) -> list[dict[str, Any]]:
    """Of every record of a kind as it is now: its number, key and what is asked, as stored and as written."""
    kind, table, now = get_kind(name), schema.kind_table(name), clock_of(connection, name)
    chosen = [column_name(column) for column in kind.columns if column.name in SAID and not column.part]
    columns = [table.c.record_id, table.c.key, *(table.c[one] for one in chosen)]
    query = select(*columns).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None))
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [row | values for row, values in zip(rows, field_values(connection, kind, rows, only=chosen), strict=True)]
