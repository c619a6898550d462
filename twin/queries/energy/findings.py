"""What is wrong with monthly reports: missing, mistyped and exchanged months, units nobody knows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from twin.queries.energy.answers import terms_asked
from twin.queries.energy.checks import energy_rules, find_outliers, find_swaps
from twin.queries.energy.figures import CARRIERS
from twin.queries.energy.period import Period, month_text
from twin.queries.energy.series import Series, read_series
from twin.queries.planner.finding import Finding, finding_page
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.records.unit_tree import UnitTree
from twin.records.values import texts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["energy_checks", "energy_findings"]


def energy_checks(
    registers: Registers,
    reader: Reader,
    period: Period,
    *,
    unit: str | None,
    codes: Sequence[str] = (),
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """A page of the findings on reports of a period. Raises NotFound."""
    with registers.store.database.reading() as connection:
        units = registers.shelf.units(connection)
        findings = energy_findings(connection, units, period, terms_asked(units, reader.units, unit))
        head = {"from": month_text(period.first), "to": month_text(period.last)}
        return head | finding_page(findings, codes=codes, after=after, limit=limit)


def energy_findings(connection: Connection, units: UnitTree, period: Period, terms: Collection[int] | None) -> list[Finding]:
    """Missing, mistyped and exchanged months of a period, and reports of units nobody knows; older and newer months are compared with."""
    series = read_series(connection, units.records, terms)
    if series is None:
        return []
    texts = texts_of(connection, [-owner for owner in series.owner if owner < 0])
    return [*_unknown(series, texts, period), *_missing(series, units, period), *_wrong(series, period)]


def _unknown(series: Series, texts: Mapping[int, str], period: Period) -> Iterator[Finding]:
    asked = _asked(series, period)
    for row, owner in enumerate(series.owner):
        if owner < 0:
            for column in asked[series.reported[row, asked]].tolist():
                yield Finding(
                    code="ENERGY_UNIT_UNKNOWN",
                    kind="energy",
                    key=series.key[row, column],
                    column="unit",
                    message=f"{texts[-owner]}: no unit is called so",
                )


def _missing(series: Series, units: UnitTree, period: Period) -> Iterator[Finding]:
    """Months between the first and the last report of anybody that a unit, which reports at all, has not reported."""
    first, last = max(period.first, int(series.months[0])), min(period.last, int(series.months[-1]))
    for row, owner in enumerate(series.owner):
        reported = set(series.months[series.reported[row]].tolist())
        missing = [month_text(month) for month in range(first, last + 1) if month not in reported]
        if missing and owner in units.nodes:
            node = units.nodes[owner]
            message = f"{node.name}: {len(missing)} months are missing: {', '.join(missing)}"
            yield Finding(
                code="ENERGY_MONTH_MISSING", kind="unit", key=node.key, column="month", message=message, facts={"months": missing}
            )


def _asked(series: Series, period: Period) -> NDArray[np.int64]:
    """The columns of the months of a period."""
    import numpy as np

    return np.flatnonzero((series.months >= period.first) & (series.months <= period.last))


def _wrong(series: Series, period: Period) -> Iterator[Finding]:
    import numpy as np

    rules, asked = energy_rules(), set(_asked(series, period).tolist())
    for carrier in CARRIERS:
        values = series.values[carrier]
        cleaned = values.copy()
        for one in find_outliers(values, series.months, rules):
            cleaned[one.unit, one.month] = np.nan
            if one.month in asked:
                cause = {"cause": one.cause.code, "zh": one.cause.zh, "en": one.cause.en} if one.cause else {"cause": None}
                yield Finding(
                    code="ENERGY_OUTLIER",
                    kind="energy",
                    key=series.key[one.unit, one.month],
                    column=carrier,
                    message=f"{carrier} {one.value:g}, about {one.expected:.0f} is expected" + (f": {one.cause.en}" if one.cause else ""),
                    facts={"value": one.value, "expected": round(one.expected, 1), **cause},
                )
        for swap in find_swaps(cleaned, series.months, rules):
            months = [month_text(int(series.months[column])) for column in (swap.low, swap.high)]
            if asked & {swap.low, swap.high}:
                yield Finding(
                    code="ENERGY_MONTHS_EXCHANGED",
                    kind="energy",
                    key=series.key[swap.unit, swap.low],
                    column=carrier,
                    message=f"{carrier} of {months[0]} and {months[1]} look exchanged",
                    facts={"other": series.key[swap.unit, swap.high], "months": months},
                )
