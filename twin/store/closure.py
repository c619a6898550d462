"""The ancestor closure of a tree: every pair of a thing and something above it, so that "everything under" is one lookup."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, delete, select

from twin.store.database import insert_rows
from twin.store.schema import feature_closure, identity

__all__ = ["closure_pairs", "replace_closure"]

CHUNK = 5_000


def closure_pairs(parents: Mapping[int, int | None]) -> Iterator[tuple[int, int, int]]:
    """Each (ancestor, descendant, depth), a thing being its own ancestor at depth 0, at any depth of the tree.

    >>> sorted(closure_pairs({1: None, 2: 1}))
    [(1, 1, 0), (1, 2, 1), (2, 2, 0)]

    Raises ValueError for a parent that is not among the keys, and for a ring.
    """
    for descendant in parents:
        ancestor: int | None = descendant
        depth = 0
        while ancestor is not None:
            if ancestor not in parents:
                raise ValueError(f"{ancestor} is a parent and not in the tree")
            if depth > len(parents):
                raise ValueError(f"{descendant} is above itself")
            yield ancestor, descendant, depth
            ancestor, depth = parents[ancestor], depth + 1


def replace_closure(connection: Connection, model_id: int, parents: Mapping[int, int | None]) -> None:
    """Make the closure of a model that of `parents` (identity → identity), touching only the pairs that differ."""
    pairs = set(closure_pairs(parents))
    closure = feature_closure
    stored = {
        (row.ancestor_id, row.descendant_id, row.depth)
        for row in connection.execute(
            select(closure).join(identity, identity.c.id == closure.c.descendant_id).where(identity.c.model_id == model_id)
        )
    }
    moved = sorted({descendant for _, descendant, _ in stored - pairs})
    for start in range(0, len(moved), CHUNK):
        connection.execute(delete(closure).where(closure.c.descendant_id.in_(moved[start : start + CHUNK])))
    gone = set(moved)
    rows = [
        {"ancestor_id": pair[0], "descendant_id": pair[1], "depth": pair[2]}
        for pair in sorted(pairs)
        if pair not in stored or pair[1] in gone
    ]
    for _ in insert_rows(connection, closure, rows):
        pass
