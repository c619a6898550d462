"""公务用车台账: vehicles, and how many of each unit."""

from collections.abc import Mapping

from twin.reports.group import count_by, sum_by
from twin.reports.layout import get_layout
from twin.reports.report import Chart, Heading, Report, Values
from viewer.document import Words

__all__ = ["vehicles_report"]


def vehicles_report(heading: Heading, columns: Mapping[str, Values]) -> Report:
    """Vehicles from `plate, brand, body, energy, unit, price, purchased, state` and, where known, `vin, purpose, mileage, terminal`.

    Money in whole fen, mileage in km. The chart counts kinds of energy.
    """
    layout = get_layout("vehicles")
    ledger = layout.table("vehicles", columns)
    by_unit = sum_by({**columns, "vehicles": [1] * len(ledger)}, ("unit",), ("vehicles", "price"), largest="vehicles")
    counts = count_by(columns["energy"])
    chart = Chart(
        words=Words("按能源类型", "By kind of energy"),
        kind="bars",
        categories=tuple(kind or Words("（未填）", "(not stated)") for kind in counts),
        values=tuple(map(float, counts.values())),
        unit=Words("辆", "vehicles"),
    )
    return layout.report(heading, tables=(layout.table("by_unit", by_unit), ledger), charts=(chart,) if counts else ())
