"""The numbers of the simulator (`simulate_model.toml`)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

__all__ = ["model"]

FILE = Path(__file__).with_name("simulate_model.toml")


@cache
def model(part: str) -> Mapping[str, Any]:
    """One table of the file; what each number is stands there."""
    return MappingProxyType(tomllib.loads(FILE.read_text(encoding="utf-8"))[part])
