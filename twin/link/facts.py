"""What the linker takes in and gives out: facts of both sides, links with their evidence, items of the work list."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["Decision", "Evidence", "Link", "Method", "Policy", "RoomRecord", "SpaceFact", "Unmatched", "WorkItem", "default_policy"]

Method = Literal["code", "name", "geometry", "manual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRecord:
    """A room as a register has it: texts as written, area in m²; `global_id` where the register (COBie) states one."""

    id: str
    key: str = ""
    building: str = ""
    storey: str = ""
    number: str = ""
    name: str = ""
    usable_area_m2: float | None = None
    global_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFact:
    """A room as a model has it. `number` is the space's Name, `storey` its storey's Name, `storey_elevation_m` that storey's height
    over the model's zero; `areas_m2` are the measured and the declared ones: agreement with any is agreement."""

    id: str
    global_id: str = ""
    building_id: str = ""
    storey_id: str = ""
    storey: str = ""
    storey_elevation_m: float | None = None
    number: str = ""
    long_name: str = ""
    areas_m2: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided of a record and a space; it outweighs everything."""

    record_id: str
    space_id: str
    made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for a link: True agrees, False differs, None cannot be said.

    `tier` is what the numbers did: `code` (a GlobalId), `number`, `list` (several at once), `part` (203A within 203), `whole` (203
    over 203A and 203B), `letter` (203 for A203) or empty; `reading` the sense the text was taken in.
    """

    tier: str = ""
    reading: str = ""
    storey: bool | None = None
    name: bool | None = None
    area: bool | None = None

    def score(self) -> int:
        """How much storey, name and area say together; each agreement +1, each difference −1, the storey counts twice."""
        return sum(weight * (1 if said else -1) for weight, said in ((2, self.storey), (1, self.name), (1, self.area)) if said is not None)

    def as_json(self) -> dict[str, object]:
        """The evidence as stored: what cannot be said is left out."""
        said = {"tier": self.tier, "reading": self.reading, "storey": self.storey, "name": self.name, "area": self.area}
        return {key: value for key, value in said.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One record is one space. `confidence` in (0, 1]; `number` links are of method `code`."""

    record_id: str
    space_id: str
    method: Method
    confidence: float
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A record or space without a link: why, and what it might be (never linked by itself)."""

    id: str
    reason: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """Something a person must look at; `code` is listed in docs/issue-codes.md, `facts` say what stands against what."""

    code: str
    record_ids: tuple[str, ...]
    space_ids: tuple[str, ...]
    message: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How far areas may lie apart (the larger of `area_relative` and `area_m2`), and how sure a link is (data/policy.toml)."""

    area_relative: float
    area_m2: float
    base: Mapping[str, float]
    storey: Mapping[str, float]
    name: Mapping[str, float]
    area: Mapping[str, float]

    def area_agrees(self, said_m2: float, found_m2: float) -> bool:
        """Whether two areas are the same within tolerance of the larger one."""
        return abs(said_m2 - found_m2) <= max(self.area_m2, self.area_relative * max(said_m2, found_m2))

    def confidence(self, base: str, evidence: Evidence, building: float = 1.0) -> float:
        """Confidence of a link resting on `base`, within [0.05, 0.99], times that of its building."""
        value = self.base[base]
        for table, said in ((self.storey, evidence.storey), (self.name, evidence.name), (self.area, evidence.area)):
            value += 0.0 if said is None else table["agrees" if said else "differs"]
        return round(min(0.99, max(0.05, value * building)), 3)


@cache
def default_policy() -> Policy:
    """The policy of `data/policy.toml`."""
    table = tomllib.loads((files("twin.link") / "data" / "policy.toml").read_text("utf-8"))
    return Policy(**{key: table[key] for key in ("area_relative", "area_m2", "base", "storey", "name", "area")})
