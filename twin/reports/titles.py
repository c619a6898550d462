"""产权登记表: titles, and their areas against the ledger."""

from collections.abc import Mapping

from twin.reports.layout import get_layout
from twin.reports.report import Heading, Report, Values, column_list

__all__ = ["titles_report"]

SMALLEST_GAP_M2 = 0.005


def titles_report(heading: Heading, columns: Mapping[str, Values]) -> Report:
    """Property registration from `code, nature, holder, area, issued`.

    Where known, `asset, building, plate, address, ledger_area, remark`. Areas in m². With `ledger_area` the difference title −
    ledger stands beside, in red; less than half a square decimetre is none.
    """
    layout = get_layout("titles")
    filled = dict(columns)
    if "ledger_area" in columns and "area" in columns:
        pairs = zip(column_list(columns["area"]), column_list(columns["ledger_area"]), strict=True)
        filled["area_gap"] = [None if title is None or ledger is None else _gap(title - ledger) for title, ledger in pairs]
    return layout.report(heading, tables=(layout.table("titles", filled),))


def _gap(difference: float) -> float:
    return 0.0 if abs(difference) < SMALLEST_GAP_M2 else difference
