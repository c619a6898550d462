"""Several records that claim one space: parts of it stand side by side, of rivals the one with clearly better evidence has it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin.link.facts import Evidence, Method, WorkItem

__all__ = ["Claim", "settle"]

_RANK = {"code": 4, "number": 3, "whole": 2, "part": 2, "letter": 1, "name": 1, "geometry": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A record's claim to spaces; `base` names what it rests on (policy.toml), `building` is how sure its building is."""

    record_id: str
    space_ids: tuple[str, ...]
    base: str
    evidence: Evidence
    building: float

    @property
    def method(self) -> Method:
        """The method of its links."""
        return "name" if self.base == "name" else "geometry" if self.base == "geometry" else "code"

    @property
    def strength(self) -> tuple[int, int]:
        """What it rests on, then what else speaks for it."""
        return _RANK[self.base], self.evidence.score()


def settle(claims: Iterable[Claim]) -> tuple[list[Claim], list[WorkItem], dict[str, tuple[str, ...]]]:
    """The claims that hold; an item `LINK_RECORDS_SHARE_SPACE` for each space with rivals; the losing records with what they claimed."""
    all_claims = list(claims)
    by_space: dict[str, list[Claim]] = defaultdict(list)
    for claim in all_claims:
        for space_id in claim.space_ids:
            by_space[space_id].append(claim)
    lost: dict[str, tuple[str, ...]] = {}
    items: list[WorkItem] = []
    for space_id, rivals in by_space.items():
        if len(rivals) == 1 or all(claim.base == "part" for claim in rivals):
            continue
        best = sorted(rivals, key=lambda claim: claim.strength, reverse=True)
        winner = best[0] if best[0].strength > best[1].strength else None
        lost.update({claim.record_id: claim.space_ids for claim in rivals if claim is not winner})
        items.append(_shared(space_id, best, winner))
    return [claim for claim in all_claims if claim.record_id not in lost], items, lost


def _shared(space_id: str, rivals: Sequence[Claim], winner: Claim | None) -> WorkItem:
    taken = "none of them is linked" if winner is None else f"{winner.record_id} has the better evidence"
    return WorkItem(
        code="LINK_RECORDS_SHARE_SPACE",
        record_ids=tuple(claim.record_id for claim in rivals),
        space_ids=(space_id,),
        message=f"{len(rivals)} records claim one space; {taken}",
        facts={claim.record_id: claim.evidence.as_json() for claim in rivals},
    )
