"""Reports as tables, XLSX, HTML and CSV: pure writers, which know neither the store nor a network.

A query hands plain columns (lists, numpy or Arrow) to one of the functions of `REPORTS`; what comes back is a `Report`, data
still, which `write_report(report, Path("stock.xlsx"))` puts into a file. What columns a report has, their words, units and
sums, are rows of `layouts.toml`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from twin.reports.annual import annual_report
from twin.reports.csv import write_csv
from twin.reports.differences import differences_report
from twin.reports.energy import energy_report
from twin.reports.html import write_html
from twin.reports.layout import Layout, get_layout, list_layouts
from twin.reports.report import CellType, Chart, Field, Heading, Report, Table, Values
from twin.reports.rooms import rooms_report
from twin.reports.stock import stock_report
from twin.reports.titles import titles_report
from twin.reports.vehicles import vehicles_report
from twin.reports.write import write_report
from twin.reports.xlsx import write_xlsx
from viewer.document import Words

__all__ = [
    "REPORTS",
    "CellType",
    "Chart",
    "Field",
    "Heading",
    "Layout",
    "Report",
    "Table",
    "Values",
    "Words",
    "annual_report",
    "differences_report",
    "energy_report",
    "get_layout",
    "list_layouts",
    "rooms_report",
    "stock_report",
    "titles_report",
    "vehicles_report",
    "write_csv",
    "write_html",
    "write_report",
    "write_xlsx",
]

REPORTS: Mapping[str, Callable[[Heading, Mapping[str, Values]], Report]] = MappingProxyType(
    {
        "stock": stock_report,
        "annual": annual_report,
        "titles": titles_report,
        "rooms": rooms_report,
        "energy": energy_report,
        "vehicles": vehicles_report,
        "differences": differences_report,
    }
)
"""Every report by its name; each takes a heading and plain columns."""
