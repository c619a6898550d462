"""What the numbers in rows say: terms, articles and locations are only ever added, so what was looked up once is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from twin.store import record_schema as schema

__all__ = ["Texts"]

KEPT = 20_000
"""Of each table: some megabytes. When there are more all are forgotten, and those in use are looked up again."""
ASKED_AT_ONCE = 10_000
TERM, ARTICLE, LOCATION = schema.term.c, schema.article.c, schema.location.c
SAYING: Mapping[str, tuple[Any, ...]] = {
    "": (TERM.id, TERM.text),
    "article": (ARTICLE.id, ARTICLE.name, ARTICLE.class_code, ARTICLE.class_edition),
    "location": (LOCATION.id, LOCATION.building, LOCATION.storey, LOCATION.room),
}
"""The part of a record (none: a term) → the number and what it says."""


class Texts:
    """Remembers them for one store; safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, Sequence[str]]] = {part: {} for part in SAYING}
        ids: Any = bindparam("ids", expanding=True, literal_execute=True)
        self._asked = {part: select(*said).where(said[0].in_(ids)) for part, said in SAYING.items()}

    def terms(self, connection: Connection, ids: Sequence[int | None]) -> list[str | None]:
        """The text of each number, None for none."""
        found = self._find(connection, "", ids)
        texts: dict[int | None, str] = {number: said[0] for number, said in found.items()}
        return [texts.get(number) for number in ids]

    def of_part(self, connection: Connection, part: str, ids: Sequence[int | None], names: Iterable[str]) -> list[list[str | None]]:
        """For each name the text that each article or location has under it, None for an empty one."""
        found = self._find(connection, part, ids)
        told = [column.name for column in SAYING[part]][1:]
        columns = []
        for at in (told.index(name) for name in names):
            texts: dict[int | None, str | None] = {number: said[at] or None for number, said in found.items()}
            columns.append([texts.get(number) for number in ids])
        return columns

    def _find(self, connection: Connection, part: str, ids: Sequence[int | None]) -> dict[int, Sequence[str]]:
        known, wanted = self._known[part], {number for number in ids if number is not None}
        found = {number: said for number in wanted if (said := known.get(number)) is not None}
        missing = sorted(wanted - found.keys())
        for start in range(0, len(missing), ASKED_AT_ONCE):
            rows = connection.execute(self._asked[part], {"ids": missing[start : start + ASKED_AT_ONCE]})
            new = {number: tuple(said) for number, *said in rows}
            found |= new
            if len(known) + len(new) > KEPT:
                self._known[part] = known = {}
            known |= new
        return found
