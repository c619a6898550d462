"""Passages of gates and doors as the lists of who is inside take them: of which area a gate is the way in, what it stands in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from sensors import Observation, Stream
from twin.codes.plate import normalise_plate
from twin.live.fences import Fact, Ground
from twin.live.inside import LATE_US, Changed, Passages, Passed, Rederived
from twin.live.still import count_of

__all__ = ["pass_through", "passed_of", "time_of"]

DAY_US = 86_400_000_000
"""A device whose clock is a day off is not asked what time it is."""
LONGEST = 100


def pass_through(
    passages: Passages, ground: Ground, said: Sequence[tuple[int, Observation]], now_us: int
) -> tuple[frozenset[int], Changed, list[tuple[int, Rederived]]]:
    """Take in what was said, each with the time that stands for it: which (by index) were told before, what changed of the lists, and
    what came late, by index."""
    again, changed, late = set(), passages.fold(now_us), []
    for at, (time_us, one) in enumerate(said):
        for passed in passed_of(one, time_us, ground) if one.stream is Stream.PASSAGE else ():
            fresh, rows, told = passages.take(passed, now_us)
            changed |= rows
            late += [(at, each) for each in told]
            if not fresh:
                again.add(at)
    return frozenset(again), changed, late


def passed_of(one: Observation, at_us: int, ground: Ground) -> Iterator[Passed]:
    """A passage as one of a vehicle, of a person, of both (who drives it), or of nobody known; of a gate the scene does not have no area
    is known.

    A gate is the way into its site, and into the building that it stands in; a door that into its building. A reader that is no
    way in or out, such as one at an inner door or at an assembly point, tells no direction.
    """
    own = one.device.replace("/", ":", 1)
    facts = dict(_upwards(own, ground))
    site = next((fact.site for fact in facts.values()), "")
    areas = [feature for feature, fact in facts.items() if fact.kind == "building"]
    if one.device.startswith("gate/") and site:
        areas.insert(0, site)
    direction = one.value.get("direction")
    place = (own, *(feature for feature in facts if feature != own), *_zones(facts.get(own), ground, facts))
    for number, who in enumerate(_who(one) or (None,)):
        yield Passed(
            at_us=at_us,
            gate=one.device,
            who=who,
            direction=direction if direction in ("in", "out") else None,
            site=site,
            areas=tuple(areas),
            place=place,
            count=0 if number else count_of(one.value),
        )


def time_of(one: Observation) -> int:
    """When it happened, as far as the device is believed: its clock is within a day of that of receipt; a passage may come late."""
    said, late_us = one.device_us, LATE_US if one.stream is Stream.PASSAGE else DAY_US
    return said if said is not None and -DAY_US < one.received_us - said < late_us else one.received_us


def _who(one: Observation) -> list[str]:
    plate, person = one.value.get("plate"), one.value.get("person") or one.value.get("card")
    found = []
    if isinstance(plate, str) and (kept := normalise_plate(plate)):
        found.append(f"vehicle/{kept[:LONGEST]}")
    if isinstance(person, str | int) and (key := " ".join(str(person).split())):
        found.append(f"person/{key[:LONGEST]}")
    return found


def _upwards(feature: str | None, ground: Ground) -> Iterator[tuple[str, Fact]]:
    """A feature and what it is within, step by step."""
    passed: set[str] = set()
    while feature is not None and feature not in passed and (fact := ground.fact(feature)) is not None:
        passed.add(feature)
        yield feature, fact
        feature = fact.within


def _zones(fact: Fact | None, ground: Ground, known: Collection[str]) -> list[str]:
    """The zones a gate stands in."""
    if fact is None or fact.lon_lat is None:
        return []
    near = ground.near(np.array([fact.lon_lat[0]]), np.array([fact.lon_lat[1]]), 0.0)
    return sorted({feature for feature, inside in zip(near.feature, near.inside.tolist(), strict=True) if inside and feature not in known})
