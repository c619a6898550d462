"""A report as an XLSX workbook: real numbers and dates, filters, totals, print set-up, a sheet that says where it all comes from.

Rows are streamed (xlsxwriter's `constant_memory`). A table longer than a sheet goes on in the next, and says so. Texts like
formulas are written as text and marked as such (`quotePrefix`), so that editing the cell does not compute them either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.reports.cell import Totals, alerts, check_cell, is_formula_like, plain_text
from twin.reports.phrases import phrase
from twin.reports.report import CellType, Field, Report, Table, iter_rows
from twin.reports.sheet import SheetNames, column_width, header_text, number_format
from viewer.document import Words

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

__all__ = ["write_xlsx"]

SHEET_ROWS = 1_048_576
HEADER_ROW = 3
CELL_CHARACTERS = 32_767
A4 = 9
BORDER = "#C9D3D0"
INK, PAPER, WASH, RED = "#0D4A2F", "#FFFFFF", "#E3F2EA", "#B42318"


def write_xlsx(report: Report, path: Path, *, language: str = "zh") -> Path:
    """Write the workbook and return its path; `language` is `zh` or `en`. Errors as of `check_cell`: nothing is left half written."""
    from xlsxwriter import Workbook

    part = path.with_name(path.name + ".part")
    try:
        with Workbook(str(part), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as workbook:
            writer = _Writer(workbook=workbook, language=language, names=SheetNames(), styles={})
            workbook.set_properties(
                {"title": writer.say(report.words), "created": writer.made(report), "comments": writer.say(report.basis)}
            )
            rows = [writer.write_table(report, table) for table in report.tables]
            writer.write_charts(report)
            writer.write_provenance(report, rows)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


@dataclass(slots=True, kw_only=True)
class _Writer:
    """The workbook being written, its formats by their properties, and how many texts a cell could not hold."""

    workbook: "Workbook"
    language: str
    names: SheetNames
    styles: "dict[tuple[tuple[str, Any], ...], Format]"
    cut: int = 0

    def say(self, text: Words | str) -> str:
        """The text in the workbook's language."""
        return plain_text(text, self.language)

    def made(self, report: Report) -> Any:
        """The instant the workbook calls its creation: when the report was made, else the day it holds for."""
        from datetime import datetime

        return datetime.fromisoformat(report.heading.made_at or report.heading.as_of).replace(tzinfo=None)

    def style(self, **properties: Any) -> "Format":
        """One format for each set of properties."""
        key = tuple(sorted(properties.items()))
        if key not in self.styles:
            self.styles[key] = self.workbook.add_format({"font_size": 10, "valign": "vcenter", **properties})
        return self.styles[key]

    def write_table(self, report: Report, table: Table) -> int:
        """One table on as many sheets as it needs; the number of its rows."""
        rows, total = iter_rows(table), len(table)
        room = SHEET_ROWS - HEADER_ROW - 3
        for part in range(1, max(1, -(-total // room)) + 1):
            self._write_sheet(report, table, islice(rows, room), part=part, first=(part - 1) * room, more=part * room < total)
        return total

    def _write_sheet(self, report: Report, table: Table, rows: Iterator[tuple[Any, ...]], *, part: int, first: int, more: bool) -> None:
        sheet = self.workbook.add_worksheet(self.names.take(self.say(table.words), part))
        for at, column in enumerate(table.fields):
            sheet.set_column(at, at, column_width(column, table.columns[column.name], self.language))
        self._write_head(sheet, report, table)
        totals, count = Totals(table.fields), 0
        formats = [self._formats(column) for column in table.fields]
        for count, row in enumerate(rows, start=1):
            checked = [check_cell(value, column, first + count) for value, column in zip(row, table.fields, strict=True)]
            self._write_row(sheet, HEADER_ROW + count, checked, table.fields, formats)
            totals.add(checked)
        self._write_totals(sheet, HEADER_ROW + count + 1, table.fields, totals, count)
        if more:
            sheet.write_string(HEADER_ROW + count + 2, 0, self.say(phrase("part", part=str(part + 1))), self.style(italic=True))
        self._set_up(sheet, report, table, count)

    def _write_head(self, sheet: "Worksheet", report: Report, table: Table) -> None:
        title = f"{self.say(report.words)} · {self.say(table.words)}"
        sheet.set_row(0, 26)
        sheet.write_string(0, 0, title, self.style(bold=True, font_size=16, font_color=INK))
        scope = phrase("scope", scope=report.heading.scope)
        sheet.write_string(
            1, 0, f"{self.say(phrase('as_of', date=report.heading.as_of))}    {self.say(scope)}", self.style(font_color="#5A6776")
        )
        sheet.set_row(HEADER_ROW, 32)
        head = self.style(bold=True, bg_color=INK, font_color=PAPER, border=1, border_color=BORDER, align="center", text_wrap=True)
        for at, column in enumerate(table.fields):
            sheet.write_string(HEADER_ROW, at, header_text(column, self.language), head)

    def _formats(self, column: Field) -> "tuple[Format, Format, Format]":
        """Formats of a cell of the column: as usual, alarming, like a formula."""
        usual: dict[str, Any] = {"border": 1, "border_color": BORDER, "num_format": number_format(column)}
        if not column.type.numeric:
            usual |= {"text_wrap": column.type in (CellType.TEXT, CellType.WORDS), "num_format": number_format(column)}
        return self.style(**usual), self.style(**usual, font_color=RED, bold=True), self.style(**usual, quote_prefix=True)

    def _write_row(
        self, sheet: "Worksheet", at: int, row: Sequence[Any], fields: Sequence[Field], formats: "Sequence[tuple[Format, Format, Format]]"
    ) -> None:
        for across, (value, column, (usual, alarming, quoted)) in enumerate(zip(row, fields, formats, strict=True)):
            match column.type:
                case _ if value is None:
                    sheet.write_blank(at, across, None, usual)
                case CellType.MONEY:
                    sheet.write_number(at, across, value / 100, alarming if alerts(value, column) else usual)
                case CellType.INTEGER | CellType.NUMBER | CellType.SHARE:
                    sheet.write_number(at, across, value, alarming if alerts(value, column) else usual)
                case CellType.DATE | CellType.MONTH:
                    sheet.write_datetime(at, across, value, usual)
                case CellType.BOOLEAN:
                    sheet.write_boolean(at, across, value, usual)
                case _:
                    text = self._fitted(self.say(value))
                    sheet.write_string(at, across, text, quoted if is_formula_like(text) else usual)

    def _fitted(self, text: str) -> str:
        if len(text) <= CELL_CHARACTERS:
            return text
        self.cut += 1
        return f"{text[: CELL_CHARACTERS - 1]}…"

    def _write_totals(self, sheet: "Worksheet", at: int, fields: Sequence[Field], totals: Totals, count: int) -> None:
        """The last row: sums as formulas that follow the filter, with the value of all rows kept beside."""
        from xlsxwriter.utility import xl_range

        if not count or not any(column.total for column in fields):
            return
        usual: dict[str, Any] = {"bold": True, "bg_color": WASH, "top": 2, "top_color": INK, "bottom": 1, "bottom_color": BORDER}
        for across, column in enumerate(fields):
            if column.total:
                total = totals.of(across) / 100 if column.type is CellType.MONEY else totals.of(across)
                formula = f"=SUBTOTAL(109,{xl_range(HEADER_ROW + 1, across, HEADER_ROW + count, across)})"
                sheet.write_formula(at, across, formula, self.style(**usual, num_format=number_format(column)), total)
            elif across == 0:
                sheet.write_string(at, across, self.say(phrase("total")), self.style(**usual))
            else:
                sheet.write_blank(at, across, None, self.style(**usual))

    def _set_up(self, sheet: "Worksheet", report: Report, table: Table, count: int) -> None:
        """Frozen and repeated header, filter, A4 across, one page wide."""
        last = len(table.fields) - 1
        sheet.freeze_panes(HEADER_ROW + 1, min(2, last))
        sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + max(count, 1), last)
        sheet.repeat_rows(HEADER_ROW)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.hide_gridlines(2)
        names = f"{self.say(report.words)} · {self.say(table.words)}".replace("&", "&&")
        sheet.set_footer(f"&L&9{names}&C&9&P / &N&R&9{report.heading.as_of}")

    def write_charts(self, report: Report) -> None:
        """Charts of their own numbers, which stand beside them."""
        if not report.charts:
            return
        name = self.names.take(self.say(phrase("charts")), 1)
        sheet = self.workbook.add_worksheet(name)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 18)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        at = 0
        for chart in report.charts:
            title = self.say(chart.words)
            sheet.write_string(at, 0, title, self.style(bold=True, font_color=INK))
            sheet.write_string(at, 1, self.say(chart.unit), self.style(align="right"))
            for row, (category, value) in enumerate(zip(chart.categories, chart.values, strict=True), start=at + 1):
                text = self.say(category)
                sheet.write_string(row, 0, text, self.style(quote_prefix=True) if is_formula_like(text) else self.style())
                sheet.write_number(row, 1, value, self.style(num_format="#,##0.00"))
            last = at + len(chart.categories)
            drawn = self.workbook.add_chart({"type": "bar" if chart.kind == "bars" else "column"})
            drawn.add_series(
                {
                    "categories": [name, at + 1, 0, last, 0],
                    "values": [name, at + 1, 1, last, 1],
                    "categories_data": [self.say(category) for category in chart.categories],
                    "values_data": list(chart.values),
                    "fill": {"color": "#14613F"},
                    "gap": 60,
                }
            )
            drawn.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
            drawn.set_legend({"none": True})
            if chart.kind == "bars":
                drawn.set_y_axis({"reverse": True})
            drawn.set_size({"width": 720, "height": max(260, 60 + 26 * len(chart.categories))})
            sheet.insert_chart(at, 3, drawn)
            at = max(last + 3, at + 2 + max(260, 60 + 26 * len(chart.categories)) // 20)

    def write_provenance(self, report: Report, rows: Sequence[int]) -> None:
        """The last sheet: what the numbers rest on."""
        sheet = self.workbook.add_worksheet(self.names.take(self.say(phrase("provenance")), 1))
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 110)
        heading = report.heading
        lines: list[tuple[Words, Words | str]] = [
            (phrase("title"), report.words),
            (phrase("as_of_label"), heading.as_of),
            (phrase("scope_label"), heading.scope),
            *((phrase("source"), source) for source in heading.sources),
            (phrase("basis"), report.basis),
            *([(phrase("made_at"), heading.made_at)] if heading.made_at else []),
            *((phrase("rows"), f"{self.say(table.words)}: {count:,}") for table, count in zip(report.tables, rows, strict=True)),
            *((phrase("note"), note) for note in (*heading.notes, *report.notes, phrase("apostrophe"))),
            *([(phrase("note"), phrase("cut", count=str(self.cut)))] if self.cut else []),
        ]
        for at, (label, text) in enumerate(lines):
            said = self.say(text)
            sheet.write_string(at, 0, self.say(label), self.style(bold=True, font_color=INK, valign="top"))
            sheet.write_string(at, 1, said, self.style(text_wrap=True, quote_prefix=is_formula_like(said)))
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
