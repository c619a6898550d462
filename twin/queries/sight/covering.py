"""What cameras cover together: questions in JSON about a site, their samples and what each camera sees kept from one to the next.

A camera that is moved, added or failed lives in the question alone. A camera is known by its whole pose and lens: one that the
register moved is looked at anew, the others are not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sensors import Camera
from spatial.errors import SpatialError
from spatial.source import bytes_sha256
from twin.auth import Labels
from twin.errors import Invalid
from twin.queries.sight.asking import doors_of
from twin.queries.sight.coverage import CameraCover, Coverage
from twin.queries.sight.samples import Area, Samples
from twin.queries.sight.site import SiteSight
from twin.queries.sight.visible import CHEST_M, HEAD_M
from twin.queries.sight.what_if import cameras_asked
from twin.store import Store

__all__ = ["KINDS", "Covered", "Covers", "cover"]

COVERAGE_INVALID = "COVERAGE_INVALID"
KINDS = ("room", "road", "perimeter")
STEP_M, LEAST_STEP_M, MOST_STEP_M = 0.5, 0.1, 10.0
MOST_POINTS = 20_000_000
KEPT_SETTINGS, KEPT_CAMERAS = 2, 2_000
POLL_S = 0.05
Question = Mapping[str, Any]
Pause = Callable[[], None]


@dataclass(slots=True, eq=False)
class _Kept:
    """Samples, and what cameras see of them under one set of doors, heights and so on."""

    samples: Samples
    known: OrderedDict[Camera, CameraCover] = field(default_factory=OrderedDict)


class Covers:
    """What a process keeps of the coverages it was asked for; one is worked on at a time, who waits can be told to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def of(self, sight: SiteSight, areas: Sequence[Area], cameras: Sequence[Camera], how: Mapping[str, Any], pause: Pause) -> Coverage:
        """The coverage of these areas by these cameras; `how` are the step, heights, turned, open doors and what is left out."""
        names = [(area.id, area.outline.wkb if area.kind == "perimeter" else b"") for area in areas]
        key = bytes_sha256(repr((sight.code, sight.drawn.scene.revision, names, sorted(how.items()))).encode())
        while not self._lock.acquire(timeout=POLL_S):
            pause()
        try:
            kept = self._kept.pop(key, None) or _Kept(Samples.of(sight.drawn.scene, areas, how["step_m"]))
            self._kept[key] = kept
            while len(self._kept) > KEPT_SETTINGS:
                self._kept.popitem(last=False)
            settings = {name: value for name, value in how.items() if name != "step_m"}
            found = Coverage.of(sight.drawn.scene, cameras, kept.samples, **settings, known=kept.known, pause=pause)
            while len(kept.known) > max(KEPT_CAMERAS, len(cameras)):
                kept.known.popitem(last=False)
            return found
        finally:
            self._lock.release()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Covered:
    """An answer before it is told: the coverage, the areas that the reader may know of, and which of its cameras the register has not."""

    sight: SiteSight
    coverage: Coverage
    labels: Labels
    changed: Mapping[str, str]
    blind: bool
    fewer_than: int

    def knows(self, name: str) -> bool:
        """Whether the reader may know of an area or what it lies in."""
        return self.sight.live.knows(self.labels, name)


def cover(covers: Covers, store: Store, sight: SiteSight, labels: Labels, question: Question, *, pause: Pause = lambda: None) -> Covered:
    """All of it or the part asked for: `{in, kinds, cameras, what_if, step_m, heights_m, turned, open_doors, left_out, blind, fewer_than}`.

    Raises NotFound, Invalid (`COVERAGE_INVALID`, `CAMERA_INVALID`) and whatever `pause` raises.
    """
    doors, left_out = doors_of(sight, labels, question)
    step, heights, fewer_than = _numbers(question)
    cameras, changed = cameras_asked(sight, labels, question)
    areas = list(_areas(store, sight, labels, question))
    most = sum(area.size / (step if area.is_line else step**2) for area in areas if sight.live.knows(labels, area.id))
    if most > MOST_POINTS:
        hint = f"a longer step, or a part of the site (in): at most {MOST_POINTS:,} points"
        raise Invalid(f"{most:,.0f} points at a step of {step} m", code=COVERAGE_INVALID, hint=hint)
    how = {"step_m": step, "heights_m": heights, "turned": bool(question.get("turned")), "open_doors": tuple(sorted(doors))}
    try:
        found = covers.of(sight, areas, cameras, {**how, "left_out": tuple(sorted(left_out))}, pause)
    except SpatialError as error:
        raise Invalid(str(error), code=COVERAGE_INVALID, hint=error.hint) from None
    blind = question.get("blind")
    return Covered(
        sight=sight, coverage=found, labels=labels, changed=changed, blind=True if blind is None else bool(blind), fewer_than=fewer_than
    )


def _numbers(question: Question) -> tuple[float, tuple[float, ...], int]:
    step = question.get("step_m") or STEP_M
    heights = tuple(question.get("heights_m") or (CHEST_M, HEAD_M))
    fewer_than = question.get("fewer_than") or 1
    if not LEAST_STEP_M <= step <= MOST_STEP_M:
        raise Invalid(f"a step of {step} m", code=COVERAGE_INVALID, hint=f"{LEAST_STEP_M} to {MOST_STEP_M} m")
    if len(heights) > 8 or len(set(heights)) < len(heights) or not all(np.isfinite(h) and 0 <= h <= 100 for h in heights):
        raise Invalid(f"heights {list(heights)}", code=COVERAGE_INVALID, hint="one to eight different heights above the floor, 0 to 100 m")
    if not 1 <= fewer_than <= 100:
        raise Invalid(f"fewer_than {fewer_than}", code=COVERAGE_INVALID, hint="1 to 100 cameras")
    return float(step), tuple(float(height) for height in heights), int(fewer_than)


def _areas(store: Store, sight: SiteSight, labels: Labels, question: Question) -> Iterator[Area]:
    """The areas asked for. All of them are sampled, hidden ones too, so that one coverage serves every reader; who tells it, masks."""
    kinds = tuple(question.get("kinds") or KINDS)
    strange = [kind for kind in kinds if kind not in KINDS]
    if strange:
        raise Invalid(f"no kind of area {strange[0]}", code=COVERAGE_INVALID, hint=f"one of {', '.join(KINDS)}")
    holder = question.get("in")
    below = None if holder is None else {holder, *(str(row.feature.id) for row in store.descendants(holder, labels, site=sight.code))}
    for area in sight.areas:
        if area.kind in kinds and (below is None or area.id in below or area.within in below):
            yield area
