"""资产差异清单: ledger against ledger, card, place and title."""

from collections.abc import Mapping

from twin.reports.group import sum_by
from twin.reports.layout import get_layout
from twin.reports.report import Heading, Report, Values

__all__ = ["differences_report"]


def differences_report(heading: Heading, columns: Mapping[str, Values]) -> Report:
    """Differences from `kind, code, what, left_value, right_value, value_gap`.

    Where known, `name, unit, left_source, right_source, remedy`. `kind` says which are compared (账账, 账卡, 账实, 账证); `value_gap` is
    left − right in fen, empty where no money differs.
    """
    layout = get_layout("differences")
    table = layout.table("differences", columns)
    by_kind = sum_by({**columns, "count": [1] * len(table)}, ("kind",), ("count", "value_gap"), largest="count")
    return layout.report(heading, tables=(layout.table("by_kind", by_kind), table))
