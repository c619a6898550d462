"""What the service answers about incidents, as OpenAPI describes it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from twin.api.documents import bilingual

__all__ = ["AlarmPage", "Assignment", "Closing", "Incident", "IncidentPage", "IncidentWithLog", "Merging", "Splitting", "Why"]

State = Literal["open", "acknowledged", "closed"]


def _field(chinese: str, english: str, **more: Any) -> Any:
    return Field(description=bilingual(chinese, english), **more)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Words(_Document):
    """两种语言 · in both languages."""

    zh: str
    en: str


class KindCount(Words):
    """一种报警及次数 · a kind of alarms and how many."""

    count: int


class Place(_Document):
    """所在 · where it is."""

    lon: float | None
    lat: float | None
    height_m: float | None = _field("椭球高", "metres above the ellipsoid")
    site_xyz: list[float | None] | None = _field("院内米制坐标;院外为空", "metres of the site; null outside of it")
    room: str | None
    storey: str | None
    building: str | None
    zone: str | None
    segment: str | None


class Device(_Document):
    """设备及次数 · a device and its alarms."""

    id: str
    kind: str
    name: str
    count: int


class Incident(_Document):
    """事件:读者可知的报警的合集 · an incident: the alarms in it that the reader may know of."""

    id: int
    site: str
    kind: str = _field("代表性的报警种类", "the kind that stands for all")
    kinds: dict[str, KindCount]
    title: Words
    severity: int = _field("1 至 5", "1 to 5", ge=1, le=5)
    state: State
    since: str = _field("第一次报警", "the first alarm")
    until: str = _field("最后一次报警", "the last alarm")
    count: int = _field("报警次数", "alarms")
    held: int = _field("其中抖动期间未通知的", "of them, counted without a notice while a device flapped")
    flapping: bool = _field("有设备在抖动", "a device flaps")
    assigned: str | None
    place: Place
    devices: list[Device] = _field("至多 20 个", "at most 20")
    devices_total: int


class IncidentPage(_Document):
    """一页事件,新的在前 · a page of incidents, the newest first."""

    incidents: list[Incident]
    next: str | None = _field("下一页的地址", "address of the following page")


class LogLine(_Document):
    """何时、何事、何人、为何 · when, what, who, why."""

    time: str
    what: str
    who: str | None
    why: str | None = _field("涉及读者不可知之处时为空", "null where it was also about what the reader may not know of")
    facts: dict[str, Any]


class Flapping(_Document):
    """抖动的设备 · a device that flaps."""

    device: str
    kind: str
    since: str
    last: str
    held: int


class IncidentWithLog(Incident):
    """事件及其记录 · an incident with its log."""

    log: list[LogLine]
    flapping_devices: list[Flapping]


class Alarm(_Document):
    """一次报警及其原始观测在日志中的位置(失联没有) · an alarm, and where its raw observation stands in the journal (silence has none)."""

    id: int
    device: str
    kind: str
    title: Words
    time: str
    received: str
    recorded: str
    place: str | None
    lon: float | None
    lat: float | None
    height_m: float | None
    journal: int | None
    item: int | None
    held: bool
    repeated: bool


class AlarmPage(_Document):
    """一页报警 · a page of alarms."""

    alarms: list[Alarm]
    next: str | None


class Why(_Document):
    """理由 · why."""

    why: str = _field("理由", "why", min_length=1, max_length=2000)


class Closing(Why):
    """关闭 · closing."""

    reason: str = _field("原因代码,见 close_reasons", "a code of close_reasons", min_length=1, max_length=100)


class Assignment(Why):
    """指派 · assigning."""

    to: str | None = _field("给谁;空为撤销", "to whom; null takes it back", max_length=200)


class Merging(Why):
    """合并 · merging."""

    into: int = _field("并入的事件", "the incident that it becomes part of", ge=1, le=2**62)


class Splitting(Why):
    """拆分 · splitting."""

    devices: list[str] = _field("分出去的设备", "the devices that leave it", min_length=1, max_length=1000)
