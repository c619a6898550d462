"""A small office by hand: three units, two buildings without a model, eleven rooms, people in them."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from twin.imports.register import import_register
from twin.queries.planner.occupancy import OccupancyFilter, occupancy_page, occupancy_totals
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 1)
EVERYBODY = Reader(name="planner")

UNITS = (
    {"单位编码": "U1", "单位名称": "省发展和改革委员会", "级次": "省级", "上级单位": ""},
    {"单位编码": "U11", "单位名称": "省规划设计院", "级次": "省级", "上级单位": "U1"},
    {"单位编码": "U2", "单位名称": "鼓楼区机关事务服务中心", "级次": "县级", "上级单位": ""},
)
BUILDINGS = (
    {"楼栋编码": "B1", "楼栋名称": "东风楼", "地上层数": "3", "建筑面积(㎡)": "1000"},
    {"楼栋编码": "B2", "楼栋名称": "湖滨楼", "地上层数": "2", "建筑面积(㎡)": "400"},
)
ROOM = ("房间编码", "楼栋名称", "楼层", "房间号", "用房类型", "使用面积(㎡)", "分配单位", "使用单位", "核定工位数", "是否合用", "使用状态")
ROOMS = (
    ("R101", "东风楼", "1层", "101", "办公室", "24.4", "U1", "U1", "1", "否", "在用"),
    ("R102", "东风楼", "1层", "102", "办公室", "28.5", "U1", "U1", "3", "是", "在用"),
    ("R103", "东风楼", "1层", "103", "办公室", "20", "U1", "U11", "1", "否", "在用"),
    ("R104", "东风楼", "1层", "104", "办公室", "16", "U1", "U1", "", "", "空置"),
    ("R201", "东风楼", "2层", "201", "会议室", "60", "U1", "U1", "", "", "在用"),
    ("R202", "东风楼", "2层", "202", "办公室", "17.9", "U1", "U1", "1", "否", "在用"),
    ("R203", "东风楼", "2层", "203", "技术业务用房", "40", "U1", "U1", "", "", "在用"),
    ("R204", "东风楼", "2层", "204", "办公室", "", "U1", "U1", "1", "否", "在用"),
    ("S101", "湖滨楼", "1层", "101", "办公室", "12.5", "U2", "U2", "1", "否", "在用"),
    ("S102", "湖滨楼", "1层", "102", "办公室", "27", "U2", "U2", "3", "是", "在用"),
    ("S103", "湖滨楼", "1层", "103", "办公室", "9", "U2", "U2", "1", "否", "出租出借"),
)
PERSON = ("人员编号", "姓名", "单位", "职务级别", "楼栋", "楼层", "办公室", "第二办公楼栋", "第二办公室", "第二办公室依据", "在岗状态")
PEOPLE = (
    ("P1", "甲正处", "U1", "正处级", "东风楼", "1层", "101", "", "", "", "在岗"),
    ("P2", "乙副处", "U1", "副处级", "东风楼", "1层", "102", "", "", "", "在岗"),
    ("P3", "丙科员", "U1", "科员", "东风楼", "1层", "102", "", "", "", "在岗"),
    ("P4", "丁正处", "U11", "正处级", "东风楼", "1层", "103", "东风楼", "202", "经审批", "在岗"),
    ("P5", "戊退休", "U1", "科员", "东风楼", "1层", "104", "", "", "", "退休"),
    ("P6", "己正厅", "U1", "正厅级", "东风楼", "2层", "204", "", "", "", "在岗"),
    ("P7", "庚副科", "U2", "副科级", "湖滨楼", "1层", "101", "", "", "", "在岗"),
    ("P8", "辛科员", "U2", "科员", "湖滨楼", "1层", "102", "", "", "", "在岗"),
    ("P9", "壬科员", "U2", "科员", "湖滨楼", "1层", "102室", "", "", "", "在岗"),
    ("P10", "癸无房", "U2", "科员", "湖滨楼", "1层", "199", "", "", "", "在岗"),
    ("P11", "子两处", "U1", "正厅级", "东风楼", "1层", "101", "湖滨楼", "103", "", "在岗"),
)
POSTS = (
    {"单位名称": "U1", "职务级别": "正厅级", "核定编制数": "2"},
    {"单位名称": "U1", "职务级别": "正处级", "核定编制数": "1"},
    {"单位名称": "U1", "职务级别": "副处级", "核定编制数": "1"},
    {"单位名称": "U1", "职务级别": "科员", "核定编制数": "1"},
    {"单位名称": "U2", "职务级别": "科员", "核定编制数": "2"},
)


class Office:
    """The registers of the office in a store."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.settings = Settings(home=folder / "home")
        self.registers = Registers.of(store, folder / "columns")
        self._files = 0
        self.take("unit", UNITS)
        self.take("building", BUILDINGS)
        self.take("room", named(ROOM, ROOMS))
        self.take("person", named(PERSON, PEOPLE))
        self.take("post", POSTS)

    def moved(self, store: Store, folder: Path) -> Self:
        """The same office in a copy of its store."""
        office = copy(self)
        office.store, office.folder, office.settings = store, folder, Settings(home=folder / "home")
        office.registers = Registers.of(store, folder / "columns")
        return office

    def take(self, kind: str, rows: Sequence[Mapping[str, str]], *, as_of: date | None = None) -> None:
        """Import rows as a ledger of a kind."""
        self._files += 1
        path = self.folder / f"{kind}-{self._files}.csv"
        lines = [",".join(rows[0])] + [",".join(row.values()) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        import_register(self.store, self.settings, kind, path, who="clerk", now=NOW, profile="zh", as_of=as_of)

    def place(self, name: str) -> int:
        """The id of a place by its name."""
        with self.store.database.reading() as connection:
            rows = self.registers.shelf.places(connection).rows
        return next(int(row.id) for row in rows if name in (row.name, row.number))

    def page(self, reader: Reader = EVERYBODY, *, as_of: date = TODAY, after: str | None = None, limit: int = 100, **wanted: Any) -> Any:
        """A page of rooms."""
        return occupancy_page(self.registers, OccupancyFilter(**wanted), reader, as_of=as_of, after=after, limit=limit)

    def room(self, key: str, reader: Reader = EVERYBODY, **options: Any) -> Any:
        """One room of the page of all."""
        return next(room for room in self.page(reader, **options)["rooms"] if room["key"] == key)

    def totals(self, by: str, reader: Reader = EVERYBODY, *, as_of: date = TODAY, **wanted: Any) -> Any:
        """The totals by something."""
        return occupancy_totals(self.registers, OccupancyFilter(**wanted), reader, as_of=as_of, by=by)


def named(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Rows as mappings."""
    return [dict(zip(header, row, strict=True)) for row in rows]
