"""资产存量统计表: what there is, by class and by unit."""

from collections.abc import Mapping
from typing import Any

from twin.reports.group import share_of, sum_by
from twin.reports.layout import get_layout
from twin.reports.phrases import phrase
from twin.reports.report import Chart, Heading, Report, Values
from viewer.document import Words

__all__ = ["stock_report"]

SUMS = ("cards", "value", "net_value")
BARS = 12


def stock_report(heading: Heading, columns: Mapping[str, Values]) -> Report:
    """Asset stock from one row for each unit and class: `unit, class_code, class_name, cards, value`.

    Where known, `unit_code, net_value`. Money in whole fen. Classes stand in the order of their codes, units by value;
    the chart shows the twelve largest classes and all others as one.
    """
    layout = get_layout("stock")
    detail = layout.table("detail", columns)
    by_class = sum_by(columns, ("class_code", "class_name"), SUMS)
    order = sorted(range(len(by_class["class_code"])), key=lambda at: by_class["class_code"][at] or "")
    by_class = {name: [values[at] for at in order] for name, values in by_class.items()}
    by_unit = sum_by(columns, ("unit_code", "unit"), SUMS, largest="value")
    return layout.report(
        heading,
        tables=(
            layout.table("by_class", {**by_class, "share": share_of(by_class["value"])}),
            layout.table("by_unit", {**by_unit, "share": share_of(by_unit["value"])}),
            detail,
        ),
        charts=(largest_chart(Words("各类资产原值", "Acquisition value by class"), by_class["class_name"], by_class["value"]),),
    )


def largest_chart(words: Words, names: list[Any], fen: list[int]) -> Chart:
    """Bars of money in units of 10,000 yuan: the twelve largest, what is left as 其他."""
    rows = sorted(zip(names, fen, strict=True), key=lambda row: -row[1])
    shown, rest = rows[:BARS], sum(value for _, value in rows[BARS:])
    bars = [(name or phrase("unknown"), value) for name, value in shown] + ([(phrase("others"), rest)] if rows[BARS:] else [])
    return Chart(
        words=words,
        kind="bars",
        categories=tuple(name for name, _ in bars),
        values=tuple(value / 1_000_000 for _, value in bars),
        unit=Words("万元", "10,000 yuan"),
    )
