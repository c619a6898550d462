"""Which sheet of a workbook is the ledger of a kind, and the columns that other sheets of the book add to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from spatial.issue import Issue, Severity
from twin.ledgers.errors import LedgerUnreadable, MappingError
from twin.ledgers.mapping import LedgerMapping
from twin.ledgers.workbook import Sheet, Widen, Workbook

__all__ = ["pick_sheet", "resolve_units", "unread_sheets"]

Named = Callable[[Sequence[str]], int]
"""How many cells of a row are headers of the kind."""


def pick_sheet(book: Workbook, said: LedgerMapping, count: Named, complete: Named) -> Sheet:
    """The sheet that the mapping names, else the only one with the headers of the kind; `complete` counts a row's identities.

    Raises LedgerUnreadable: SHEET_MISSING, SHEET_AMBIGUOUS, LEDGER_EMPTY.
    """
    if said.sheet:
        return _widened(book, book.sheet(said.sheet), said)
    sheets = [sheet for name in book.names if (sheet := book.sheet(name)).top]
    if not sheets:
        raise LedgerUnreadable("the workbook is empty", path=str(book.path), code="LEDGER_EMPTY")
    able = [sheet for sheet in sheets if any(complete(cells) and count(cells) > 1 for _, cells in sheet.top)]
    if len(able) > 1:
        names = ", ".join(sheet.name for sheet in able)
        hint = f'say which in a mapping file: [file] sheet = "{able[0].name}"'
        raise LedgerUnreadable(f"several sheets may be the ledger: {names}", path=str(book.path), hint=hint, code="SHEET_AMBIGUOUS")
    best = able or [max(sheets, key=lambda sheet: max(count(cells) for _, cells in sheet.top))]
    evidence = "the only sheet" if len(sheets) == 1 else f"the only one of {len(sheets)} sheets with the headers of the kind"
    return _widened(book, replace(best[0], evidence=evidence), said)


def unread_sheets(book: Workbook, read: str) -> tuple[Issue, ...]:
    """A note on each other sheet that holds rows, with their number, so that none is forgotten."""
    return tuple(
        Issue(
            code="SHEET_UNREAD",
            path=f"{book.path}#{name}",
            message=f"{rows} rows below its first are not part of this ledger",
            severity=Severity.INFO,
        )
        for name in book.names
        if name != read and (rows := max(0, sum(1 for _ in book.sheet(name).rows()) - 1))
    )


def resolve_units(book: Workbook, units: Mapping[str, str]) -> dict[str, str]:
    """Units as they are said; `@Facility.AreaUnits` is what that column of the first row of a sheet says."""
    return {column: _first_row(book, unit[1:].split(".")[0])[unit[1:]] if unit.startswith("@") else unit for column, unit in units.items()}


def _widened(book: Workbook, sheet: Sheet, said: LedgerMapping) -> Sheet:
    """The sheet with the columns that the mapping takes from others; only those it names in [columns]."""
    if not (said.first or said.join or said.combine):
        return sheet
    header = next(iter(sheet.top), (0, ()))[1]
    constants = {name: text for other in said.first for name, text in _first_row(book, other).items() if name in said.columns}
    lookups: dict[str, tuple[int, Mapping[str, str]]] = {}
    for other, link in said.join.items():
        lookups |= _lookups(book, other, link, header, said)
    combined = {
        name: (tuple(_place(header, part, sheet.name) for part in parts), said.empty)
        for name, parts in said.combine.items()
        if name in said.columns
    }
    names = (*constants, *lookups, *combined)
    return replace(sheet, widen=Widen(header=header, names=names, constants=constants, lookups=lookups, combined=combined))


def _first_row(book: Workbook, name: str) -> dict[str, str]:
    """The first row below the header of a sheet, by `Sheet.Header`."""
    (_, header), (_, cells) = [*islice(book.sheet(name).rows(), 2), (0, ()), (0, ())][:2]
    cells = (*cells, *[""] * (len(header) - len(cells)))
    return {f"{name}.{title.strip()}": cell for title, cell in zip(header, cells, strict=False)}


def _lookups(
    book: Workbook, other: str, link: Mapping[str, str], header: Sequence[str], said: LedgerMapping
) -> dict[str, tuple[int, Mapping[str, str]]]:
    """For each column that another sheet adds: the place of the own cell that leads there, and what it leads to.

    A key that stands twice in the other sheet leads to nothing where the two rows say different things.
    """
    rows = book.sheet(other).rows()
    titles = [title.strip() for title in next(rows, (0, ()))[1]]
    key = _place(titles, link["key"], other)
    wanted = {f"{other}.{title}": index for index, title in enumerate(titles) if f"{other}.{title}" in said.columns}
    own = _place(header, link["on"], other)
    found: dict[str, dict[str, str]] = {name: {} for name in wanted}
    for _, cells in rows:
        for name, index in wanted.items():
            first = found[name].setdefault(cells[key].strip(), cells[index])
            if first != cells[index]:
                found[name][cells[key].strip()] = ""
    return {name: (own, texts) for name, texts in found.items()}


def _place(header: Sequence[str], title: str, sheet: str) -> int:
    places = [index for index, cell in enumerate(header) if cell.strip() == title]
    if not places:
        raise MappingError(f"the sheet {sheet} has no column {title!r}", path=sheet, hint=f"its columns: {', '.join(header)}")
    return places[0]
