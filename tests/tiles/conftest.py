"""Tiles to be damaged."""

import shutil
from pathlib import Path

import pytest

from tests.tiles.layers import FRAME, toy_building
from tiles import write_layer


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good tiles; copy them."""
    folder = tmp_path_factory.mktemp("tiles") / "toy"
    write_layer(toy_building(), FRAME.to_ecef, folder)
    return folder


@pytest.fixture
def good(toy: Path, tmp_path: Path) -> Path:
    """Good tiles of the test's own, to be damaged."""
    return Path(shutil.copytree(toy, tmp_path / "toy"))
