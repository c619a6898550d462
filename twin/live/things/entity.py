"""One entity as it is kept and asked: its members, what it is linked to, and who may know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["Entity", "Id", "id_order"]

Id: TypeAlias = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """`links` are the ids of what it names itself: one id for a single navigation property, a tuple for `Locations`.

    `label` None is said of what holds no secret (a definition that ships with the twin). `own` is whether the twin's registers
    say it: such a one is read only.
    """

    type: str
    id: Id
    body: Mapping[str, Any]
    site: str | None = None
    label: str | None = None
    links: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False


def id_order(name: Id) -> tuple[int, int, str]:
    """The order of ids, as the database has it: numbers, then texts by their code points.

    >>> sorted(["b", 10, "a", 9], key=id_order)
    [9, 10, 'a', 'b']
    """
    return (0, name, "") if isinstance(name, int) else (1, 0, name)
