"""Write the registers of a demo into a folder, as the offices would hand them over."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from twin.demo.registers.assets import Cards, asset_chunks
from twin.demo.registers.books import institution_codes, institution_columns, ledger_draft, title_draft
from twin.demo.registers.cameras import camera_draft, platform_draft
from twin.demo.registers.disposals import disposal_draft
from twin.demo.registers.draft import Draft
from twin.demo.registers.duty import guard_draft, visit_draft
from twin.demo.registers.energy import energy_columns, meter_draft
from twin.demo.registers.estate import building_draft, room_code, room_draft, unit_draft
from twin.demo.registers.fleet import driver_draft, vehicle_draft
from twin.demo.registers.guarding import gate_draft, perimeter_draft, post_place_draft, zone_draft
from twin.demo.registers.installed import door_draft, fire_point_draft, lift_draft, panic_button_draft
from twin.demo.registers.offices import limit_m2
from twin.demo.registers.sheet import Columns, RegisterFile, chunks_of, write_csv, write_manifest, write_parquet, write_workbook
from twin.demo.registers.staff import person_codes, person_draft, post_draft
from twin.demo.registers.stocktake import scan_draft, standing_apart, standing_of
from twin.demo.registers.trips import trip_draft
from twin.demo.registers.truth import Planted, Planter, write_truth
from twin.demo.registers.vocabulary import take
from twin.demo.registers.world import SCALES, World, build_world
from twin.errors import Invalid

__all__ = ["TODAY", "Progress", "write_assets", "write_registers"]

TODAY = date(2026, 10, 31)
Progress = Callable[[str, float], None]
NOTES = ("填报单位：福建省机关事务管理局（演示数据，均为虚构）", "填报日期：2026年10月31日")
TRUE_PLACES = pa.schema([(name, pa.string()) for name in ("asset", "unit", "room", "building", "element")])
STREAMS = (
    "unit",
    "building",
    "room",
    "person",
    "post",
    "asset",
    "vehicle",
    "driver",
    "dispatch",
    "meter",
    "energy",
    "title",
    "finance",
    "cards",
    "scan",
    "request",
    "camera",
    "camera_platform",
    "gate",
    "guard_post",
    "zone",
    "perimeter_segment",
    "door",
    "fire_point",
    "panic_button",
    "lift",
    "guard",
    "visit",
)


def write_registers(
    folder: Path,
    *,
    scale: str,
    seed: int = 7,
    models: Mapping[str, Path] | None = None,
    today: date = TODAY,
    days: int | None = None,
    assets: int | None = None,
    progress: Progress | None = None,
) -> list[RegisterFile]:
    """Write every register of a scale (`small`, `compound`, `province`) and `truth.json`; the files, in the order an import wants them.

    `models` (key → IFC file) gives the rooms and tagged things of the first three buildings. `days` of dispatch orders and the
    number of `assets` replace those of the scale. `progress` is told what is being written and the share done, 0..1. The same
    arguments write the same bytes. Raises Invalid for another scale.
    """
    if scale not in SCALES:
        raise Invalid(f"no registers of scale {scale!r}", path="scale", hint=f"one of: {', '.join(SCALES)}")
    size = replace(SCALES[scale], assets=assets or SCALES[scale].assets, days=days or SCALES[scale].days)
    folder.mkdir(parents=True, exist_ok=True)
    tell = progress or (lambda what, share: None)
    tell("registers", 0.0)
    return _Writer(folder=folder, world=build_world(size, seed=seed, today=today, models=models), tell=tell).write()


def write_assets(
    path: Path, rows: int, *, seed: int = 7, scale: str = "province", today: date = TODAY, models: Mapping[str, Path] | None = None
) -> RegisterFile:
    """Write only asset cards, `rows` of them, as one UTF-8 CSV: for measuring an import. The same seed writes the same bytes."""
    world = build_world(SCALES[scale], seed=seed, today=today, models=models)
    planter = Planter(register="asset", rng=world.rng(6))
    return write_csv(path, "asset", (cards.columns for cards in asset_chunks(world, planter, rows)))


@dataclass(slots=True, kw_only=True)
class _Writer:
    """Writes the registers of one world; small ones as workbooks, those of a whole province as CSV."""

    folder: Path
    world: World
    tell: Progress
    files: list[RegisterFile] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    kept: list[Cards] = field(default_factory=list)
    apart: Cards | None = None
    codes: list[pa.Array] = field(default_factory=list)

    def write(self) -> list[RegisterFile]:
        world, whole = self.world, self.world.scale.whole
        units = unit_draft(world, self._planter("unit"))
        self._put(units, "units", "单位名录", book=not whole)
        buildings = building_draft(world, self._planter("building"))
        self._put(buildings, "buildings", "楼栋台账", book=True)
        staff = person_draft(world, self._planter("person"))
        self._put(room_draft(world, self._planter("room")), "rooms", "办公用房台账", encoding="gbk")
        self._put(staff, "people", "人员名册", book=not whole, encoding="utf-8-sig")
        self._put(post_draft(world, self._planter("post"), staff), "posts", "编制核定表")
        self.tell("assets.csv", 0.25)
        assets = self._planter("asset")
        self._assets(assets)
        self.tell("vehicles.csv", 0.75)
        vehicles = vehicle_draft(world, self._planter("vehicle"))
        drivers = driver_draft(world, self._planter("driver"))
        self._put(vehicles, "vehicles", "公务用车台账", encoding="gbk")
        self._put(drivers, "drivers", "驾驶员名册", book=not whole)
        self._put(trip_draft(world, self._planter("dispatch"), vehicles, drivers, world.scale.days), "dispatch", "派车单")
        self.tell("energy.parquet", 0.85)
        self._put(meter_draft(world, self._planter("meter")), "meters", "计量器具台账")
        energy = self._planter("energy")
        columns = energy_columns(world, energy)
        self.files.append(write_parquet(self.folder / "energy.parquet", "energy", columns))
        self.planted += energy.planted
        self._put(title_draft(world, self._planter("title"), buildings, vehicles), "titles", "权证台账", book=not whole)
        if not whole:
            self._books(assets)
        standing = [*standing_of(self.kept[0], assets.planted), *(standing_apart(self.apart) if self.apart else ())]
        self._put(scan_draft(world, self._planter("scan"), standing, 60), "stocktake", "盘点扫描", kind="stocktake")
        self._put(disposal_draft(world, self._planter("request"), self.kept[0], assets.planted), "disposals", "处置申请")
        self._devices()
        self.tell("truth.json", 0.95)
        self._truth()
        self.tell("done", 1.0)
        return self.files

    def _devices(self) -> None:
        world = self.world
        self._put(camera_draft(world, self._planter("camera")), "cameras", "摄像机台账", encoding="gbk")
        self._put(platform_draft(world, self._planter("camera_platform")), "cameras_platform", "平台摄像机", kind="camera")
        self._put(gate_draft(world, self._planter("gate")), "gates", "出入口台账")
        posts = post_place_draft(world, self._planter("guard_post"))
        self._put(posts, "guard_posts", "岗位台账")
        self._put(zone_draft(world, self._planter("zone")), "zones", "区域台账")
        self._put(perimeter_draft(world, self._planter("perimeter_segment")), "perimeter", "周界防区台账")
        if world.doors:
            self._put(door_draft(world, self._planter("door")), "doors", "门禁台账")
            self._put(fire_point_draft(world, self._planter("fire_point")), "fire_points", "消防点位台账", encoding="gbk")
            self._put(lift_draft(world, self._planter("lift")), "lifts", "电梯台账")
        self._put(panic_button_draft(world, self._planter("panic_button")), "panic_buttons", "紧急按钮台账")
        self._put(guard_draft(world, self._planter("guard"), posts), "guards", "值勤人员")
        self._put(visit_draft(world, self._planter("visit")), "visits", "来访预约")

    def _planter(self, register: str) -> Planter:
        name = {"finance": "ledger_finance", "cards": "ledger_asset", "scan": "stocktake"}.get(register, register)
        return Planter(register=name, rng=self.world.rng(20, STREAMS.index(register)))

    def _put(self, draft: Draft, stem: str, title: str, *, book: bool = False, encoding: str = "utf-8", kind: str = "") -> None:
        register = draft.planter.register
        kind = kind or register
        columns = draft.arrow()
        if book:
            written = write_workbook(self.folder / f"{stem}.xlsx", kind, columns, title=title, notes=NOTES)
        else:
            written = write_csv(self.folder / f"{stem}.csv", kind, chunks_of(columns), encoding=encoding)
        self.files.append(replace(written, register=register))
        self.planted += draft.planter.planted

    def _assets(self, planter: Planter) -> None:
        import pyarrow.parquet as parquet

        count, whole = self.world.scale.assets, self.world.scale.whole
        with ExitStack() as stack:
            chunks = self._told(asset_chunks(self.world, planter, count), stack)
            self.files.append(write_csv(self.folder / "assets.csv", "asset", chunks))
        if not whole:
            other = next(
                asset_chunks(
                    replace(self.world, seed=self.world.seed + 1000, things=[]), Planter(register="", rng=planter.rng), count // 20
                )
            )
            written = write_workbook(
                self.folder / "assets_institution.xlsx",
                "asset",
                institution_columns(other),
                title="固定资产明细表",
                notes=NOTES,
                total="原值(万元)",
            )
            self.files.append(replace(written, register="asset_institution"))
            self.apart = other
            known = pa.table(self._known(other, institution_codes(other)), schema=TRUE_PLACES)
            parquet.write_table(known, self.folder / "truth_assets_institution.parquet", compression="zstd")
        self.planted += planter.planted

    def _told(self, chunks: Iterator[Cards], stack: ExitStack) -> Iterator[Columns]:
        """The columns of the cards; where each card really stands goes to a Parquet file beside."""
        import pyarrow.parquet as parquet

        world = self.world
        writer = stack.enter_context(parquet.ParquetWriter(self.folder / "truth_assets.parquet", TRUE_PLACES, compression="zstd"))
        done = 0
        for cards in chunks:
            writer.write_table(pa.table(self._known(cards, cards.code), schema=TRUE_PLACES))
            if not self.kept or not world.scale.whole:
                self.kept.append(cards)
            done += len(cards.code)
            self.tell("assets.csv", 0.25 + 0.5 * done / world.scale.assets)
            yield cards.columns

    def _known(self, cards: Cards, codes: pa.Array) -> list[pa.Array]:
        """What is true of cards, under these codes: unit, room, building, element."""
        if not self.codes:
            world = self.world
            self.codes += [pa.array([unit.code for unit in world.units])]
            self.codes += [pa.array([room_code(world, room) for room in world.rooms], pa.string())]
            self.codes += [pa.array([house.code for house in world.buildings])]
        units, rooms, houses = self.codes
        return [codes, take(units, cards.unit), take(rooms, cards.room), take(houses, cards.building), cards.element]

    def _books(self, assets: Planter) -> None:
        for register, stem, book, encoding in (
            ("finance", "ledger_finance", "财务账", "gbk"),
            ("cards", "ledger_asset", "资产账", "utf-8-sig"),
        ):
            draft = ledger_draft(self.world, self._planter(register), self.kept, assets.planted, book=book)
            self._put(draft, stem, book, encoding=encoding, kind="ledger_entry")

    def _truth(self) -> None:
        world = self.world
        write_manifest(self.folder, self.files)
        write_csv(self.folder / "truth_rooms.csv", "truth", [_room_truth(world)])
        facts = {
            "seed": world.seed,
            "today": world.today.isoformat(),
            "units": len(world.units),
            "buildings": len(world.buildings),
            "rooms": len(world.rooms),
            "people": len(world.people),
            "usable_m2": round(sum(room.area_m2 for room in world.rooms), 2),
            "rooms_with_model": sum(room.model is not None for room in world.rooms),
            "unbooked": "" if self.apart is None else "assets_institution.xlsx",
        }
        write_truth(self.folder / "truth.json", self.planted, self.files, facts=facts)


def _room_truth(world: World) -> Columns:
    """Each room as it is: its space in a model, area, who has it, and what they may have together (m², 0 where it is no office)."""
    codes = person_codes(world)
    allowed = [sum(limit_m2(world.units[world.people[at].unit], world.people[at].rank) for at in room.people) for room in world.rooms]
    return {
        "room": pa.array([room_code(world, room) for room in world.rooms], pa.string()),
        "model": pa.array([room.model.model if room.model else None for room in world.rooms], pa.string()),
        "global_id": pa.array([room.model.global_id if room.model else None for room in world.rooms], pa.string()),
        "area_m2": pa.array([room.area_m2 for room in world.rooms]),
        "people": pa.array([len(room.people) for room in world.rooms]),
        "who": pa.array([" ".join(codes[at] for at in (*room.people, *room.second)) for room in world.rooms], pa.string()),
        "allowed_m2": pa.array([float(area) for area in allowed]),
    }
