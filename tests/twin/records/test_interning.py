"""Texts are written once, whoever else writes the same between the look-up and the turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from sqlalchemy import Connection, func, select

from twin.records import digests, interning
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


def numbered(texts: list[str]) -> Coded:
    """All these texts, none of them met before."""
    return Coded(new={DOMAIN: texts}, numbered={"brand_id": Numbered(DOMAIN, np.arange(len(texts), dtype=np.int32))})


@pytest.mark.parametrize("worth", [0, 8])
def test_texts_of_older_and_newer_rows_are_found_whether_or_not_their_digests_are_read_ahead(
    opened: Callable[..., Store], monkeypatch: pytest.MonkeyPatch, worth: int
) -> None:
    """What was there before, what this interner wrote, what another wrote in between: each text has one row."""
    monkeypatch.setattr(digests, "WORTH", worth)
    store = opened()
    with store.database.writing() as connection:
        before = intern(connection, DOMAIN, ["联想", "华为"], {})
    interner = Interner(store.database)
    interner.learn(numbered(["联想", "海尔"]), lambda _: None)
    with store.database.writing() as connection:
        between = intern(connection, DOMAIN, ["海尔", "格力"], {})
    other = Interner(store.database)
    for each in (interner, other):
        each.learn(numbered(["格力", "海尔", "美的"]), lambda _: None)
    with store.database.reading() as connection:
        ids = {row.text: row.id for row in connection.execute(select(schema.term).where(schema.term.c.domain == DOMAIN))}
        assert connection.execute(select(func.count()).select_from(schema.term)).scalar_one() == 5
    assert ids == {**before, **between, "美的": ids["美的"]}
    assert other.columns(numbered(["格力", "海尔", "美的"]))["brand_id"].to_pylist() == [ids["格力"], ids["海尔"], ids["美的"]]


def test_two_texts_of_one_digest_are_two_rows(opened: Callable[..., Store], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second round tells them apart, also where the first is known from before."""
    monkeypatch.setattr(interning, "digest_of", lambda domain, key, round_=0: 7 if round_ == 0 else hash((key, round_)) >> 1)
    store = opened()
    interner = Interner(store.database)
    interner.learn(numbered(["联想"]), lambda _: None)
    interner.learn(numbered(["华为", "联想"]), lambda _: None)
    with store.database.reading() as connection:
        assert sorted(connection.execute(select(schema.term.c.text)).scalars()) == ["华为", "联想"]
