"""Stairs with real steps: two flights and a landing between storeys, and entrance steps."""

from twin.demo.building import Floor, PlanFrame
from twin.demo.model import Entity
from twin.demo.shapes import box, side_profile

__all__ = ["entrance_steps", "half_turn_stair", "stair_well"]

TREAD_M = 0.28
LANDING_M = 0.16
LANDING_DEPTH_M = 1.3
RAIL_M = 0.9


def stair_well(frame: PlanFrame, width: float, depth: float, rise: float) -> list[tuple[float, float]]:
    """The hole that a half-turn stair of this rise needs in the slab above it."""
    return frame.rectangle(0.0, _start(depth, rise), width, depth)


def half_turn_stair(floor: Floor, frame: PlanFrame, width: float, depth: float, label: str) -> Entity:
    """A stair to the next storey in a room of the frame (door side y = 0): up on the left, landing at the far wall, back on the right."""
    rise = floor.height
    each = _risers(rise)
    riser = rise / 2 / each
    flight = (width - 0.2) / 2
    landing_start, start = depth - LANDING_DEPTH_M, _start(depth, rise)
    stair = floor.whole("IfcStair", label, **_stair_shape(floor, "HALF_TURN_STAIR"))
    rise_args = {"NumberOfRiser" if floor.model.old else "NumberOfRisers": each, "NumberOfTreads": each - 1}
    common = {**rise_args, "RiserHeight": floor.model.length(riser), "TreadLength": floor.model.length(TREAD_M)}
    axis, origin = frame.axis, (*frame.point(0.0, 0.0), 0.0)
    up = _flight_outline(start, riser, each, 0.0, 1)
    back = _flight_outline(landing_start, riser, each, rise / 2, -1)
    for name, outline, x in (("梯段1", up, 0.0), ("梯段2", back, width - flight)):
        body = side_profile(floor.model, outline, x, flight)
        floor.element(
            "IfcStairFlight", f"{label} {name}", [body], "concrete", material="混凝土", whole=stair, origin=origin, axis=axis, **common
        )
    landing = box(floor.model, (0.0, landing_start, rise / 2 - LANDING_M), (width, depth, rise / 2))
    floor.element(
        "IfcSlab",
        f"{label} 平台",
        [landing],
        "concrete",
        material="混凝土",
        whole=stair,
        origin=origin,
        axis=axis,
        PredefinedType="LANDING",
    )
    rails = []
    for begin, low, sign in ((start, 0.0, 1), (landing_start, rise / 2, -1)):
        for i in range(0, each, 2):
            y = begin + sign * (i + 0.5) * TREAD_M
            x = flight - 0.03 if sign > 0 else width - flight
            z = low + (i + 1) * riser
            rails.append(box(floor.model, (x, y - 0.012, z), (x + 0.025, y + 0.012, z + RAIL_M)))
        y0, y1 = begin, begin + sign * (each - 1) * TREAD_M
        x = flight - 0.04 if sign > 0 else width - flight - 0.01
        z0, z1 = low + riser + RAIL_M - 0.05, low + each * riser + RAIL_M - 0.05
        ring = [(y0, z0), (y1, z1), (y1, z1 + 0.05), (y0, z0 + 0.05)]
        rails.append(side_profile(floor.model, ring if sign > 0 else ring[::-1], x, 0.045))
    floor.element(
        "IfcRailing", f"{label} 栏杆", rails, "steel", material="钢", whole=stair, origin=origin, axis=axis, PredefinedType="HANDRAIL"
    )
    return stair


def entrance_steps(floor: Floor, frame: PlanFrame, width: float, drop: float, count: int, label: str) -> Entity:
    """Steps down from y = 0 towards −y over a drop in metres, `count` risers; x from 0 to width."""
    stair = floor.whole("IfcStair", label, **_stair_shape(floor, "STRAIGHT_RUN_STAIR"))
    riser = drop / count
    outline = [(0.0, -drop - 0.4), (0.0, -riser)]
    for i in range(1, count):
        outline += [(-0.34 * i, -riser * i), (-0.34 * i, -riser * (i + 1))]
    outline.append((-0.34 * (count - 1), -drop - 0.4))
    body = side_profile(floor.model, outline, 0.0, width)
    common = {"NumberOfRiser" if floor.model.old else "NumberOfRisers": count, "NumberOfTreads": count - 1}
    floor.element(
        "IfcStairFlight",
        f"{label} 台阶",
        [body],
        "stone",
        material="花岗岩",
        whole=stair,
        origin=(*frame.point(0.0, 0.0), 0.0),
        axis=frame.axis,
        **common,
    )
    return stair


def _flight_outline(start: float, riser: float, count: int, low: float, sign: int) -> list[tuple[float, float]]:
    outline = [(start, low)]
    for i in range(count - 1):
        y = start + sign * i * TREAD_M
        outline += [(y, low + (i + 1) * riser), (y + sign * TREAD_M, low + (i + 1) * riser)]
    end = start + sign * (count - 1) * TREAD_M
    outline += [(end, low + (count - 1) * riser - LANDING_M - 0.1), (start + sign * 0.3, low)]
    return outline if sign < 0 else outline[::-1]


def _risers(rise: float) -> int:
    return round(rise / 0.165 / 2)


def _start(depth: float, rise: float) -> float:
    return depth - LANDING_DEPTH_M - (_risers(rise) - 1) * TREAD_M


def _stair_shape(floor: Floor, shape: str) -> dict[str, str]:
    return {"ShapeType" if floor.model.old else "PredefinedType": shape}
