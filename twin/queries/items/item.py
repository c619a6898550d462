"""What a collection holds, whatever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

__all__ = ["Item"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One thing: `geometry` in lon, lat degrees (CRS84), with metres above the ellipsoid as third coordinate where they are known
    (CRS84h); its lowest and highest height; when the twin came to know it so.

    `site` is the code of the site whose frame and geoid it belongs to, None for what stands in none. `version` is that of the record
    it is, for who would change it; None for what is not changed here, and in a page.
    """

    id: str
    site: str | None
    geometry: BaseGeometry | None
    low_m: float | None = None
    high_m: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None
