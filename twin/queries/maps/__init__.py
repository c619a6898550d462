"""Maps of the registers: occupancy of a storey, assets and energy per building, each a page that opens with no network."""

from twin.queries.maps.assets import map_of_assets
from twin.queries.maps.energy import map_of_energy
from twin.queries.maps.occupancy import map_of_occupancy

__all__ = ["MAPS", "map_of_assets", "map_of_energy", "map_of_occupancy"]

MAPS = ("occupancy-map", "assets-map", "energy-map")
"""What `twin report` calls them."""
