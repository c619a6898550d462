"""Which digests a table of shared texts has: a first import, whose texts are all new, need not ask the database for each of them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Table, select

__all__ = ["Digests"]

WORTH = 8
"""Rows not read yet, for each digest asked about, up to which reading them is cheaper than asking."""


class Digests:
    """The digests of tables as far as they were read, by the numbers of their rows: rows are only ever added, each with the next number."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, set[int]]] = {}

    def among(self, connection: Connection, table: Table, next_id: int, asked: Collection[int]) -> list[int]:
        """Those of some digests that the table may have; `next_id` is what this connection sees as the number of its next row."""
        upto, known = self._read.get(table.name, (1, set()))
        if next_id - upto > WORTH * len(asked):
            return list(asked)
        if next_id > upto:
            rows = connection.execute(select(table.c.digest).where(table.c.id >= upto, table.c.id < next_id))
            known.update(map(int, rows.scalars()))
            self._read[table.name] = (next_id, known)
        return [digest for digest in asked if digest in known]
