"""公共机构能耗统计表: use by unit, per area and per person, against the median of its kind."""

from collections.abc import Mapping

from twin.reports.layout import get_layout
from twin.reports.report import Chart, Heading, Report, Values, column_list
from viewer.document import Words

__all__ = ["energy_report"]


def energy_report(heading: Heading, columns: Mapping[str, Values], months: Mapping[str, Values] | None = None) -> Report:
    """Energy of a period from `unit, kind, electricity, water, used, area, people` and, where known, other carriers and `median`.

    `used` is kgce by the factors of the caller, `median` kgce/m² of the unit's kind; the indicators are computed here, and are
    empty where area or people are not known or zero. `months` (`month` as 2026-01, `used`) adds a table and a chart.
    """
    layout = get_layout("energy")
    filled = dict(columns)
    if {"used", "area", "people", "water"} <= columns.keys():
        filled["per_area"] = _ratios(columns["used"], columns["area"])
        filled["per_person"] = _ratios(columns["used"], columns["people"])
        filled["water_per_person"] = _ratios(columns["water"], columns["people"])
        if "median" in columns:
            filled["above"] = [None if ratio is None else ratio - 1 for ratio in _ratios(filled["per_area"], columns["median"])]
    tables = [layout.table("units", filled)]
    charts = []
    if months is not None:
        tables.append(layout.table("months", months))
        charts.append(
            Chart(
                words=Words("月度综合能耗", "Energy by month"),
                kind="columns",
                categories=tuple(map(str, column_list(months["month"]))),
                values=tuple(value or 0.0 for value in column_list(months["used"])),
                unit="kgce",
            )
        )
    return layout.report(heading, tables=tuple(tables), charts=tuple(charts))


def _ratios(above: Values, below: Values) -> list[float | None]:
    pairs = zip(column_list(above), column_list(below), strict=True)
    return [None if value is None or not by else value / by for value, by in pairs]
