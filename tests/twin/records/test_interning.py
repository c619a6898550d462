"""Texts are written once, whoever else writes the same between the look-up and the turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from sqlalchemy import Connection, select

from twin.records.interning import Interner, intern
from twin.records.stored import Coded, Numbered
from twin.store import Store
from twin.store import record_schema as schema

DOMAIN = "asset.brand"


class Between:
    """A database where somebody else writes before each turn."""

    def __init__(self, store: Store, write: Callable[[Connection], object]) -> None:
        self._database, self._write = store.database, write
        self.reading = store.database.reading

    @contextmanager
    def staging(self) -> Iterator[Connection]:
        """A turn, after somebody else's."""
        with self._database.writing() as connection:
            self._write(connection)
        with self._database.staging() as connection:
            yield connection


def test_what_another_wrote_after_the_look_up_is_found_in_the_turn(opened: Callable[..., Store]) -> None:
    store = opened()
    interner = Interner(Between(store, lambda connection: intern(connection, DOMAIN, ["联想"], {})))  # type: ignore[arg-type]
    coded = Coded(new={DOMAIN: ["联想", "华为"]}, numbered={"brand_id": Numbered(DOMAIN, np.array([1, -1, 0, 1], np.int32))})
    interner.learn(coded, lambda _: None)
    with store.database.reading() as connection:
        ids = {row.text: row.id for row in connection.execute(select(schema.term).where(schema.term.c.domain == DOMAIN))}
    assert len(ids) == 2
    assert interner.columns(coded)["brand_id"].to_pylist() == [ids["华为"], None, ids["联想"], ids["华为"]]
