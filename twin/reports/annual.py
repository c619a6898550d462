"""国有资产年度报告: opening, added, disposed, closing by class, and whether they balance."""

from collections.abc import Mapping

from twin.reports.layout import get_layout
from twin.reports.report import Heading, Report, Values, column_list
from twin.reports.stock import largest_chart
from viewer.document import Words

__all__ = ["annual_report"]


def annual_report(heading: Heading, columns: Mapping[str, Values]) -> Report:
    """The year by class: `class_code, class_name` and `opening_, added_, disposed_, closing_` each `cards` and `value` (fen).

    `adjusted_value` (corrections of value, signed) where there are any. What does not balance, closing − (opening + added −
    disposed + adjusted), stands in the last two columns in red, and how many classes it concerns in a note.
    """
    layout = get_layout("annual")
    gap_cards, gap_value = _gaps(columns, "cards"), _gaps(columns, "value")
    table = layout.table("movement", {**columns, "gap_cards": gap_cards, "gap_value": gap_value})
    off = sum(1 for gaps in zip(gap_cards, gap_value, strict=True) if any(gaps))
    note = Words(f"{off} 类资产的年初、增加、处置与年末不平，见勾稽差。", f"{off} classes do not balance; see the last two columns.")
    added = largest_chart(Words("本年增加原值", "Value added"), column_list(columns["class_name"]), _known(columns["added_value"]))
    disposed = largest_chart(
        Words("本年处置原值", "Value disposed of"), column_list(columns["class_name"]), _known(columns["disposed_value"])
    )
    return layout.report(heading, tables=(table,), charts=(added, disposed), notes=(note,) if off else ())


def _gaps(columns: Mapping[str, Values], what: str) -> list[int]:
    names = [f"opening_{what}", f"added_{what}", f"disposed_{what}", f"closing_{what}"]
    if any(name not in columns for name in names):
        return []
    adjusted = _known(columns[f"adjusted_{what}"]) if f"adjusted_{what}" in columns else [0] * len(columns[names[0]])
    parts = zip(*(_known(columns[name]) for name in names), adjusted, strict=True)
    return [closing - (opening + added - disposed + change) for opening, added, disposed, closing, change in parts]


def _known(values: Values) -> list[int]:
    """Empty cells as none moved: a class that had no disposal has no row for it."""
    return [value or 0 for value in column_list(values)]
