"""Names of articles, specifications and brands found by words: by windows of two characters, then the folded text itself.

A word of one character is found wherever it stands, one of two is a window, a longer one is in the text whose windows it has. Several words
must all be there. Texts are only ever added, so what a word found is kept and only new ones are asked again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Select, func, select

from twin.codes import fold
from twin.store import record_schema as schema

__all__ = ["ARTICLE_NAMES", "TextSearch", "search_words"]

Int32: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
ARTICLE_NAMES = "article"
"""The domain of names of articles, by article id; every other domain is that of terms."""
WORDS = 8
KEPT = 256
LAST = "\U0010ffff"


def search_words(text: str) -> list[str]:
    """The words of a search as written, at most eight; the rest of a longer text is one word.

    >>> search_words(" 联想　台式机 ")
    ['联想', '台式机']
    """
    return text.split(None, WORDS - 1)


class TextSearch:
    """Which texts of a domain have a word; remembers the last 256 questions. Safe for threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, str], tuple[int, Int32]] = OrderedDict()
        self._lock = threading.Lock()

    def with_word(self, connection: Connection, domain: str, word: str, newest: int) -> Int32:
        """The ids of the texts of a domain (`article`, `asset.brand`, …) that have a word, sorted; `newest` is the last id to look at."""
        folded = fold(word)
        if not folded:
            return np.empty(0, dtype=np.int32)
        with self._lock:
            seen, found = self._found.get((domain, folded), (0, np.empty(0, dtype=np.int32)))
        if seen < newest:
            new = _ids(connection, _query(connection, domain, folded).where(schema.term_window.c.term_id > seen))
            found = np.concatenate([found, new[new <= newest]])
            with self._lock:
                self._found[domain, folded] = (newest, found)
                self._found.move_to_end((domain, folded))
                while len(self._found) > KEPT:
                    self._found.popitem(last=False)
        return found[: int(np.searchsorted(found, newest, side="right"))]


def _query(connection: Connection, domain: str, folded: str) -> Select[Any]:
    window = schema.term_window.c
    here = window.domain == domain
    if len(folded) == 1:
        return select(window.term_id).distinct().where(here, window.window >= folded, window.window < folded + LAST)
    query = select(window.term_id).where(here, window.window == folded[:2])
    if len(folded) == 2:
        return query
    for start in range(1, len(folded) - 1):
        other = schema.term_window.alias(f"w{start}")
        query = (
            query.join(
                other, (other.c.term_id == window.term_id) & (other.c.domain == domain) & (other.c.window == folded[start : start + 2])
            )
            if start in (len(folded) // 2, len(folded) - 2)
            else query
        )
    inside = func.strpos if connection.dialect.name == "postgresql" else func.instr
    texts = (schema.article if domain == ARTICLE_NAMES else schema.term).c
    text = select(texts.folded).where(texts.id == window.term_id).scalar_subquery()
    return query.where(inside(text, folded) > 0)


def _ids(connection: Connection, query: Select[Any]) -> Int32:
    return np.unique(np.fromiter(connection.execute(query).scalars(), dtype=np.int32))
