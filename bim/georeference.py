"""The verdict on a model's place: every claim listed, the trusted one used, nothing guessed.

Trusted are coordinate operations and their property sets; latitude and longitude of IfcSite alone are at best
`placed_with_doubt`. A tool's default place is no claim. Claims that contradict each other, or none that is usable, mean
`needs_anchor`: a person says where the model is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bim.claims import Claim, ClaimKind, read_claims
from bim.locate import CENTRE, Located, heading_rotation, locate, sample_points
from spatial.errors import OutsideSite
from spatial.frame import Similarity, SiteFrame
from spatial.issue import Issue, Severity

__all__ = ["Anchor", "Claim", "Georeference", "JudgedClaim", "Verdict", "judge", "read_claims"]

AGREE_M = 1.0
ROUNDED_M = 100.0

_RANK = (
    ClaimKind.MAP_CONVERSION_SCALED,
    ClaimKind.MAP_CONVERSION,
    ClaimKind.RIGID_OPERATION,
    ClaimKind.PROPERTY_SET,
    ClaimKind.SITE_LAT_LON,
)


class Verdict(StrEnum):
    """How far a model's place is to be trusted (contracts)."""

    PLACED = "placed"
    PLACED_WITH_DOUBT = "placed_with_doubt"
    ANCHORED = "anchored"
    NEEDS_ANCHOR = "needs_anchor"
    NONE_NEEDED = "none_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A person's word: degrees, ellipsoidal metres, heading in degrees clockwise from true north to the model's +Y."""

    lon: float
    lat: float
    height_m: float
    heading_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """A claim with where it puts the centre of the model's box: degrees, ellipsoidal metres, heading as in `Anchor`; `stated` is
    what the file writes."""

    kind: str
    source_entity: str
    lon: float | None
    lat: float | None
    height_m: float | None
    crs: str | None
    heading_deg: float | None
    distance_to_site_m: float | None
    suspicious: tuple[str, ...]
    used: bool
    stated: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Georeference:
    """The verdict. `similarity` takes model-frame metres to site_xyz, None where nobody may place the model yet;
    `residual_m` is its largest error over the corners of the model's box."""

    verdict: Verdict
    claims: tuple[JudgedClaim, ...]
    similarity: Similarity | None
    residual_m: float | None
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """`{verdict, claims, residual_m, scale}` as in the answer of `twin import bim`."""
        names = JudgedClaim.__slots__
        return {
            "verdict": str(self.verdict),
            "claims": [{name: _plain(getattr(claim, name)) for name in names} for claim in self.claims],
            "residual_m": self.residual_m,
            "scale": self.similarity.scale if self.similarity else None,
        }


def judge(
    claims: Sequence[Claim],
    site_frame: SiteFrame,
    corners: ArrayLike,
    *,
    anchor: Anchor | tuple[float, float, float, float] | None = None,
    anchor_point: ArrayLike | None = None,
) -> Georeference:
    """The verdict on a model's claims.

    `corners` (n, 3) are points of the model in model-frame metres whose box is the model's extent; (0, 3) means there is
    nothing to place. `anchor` (lon, lat, ellipsoidal height, heading) places `anchor_point` (3,) of the model, by default its
    origin. Never raises for what a file claims.
    """
    points = np.asarray(corners, dtype=np.float64).reshape(-1, 3)
    if len(points) == 0:
        rows = tuple(_row(locate(claim, site_frame, sample_points(np.zeros((1, 3)))), used=False) for claim in claims)
        return Georeference(verdict=Verdict.NONE_NEEDED, claims=rows, similarity=None, residual_m=None, issues=())
    samples = sample_points(points)
    located = [locate(claim, site_frame, samples) for claim in claims]
    issues = [
        _issue(doubt.code, item.claim.source_entity, doubt.message, harmless=doubt.harmless)
        for item in located
        for doubt in item.doubts.values()
    ]
    if not claims:
        issues.append(_issue("GEOREF_NONE", "", "the file does not say where the model is; place it with --anchor"))
    contradictory = _disagreements(located, issues)
    if anchor is not None:
        given = anchor if isinstance(anchor, Anchor) else Anchor(lon=anchor[0], lat=anchor[1], height_m=anchor[2], heading_deg=anchor[3])
        return _anchored(given, np.zeros(3) if anchor_point is None else np.asarray(anchor_point), site_frame, samples, located, issues)
    usable = sorted((item for item in located if item.usable), key=lambda item: _RANK.index(item.claim.kind))
    best = usable[0] if usable and not contradictory else None
    rows = tuple(_row(item, used=item is best) for item in located)
    if best is None:
        return Georeference(verdict=Verdict.NEEDS_ANCHOR, claims=rows, similarity=None, residual_m=None, issues=tuple(issues))
    doubt = best.claim.kind is ClaimKind.SITE_LAT_LON or any(issue.severity is not Severity.INFO for issue in issues)
    verdict = Verdict.PLACED_WITH_DOUBT if doubt else Verdict.PLACED
    return Georeference(verdict=verdict, claims=rows, similarity=best.to_site, residual_m=best.residual_m, issues=tuple(issues))


def _disagreements(located: list[Located], issues: list[Issue]) -> bool:
    """Whether two claims contradict each other; what is only the rounding of IfcSite's angles is a finding, no contradiction."""
    contradictory = False
    standing = [item for item in located if item.site_xyz is not None and "GEOREF_DEFAULT_PLACE" not in item.doubts]
    for one, other in combinations(standing, 2):
        apart = _apart(one, other)
        if apart <= AGREE_M:
            continue
        rounded = ClaimKind.SITE_LAT_LON in (one.claim.kind, other.claim.kind) and apart <= ROUNDED_M
        contradictory = contradictory or not rounded
        names = f"{one.claim.source_entity} and {other.claim.source_entity}"
        issues.append(_issue("GEOREF_CLAIMS_DISAGREE", names, f"they put the model {apart:,.1f} m apart"))
    return contradictory


def _apart(one: Located, other: Located) -> float:
    """Largest distance in plan between two placements of the corners; heights are left out (their datum may be unknown)."""
    if one.site_xyz is None or other.site_xyz is None:
        return 0.0
    difference = one.site_xyz[:CENTRE] - other.site_xyz[:CENTRE]
    if abs(difference[:, 2]).max() > 10_000.0:
        return float(np.linalg.norm(difference, axis=1).max())
    return float(np.linalg.norm(difference[:, :2], axis=1).max())


def _anchored(
    anchor: Anchor,
    point: np.ndarray[Any, Any],
    frame: SiteFrame,
    samples: np.ndarray[Any, Any],
    located: list[Located],
    issues: list[Issue],
) -> Georeference:
    rotation = heading_rotation(anchor.heading_deg)
    to_site = Similarity(rotation, 1.0, -rotation @ point).then(frame.local(anchor.lon, anchor.lat, anchor.height_m))
    rows = tuple(_row(item, used=False) for item in located)
    try:
        frame.require_inside(to_site.apply(samples), "the anchored model")
    except OutsideSite as error:
        issues.append(_issue(OutsideSite.code, "anchor", str(error)))
        return Georeference(verdict=Verdict.NEEDS_ANCHOR, claims=rows, similarity=None, residual_m=None, issues=tuple(issues))
    return Georeference(verdict=Verdict.ANCHORED, claims=rows, similarity=to_site, residual_m=0.0, issues=tuple(issues))


def _row(item: Located, *, used: bool) -> JudgedClaim:
    return JudgedClaim(
        kind=str(item.claim.kind),
        source_entity=item.claim.source_entity,
        lon=item.lon,
        lat=item.lat,
        height_m=item.height_m,
        crs=item.claim.crs,
        heading_deg=item.heading_deg,
        distance_to_site_m=item.distance_to_site_m,
        suspicious=tuple(item.doubts),
        used=used,
        stated=item.claim.stated,
    )


def _issue(code: str, path: str, message: str, *, harmless: bool = False) -> Issue:
    return Issue(code=code, path=path, message=message, severity=Severity.INFO if harmless else Severity.WARNING)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
