"""A small compound for the simulator: a ring road in a fence, two gates, streets around, a tall house and one that bridges a street."""

import numpy as np
from shapely.geometry import box

from sensors.simulate_place import Built, Compound, GateLine, Post, Segment
from sensors.simulate_roads import RoadLine, Streets

__all__ = ["compound", "roads"]

HALF = 100.0


def roads() -> list[RoadLine]:
    """Lines cut at every junction."""
    ring = [(-70.0, -70.0), (0.0, -70.0), (70.0, -70.0), (70.0, 0.0), (70.0, 70.0), (-70.0, 70.0)]
    outer = [(-160.0, -160.0), (0.0, -160.0), (160.0, -160.0), (160.0, 0.0), (160.0, 160.0), (-160.0, 160.0)]
    lines = [("ring", a, b, 7.0, 5.6, 0) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)]
    lines += [("outer", a, b, 12.0, 8.3, 0) for a, b in zip(outer, [*outer[1:], outer[0]], strict=True)]
    lines += [("avenue", (0.0, -160.0), (0.0, -100.0), 9.0, 8.3, 0), ("avenue", (0.0, -100.0), (0.0, -70.0), 9.0, 5.6, 0)]
    lines += [("east", (70.0, 0.0), (100.0, 0.0), 7.0, 5.6, 0), ("east", (100.0, 0.0), (160.0, 0.0), 7.0, 8.3, 0)]
    lines += [("dead end", (0.0, -160.0), (0.0, -240.0), 7.0, 8.3, 0)]
    found = [RoadLine(name=n, line=np.array([a, b]), width_m=w, m_per_s=v, one_way=o) for n, a, b, w, v, o in lines]
    bent = np.array([(-70.0, 70.0), (-75.0, 90.0), (-60.0, 95.0)])
    return [*found, RoadLine(name="walk", line=bent, width_m=2.0, m_per_s=5.6, driven=False)]


def compound() -> Compound:
    """The compound; the same every time."""
    corners = [(-HALF, -HALF), (HALF, -HALF), (HALF, HALF), (-HALF, HALF)]
    sides = zip(corners, [*corners[1:], corners[0]], strict=True)
    return Compound(
        streets=Streets.of(roads()),
        ground=box(-HALF, -HALF, HALF, HALF),
        built=Built(outlines=[box(74.0, 20.0, 90.0, 60.0), box(-165.0, -20.0, -155.0, 20.0)], heights_m=np.array([30.0, 12.0])),
        gates=[
            GateLine(key="S", xy=np.array([0.0, -100.0]), outwards_deg=180.0, width_m=10.0, cars=True),
            GateLine(key="E", xy=np.array([100.0, 0.0]), outwards_deg=90.0, width_m=8.0, cars=True),
            GateLine(key="P", xy=np.array([-100.0, 30.0]), outwards_deg=270.0, width_m=3.0, cars=False),
        ],
        segments=[Segment(key=f"PS-{i}", line=np.array(side)) for i, side in enumerate(sides)],
        cameras=[Post(key=f"C-{i}", xy=np.array(xy)) for i, xy in enumerate([(90.0, 90.0), (-90.0, -90.0), (np.nan, np.nan)])],
        posts=[Post(key=f"P-{i}", xy=np.array(xy)) for i, xy in enumerate([(5.0, -95.0), (95.0, 5.0), (-65.0, 65.0), (0.0, 0.0)])],
        doors=[Post(key=f"D-{i}", xy=np.array([80.0, 30.0 + i])) for i in range(5)],
        fire_points=[Post(key=f"F-{i}", xy=np.array([78.0 + i, 40.0])) for i in range(3)],
        lifts=[Post(key=f"L-{i}", xy=np.array([82.0, 40.0 + i])) for i in (1, 2)],
        lift_floors={"L-1": (1, 12)},
        panic_buttons=[Post(key="B-1", xy=np.array([82.0, 42.0]))],
        guards=["W-1", "W-2"],
        meters=[("M-1", "electricity"), ("M-2", "water")],
        people=[f"R{i}" for i in range(20)],
        cars=["闽A00001", "闽A00002", "闽A00003"],
    )
