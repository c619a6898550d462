"""The verdict of one office: who sits there, what area they may have, what it has."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

from twin.codes import Fault
from twin.entitlement.office import Occupant, OfficeRoom, OfficeRule, RoomVerdict, Verdict
from twin.entitlement.standard import Limit, Standard

__all__ = ["judge_room"]

OUT_OF_USE: Final = frozenset({"lent", "under_repair", "sealed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    rule: OfficeRule
    area_m2: float
    limits: tuple[Limit, ...]
    strict: bool = False
    free_seats: int = 0
    seat_m2: float = 0.0


def judge_room(room: OfficeRoom, standard: Standard, *, prefer: str = "measured") -> RoomVerdict:
    """The verdict of a room on the day of the standard.

    The measured area is judged where there is one, else the declared one; `prefer="declared"` asks the other way round; an area that is
    not above zero is none. A 正处级 alone in
    24.4 m² of a provincial unit: `over`, 6.4 m², `over by 6.4 m² · 发改投资〔2014〕2674号 · 正处级 18 m²`.
    """
    area, area_from = _area(room, prefer)
    findings = tuple(_findings(room, standard))
    said = _without_people(room, area, area_from)
    if said is not None:
        return replace(said, findings=findings)
    if area is None:
        return replace(_plain(Verdict.AREA_UNKNOWN, "面积不明", "no area is known"), findings=findings)
    limits = [standard.find_limit(occupant.level, occupant.rank) for occupant in room.occupants]
    known = tuple(limit for limit in limits if limit is not None)
    if len(known) < len(limits):
        return _limit_unknown(room, limits, area, area_from, standard, findings)
    ungrounded = [occupant for occupant in room.occupants if occupant.second_office and not occupant.second_ground]
    if ungrounded:
        return _ungrounded(ungrounded, known, area, area_from, findings)
    return _compared(room, area, area_from, _allowed(room, known, standard), findings)


def _area(room: OfficeRoom, prefer: str) -> tuple[float | None, str]:
    known = {"measured": room.measured_m2, "declared": room.declared_m2}
    order = ("declared", "measured") if prefer == "declared" else ("measured", "declared")
    return next(((area, name) for name in order if (area := known[name]) is not None and isfinite(area) and area > 0), (None, ""))


def _without_people(room: OfficeRoom, area: float | None, area_from: str) -> RoomVerdict | None:
    """Verdicts that need no limit."""
    size = "" if area is None else f" · {area:g} m²"
    if not room.use:
        return _plain(Verdict.USE_UNKNOWN, "用房类型不明", "the use is not known", area, area_from)
    if room.use != "office":
        return _plain(Verdict.NOT_AN_OFFICE, "非办公室", "not an office", area, area_from)
    if room.state in OUT_OF_USE and not room.occupants:
        return _plain(Verdict.OUT_OF_USE, "未在使用(出租出借、维修或封存)", "lent, under repair or sealed", area, area_from)
    if not room.occupants:
        return _plain(Verdict.VACANT, f"空置{size}", f"vacant{size}", area, area_from)
    if room.shared and len(room.occupants) < 2 and room.seats is None:
        return _plain(Verdict.PEOPLE_UNKNOWN, "合用办公室, 只登记一人", "shared, but the register names one person", area, area_from)
    return None


def _plain(verdict: Verdict, zh: str, en: str, area: float | None = None, area_from: str = "") -> RoomVerdict:
    return RoomVerdict(verdict=verdict, area_m2=area, area_from=area_from, zh=zh, en=en)


def _findings(room: OfficeRoom, standard: Standard) -> Iterable[Fault]:
    agreement = standard.find_rule("area_agreement")
    if agreement and room.measured_m2 is not None and room.declared_m2 is not None:
        off = room.measured_m2 - room.declared_m2
        if abs(off) > agreement.value * room.declared_m2:
            message = f"measured {room.measured_m2:g} m², declared {room.declared_m2:g} m²: {off:+.2f} m²"
            yield Fault(code="ROOM_AREA_DISAGREES", message=message)
    washroom = standard.find_rule("washroom_m2")
    if washroom and room.washroom_m2 is not None and room.washroom_m2 > washroom.value:
        message = f"the washroom inside has {room.washroom_m2:g} m², at most {washroom.value:g} m² ({washroom.source})"
        yield Fault(code="ROOM_WASHROOM_OVER", message=message)
    if room.occupants and room.state in OUT_OF_USE | {"vacant"}:
        yield Fault(code="ROOM_STATE_DISAGREES", message=f"the room is said to be {room.state}, and {len(room.occupants)} people sit in it")


def _limit_unknown(
    room: OfficeRoom, limits: list[Limit | None], area: float, area_from: str, standard: Standard, findings: tuple[Fault, ...]
) -> RoomVerdict:
    who = [occupant for occupant, limit in zip(room.occupants, limits, strict=True) if limit is None]
    names = "、".join(f"{occupant.person} ({occupant.rank or '?'}, {occupant.level or '?'})" for occupant in who)
    return RoomVerdict(
        verdict=Verdict.LIMIT_UNKNOWN,
        area_m2=area,
        area_from=area_from,
        zh=f"无面积标准可依: {names}",
        en=f"no limit is known on {standard.day} for: {names}",
        findings=findings,
    )


def _ungrounded(people: list[Occupant], limits: tuple[Limit, ...], area: float, area_from: str, findings: tuple[Fault, ...]) -> RoomVerdict:
    names = "、".join(occupant.person for occupant in people)
    return RoomVerdict(
        verdict=Verdict.SECOND_OFFICE_UNGROUNDED,
        rule=OfficeRule.SECOND_OFFICE,
        area_m2=area,
        area_from=area_from,
        allowed_m2=0.0,
        excess_m2=area,
        limits=limits,
        zh=f"第二处办公用房无依据: {names}",
        en=f"a second office without a ground: {names}",
        findings=findings,
    )


def _allowed(room: OfficeRoom, limits: tuple[Limit, ...], standard: Standard) -> _Allowed:
    total = sum(limit.area_m2 for limit in limits)
    if all(occupant.second_office for occupant in room.occupants):
        share = standard.find_rule("second_office_share")
        return _Allowed(rule=OfficeRule.SECOND_OFFICE, area_m2=total * (share.value if share else 1.0), limits=limits, strict=True)
    free = max((room.seats or 0) - len(room.occupants), 0)
    most = standard.find_rule("share_up_to_m2")
    if free and most and all(limit.area_m2 <= most.value for limit in limits):
        seat_m2 = min(standard.lowest(limit.level) or 0.0 for limit in limits)
        return _Allowed(rule=OfficeRule.SHARED_SEATS, area_m2=total, limits=limits, free_seats=free, seat_m2=seat_m2)
    rule = OfficeRule.ONE_PERSON if len(limits) == 1 else OfficeRule.SHARED_SUM
    return _Allowed(rule=rule, area_m2=total, limits=limits)


def _compared(room: OfficeRoom, area: float, area_from: str, allowed: _Allowed, findings: tuple[Fault, ...]) -> RoomVerdict:
    with_seats = allowed.area_m2 + allowed.free_seats * allowed.seat_m2
    excess = round(area - with_seats, 2)
    verdict, zh, en = _said(room, excess, allowed)
    basis = _basis(allowed)
    return RoomVerdict(
        verdict=verdict,
        rule=allowed.rule,
        area_m2=area,
        area_from=area_from,
        allowed_m2=round(with_seats, 2),
        excess_m2=excess,
        limits=allowed.limits,
        zh=f"{zh} · {basis}",
        en=f"{en} · {basis}",
        findings=findings,
    )


def _said(room: OfficeRoom, excess: float, allowed: _Allowed) -> tuple[Verdict, str, str]:
    people, seats = len(room.occupants), room.seats or 0
    if excess > 0 or (allowed.strict and excess == 0):
        if allowed.strict and excess == 0:
            return Verdict.OVER, "第二处办公用房须小于标准面积", "a second office must be smaller than the limit"
        return Verdict.OVER, f"超 {excess:g} m²", f"over by {excess:g} m²"
    if allowed.free_seats:
        return Verdict.UNDER_USED, f"空 {allowed.free_seats} 个工位(共 {seats})", f"{allowed.free_seats} of {seats} seats free"
    if seats and people > seats:
        return Verdict.CROWDED, f"{people} 人用 {seats} 个工位", f"{people} people on {seats} seats"
    return Verdict.WITHIN, f"未超标, 余 {abs(excess):g} m²", f"within by {abs(excess):g} m²"


def _basis(allowed: _Allowed) -> str:
    """`发改投资〔2014〕2674号 · 正处级 18 m²`; of a shared room `… · 副处级 12 + 处级以下 9 × 2 = 30 m²`."""
    documents = "、".join(dict.fromkeys(limit.rule for limit in allowed.limits))
    if len(allowed.limits) == 1 and not allowed.free_seats:
        (limit,) = allowed.limits
        return f"{documents} · {limit.words} {limit.area_m2:g} m²"
    counted = Counter((limit.words, limit.area_m2) for limit in allowed.limits)
    parts = [f"{words} {area:g}" + (f" × {number}" if number > 1 else "") for (words, area), number in counted.items()]
    if allowed.free_seats:
        parts.append(f"空位 {allowed.seat_m2:g} × {allowed.free_seats}")
    return f"{documents} · {' + '.join(parts)} = {allowed.area_m2 + allowed.free_seats * allowed.seat_m2:g} m²"
