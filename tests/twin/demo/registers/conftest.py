"""The registers of a small compound, written for three seeds from the same three models."""

from pathlib import Path

import pytest

from tests.twin.demo.registers.readers import Written, read_folder
from twin.demo.registers import RegisterFile, write_registers


@pytest.fixture(scope="package")
def three(small_registers: dict[int, tuple[Path, list[RegisterFile]]]) -> dict[int, Written]:
    return {seed: read_folder(folder, files) for seed, (folder, files) in small_registers.items()}


@pytest.fixture(scope="package")
def compound(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("compound")
    return read_folder(folder, write_registers(folder, scale="compound", models=models))
