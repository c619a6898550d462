"""Models of the shared files, read once a session."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bim import BimModel, read_model


@pytest.fixture(scope="session")
def model_of(data_dir: Path, real_meshes: Path) -> Callable[[str], BimModel]:
    """The model of a file of `data/ifc` by its stem, read at its first use."""
    known: dict[str, BimModel] = {}

    def find(stem: str) -> BimModel:
        if stem not in known:
            known[stem] = read_model(data_dir / "ifc" / f"{stem}.ifc", "m", cache_dir=real_meshes)
        return known[stem]

    return find


@pytest.fixture(scope="session")
def facts(data_dir: Path) -> dict[str, Any]:
    """`facts.json` by file stem."""
    document = json.loads((data_dir / "facts.json").read_text(encoding="utf-8"))
    return {name.removeprefix("shared/ifc/").removesuffix(".ifc"): value for name, value in document.items() if "/ifc/" in name}
