"""Ledgers and cards as sheets: the same columns for every side that is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, select

from twin.queries.assetops.reconcile.fetched import fetch_columns
from twin.queries.assetops.rules import shipped_rules
from twin.records.counters import clock_of
from twin.records.unit_tree import UnitTree
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CARDS", "NOTHING", "NO_VALUE", "Classes", "Sheet", "load_cards", "load_entries"]

Array: TypeAlias = np.ndarray[Any, Any]
CARDS = "资产卡片"
NOTHING = -1
NO_VALUE = np.iinfo(np.int64).min


class Classes:
    """Numbers for (edition, code), shared by the sheets of one comparison; 0 is no class at all."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = [("", "")]
        self.numbers: dict[tuple[str, str], int] = {("", ""): 0}

    def number(self, edition: str | None, code: str | None) -> int:
        """The number of a class."""
        pair = (edition or "", code or "")
        if pair not in self.numbers:
            self.numbers[pair] = len(self.pairs)
            self.pairs.append(pair)
        return self.numbers[pair]

    def words(self, number: int) -> str:
        """A class as it is told: `A05010201 (GB/T 14885-2022)`."""
        edition, code = self.pairs[number]
        return f"{code or '—'} ({edition})" if edition else code


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """n rows of one side. `code` (n,) texts; `unit` (n,) record ids, −1 none, below that a text that names no known unit (−2 − its term);
    `klass` (n,) numbers of `Classes`; `quantity` NaN and `value` `NO_VALUE` where not stated; `booked` whether a ledger must have it."""

    name: str
    code: pa.LargeStringArray
    record: Array
    unit: Array
    klass: Array
    quantity: Array
    value: Array
    revision: Array
    line: Array
    booked: Array = field(default_factory=lambda: np.ones(0, dtype=np.bool_))

    def __len__(self) -> int:
        return len(self.code)


def load_entries(connection: Connection, ledger_id: int, name: str, units: UnitTree, classes: Classes) -> Sheet:
    """The entries of one ledger (the id of its name)."""
    table, now = schema.kind_table("ledger_entry"), clock_of(connection, "ledger_entry")
    class_texts = _texts(connection, "ledger_entry.class_code")
    names = ("code", "record_id", "unit_id", "class_code_id", "class_edition", "quantity", "value", "revision_id", "line")
    query = select(*(table.c[one] for one in names)).where(
        table.c.since <= now, table.c.until > now, table.c.ended.is_(None), table.c.ledger_id == ledger_id, table.c.code.is_not(None)
    )
    rows = fetch_columns(connection, query, _types(names, texts=("code", "class_edition")))
    pairs = _coded(rows["class_edition"], rows["class_code_id"])
    numbers = [classes.number(edition, class_texts.get(code or 0)) for edition, code in pairs[1]]
    return _sheet(name, rows, units, np.array(numbers, dtype=np.int64)[pairs[0]], np.ones(len(rows), dtype=np.bool_))


def load_cards(connection: Connection, units: UnitTree, classes: Classes) -> Sheet:
    """Every card; those of states that need no entry are marked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table, now = schema.kind_table("asset"), clock_of(connection, "asset")
    names = ("key", "record_id", "unit_id", "article_id", "state", "quantity", "value", "revision_id", "line")
    query = select(*(table.c[one] for one in names)).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None))
    rows = fetch_columns(connection, query, _types(names, texts=("key", "state"))).rename_columns(["code", *names[1:]])
    article = schema.article.c
    of_article: dict[int, int] = {
        row.id: classes.number(row.class_edition, row.class_code)
        for row in connection.execute(select(article.id, article.class_edition, article.class_code))
    }
    known = np.zeros(max(of_article, default=0) + 2, dtype=np.int64)
    known[list(of_article)] = list(of_article.values())
    unbooked = pc.fill_null(pc.is_in(rows["state"], pa.array(sorted(shipped_rules().unbooked), pa.large_string())), False)
    articles = _numbers(rows["article_id"], len(known) - 1)
    return _sheet(CARDS, rows, units, known[articles], ~np.asarray(unbooked.to_numpy(zero_copy_only=False)).astype(np.bool_))


def _sheet(name: str, rows: pa.Table, units: UnitTree, klass: Array, booked: Array) -> Sheet:
    code = rows["code"].combine_chunks()
    return Sheet(
        name=name,
        code=code.chunk(0) if hasattr(code, "chunk") and code.num_chunks else code,
        record=_numbers(rows["record_id"], NOTHING),
        unit=_units(_numbers(rows["unit_id"], NOTHING), units),
        klass=klass,
        quantity=np.asarray(rows["quantity"].to_numpy(), dtype=np.float64),
        value=_numbers(rows["value"], NO_VALUE),
        revision=_numbers(rows["revision_id"], NOTHING),
        line=_numbers(rows["line"], NOTHING),
        booked=booked,
    )


def _units(terms: Array, units: UnitTree) -> Array:
    known = np.arange(-2, -3 - int(terms.max(initial=0)), -1, dtype=np.int64)
    named = {term: record for term, record in units.records.items() if term < len(known)}
    known[list(named)] = list(named.values())
    return np.where(terms == NOTHING, NOTHING, known[terms])


def _coded(editions: Any, codes: Any) -> tuple[Array, list[tuple[str | None, int | None]]]:
    """Rows as numbers of the distinct (edition, class) pairs, and those pairs."""
    edition, code = editions.combine_chunks().dictionary_encode(), codes.combine_chunks().dictionary_encode()
    left, right = _numbers(edition.indices, len(edition.dictionary)), _numbers(code.indices, len(code.dictionary))
    width = len(code.dictionary) + 1
    present, inverse = np.unique(left * width + right, return_inverse=True)
    first, second = [*edition.dictionary.to_pylist(), None], [*code.dictionary.to_pylist(), None]
    return inverse, [(first[number // width], second[number % width]) for number in present.tolist()]


def _numbers(column: Any, empty: int) -> Array:
    import pyarrow as pa

    return np.asarray(column.cast(pa.int64()).fill_null(empty).to_numpy()).astype(np.int64)


def _types(names: tuple[str, ...], *, texts: tuple[str, ...]) -> Mapping[str, str]:
    return {name: "text" if name in texts else "number" if name == "quantity" else "integer" for name in names}


def _texts(connection: Connection, domain: str) -> dict[int, str]:
    term = schema.term.c
    return {row.id: row.text for row in connection.execute(select(term.id, term.text).where(term.domain == domain))}
