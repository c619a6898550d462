"""Columns of differences as facts: words for what each side says, its file and line, the unit that must act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from twin.queries.assetops.reconcile.compare import Compared
from twin.queries.assetops.reconcile.difference import Difference, Side
from twin.queries.assetops.reconcile.sheet import NO_VALUE, NOTHING, Classes, Sheet
from twin.records.unit_tree import UnitTree
from twin.store import record_schema as schema

__all__ = ["Teller", "yuan"]


def yuan(fen: int) -> str:
    """An amount in fen as yuan.

    >>> yuan(-120050)
    '-1,200.50'
    """
    whole = abs(fen)
    return f"{'-' if fen < 0 else ''}{whole // 100:,}.{whole % 100:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Finds words for numbers: units, classes, files of revisions."""

    units: UnitTree
    classes: Classes
    files: Mapping[int, str]
    terms: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, units: UnitTree, classes: Classes) -> Teller:
        """What tells the differences of a store."""
        revision, term = schema.register_revision.c, schema.term.c
        files = {row.id: row.file for row in connection.execute(select(revision.id, revision.file))}
        known = {row.id: row.text for row in connection.execute(select(term.id, term.text).where(term.domain == "unit"))}
        return cls(units=units, classes=classes, files=files, terms=known)

    def tell(self, compared: Compared) -> Iterator[Difference]:
        """Each difference of two sheets."""
        left_codes, right_codes = compared.left.code, compared.right.code
        rows = zip(compared.what, compared.left_at.tolist(), compared.right_at.tolist(), compared.amount.tolist(), strict=True)
        for what, ours, theirs, amount in rows:
            key = (left_codes[ours] if ours != NOTHING else right_codes[theirs]).as_py()
            unit = int(compared.left.unit[ours]) if ours != NOTHING else int(compared.right.unit[theirs])
            if unit < 0 and theirs != NOTHING:
                unit = int(compared.right.unit[theirs])
            record = compared.right.record[theirs] if theirs != NOTHING else compared.left.record[ours]
            yield Difference(
                code=compared.codes[what],
                key=key,
                left=self._side(compared.left, ours, what),
                right=self._side(compared.right, theirs, what),
                amount=amount if what in ("only_left", "only_right", "value") else None,
                unit=self.unit_key(unit),
                unit_name=self.unit_words(unit) or None,
                record_id=int(record),
            )

    def unit_key(self, unit: int) -> str | None:
        """The key of a unit's record, None where it is none that is known."""
        node = self.units.nodes.get(unit)
        return node.key if node else None

    def unit_words(self, unit: int) -> str:
        """The name of a unit, or the text that names none."""
        node = self.units.nodes.get(unit)
        return node.name if node else self.terms.get(-2 - unit, "")

    def source(self, revision: int, line: int) -> tuple[str, int | None]:
        """The file and line of a row; none for what a person wrote."""
        return self.files.get(revision, ""), line if line != NOTHING else None

    def _side(self, sheet: Sheet, at: int, what: str) -> Side:
        if at == NOTHING:
            return Side(name=sheet.name, says="")
        file, line = self.source(int(sheet.revision[at]), int(sheet.line[at]))
        return Side(name=sheet.name, says=self._says(sheet, at, what), file=file, line=line)

    def _says(self, sheet: Sheet, at: int, what: str) -> str:
        if what == "quantity":
            number: Any = sheet.quantity[at]
            return "" if number != number else f"{number:g}"
        if what == "class":
            return self.classes.words(int(sheet.klass[at]))
        if what == "unit":
            return self.unit_words(int(sheet.unit[at]))
        value = int(sheet.value[at])
        return "" if value == NO_VALUE else yuan(value)
