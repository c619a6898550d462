"""A report by its name: columns fetched, laid out, headed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from sqlalchemy import Connection, select

from twin.codes import Tables
from twin.errors import Invalid, NotFound
from twin.queries.asset_filter import require_place, require_unit
from twin.queries.assetops.reporting.register_columns import difference_columns, title_columns, vehicle_columns
from twin.queries.assetops.reporting.stock_columns import annual_columns, stock_columns
from twin.queries.assetops.reporting.wanted import Wanted
from twin.queries.energy.period import read_period
from twin.queries.energy.report import report_of_energy
from twin.queries.planner.report import report_of_rooms
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.reports import REPORTS, Heading, Report, Values, Words
from twin.store import record_schema as schema

__all__ = ["FETCHERS", "NAMES", "Fetcher", "make_report"]

Fetcher: TypeAlias = Callable[[Registers, Connection, Wanted, Reader], Mapping[str, Values]]
FETCHERS: Mapping[str, Fetcher] = MappingProxyType(
    {
        "stock": stock_columns,
        "annual": annual_columns,
        "titles": title_columns,
        "vehicles": vehicle_columns,
        "differences": difference_columns,
    }
)
"""Name of a report → what fetches its columns."""
NAMES = (*FETCHERS, "rooms", "energy")
"""Every report there is; rooms and energy are made by the planner's questions."""
SOURCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stock": ("asset", "unit"),
        "annual": ("asset",),
        "titles": ("title", "building"),
        "vehicles": ("vehicle", "unit"),
        "differences": ("ledger_entry", "asset", "title", "building", "vehicle"),
    }
)
"""Name of a report → the kinds whose ledgers it is made from."""
NOTES: Mapping[str, Words] = MappingProxyType(
    {
        "stock": Words(
            "单位、状况、分类、原值、净值均为截至当日；地点为现状；取得日期未填者视为一直在账。",
            "Unit, state, class and values are those of the day; the place is that of now; "
            "what states no day of acquisition was always there.",
        ),
        "annual": Words(
            "年初为上年末；年内取得又处置者计入增加和处置；分类为期末当日；取得日期未填者视为一直在账。",
            "Opening is the end of the year before; what came and went within the year is added and disposed of; "
            "classes are those of the closing day; "
            "what states no day of acquisition was always there.",
        ),
        "differences": Words(
            "差异为最近一次核对（twin reconcile）所见。", "Differences are those of the last reconciliation (twin reconcile)."
        ),
    }
)


def make_report(registers: Registers, name: str, wanted: Wanted, reader: Reader, *, tables: Tables | None = None) -> Report:
    """The report of that name; raises NotFound (`REPORT_UNKNOWN`, a place or unit that is none for this reader), Invalid.

    Energy is that of the twelve whole months before the day.
    """
    if name not in NAMES:
        raise NotFound(f"no report is called {name!r}", path=name, code="REPORT_UNKNOWN", hint=f"there are {', '.join(NAMES)}")
    if name == "rooms":
        return report_of_rooms(registers, reader, place=wanted.place, unit=wanted.unit, as_of=wanted.as_of, tables=tables)
    if name == "energy":
        if wanted.place is not None:
            raise Invalid("units report energy, places do not", path="place", code="FILTER_INVALID", hint="name a unit, or nothing")
        return report_of_energy(registers, reader, read_period(None, None, wanted.as_of), unit=wanted.unit, tables=tables)
    with registers.store.database.reading() as connection:
        heading = Heading(
            as_of=wanted.as_of.isoformat(),
            scope=_scope(registers, connection, wanted, reader),
            sources=_sources(connection, SOURCES[name]),
            made_at=registers.now().isoformat(),
            notes=(NOTES[name],) if name in NOTES else (),
        )
        return REPORTS[name](heading, FETCHERS[name](registers, connection, wanted, reader))


def _scope(registers: Registers, connection: Connection, wanted: Wanted, reader: Reader) -> Words | str:
    view = registers.shelf.assets(connection)
    said = []
    if wanted.unit is not None:
        said.append(view.units.nodes[require_unit(view, wanted.unit, reader)].name)
    if wanted.place is not None:
        position = require_place(view, wanted.place, reader)
        said.append(" ".join(view.places.rows[at].name for at in view.places.path(position) if view.places.rows[at].kind != "everything"))
    return " · ".join(said) or Words("全部", "everything")


def _sources(connection: Connection, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The newest file of each ledger of the kinds, with its day."""
    revision = schema.register_revision.c
    query = select(revision.kind, revision.source, revision.number, revision.file, revision.as_of).where(
        revision.kind.in_(kinds), revision.status != "abandoned"
    )
    newest: dict[tuple[str, str], str] = {}
    for row in connection.execute(query.order_by(revision.id)):
        newest[row.kind, row.source] = f"{row.file}（{row.kind}/{row.source}@{row.number}，{row.as_of}）"
    return tuple(newest.values())
