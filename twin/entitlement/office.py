"""What is known of an office and what is said of it."""

from dataclasses import dataclass
from enum import StrEnum

from twin.codes import Fault
from twin.entitlement.standard import Limit

__all__ = ["Occupant", "OfficeRoom", "OfficeRule", "RoomVerdict", "Verdict"]


class Verdict(StrEnum):
    """What is said of an office."""

    WITHIN = "within"
    OVER = "over"
    UNDER_USED = "under_used"
    CROWDED = "crowded"
    VACANT = "vacant"
    SECOND_OFFICE_UNGROUNDED = "second_office_ungrounded"
    OUT_OF_USE = "out_of_use"
    NOT_AN_OFFICE = "not_an_office"
    USE_UNKNOWN = "use_unknown"
    AREA_UNKNOWN = "area_unknown"
    LIMIT_UNKNOWN = "limit_unknown"
    PEOPLE_UNKNOWN = "people_unknown"


class OfficeRule(StrEnum):
    """How the allowed area of a room follows from the people in it.

    `one_person`: the limit of the rank. `shared_sum`: the sum of the limits of all who share it. `shared_seats`: the same, and the lowest
    limit of the level for each seat still free. `second_office`: smaller than the limit (党政机关办公用房管理办法 第十九条).
    """

    ONE_PERSON = "one_person"
    SHARED_SUM = "shared_sum"
    SHARED_SEATS = "shared_seats"
    SECOND_OFFICE = "second_office"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """A person in a room: rank and level of the unit as dictionaries code them, empty where unknown.

    `second_office` says that another room is the person's first; `second_ground` is a code of the dictionary of that name, or empty.
    """

    person: str
    rank: str
    level: str
    second_office: bool = False
    second_ground: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeRoom:
    """What is known of a room: areas in m² (a washroom inside is part of them), `use` and `state` as dictionaries code them.

    `use` is empty where the register does not say it: nothing is judged then.
    """

    use: str
    state: str = "in_use"
    measured_m2: float | None = None
    declared_m2: float | None = None
    washroom_m2: float | None = None
    seats: int | None = None
    shared: bool | None = None
    occupants: tuple[Occupant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomVerdict:
    """The verdict with the rule it rests on and its numbers, in words of both languages; `findings` are doubts beside it.

    `area_from` is `measured` or `declared`, the one judged; `excess_m2` is negative below the limit, None where nothing was compared.
    """

    verdict: Verdict
    rule: OfficeRule | None = None
    area_m2: float | None = None
    area_from: str = ""
    allowed_m2: float | None = None
    excess_m2: float | None = None
    limits: tuple[Limit, ...] = ()
    zh: str
    en: str
    findings: tuple[Fault, ...] = ()
