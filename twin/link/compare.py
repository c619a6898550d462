"""A record beside a space: what agrees, what differs, given what the building does as a rule."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from twin.link.conventions import AREA_AS_IS
from twin.link.facts import Evidence, Policy, RoomRecord, SpaceFact
from twin.link.names import names_agree
from twin.link.number import parse_number
from twin.link.storey import find_storey

__all__ = ["Rules", "Side", "area_of", "compare", "said_storey"]


@dataclass(slots=True, kw_only=True)
class Rules:
    """What is known of the buildings: storey id → notation by the model, → notation by the register, building id → area ratio."""

    policy: Policy
    storeys: Mapping[str, str]
    storey_names: Mapping[str, str] = field(default_factory=dict)
    area_ratios: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A record with the storey its column says, in notation, "" for none."""

    record: RoomRecord
    storey: str


def compare(side: Side, spaces: Sequence[SpaceFact], rules: Rules, *, tier: str = "", reading: str = "", said: str = "") -> Evidence:
    """The evidence of one record for one space, or for several that it covers together (`said`: the storey its number says)."""
    storey = _storey_agrees(side.storey or said, spaces, rules)
    return Evidence(
        tier=tier,
        reading=reading,
        storey=storey if storey is not True or not said or not side.storey else _storey_agrees(said, spaces, rules) is not False,
        name=_name_agrees(side.record, spaces),
        area=_area_agrees(side.record, spaces, rules, tier),
    )


def said_storey(record: RoomRecord) -> str:
    """The storey a record's column says, in notation; "" for none."""
    return find_storey(record.storey) or ""


def area_of(spaces: Sequence[SpaceFact]) -> tuple[float, ...]:
    """The areas that a space, or several together, may be said to have."""
    if len(spaces) == 1:
        return tuple(area for area in spaces[0].areas_m2 if area > 0)
    sums = zip(*(space.areas_m2 for space in spaces), strict=False)
    return tuple(total for total in map(sum, sums) if total > 0)


def _storey_agrees(said: str, spaces: Iterable[SpaceFact], rules: Rules) -> bool | None:
    if not said:
        return None
    known = [{rules.storey_names.get(space.storey_id) or rules.storeys.get(space.storey_id, "")} - {""} for space in spaces]
    return all(said in one for one in known if one) if any(known) else None


def _name_agrees(record: RoomRecord, spaces: Sequence[SpaceFact]) -> bool | None:
    words = [reading.words for reading in parse_number(record.number)[:1] if reading.numbers]
    said = [names_agree(name, space.long_name) for name in (record.name, *words) if name for space in spaces]
    return None if not said else False if False in said else True if True in said else None


def _area_agrees(record: RoomRecord, spaces: Sequence[SpaceFact], rules: Rules, tier: str) -> bool | None:
    areas, said = area_of(spaces), record.usable_area_m2
    if said is None or said <= 0 or not areas or tier == "part":
        return None
    ratio = rules.area_ratios.get(spaces[0].building_id, AREA_AS_IS)
    return any(rules.policy.area_agrees(said, area * ratio) for area in areas)
