"""Constants the writer keeps and the check holds it to."""

from spatial.feature import Kind

__all__ = [
    "CITY_KINDS",
    "MAX_ROWS",
    "MAX_STEP_BIM_M",
    "MAX_STEP_CITY_M",
    "MAX_TRIANGLES",
    "QUANTISED_LEVELS",
]

MAX_ROWS = 8191
"""Rows of one property table; from 8,192 on CesiumJS warns about texture size."""

MAX_TRIANGLES = 400_000
"""Triangles of one content, counted with repeats, unless one feature alone has more."""

QUANTISED_LEVELS = 65534
"""Steps between -32767 and 32767, the normalised int16 of KHR_mesh_quantization."""

MAX_STEP_BIM_M = 0.0005
MAX_STEP_CITY_M = 0.02
"""Metres between two neighbouring places of a vertex: of a building's parts, of the city and terrain around it."""

CITY_KINDS = frozenset({Kind.CITY_OBJECT.value, Kind.STOREY.value, Kind.TERRAIN.value})
"""Only a city building has storeys that are drawn."""
