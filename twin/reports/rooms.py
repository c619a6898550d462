"""办公用房台账与超标清单: rooms with their verdicts, those over the limit apart, and sums by unit."""

from collections.abc import Mapping

from twin.reports.group import pick, sum_by
from twin.reports.layout import get_layout
from twin.reports.report import Chart, Heading, Report, Values, column_list, need_columns
from viewer.document import Words

__all__ = ["rooms_report"]

LISTED = frozenset({"over", "second_office_ungrounded"})
BARS = 12


def rooms_report(heading: Heading, columns: Mapping[str, Values]) -> Report:
    """Rooms from `building, storey, number, used_by, who, people, usable_area, allowed_area, over_area, verdict, verdict_words, reason`.

    `verdict` is the code of `twin.entitlement` (`over` and a second office without a ground put a room on the list),
    `verdict_words` what people read. Areas in m²; `over_area` may be signed, it is shown and summed for listed rooms only.
    Optional: `name, use, allocated_to`.
    """
    layout = get_layout("rooms")
    need_columns(layout.words, ("verdict", "over_area"), columns)
    over = [verdict in LISTED for verdict in column_list(columns["verdict"])]
    excess = [area if listed else None for area, listed in zip(column_list(columns["over_area"]), over, strict=True)]
    columns = {**columns, "over_area": excess}
    ledger = layout.table("rooms", columns)
    by_unit = sum_by(
        {**columns, "unit": columns["used_by"], "rooms": [1] * len(over), "rooms_over": list(map(int, over))},
        ("unit",),
        ("rooms", "people", "usable_area", "allowed_area", "rooms_over", "over_area"),
        largest="over_area",
    )
    worst = [(unit, area) for unit, area in zip(by_unit["unit"], by_unit["over_area"], strict=True) if area > 0][:BARS]
    chart = Chart(
        words=Words("超标面积最多的单位", "Units most over the limit"),
        kind="bars",
        categories=tuple(unit or Words("（无使用单位）", "(no unit)") for unit, _ in worst),
        values=tuple(area for _, area in worst),
        unit="m²",
    )
    return layout.report(
        heading,
        tables=(layout.table("by_unit", by_unit), layout.table("over", pick(columns, over)), ledger),
        charts=(chart,) if worst else (),
    )
