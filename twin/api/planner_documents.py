"""What the service answers about office space, energy and vehicles, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual

__all__ = [
    "BuildingEnergy",
    "CheckPage",
    "EnergyFindings",
    "EnergyPage",
    "Entitlement",
    "EntitlementPage",
    "FindingPage",
    "MoveProposal",
    "OccupancyPage",
    "OccupancyTotals",
    "OrderChecks",
]


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _Page(_Answer):
    number_matched: int = _field("符合条件的数量", "how many match", alias="numberMatched")
    number_returned: int = _field("本页数量", "how many are here", alias="numberReturned")
    next: str | None = _field("下一页的地址", "address of the following page")


class OccupancyPage(_Page):
    """一页房间及其结论 · a page of rooms with their verdicts."""

    as_of: str = _field("有效时点", "the day the values hold for")
    standards: list[str] = _field("当日有效的标准", "the standards in force on the day")
    totals: dict[str, Any] = _field("全部符合条件者合计", "sums of all that match")
    rooms: list[dict[str, Any]]


class OccupancyTotals(_Answer):
    """办公用房合计 · sums of rooms."""

    as_of: str
    standards: list[str]
    by: str
    totals: dict[str, Any]
    groups: list[dict[str, Any]] = _field("每间恰在一组;无者归空组", "every room is in one group; those of none in the group without id")


class _Findings(_Page):
    counts: dict[str, int] = _field("各代码的数量", "how many of each code")
    findings: list[dict[str, Any]]


class FindingPage(_Findings):
    """一页核查问题 · a page of findings."""

    as_of: str


class CheckPage(_Findings):
    """一页核查问题 · a page of findings."""

    checked: int = _field("核查的记录数", "how many records were checked")


class OrderChecks(CheckPage):
    """一页派车单核查问题 · a page of findings on dispatch orders."""

    first: str = _field("起始日期", "first day", alias="from")
    to: str


class EnergyFindings(_Findings):
    """一页能耗填报问题 · a page of findings on energy reports."""

    first: str = _field("起始月份", "first month", alias="from")
    to: str


class EnergyPage(_Page):
    """一页单位的能耗 · energy of units."""

    first: str = _field("起始月份", "first month", alias="from")
    to: str
    months: int
    factors: list[dict[str, Any]] = _field("折标系数及来源", "factors with their source")
    medians: list[dict[str, Any]] = _field("同类中位数(填报完整者,至少五家)", "medians of those that reported every month, five at least")
    totals: dict[str, Any]
    by_month: list[dict[str, Any]]
    units: list[dict[str, Any]]


class BuildingEnergy(_Answer):
    """楼栋能耗,由单位上报值分摊 · energy of a building, apportioned from what units report."""

    first: str = _field("起始月份", "first month", alias="from")
    to: str
    building: dict[str, Any]
    apportioned: bool
    zh: str
    en: str
    kgce: float | None
    gross_area_m2: float | None
    people: int
    kgce_m2: float | None
    kgce_person: float | None
    kind: dict[str, Any] | None = _field("耗能最多的单位类别", "kind of the units that use most of it")
    median_kgce_m2: float | None
    ratio: float | None
    units: list[dict[str, Any]]
    without_energy: dict[str, Any]


class Entitlement(_Answer):
    """单位核定面积与实际占用 · what a unit may hold by its posts, and what it holds; m²."""

    as_of: str
    unit: dict[str, Any]
    level: dict[str, Any] | None
    verdict: str
    approved_m2: float | None = _field("核定使用面积", "approved usable area")
    held_m2: float = _field("占用的基本办公用房", "basic office space held")
    excess_m2: float | None
    zh: str
    en: str
    posts: list[dict[str, Any]]
    uses: list[dict[str, Any]]
    outside_m2: float = _field("不计入的用房(技术业务、附属等)", "rooms that are not counted (technical, annex …)")
    allocated: dict[str, Any]
    used: dict[str, Any]
    allocated_used_by_others: dict[str, Any]
    used_not_allocated: dict[str, Any]
    people: int = _field("在岗人数", "people in post")
    findings: list[dict[str, Any]]
    below: list[dict[str, Any]] = _field("下级单位,各自核定", "units below, each judged by itself")


class EntitlementPage(_Page):
    """一页单位 · a page of units."""

    as_of: str
    counts: dict[str, int]
    units: list[dict[str, Any]]


class MoveProposal(_Answer):
    """搬迁方案 · a proposal for a move."""

    as_of: str
    unit: dict[str, Any]
    building: dict[str, Any]
    fits: bool
    zh: str
    en: str
    people: int
    seated: int
    rooms_used: int
    rooms_free: int
    area_used_m2: float
    area_allowed_m2: float
    rooms: list[dict[str, Any]] = _field("谁去哪间", "who goes where")
    stays_over: list[str] = _field("方案中仍超标的房间", "rooms of the proposal that are over")
    left_over: list[dict[str, Any]] = _field("安排不下的人及原因", "who does not fit, and why")
    others_over: list[str] = _field("该处原已超标的房间", "other rooms there that are over already")
    left_empty: dict[str, Any] = _field("腾空的房间", "what is left empty")
    left_out: list[dict[str, Any]] = _field("空着但不能用的房间及原因", "empty rooms that cannot be given out, and why")
