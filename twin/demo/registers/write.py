"""Write the registers of a demo into a folder, as the offices would hand them over."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa

from twin.demo.registers.assets import Cards, asset_chunks
from twin.demo.registers.sheet import Columns, RegisterFile, write_csv
from twin.demo.registers.truth import Planter
from twin.demo.registers.vocabulary import take
from twin.demo.registers.world import SCALES, World, build_world

__all__ = ["TODAY", "write_assets"]

TODAY = date(2026, 10, 31)
Progress = Callable[[str, float], None]


def write_assets(
    path: Path, rows: int, *, seed: int = 7, scale: str = "province", today: date = TODAY, models: Mapping[str, Path] | None = None
) -> RegisterFile:
    """Write only asset cards, `rows` of them, as one UTF-8 CSV: for measuring an import. The same seed writes the same bytes."""
    world = build_world(SCALES[scale], seed=seed, today=today, models=models)
    planter = Planter(register="asset", rng=world.rng(6))
    return write_csv(path, "asset", (cards.columns for cards in asset_chunks(world, planter, rows)))


def _told(world: World, chunks: Iterator[Cards], truth: Path) -> Iterator[Columns]:
    """The columns of the cards; where each card really stands goes to `truth` beside."""
    import pyarrow.parquet as parquet

    units = pa.array([unit.code for unit in world.units])
    rooms = pa.array([f"{world.buildings[room.building].code}-{room.number}" for room in world.rooms], pa.string())
    houses = pa.array([house.code for house in world.buildings])
    schema = pa.schema([(name, pa.string()) for name in ("asset", "unit", "room", "building", "element")])
    with parquet.ParquetWriter(truth, schema, compression="zstd") as writer:
        for cards in chunks:
            known = [cards.code, take(units, cards.unit), take(rooms, cards.room), take(houses, cards.building), cards.element]
            writer.write_table(pa.table(known, schema=schema))
            yield cards.columns
