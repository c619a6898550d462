"""Asset cards in bulk: what is owned, by whom, where it stands in the clerk's own words, and the errors among it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from twin.demo.registers.assets_planted import plant
from twin.demo.registers.models import ModelThing
from twin.demo.registers.placetext import STYLES, PlaceTexts, place_texts
from twin.demo.registers.sheet import Columns
from twin.demo.registers.shelf import USES, Shelf, Words, shelf
from twin.demo.registers.truth import Planter
from twin.demo.registers.vocabulary import draw, take
from twin.demo.registers.world import World

__all__ = ["CHUNK", "Cards", "asset_chunks", "money"]

CHUNK = 100_000
FIRST_DAY = date(2004, 1, 1)
FUNDING = ("财政拨款", "财政专项资金", "自有资金", "上级补助", "其他资金", "中央专项")
ACQUISITION = ("购置", "调拨", "接受捐赠", "自建", "置换", "盘盈")
STATES = ("在用", "闲置", "维修中", "公物仓", "出租出借", "处置申请中", "处置已批", "已处置", "已核销", "已入账")
YOUNG = (91, 3, 1.5, 0.8, 1.2, 0.2, 0.1, 0.1, 0.1, 2)
AGED = (70, 9, 2.5, 3, 1.2, 4.5, 1.5, 6.5, 1.6, 0.2)
NOWHERE = ("走廊", "楼梯间", "东侧走廊", "门口", "库房角落", "大厅", "地下车库", "公共区域")
INSIDE = ("财务室", "档案室", "办公室", "会议室", "一楼大厅", "主任办公室", "机房", "仓库", "门卫室", "教务处", "综合科", "值班室")
CENTS = pa.array([f"{n:02d}" for n in range(100)])
EDITIONS = ("GB/T 14885-2022", "2022", "政府采购品目-2013")
SERIAL = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """A chunk of cards: the columns as written and as they were before anything was planted, and what is true:
    positions of unit, room (−1 none) and building, GlobalId or null."""

    columns: Columns
    right: Columns
    unit: NDArray[np.int64]
    room: NDArray[np.int64]
    building: NDArray[np.int64]
    element: pa.Array
    code: pa.Array


def asset_chunks(world: World, planter: Planter, rows: int) -> Iterator[Cards]:
    """The cards, `CHUNK` at a time: those of tagged things in the models first, then whatever else the units own."""
    maker = _Maker(world)
    for at, first in enumerate(range(0, rows, CHUNK)):
        count = min(CHUNK, rows - first)
        cards = maker.chunk(first, count, world.rng(5, at))
        plant(cards.columns, cards.room, planter, first)
        yield cards


def money(fen: NDArray[Any]) -> pa.Array:
    """Amounts in fen as texts in yuan with two decimals."""
    yuan = pc.cast(pa.array(fen // 100), pa.string())
    return pc.binary_join_element_wise(yuan, CENTS.take(pa.array(fen % 100)), ".")


@dataclass(slots=True, kw_only=True)
class _Drawn:
    """What a chunk's cards are: positions of item, unit and room, then what tells one thing from another."""

    item: NDArray[np.int64]
    unit: NDArray[np.int64]
    room: NDArray[np.int64]
    name: pa.Array
    code: pa.Array
    tag: pa.Array
    serial: pa.Array
    global_id: pa.Array
    element: pa.Array


class _Maker:
    def __init__(self, world: World) -> None:
        self.world = world
        self.shelf: Shelf = shelf()
        self.texts: PlaceTexts = place_texts(world)
        holders = world.units[: world.scale.holders]
        rng = world.rng(4)
        self.codes = pa.array([unit.code for unit in holders])
        self.names = pa.array([unit.name for unit in holders])
        self.weight = np.array([unit.staff for unit in holders], np.float64) * rng.lognormal(0.0, 0.5, len(holders))
        self.style = rng.choice(STYLES, len(holders), p=[0.24, 0.18, 0.08, 0.06, 0.12, 0.08, 0.06, 0.06, 0.06, 0.06])
        self.dates = rng.choice(5, len(holders), p=[0.6, 0.15, 0.1, 0.1, 0.05])
        self.old = rng.random(len(holders)) < 0.12
        self.by_name = rng.random(len(holders)) < 0.7
        self.room_building = np.array([room.building for room in world.rooms] or [-1])
        self.room_order, self.room_first, self.room_count = self._rooms_by_use(len(holders))
        self.people = pa.array([person.name for person in world.people] or [""])
        self.keeper_first, self.keeper_count = self._keepers()
        self.house_names = pa.array([house.name for house in world.buildings])
        self.days = (world.today - FIRST_DAY).days

    def chunk(self, first: int, count: int, rng: np.random.Generator) -> Cards:
        s = self.shelf
        drawn = self._drawn(first, count, rng)
        if first == 0 and self.world.things:
            self._put_things(drawn, self.world.things[: min(count, self.world.scale.assets // 3)], rng)
        item, unit, room, single = drawn.item, drawn.unit, drawn.room, drawn.element.is_valid().to_numpy(zero_copy_only=False)
        day = self._days(count, rng)
        age = np.maximum(self.days - day, 0) / 30.4
        life = s.life[item]
        quantity = np.where((rng.random(count) < 0.05) & ~single, rng.integers(2, 21, count), 1)
        fen = _round_fen(s.median_fen[item] * np.exp(rng.normal(0, 1, count) * s.sigma[item])) * quantity
        share = np.where(life > 0, np.clip(1 - age / np.maximum(life, 1), 0, 1), 1.0)
        net = np.minimum(np.round(fen * share).astype(np.int64), fen)
        old = self.old[unit] & s.has_old[item] & (day < (date(2022, 12, 30) - FIRST_DAY).days) & ~single
        edition = np.where(old, 2, self.dates[unit] % 2)
        styles = self.dates[unit]
        brand = self._pick(s.brands, item, rng)
        fronted = (rng.random(count) < 0.22) & ~single
        building, storey, place, truth_room, house = self._where(item, unit, room, rng)
        state = take(STATES, np.where(age > life * 0.9, draw(rng, AGED, count), draw(rng, YOUNG, count)))
        year = pc.utf8_slice_codeunits(_dates(styles * 0, day), 0, 4)
        number = pc.utf8_lpad(pc.cast(pa.array(np.arange(first, first + count) + 1), pa.string()), 7, "0")
        codes = pc.binary_join_element_wise("ZC", pc.utf8_slice_codeunits(take(self.codes, unit), 6), year, number, "")
        keeper = self._keeper(unit, truth_room, rng)
        columns: Columns = {
            "资产编号": codes,
            "资产名称": pc.if_else(pa.array(fronted), pc.binary_join_element_wise(brand, drawn.name, ""), drawn.name),
            "资产分类代码": pc.if_else(pa.array(old), take(s.old_codes, item), drawn.code),
            "分类版本": take(EDITIONS, edition),
            "规格型号": self._pick(s.specs, item, rng),
            "品牌": brand,
            "序列号": drawn.serial,
            "标签号": drawn.tag,
            "构件标识": drawn.global_id,
            "数量": pa.array(quantity),
            "计量单位": take(s.measures, item),
            "原值(元)": money(fen),
            "净值(元)": money(net),
            "经费来源": take(FUNDING, draw(rng, (72, 11, 8, 4, 3, 2), count)),
            "取得方式": take(ACQUISITION, draw(rng, (88, 6, 2, 2, 0.5, 1.5), count)),
            "取得日期": _dates(styles, day),
            "投入使用日期": _dates(styles, np.minimum(day + rng.integers(0, 45, count), self.days)),
            "使用年限(月)": pa.array(life, mask=life == 0),
            "使用单位": pc.if_else(pa.array(self.by_name[unit]), take(self.names, unit), take(self.codes, unit)),
            "使用人": keeper,
            "使用状况": state,
            "楼栋": building,
            "楼层": storey,
            "存放地点": place,
            "备注": take(("", "账实相符", "待贴标签", "随机配件齐全", "2023年清查"), draw(rng, (93, 2, 2, 1, 2), count)),
        }
        return Cards(
            columns=columns,
            right=dict(columns),
            unit=unit,
            room=np.where(single, room, truth_room),  # what is drawn in a model stands there, however vague its card
            building=house,
            element=drawn.element,
            code=codes,
        )

    def _drawn(self, first: int, count: int, rng: np.random.Generator) -> "_Drawn":
        s = self.shelf
        item, unit = draw(rng, s.share, count), draw(rng, self.weight, count)
        return _Drawn(
            item=item,
            unit=unit,
            room=self._room(item, unit, rng),
            name=self._pick(s.names, item, rng),
            code=take(s.codes, item),
            tag=_some(_tags(first, count), rng.random(count) < 0.6),
            serial=_some(_serials(rng, count), s.serialled[item] & (rng.random(count) < 0.88)),
            global_id=pa.nulls(count, pa.string()),
            element=pa.nulls(count, pa.string()),
        )

    def _put_things(self, drawn: "_Drawn", things: list[ModelThing], rng: np.random.Generator) -> None:
        """Make the first cards those of tagged things in the models, known by tag, serial number or GlobalId alone."""
        n, rooms = len(things), self.world.rooms
        number = {(room.model.model, room.number): at for at, room in enumerate(rooms) if room.model}
        room = [number.get((thing.model, thing.room), -1) for thing in things]
        drawn.item[:n] = [self.shelf.find(thing.code) for thing in things]
        drawn.room[:n] = room
        drawn.unit[:n] = [max(rooms[at].unit, 0) if at >= 0 else 0 for at in room]
        how = rng.choice(3, n, p=[0.6, 0.25, 0.15]).tolist()
        drawn.name = _over(drawn.name, [thing.name for thing in things])
        drawn.code = _over(drawn.code, [thing.code for thing in things])
        drawn.tag = _over(drawn.tag, [thing.tag if h == 0 else None for thing, h in zip(things, how, strict=True)])
        drawn.serial = _over(drawn.serial, [thing.serial if h == 1 else None for thing, h in zip(things, how, strict=True)])
        drawn.global_id = _over(drawn.global_id, [thing.global_id if h == 2 else None for thing, h in zip(things, how, strict=True)])
        drawn.element = _over(drawn.element, [thing.global_id for thing in things])

    def _pick(self, words: Words, item: NDArray[np.int64], rng: np.random.Generator) -> pa.Array:
        values, first, count = words
        return take(values, first[item] + (rng.random(len(item)) ** 1.5 * count[item]).astype(np.int64))

    def _days(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Days since `FIRST_DAY`: more of late, and many in the last weeks of a budget year."""
        day = (self.days * (1 - rng.random(count) ** 1.7 * 0.995)).astype(np.int64)
        year_end = rng.random(count) < 0.2
        december = (day // 365.25).astype(np.int64) * 365.25 + 335 + rng.integers(0, 28, count)
        return np.clip(np.where(year_end, december, day), 0, self.days - 1).astype(np.int64)

    def _rooms_by_use(self, holders: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Rooms sorted by unit and use; group unit · 7 + use, where use 6 is any use at all."""
        rooms = self.world.rooms
        keys = np.array([room.unit * 7 + USES.index(room.use) if room.unit >= 0 else holders * 7 for room in rooms] or [holders * 7])
        anything = np.array([room.unit * 7 + 6 if room.unit >= 0 else holders * 7 for room in rooms] or [holders * 7])
        both, at = np.concatenate([keys, anything]), np.concatenate([np.arange(len(keys))] * 2)
        order = np.argsort(both, kind="stable")
        count = np.bincount(both, minlength=holders * 7 + 1)
        return at[order], np.cumsum(count) - count, count

    def _room(self, item: NDArray[np.int64], unit: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        where = self.shelf.where[item]
        group = unit * 7 + np.where(where >= 0, where, 6)
        group = np.where(self.room_count[group] > 0, group, unit * 7 + 6)
        count = self.room_count[group]
        at = self.room_first[group] + (rng.random(len(item)) * count).astype(np.int64)
        found = self.room_order[np.minimum(at, len(self.room_order) - 1)]
        return np.where((count > 0) & (where >= 0), found, -1)

    def _where(
        self, item: NDArray[np.int64], unit: NDArray[np.int64], room: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[pa.Array, pa.Array, pa.Array, NDArray[np.int64], NDArray[np.int64]]:
        """Texts of building, storey and place; then the room and the building that are meant (−1: none)."""
        count = len(item)
        style = np.where(rng.random(count) < 0.08, rng.integers(0, STYLES, count), self.style[unit])
        vague = (rng.random(count) < 0.03) & (room >= 0)
        known = (room >= 0) & ~vague
        at = np.where(known, room * STYLES + style, -1)
        house = np.where(room >= 0, self.room_building[np.maximum(room, 0)], -1)
        spots, inside = take(NOWHERE, rng.integers(0, len(NOWHERE), count)), take(INSIDE, rng.integers(0, len(INSIDE), count))
        absent = (room < 0) & (self.shelf.where[item] >= 0)
        building = pc.coalesce(take(self.texts.building, at), take(self.house_names, np.where(vague, house, -1)))
        place = pc.coalesce(take(self.texts.room, at), pc.if_else(pa.array(vague), spots, pa.scalar(None, pa.string())))
        place = pc.coalesce(place, pc.if_else(pa.array(absent), inside, pa.scalar(None, pa.string())))
        return building, take(self.texts.storey, at), place, np.where(known, room, -1), house

    def _keepers(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        units = np.array([person.unit for person in self.world.people] or [0])
        count = np.bincount(units, minlength=self.world.scale.holders) * bool(self.world.people)
        return np.cumsum(count) - count, count

    def _keeper(self, unit: NDArray[np.int64], room: NDArray[np.int64], rng: np.random.Generator) -> pa.Array:
        """Someone who sits in the room, else someone of the unit, else nobody."""
        first_in = np.array([room.people[0] if room.people else -1 for room in self.world.rooms] or [-1])
        sits = np.where(room >= 0, first_in[np.maximum(room, 0)], -1)
        count = self.keeper_count[unit]
        anyone = np.where(count > 0, self.keeper_first[unit] + (rng.random(len(unit)) * count).astype(np.int64), -1)
        return take(self.people, np.where(rng.random(len(unit)) < 0.1, -1, np.where(sits >= 0, sits, anyone)))


@cache
def _day_words() -> pa.Array:
    """Every day in five hands: the text of day d in style s stands at d · 5 + s."""
    words = []
    for day in range(24 * 366):
        d = FIRST_DAY + timedelta(days=day)
        year, month = d.year, d.month
        words += [d.isoformat(), f"{year}/{month}/{d.day}", f"{d:%Y%m%d}", f"{year}年{month}月{d.day}日", f"{year}.{month}.{d.day}"]
    return pa.array(words)


def _dates(style: NDArray[Any], day: NDArray[Any]) -> pa.Array:
    return take(_day_words(), day * 5 + style)


def _some(values: pa.Array, held: NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(held), values, pa.scalar(None, pa.string()))


def _over(values: pa.Array, first: list[Any]) -> pa.Array:
    return pa.concat_arrays([pa.array(first, pa.string()), values.slice(len(first)).cast(pa.string())])


def _round_fen(fen: NDArray[np.float64]) -> NDArray[np.int64]:
    """Prices end in whole yuan, tens or hundreds, as their size goes; a few keep their cents."""
    step = np.where(fen < 50_000, 100, np.where(fen < 1_000_000, 1_000, np.where(fen < 10_000_000, 10_000, 100_000)))
    whole = np.maximum(np.round(fen / step) * step, 1_000).astype(np.int64)
    return np.where(fen.astype(np.int64) % 9 == 0, np.maximum(fen.astype(np.int64), 1_000), whole)


def _tags(first: int, count: int) -> pa.Array:
    """Tag numbers that look drawn but differ for different cards: steps of a number prime to 10⁹."""
    number = (np.arange(first + 1, first + count + 1) * 618_033_989) % 10**9
    return pc.binary_join_element_wise("TY35", pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 9, "0"), "")


def _serials(rng: np.random.Generator, count: int) -> pa.Array:
    characters = SERIAL[rng.integers(0, len(SERIAL), (count, 10))]
    offsets = np.arange(0, (count + 1) * 10, 10, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(characters)))
