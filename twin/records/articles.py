"""Classes of articles as columns: what assets are counted and filtered by, looked up by the article they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, select

from twin.codes import shipped_tables
from twin.codes.asset_class import AssetClass, ClassScheme
from twin.store import record_schema as schema

__all__ = ["ArticleClasses", "class_words", "load_classes", "top_length"]

Int32: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
NO_CLASS = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArticleClasses:
    """`number` is by article id the place of its (edition, code) in `classes`; articles are only ever added."""

    classes: tuple[tuple[str, str], ...] = (NO_CLASS,)
    number: Int32 = field(default_factory=lambda: np.zeros(1, dtype=np.int32))

    def grouped(self, length: int | None) -> tuple[list[tuple[str, str]], Int32]:
        """Classes cut to a length, None: to the top level of their edition; and by number of a class its group."""
        groups: dict[tuple[str, str], int] = {}
        of_class = [
            groups.setdefault((edition, code[: top_length(edition) if length is None else length]), len(groups))
            for edition, code in self.classes
        ]
        return list(groups), np.array(of_class, dtype=np.int32)

    def matching(self, prefix: str, edition: str | None) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """By article id, whether its class begins with the code; of one edition where it is named."""
        wanted = [code.startswith(prefix) and (edition is None or edition == of) for of, code in self.classes]
        return np.array(wanted, dtype=np.bool_)[self.number]


def load_classes(connection: Connection, known: ArticleClasses | None = None) -> ArticleClasses:
    """The classes of all articles; only those that are new since `known` are read."""
    known = known or ArticleClasses()
    article = schema.article.c
    query = select(article.id, article.class_edition, article.class_code).where(article.id >= len(known.number)).order_by(article.id)
    rows = list(connection.execute(query))
    if not rows:
        return known
    numbers = {one: number for number, one in enumerate(known.classes)}
    number = np.zeros(rows[-1].id + 1, dtype=np.int32)
    number[: len(known.number)] = known.number
    for row in rows:
        number[row.id] = numbers.setdefault((row.class_edition, row.class_code), len(numbers))
    return ArticleClasses(classes=tuple(numbers), number=number)


@cache
def top_length(edition: str) -> int:
    """How many characters the top level of an edition has; a whole code where the edition is none of ours."""
    ends = {scheme.class_edition: scheme.level_ends[0] for scheme in shipped_tables().rows(ClassScheme)}
    return ends.get(edition, 64)


@cache
def class_words() -> Mapping[tuple[str, str], tuple[str, str]]:
    """(edition, code without the zeros it is filled up with) → its words in Chinese and English, for classes that the table has."""
    padding = {scheme.class_edition: scheme.padding for scheme in shipped_tables().rows(ClassScheme)}
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for row in shipped_tables().rows(AssetClass):
        fill = padding.get(row.class_edition, "")
        found[row.class_edition, row.code] = (row.zh, row.en)
        if fill:
            found.setdefault((row.class_edition, row.code.rstrip(fill)), (row.zh, row.en))
    return found
