"""Small layers made by code: a toy building of three storeys, a terrain, a street of trees."""

import numpy as np

from spatial.feature import Feature, FeatureId, Kind
from spatial.frame import Site, SiteFrame
from spatial.mesh import Float64, MeshBuilder, flat_shaded
from spatial.scene import Layer, LayerKind
from spatial.source import Source

SITE = Site(code="ps", name="屏山", lon=119.2946, lat=26.0896, height_m=25.0, crs="EPSG:4549", geoid_separation_m=10.0)
FRAME = SiteFrame.of(SITE)

CUBE_VERTICES = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=np.float64)
CUBE_TRIANGLES = np.array(
    [[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4], [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5]]
)
CONCRETE, GLASS, WOOD, GREEN, ROOM = (200, 198, 190, 255), (150, 190, 210, 90), (150, 100, 60, 255), (60, 120, 50, 255), (90, 160, 220, 255)


def matrix(x: float, y: float, z: float, degrees: float = 0.0, scale: float = 1.0) -> Float64:
    """A similarity: turn around z, scale, move."""
    angle = np.radians(degrees)
    result = np.eye(4)
    result[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    result[:3, :3] *= scale
    result[:3, 3] = x, y, z
    return result


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> tuple[Float64, np.ndarray]:
    """A closed box."""
    return np.array(low) + CUBE_VERTICES * (np.array(high) - np.array(low)), CUBE_TRIANGLES


def sphere(radius: float, rings: int = 8, around: int = 12) -> tuple[Float64, np.ndarray]:
    """A closed ball around the origin, outside counter-clockwise."""
    theta, phi = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, around, endpoint=False), indexing="ij")
    points = radius * np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rings), np.arange(around), indexing="ij")
    a, b = i * around + j, i * around + (j + 1) % around
    quads = np.stack([a, a + around, b, b, a + around, b + around], axis=-1)
    return points, quads.reshape(-1, 3)


def feature(
    number: str,
    kind: Kind,
    class_name: str,
    *,
    model: str = "toy",
    storey: str | None = None,
    space: str | None = None,
    label: str = "public",
) -> Feature:
    """A feature of the toy model."""
    return Feature(
        id=FeatureId(f"{model}:{number}"),
        kind=kind,
        class_name=class_name,
        source=Source(file="toy.ifc", sha256="0" * 64, entity=f"#{number}", global_id=number),
        name=f"构件 {number}",
        building=FeatureId(f"{model}:building"),
        storey=FeatureId(f"{model}:{storey}") if storey else None,
        space=FeatureId(f"{model}:{space}") if space else None,
        label=label,
    )


def toy_building(*, storeys: int = 3, chairs: int = 40, secret: bool = False, at: tuple[float, float] = (180.0, 90.0)) -> Layer:
    """Storeys of four walls with glass, a slab 60 m long, one room, turned chairs; a site mast without a storey.

    With `secret` the top storey's room and its chairs are labelled `restricted`.
    """
    builder, features = MeshBuilder(), [feature("building", Kind.BUILDING, "IfcBuilding")]
    chair = flat_shaded(*sphere(0.4))
    place = matrix(at[0], at[1], 3.0, 17.0)
    for level in range(storeys):
        label = "restricted" if secret and level == storeys - 1 else "public"
        storey = f"s{level}"
        z = 3.5 * level
        features.append(feature(storey, Kind.STOREY, "IfcBuildingStorey"))
        features.append(feature(f"slab{level}", Kind.ELEMENT, "IfcSlab", storey=storey))
        builder.add(f"toy:slab{level}", *box((0, 0, z - 0.3), (60, 12, z)), CONCRETE, place)
        for number, (low, high) in enumerate(
            [((0, 0), (60, 0.3)), ((0, 11.7), (60, 12)), ((0, 0.3), (0.3, 11.7)), ((59.7, 0.3), (60, 11.7))]
        ):
            name = f"wall{level}{number}"
            features.append(feature(name, Kind.ELEMENT, "IfcWallStandardCase", storey=storey, space=f"room{level}"))
            builder.add(f"toy:{name}", *box((*low, z), (*high, z + 3.2)), CONCRETE, place)
        for number in range(12):
            name = f"window{level}{number}"
            features.append(feature(name, Kind.ELEMENT, "IfcWindow", storey=storey))
            at_window = place @ matrix(2 + 4.5 * number, -0.02, z + 1.0)
            builder.add(f"toy:{name}", *box((0, 0, 0), (1.5, 0.04, 1.4)), GLASS, at_window)
            builder.add(f"toy:{name}", *box((0, 0, -0.06), (1.5, 0.1, 0)), WOOD, at_window)
        features.append(feature(f"room{level}", Kind.SPACE, "IfcSpace", storey=storey, label=label))
        builder.add(f"toy:room{level}", *box((0.3, 0.3, z), (59.7, 11.7, z + 3.0)), ROOM, place)
        for number in range(chairs):
            name = f"chair{level}x{number}"
            features.append(feature(name, Kind.ELEMENT, "IfcFurniture", storey=storey, space=f"room{level}", label=label))
            where = place @ matrix(1 + 1.4 * number, 3.0 + number % 5, z + 0.45, 37.0 * number, 1.0 + 0.1 * (number % 3))
            builder.add_mesh(f"toy:{name}", chair, WOOD, where)
    features.append(feature("mast", Kind.ELEMENT, "IfcMember"))
    builder.add("toy:mast", *box((30, 6, 3.5 * storeys), (30.1, 6.1, 3.5 * storeys + 6)), CONCRETE, place)
    return Layer(key="toy", kind=LayerKind.BUILDING, name="玩具楼", revision="r1", features=tuple(features), meshes=builder.build())


def trees(count: int = 200) -> Layer:
    """A street of trees: two meshes, four colours."""
    builder, features, rng = MeshBuilder(), [], np.random.default_rng(7)
    trunk, crown = flat_shaded(*box((-0.2, -0.2, 0), (0.2, 0.2, 3))), flat_shaded(*sphere(2.0))
    for number in range(count):
        name = f"tree{number}"
        features.append(feature(name, Kind.CITY_OBJECT, "SolitaryVegetationObject", model="city"))
        where = matrix(*rng.uniform(-400, 400, 2), 0.0, rng.uniform(0, 360), rng.uniform(0.7, 1.4))
        builder.add_mesh(f"city:{name}", trunk, WOOD, where)
        builder.add_mesh(f"city:{name}", crown, (60 + number % 3, 120, 50, 255), where @ matrix(0, 0, 4.5))
    return Layer(key="city", kind=LayerKind.CITY, name="树", revision="r1", features=tuple(features), meshes=builder.build())


def terrain(cells: int = 4, size: float = 900.0) -> Layer:
    """A hill in `cells` × `cells` chunks, one feature each."""
    builder, features = MeshBuilder(), []
    step = size / cells
    for i in range(cells):
        for j in range(cells):
            u, v = np.meshgrid(np.linspace(0, step, 9), np.linspace(0, step, 9), indexing="ij")
            x, y = u + i * step - size / 2, v + j * step - size / 2
            points = np.stack([x, y, 20 * np.exp(-(x**2 + y**2) / 2e5)], axis=-1).reshape(-1, 3)
            a = (np.arange(8)[:, None] * 9 + np.arange(8)).reshape(-1)
            triangles = np.concatenate([np.stack([a, a + 9, a + 10], axis=1), np.stack([a, a + 10, a + 1], axis=1)])
            name = f"chunk{i}-{j}"
            features.append(feature(name, Kind.TERRAIN, "TINRelief", model="hill"))
            builder.add(f"hill:{name}", points, triangles, GREEN)
    return Layer(key="hill", kind=LayerKind.TERRAIN, name="山", revision="r1", features=tuple(features), meshes=builder.build())
