"""Links under a new revision of a model: kept where GlobalIds are kept, else told, with the re-drawn room proposed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.link.facts import Link, WorkItem
from twin.link.number import parse_number
from twin.link.storey import find_storey

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["Proposal", "Revised", "RoomOutline", "revise_links"]

_SAME_PLACE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomOutline:
    """A room of a revision: feature id, storey's Name, number, outline in site metres (None where it has none)."""

    id: str
    storey: str = ""
    number: str = ""
    outline: "BaseGeometry | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A room of the new revision that may be the lost one: what agrees, and how much of the two outlines is common (0–1, of
    their union; None without outlines). Nothing is moved until a person says so."""

    record_id: str
    lost_id: str
    new_id: str
    number: bool
    storey: bool
    overlap: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """Every link is kept or lost; each lost one has an item, and proposals where there are any, best first."""

    kept: tuple[Link, ...]
    lost: tuple[Link, ...]
    proposals: tuple[Proposal, ...]
    items: tuple[WorkItem, ...]


def revise_links(links: Sequence[Link], before: Sequence[RoomOutline], after: Sequence[RoomOutline]) -> Revised:
    """The links of one model from its rooms before and after. A kept room that changed its number stays linked with
    `LINK_NUMBER_CHANGED`; a lost one is `LINK_COUNTERPART_LOST`. Proposed are rooms that are new and have the same number in the
    same storey, or at least half of the outline (intersection over union) in the same storey.
    """
    old, new = {room.id: room for room in before}, {room.id: room for room in after}
    fresh: dict[str, list[RoomOutline]] = defaultdict(list)
    for room in after:
        if room.id not in old:
            fresh[_storey(room)].append(room)
    kept: list[Link] = []
    lost: list[Link] = []
    proposals: list[Proposal] = []
    items: list[WorkItem] = []
    for link in links:
        was, now = old.get(link.space_id), new.get(link.space_id)
        if now is not None:
            kept.append(link)
            if was is not None and _number(was) != _number(now):
                items.append(_renumbered(link, was, now))
            continue
        lost.append(link)
        found = [] if was is None else _propose(link, was, fresh[_storey(was)])
        proposals += found
        items.append(_lost(link, found))
    return Revised(kept=tuple(kept), lost=tuple(lost), proposals=tuple(proposals), items=tuple(items))


def _propose(link: Link, was: RoomOutline, fresh: Sequence[RoomOutline]) -> list[Proposal]:
    found = []
    for room in fresh:
        overlap = _overlap(was, room)
        number = bool(_number(was)) and _number(was) == _number(room)
        if number or (overlap is not None and overlap >= _SAME_PLACE):
            found.append(
                Proposal(
                    record_id=link.record_id, lost_id=was.id, new_id=room.id, number=number, storey=bool(_storey(was)), overlap=overlap
                )
            )
    return sorted(found, key=lambda one: (one.number, one.overlap or 0.0), reverse=True)


def _overlap(one: RoomOutline, other: RoomOutline) -> float | None:
    """The common part of two outlines over their union."""
    if one.outline is None or other.outline is None:
        return None
    common = one.outline.intersection(other.outline).area
    union = one.outline.area + other.outline.area - common
    return float(common / union) if union > 0 else None


def _storey(room: RoomOutline) -> str:
    return find_storey(room.storey) or room.storey


def _number(room: RoomOutline) -> str:
    readings = parse_number(room.number)
    return readings[0].canonical() if readings and readings[0].numbers else room.number.strip()


def _lost(link: Link, found: Sequence[Proposal]) -> WorkItem:
    hint = f"{found[0].new_id} may be the same room drawn anew" if found else "nothing in the new revision is like it"
    return WorkItem(
        code="LINK_COUNTERPART_LOST",
        record_ids=(link.record_id,),
        space_ids=(link.space_id, *(one.new_id for one in found)),
        message=f"the new revision has no {link.space_id}; {hint}",
        facts={"method": link.method, "proposed": [one.new_id for one in found]},
    )


def _renumbered(link: Link, was: RoomOutline, now: RoomOutline) -> WorkItem:
    return WorkItem(
        code="LINK_NUMBER_CHANGED",
        record_ids=(link.record_id,),
        space_ids=(link.space_id,),
        message=f"the room was {was.number!r} and is {now.number!r} in the new revision; the link is kept",
        facts={"before": was.number, "after": now.number},
    )
