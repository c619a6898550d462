"""A report as one HTML file: printable, in both languages, self-contained; written row by row."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twin.reports.cell import Totals, alerts, check_cell, plain_text, said
from twin.reports.phrases import phrase, unit_words
from twin.reports.picture import chart_svg
from twin.reports.report import CellType, Chart, Field, Report, Table, iter_rows
from viewer.document import Document, Words, read_part, say, words_html

__all__ = ["MAX_ROWS", "write_html"]

MAX_ROWS = 5_000


def write_html(report: Report, path: Path, *, max_rows: int = MAX_ROWS) -> Path:
    """Write the page and return its path. A table longer than `max_rows` says so and where the rest is; totals are of all rows.

    Errors as of `check_cell`: nothing is left half written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_pieces(report, max_rows))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _pieces(report: Report, max_rows: int) -> Iterator[str]:
    document = Document(title=report.words, styles=(read_part("twin.reports", "report.css"),))
    yield document.start()
    yield _masthead(report)
    yield _callout(report)
    yield '<div class="charts">' if report.charts else ""
    for chart in report.charts:
        yield _figure(chart)
    yield "</div>\n" if report.charts else ""
    for at, table in enumerate(report.tables):
        yield from _table(table, max_rows, f"table-{at}")
    yield _sources(report)
    yield "</main>\n"
    yield document.end()


def _masthead(report: Report) -> str:
    heading = report.heading
    return f"""<main class="page"><header class="masthead"><div><h1>{words_html(report.words)}</h1>
<p class="subtitle">{words_html(phrase("as_of", date=heading.as_of))} · {words_html(phrase("scope", scope=say(heading.scope)))}</p></div>
<div class="actions"><button type="button" data-action="language">{words_html(phrase("language"))}</button>
<button type="button" data-action="print">{words_html(phrase("print"))}</button></div></header>
"""


def _callout(report: Report) -> str:
    notes = "".join(f"<li>{_html(note)}</li>" for note in (*report.heading.notes, *report.notes))
    return f'<ul class="callout">{notes}</ul>\n' if notes else ""


def _figure(chart: Chart) -> str:
    caption = f"<figcaption>{words_html(chart.words)}<small>{words_html(chart.unit)}</small></figcaption>"
    return f"<figure>{caption}{chart_svg(chart)}</figure>\n"


def _table(table: Table, max_rows: int, anchor: str) -> Iterator[str]:
    total = len(table)
    yield f'<h2 id="{anchor}">{words_html(table.words)}<span class="count">{total:,}</span></h2>\n'
    if total > max_rows:
        yield f'<p class="subtitle">{words_html(phrase("shown", total=f"{total:,}", shown=f"{max_rows:,}"))}</p>\n'
    yield f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}"><table><thead><tr>'
    yield "".join(f'<th scope="col"{_class(column)}>{words_html(column.words)}{_unit(column)}</th>' for column in table.fields)
    yield "</tr></thead><tbody>\n"
    if not total:
        yield f'<tr><td colspan="{len(table.fields)}">{words_html(phrase("empty"))}</td></tr>\n'
    totals = Totals(table.fields)
    for at, row in enumerate(iter_rows(table), start=1):
        checked = [check_cell(value, column, at) for value, column in zip(row, table.fields, strict=True)]
        totals.add(checked)
        if at <= max_rows:
            yield _row(checked, table.fields)
    yield "</tbody>"
    yield _totals(table.fields, totals) if total else ""
    yield "</table></div>\n"


def _row(row: Sequence[Any], fields: Sequence[Field]) -> str:
    return f"<tr>{''.join(_cell(value, column) for value, column in zip(row, fields, strict=True))}</tr>\n"


def _cell(value: Any, column: Field) -> str:
    return f"<td{_class(column, alerts(value, column))}>{_html(said(value, column))}</td>"


def _html(text: Words | str) -> str:
    return words_html(Words(plain_text(text, "zh"), plain_text(text, "en")))


def _totals(fields: Sequence[Field], totals: Totals) -> str:
    if not any(column.total for column in fields):
        return ""
    cells = []
    for at, column in enumerate(fields):
        if column.total:
            total = totals.of(at)
            cells.append(f"<td{_class(column, alerts(total, column))}>{_html(said(total, column))}</td>")
        else:
            cells.append(f'<th scope="row">{words_html(phrase("total"))}</th>' if at == 0 else "<td></td>")
    return f"<tfoot><tr>{''.join(cells)}</tr></tfoot>"


def _sources(report: Report) -> str:
    heading = report.heading
    lines = [
        *((phrase("source"), source) for source in heading.sources),
        (phrase("basis"), report.basis),
        *([(phrase("made_at"), heading.made_at)] if heading.made_at else []),
    ]
    said_lines = "".join(f"<p>{words_html(label)}: {_html(text)}</p>" for label, text in lines)
    return f'<footer class="sources">{said_lines}<p>{words_html(phrase("made"))}</p></footer>\n'


def _class(column: Field, alarming: bool = False) -> str:
    names = [
        *(["number"] if column.type.numeric else []),
        *([_breadth(column.width or 0)] if column.type in (CellType.TEXT, CellType.WORDS) else []),
        *(["alert"] if alarming else []),
    ]
    return f' class="{" ".join(names)}"' if names else ""


def _breadth(width: int) -> str:
    return "wide" if width > 30 else "middle" if width > 15 else "narrow"


def _unit(column: Field) -> str:
    return f" <small>({words_html(unit_words(column.unit))})</small>" if column.unit else ""
