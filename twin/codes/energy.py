"""Factors that turn energy into kilograms of standard coal."""

from dataclasses import dataclass
from typing import ClassVar

from twin.codes.row import Row

__all__ = ["KgceFactor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KgceFactor(Row):
    """Kilograms of standard coal in one `unit` of a carrier, on a named basis; one basis of each carrier is used `by_default`."""

    TABLE: ClassVar[str] = "kgce_factors"
    KEY: ClassVar[tuple[str, ...]] = ("carrier", "basis")

    carrier: str
    basis: str
    by_default: bool
    factor: float
    unit: str
    zh: str
    en: str
