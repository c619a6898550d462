"""The registers of a small compound, written for three seeds from the same three models."""

from pathlib import Path

import pytest

from tests.twin.demo.registers.readers import Written, read_folder
from twin.demo.block import write_block
from twin.demo.hall import write_hall
from twin.demo.registers import write_registers
from twin.demo.tower import write_tower

SEEDS = (7, 8, 9)


@pytest.fixture(scope="package")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    write_tower(folder / "tower.ifc", seed=7, storeys=3)
    write_block(folder / "block.ifc", seed=7)
    write_hall(folder / "hall.ifc", seed=7)
    return {key: folder / f"{key}.ifc" for key in ("tower", "block", "hall")}


@pytest.fixture(scope="package")
def three(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[int, Written]:
    written = {}
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp(f"small-{seed}")
        written[seed] = read_folder(folder, write_registers(folder, scale="small", seed=seed, models=models))
    return written


@pytest.fixture(scope="package")
def compound(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("compound")
    return read_folder(folder, write_registers(folder, scale="compound", models=models))
