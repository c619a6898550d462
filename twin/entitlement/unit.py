"""A unit's approved area from its posts against what it holds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from twin.codes import Fault
from twin.codes.area import AreaRule
from twin.entitlement.standard import Limit, Standard

__all__ = ["BASIC_USES", "HeldRoom", "PostLine", "UnitVerdict", "UseLine", "judge_unit"]

BASIC_USES: Final = ("office", "service", "equipment")
"""Basic office space of the standard; annexes stand beside it, technical rooms outside it, circulation is no usable area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRoom:
    """A room allocated to the unit: `use` as the dictionary codes it, empty where unknown, and its usable area in m²."""

    use: str
    area_m2: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """The posts of one rank and the area they give (m²); None where no table has a limit for the rank."""

    rank: str
    posts: int
    limit: Limit | None
    area_m2: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLine:
    """One use of rooms: approved and held usable area in m²; `approved_m2` is None where the standard gives no number."""

    use: str
    approved_m2: float | None
    held_m2: float
    rooms: int
    rooms_without_area: int

    @property
    def excess_m2(self) -> float | None:
        """Held beyond what is approved (m², negative below it), None where nothing is said of the use."""
        return None if self.approved_m2 is None else round(self.held_m2 - self.approved_m2, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitVerdict:
    """`over`, `within`, or `limit_unknown`; areas are usable m² of basic office space, `building_area_m2` the most it may be built in."""

    verdict: str
    posts: tuple[PostLine, ...]
    uses: tuple[UseLine, ...]
    approved_m2: float | None
    held_m2: float
    excess_m2: float | None
    building_area_m2: float | None
    zh: str
    en: str
    findings: tuple[Fault, ...] = ()


def judge_unit(
    level: str, posts: Mapping[str, int], held: Iterable[HeldRoom], standard: Standard, *, high_rise: bool | None = None
) -> UnitVerdict:
    """The unit's approved usable area from its posts by rank, with service and equipment rooms, against the rooms it holds.

    100 posts below division of a city unit: offices 900 m², service 8 m² a person 800 m², equipment 9 % of both 153 m². Findings:
    `POSTS_UNKNOWN`, `AREA_LIMIT_UNKNOWN` for each rank no table has, `AREA_RULE_UNKNOWN`, `ROOM_AREA_MISSING` where held rooms have no
    area (held is then at least the number given). `high_rise` chooses the share of usable area; without it no building area is given.
    """
    lines = tuple(_post(standard, level, rank, count) for rank, count in posts.items() if count)
    findings = [_no_limit(level, line, standard) for line in lines if line.limit is None]
    if not lines:
        findings.append(Fault(code="POSTS_UNKNOWN", message="no approved posts of the unit are known: what it may hold cannot be told"))
    approved = _approved(level, lines, standard, findings) if lines else {}
    uses = tuple(_use(use, approved.get(use), rooms) for use, rooms in _by_use(held).items() if rooms or use in BASIC_USES)
    basic = [line for line in uses if line.use in BASIC_USES]
    without = sum(line.rooms_without_area for line in uses)
    if without:
        findings.append(
            Fault(code="ROOM_AREA_MISSING", message=f"{without} rooms of the unit have no area: it holds at least what is said")
        )
    held_m2 = round(sum(line.held_m2 for line in basic), 2)
    total = _sum(approved.get(use) for use in BASIC_USES)
    return _verdict(lines, uses, total, held_m2, _building_area(total, standard, high_rise), tuple(findings))


def _post(standard: Standard, level: str, rank: str, count: int) -> PostLine:
    limit = standard.find_limit(level, rank)
    return PostLine(rank=rank, posts=count, limit=limit, area_m2=None if limit is None else limit.area_m2 * count)


def _no_limit(level: str, line: PostLine, standard: Standard) -> Fault:
    message = f"{line.posts} posts of rank {line.rank}: no table has a limit in a unit of level {level} on {standard.day}"
    return Fault(code="AREA_LIMIT_UNKNOWN", message=message)


def _approved(level: str, lines: tuple[PostLine, ...], standard: Standard, findings: list[Fault]) -> dict[str, float | None]:
    people = sum(line.posts for line in lines)
    office = _sum(line.area_m2 for line in lines)
    service_rule = _rule(standard, "service_m2", level, findings)
    equipment_rule = _rule(standard, "equipment_share", level, findings)
    service = None if service_rule is None else service_rule.at(people) * people
    base = _sum((office, service))
    equipment = None if equipment_rule is None or base is None else equipment_rule.value * base
    return {"office": office, "service": service, "equipment": equipment}


def _rule(standard: Standard, name: str, level: str, findings: list[Fault]) -> AreaRule | None:
    rule = standard.find_rule(name, level)
    if rule is None:
        findings.append(Fault(code="AREA_RULE_UNKNOWN", message=f"no table has {name} for level {level} on {standard.day}"))
    return rule


def _sum(parts: Iterable[float | None]) -> float | None:
    """The sum, None where any part is unknown."""
    total = 0.0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def _by_use(held: Iterable[HeldRoom]) -> dict[str, list[HeldRoom]]:
    found: dict[str, list[HeldRoom]] = {use: [] for use in BASIC_USES}
    for room in held:
        found.setdefault(room.use, []).append(room)
    return found


def _use(use: str, approved: float | None, rooms: list[HeldRoom]) -> UseLine:
    return UseLine(
        use=use,
        approved_m2=None if approved is None else round(approved, 2),
        held_m2=round(sum(_areas(rooms)), 2),
        rooms=len(rooms),
        rooms_without_area=len(rooms) - sum(1 for _ in _areas(rooms)),
    )


def _areas(rooms: Iterable[HeldRoom]) -> Iterator[float]:
    return (room.area_m2 for room in rooms if room.area_m2 is not None and isfinite(room.area_m2) and room.area_m2 > 0)


def _building_area(usable_m2: float | None, standard: Standard, high_rise: bool | None) -> float | None:
    if usable_m2 is None or high_rise is None:
        return None
    rule = standard.find_rule("usable_share_high_rise" if high_rise else "usable_share_multi_storey")
    return None if rule is None else round(usable_m2 / rule.value, 2)


def _verdict(
    posts: tuple[PostLine, ...],
    uses: tuple[UseLine, ...],
    approved: float | None,
    held: float,
    building: float | None,
    findings: tuple[Fault, ...],
) -> UnitVerdict:
    excess = None if approved is None else round(held - approved, 2)
    documents = "、".join(dict.fromkeys(line.limit.rule for line in posts if line.limit is not None))
    if approved is None or excess is None:
        verdict, zh, en = "limit_unknown", f"占用 {held:g} m², 核定面积无法计算", f"holds {held:g} m²; what is approved cannot be told"
    elif excess > 0:
        verdict, zh, en = (
            "over",
            f"超 {excess:g} m²(核定 {approved:g}, 占用 {held:g})",
            f"over by {excess:g} m² ({approved:g} approved, {held:g} held)",
        )
    else:
        verdict, zh, en = (
            "within",
            f"未超标, 余 {abs(excess):g} m²(核定 {approved:g}, 占用 {held:g})",
            f"within by {abs(excess):g} m² ({approved:g} approved, {held:g} held)",
        )
    tail = f" · {documents}" if documents else ""
    return UnitVerdict(
        verdict=verdict,
        posts=posts,
        uses=uses,
        approved_m2=None if approved is None else round(approved, 2),
        held_m2=held,
        excess_m2=excess,
        building_area_m2=building,
        zh=zh + tail,
        en=en + tail,
        findings=findings,
    )
