"""Roofs: the tower's flat one with its equipment, the block's hipped tiles, the hall's standing seams."""

import math
from collections.abc import Sequence

from twin.demo.building import Floor, Hole, PlanFrame
from twin.demo.model import Entity, Point
from twin.demo.shapes import Ring, box, closed_mesh, cylinder, prism

__all__ = ["flat_roof", "gable_roof", "hipped_ell_roof"]

PARAPET_M = 1.2


def flat_roof(floor: Floor, length: float, width: float, *, penthouse: tuple[float, float, float, float], well: Ring) -> None:
    """A flat roof over a storey: slab, membrane, parapet, stair and lift penthouse, condensing units, water tank."""
    model, top, here = floor.model, floor.height, PlanFrame()
    roof = floor.whole("IfcRoof", "屋面", PredefinedType="FLAT_ROOF")
    x0, y0, x1, y1 = penthouse
    floor.slab(
        here.rectangle(-0.12, -0.12, length + 0.12, width + 0.12),
        label="屋面板",
        colour="white_panel",
        kind="ROOF",
        top=top,
        whole=roof,
        holes=[well],
    )
    membrane = prism(model, here.rectangle(0.25, 0.25, length - 0.25, width - 0.25), top, 0.05, [well])
    floor.element("IfcCovering", "屋面防水层", [membrane], "roof_membrane", material="防水卷材", PredefinedType="ROOFING")
    runs = (
        ((-0.12, 0.065), (length + 0.12, 0.065)),
        ((-0.12, width - 0.065), (length + 0.12, width - 0.065)),
        ((0.065, 0.25), (0.065, width - 0.25)),
        ((length - 0.065, 0.25), (length - 0.065, width - 0.25)),
    )
    for i, (start, end) in enumerate(runs):
        floor.wall(
            here, start, end, 0.37, label=f"女儿墙 {i + 1}", colour="stone", external=True, base=top, height=PARAPET_M, material="混凝土"
        )
    _crown(floor, length, width, top)
    _penthouse(floor, x0, y0, x1, y1 - 0.4, top + 0.05)
    for i in range(3):
        for x in (5.0 + 4.0 * i, length - 5.0 - 4.0 * i):
            floor.furnish(None, here, "cooling", x, 4.6, top + 0.05)
    tank = [box(model, (x1 + 3, y0 + 1.0, top + 0.05), (x1 + 7, y0 + 4.0, top + 2.4))]
    floor.element("IfcTank", "生活水箱", tank, "chrome", material="不锈钢", PredefinedType="STORAGE")
    rods = [cylinder(model, x, y1 - 1.2, 0.05, top + 3.6, top + 7.5) for x in (x0 + 1.0, x1 - 1.0)]
    floor.element("IfcBuildingElementProxy", "避雷针", rods, "chrome", material="钢")


def _crown(floor: Floor, length: float, width: float, top: float) -> None:
    """Coping on the parapet, and over it an open frame on posts that ends the fronts against the sky."""
    model, z = floor.model, top + PARAPET_M
    rims = (
        ((-0.3, -0.3), (length + 0.3, 0.4)),
        ((-0.3, width - 0.4), (length + 0.3, width + 0.3)),
        ((-0.3, 0.4), (0.4, width - 0.4)),
        ((length - 0.4, 0.4), (length + 0.3, width - 0.4)),
    )
    coping = [box(model, (*low, z), (*high, z + 0.14)) for low, high in rims]
    floor.element("IfcCovering", "女儿墙压顶", coping, "white_panel", material="铝板", PredefinedType="CLADDING")
    high = z + 2.6
    for i, (y0, y1) in enumerate(((-0.1, 0.3), (width - 0.3, width + 0.1))):
        posts = [box(model, (x - 0.2, y0, z + 0.14), (x + 0.2, y1, high)) for x in _spaced(0.3, length - 0.3, 6)]
        floor.element("IfcColumn", f"屋顶构架柱 {i + 1}", posts, "white_panel", material="混凝土")
        beam = box(model, (-0.3, y0, high), (length + 0.3, y1, high + 0.5))
        floor.element("IfcBeam", f"屋顶构架梁 {i + 1}", [beam], "white_panel", material="混凝土")
    cross = [box(model, (x - 0.12, 0.3, high + 0.1), (x + 0.12, width - 0.3, high + 0.4)) for x in _spaced(0.3, length - 0.3, 12)]
    floor.element("IfcBeam", "屋顶构架次梁", cross, "white_panel", material="混凝土")


def _spaced(start: float, end: float, spans: int) -> list[float]:
    return [start + (end - start) * i / spans for i in range(spans + 1)]


def hipped_ell_roof(floor: Floor, frame: PlanFrame, long: float, short: float, width: float, *, eaves: float, pitch: float) -> None:
    """A hipped tile roof over an L (wings `long` along x and `short` along y, both `width` wide), with eaves, tile courses and ridge caps.

    The ridge lies at width / 2 + eaves from either outer face; the slopes meet in a hip at the outer and a valley at the inner corner.
    """
    model, e = floor.model, eaves
    half = width / 2 + e
    z0 = floor.height - e * math.tan(pitch)
    z1 = z0 + half * math.tan(pitch)
    low, mid, inner = -e, width / 2, width + e
    eave = [(low, low), (long + e, low), (long + e, inner), (inner, inner), (inner, short + e), (low, short + e)]
    ridge = [(mid, mid), (long - mid, mid), (mid, short - mid)]
    ring = [frame.point(*p) for p in eave]
    vertices: list[Point] = [(x, y, z0) for x, y in ring] + [(*frame.point(*p), z1) for p in ridge] + [(x, y, z0 - 0.22) for x, y in ring]
    slopes = [(0, 1, 7, 6), (1, 2, 7), (2, 3, 6, 7), (3, 4, 8, 6), (4, 5, 8), (5, 0, 6, 8)]
    sides = [(9 + i, 9 + (i + 1) % 6, (i + 1) % 6, i) for i in range(6)]
    bottom = [(9, 12, 11, 10), (9, 14, 13, 12)]
    roof = floor.whole("IfcRoof", "四坡瓦屋面", **{"ShapeType" if model.old else "PredefinedType": "HIP_ROOF"})
    body = closed_mesh(model, vertices, [*slopes, *sides, *bottom])
    floor.element("IfcSlab", "瓦屋面板", [body], "tile_red", material="琉璃瓦", whole=roof, PredefinedType="ROOF")
    courses = [_strip(floor, vertices, slope, 0.45) for slope in slopes]
    floor.element(
        "IfcCovering",
        "瓦垄",
        [rib for row in courses for rib in row],
        "tile_ridge",
        material="琉璃瓦",
        whole=roof,
        PredefinedType="ROOFING",
    )
    lines = [(6, 7), (6, 8), (1, 7), (2, 7), (4, 8), (5, 8), (0, 6)]
    caps = [_bar(floor, vertices[a], vertices[b], 0.3, 0.16) for a, b in lines]
    floor.element("IfcCovering", "屋脊", caps, "tile_ridge", material="琉璃瓦", whole=roof, PredefinedType="ROOFING")


def gable_roof(
    floor: Floor, width: float, length: float, *, base: float, rise: float, side: float, front: float, back: float, seam: float = 0.75
) -> None:
    """A standing-seam metal roof with its ridge along y over x 0..width, from y −front to length + back; overhang `side` at the eaves."""
    model = floor.model
    slope = rise / (width / 2)
    z_eave, middle = base - side * slope, width / 2
    profile = [(-side, z_eave), (middle, base + rise), (width + side, z_eave)]
    thick = 0.35
    near, far = -front, length + back
    vertices: list[Point] = [(x, y, z) for y in (near, far) for x, z in profile] + [
        (x, y, z - thick) for y in (near, far) for x, z in profile
    ]
    faces = [
        (0, 1, 4, 3),
        (1, 2, 5, 4),
        (6, 9, 10, 7),
        (7, 10, 11, 8),
        (0, 3, 9, 6),
        (2, 8, 11, 5),
        (0, 6, 7, 1),
        (1, 7, 8, 2),
        (3, 4, 10, 9),
        (4, 5, 11, 10),
    ]
    roof = floor.whole("IfcRoof", "金属屋面", PredefinedType="GABLE_ROOF")
    body = closed_mesh(model, vertices, faces)
    floor.element("IfcSlab", "直立锁边屋面板", [body], "metal_roof", material="铝镁锰板", whole=roof, PredefinedType="ROOF")
    count = round((far - near) / seam)
    seams = []
    for i in range(count + 1):
        y = near + 0.04 + (far - near - 0.08) * i / count
        for a, b in ((0, 1), (2, 1)):
            (xa, _, za), (xb, _, zb) = vertices[a], vertices[b]
            seams.append(_bar(floor, (xa, y, za), (xb, y, zb), 0.05, 0.07))
    floor.element("IfcCovering", "锁边", seams, "metal_seam", material="铝镁锰板", whole=roof, PredefinedType="ROOFING")
    cap = _bar(floor, (middle, near, base + rise), (middle, far, base + rise), 0.5, 0.1)
    _gutters(floor, width, near, far, z_eave, side)
    vents = [
        box(model, (middle - 0.5, y - 0.9, base + rise - 0.2), (middle + 0.5, y + 0.9, base + rise + 0.75))
        for y in _spaced(near + 9, far - 7, 5)
    ]
    floor.element("IfcBuildingElementProxy", "屋脊通风器", vents, "metal_seam", material="铝镁锰板")
    floor.element("IfcCovering", "屋脊盖板", [cap], "metal_seam", material="铝镁锰板", whole=roof, PredefinedType="ROOFING")


def _gutters(floor: Floor, width: float, near: float, far: float, z: float, side: float) -> None:
    """Gutters along both eaves."""
    for x0, x1, name in ((-side - 0.18, -side + 0.02, "W"), (width + side - 0.02, width + side + 0.18, "E")):
        gutter = box(floor.model, (x0, near, z - 0.34), (x1, far, z - 0.08))
        floor.element("IfcCovering", f"天沟 {name}", [gutter], "aluminium", material="铝镁锰板", PredefinedType="MOLDING")


def _penthouse(floor: Floor, x0: float, y0: float, x1: float, y1: float, base: float) -> None:
    here, tall = PlanFrame(), 3.4
    runs = (((x0, y0), (x1, y0)), ((x1, y1), (x0, y1)), ((x0, y1 - 0.12), (x0, y0 + 0.12)), ((x1, y0 + 0.12), (x1, y1 - 0.12)))
    for i, (start, end) in enumerate(runs):
        holes = [Hole(at=2.0, sill=base, door="fire")] if i == 0 else []
        floor.wall(
            here, start, end, 0.24, label=f"机房墙 {i + 1}", colour="white_panel", external=True, base=base, height=tall, holes=holes
        )
    floor.slab(
        here.rectangle(x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.3),
        label="机房屋面板",
        colour="white_panel",
        kind="ROOF",
        top=base + tall + 0.2,
        thickness=0.2,
    )


def _strip(floor: Floor, vertices: Sequence[Point], face: tuple[int, ...], spacing: float) -> list[Entity]:
    """Ribs up a slope from its eave (the face's first edge), each cut off where the slope ends."""
    a, b = vertices[face[0]], vertices[face[1]]
    run = math.hypot(b[0] - a[0], b[1] - a[1])
    along = ((b[0] - a[0]) / run, (b[1] - a[1]) / run)
    up = (-along[1], along[0])
    local = [
        ((v[0] - a[0]) * along[0] + (v[1] - a[1]) * along[1], (v[0] - a[0]) * up[0] + (v[1] - a[1]) * up[1], v[2])
        for v in (vertices[i] for i in face)
    ]
    climb = max(z - a[2] for _, _, z in local) / max(d for _, d, _ in local)
    first, last = min(s for s, _, _ in local), max(s for s, _, _ in local)
    ribs = []
    for i in range(1, int((last - first) / spacing)):
        s = first + i * spacing
        near, far = _span_at(local, s)
        if far - near < 0.3:
            continue
        ends = [(a[0] + along[0] * s + up[0] * d, a[1] + along[1] * s + up[1] * d, a[2] + climb * d) for d in (near, far)]
        ribs.append(_bar(floor, ends[0], ends[1], 0.09, 0.05))
    return ribs


def _span_at(local: Sequence[tuple[float, float, float]], s: float) -> tuple[float, float]:
    """Where a line up the slope at `s` enters and leaves the face, both as distances from the eave's line."""
    depths = []
    for i, (s0, d0, _) in enumerate(local):
        s1, d1, _ = local[(i + 1) % len(local)]
        if min(s0, s1) <= s <= max(s0, s1) and abs(s1 - s0) > 1e-9:
            depths.append(d0 + (d1 - d0) * (s - s0) / (s1 - s0))
    return (min(depths), max(depths)) if depths else (0.0, 0.0)


def _bar(floor: Floor, start: Point, end: Point, width: float, height: float) -> Entity:
    """A bar of rectangular section lying on the line between two points, half sunk into what it lies on."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    run = math.hypot(dx, dy)
    nx, ny = -dy / run * width / 2, dx / run * width / 2
    vertices: list[Point] = []
    for p in (start, end):
        for z in (p[2] - 0.05, p[2] + height):
            vertices += [(p[0] - nx, p[1] - ny, z), (p[0] + nx, p[1] + ny, z)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return closed_mesh(floor.model, vertices, faces)
