"""Write the whole demo into a folder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon

from spatial.frame import Site
from twin.demo.block import write_block
from twin.demo.city import city_buildings, write_city
from twin.demo.hall import write_hall
from twin.demo.layers import write_layers
from twin.demo.registers import RegisterFile, write_registers
from twin.demo.siteplan import CRS
from twin.demo.terrain import write_terrain
from twin.demo.tower import write_tower
from twin.errors import Invalid

__all__ = ["REGISTERS", "SITE", "DemoFiles", "write_demo"]

REGISTERS = "registers"

SITE = Site(
    code="pingshan",
    name="屏山大院",
    lon=119.2946,
    lat=26.0896,
    height_m=30.0,
    crs=CRS,
    geoid_separation_m=10.0,
    radius_m=3000.0,
    division="350102",
)
SCALES = {"small": (3, 20), "compound": (12, None), "province": (12, None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFiles:
    """The site and where its files lie; `models` maps model keys to IFC files, `registers` are in the order of their import."""

    site: Site
    models: dict[str, Path]
    city: Path
    layers: Path
    terrain: Path
    registers: tuple[RegisterFile, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file, models first, registers last."""
        return (*self.models.values(), self.city, self.layers, self.terrain, *(register.path for register in self.registers))


def write_demo(folder: Path, *, seed: int = 7, scale: str = "compound", progress: Callable[[str, float], None] | None = None) -> DemoFiles:
    """Write the demo: tower.ifc, block.ifc, hall.ifc, city.city.json, layers.gpkg, hill.tif, registers/; existing files are replaced.

    `scale` is `compound` (12 storeys, the whole city), `small` (3 storeys, 20 city buildings) or `province` (the compound with
    the registers of the whole province: 0.6 GB); another one raises Invalid. `progress` is told what is being written and
    the share done, 0..1.
    """
    if scale not in SCALES:
        raise Invalid(f"no demo of scale {scale!r}", path="scale", hint=f"one of: {', '.join(SCALES)}")
    storeys, limit = SCALES[scale]
    folder.mkdir(parents=True, exist_ok=True)

    def tell(what: str, share: float) -> None:
        if progress:
            progress(what, share)

    models = {key: folder / f"{key}.ifc" for key in ("tower", "block", "hall")}
    files = DemoFiles(site=SITE, models=models, city=folder / "city.city.json", layers=folder / "layers.gpkg", terrain=folder / "hill.tif")
    for path in files.all:
        path.unlink(missing_ok=True)
    tell("hill.tif", 0.0)
    write_terrain(files.terrain)
    tell("city.city.json", 0.05)
    buildings = city_buildings(np.random.default_rng([seed, 1]), limit=limit)
    write_city(files.city, buildings)
    tell("layers.gpkg", 0.1)
    write_layers(files.layers, np.random.default_rng([seed, 2]), standing=[Polygon(row.ring) for row in buildings])
    tell("tower.ifc", 0.15)
    write_tower(models["tower"], seed=seed, storeys=storeys)
    tell("block.ifc", 0.4)
    write_block(models["block"], seed=seed)
    tell("hall.ifc", 0.47)
    write_hall(models["hall"], seed=seed)
    registers = write_registers(
        folder / REGISTERS, scale=scale, seed=seed, models=models, progress=lambda what, share: tell(what, 0.5 + share / 2)
    )
    return replace(files, registers=tuple(registers))
