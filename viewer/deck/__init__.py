"""Pages of pydeck: occupancy of a storey, assets per building, energy per building; each one file that opens with no network.

Plain facts in (outlines in degrees, numbers, words), a `DeckPage` out: `occupancy_page(storey).write(Path("a2.html"))`.
Its `deck` is an ordinary `pydeck.Deck` for a notebook; its table holds every number that the picture shows, and the rows
that no outline is known for. Nothing here knows the store.
"""

from viewer.deck.assets import AssetsByBuilding, BuildingAssets, assets_page
from viewer.deck.energy import BuildingEnergy, EnergyByBuilding, energy_page
from viewer.deck.errors import BundleMissing, ClassUnknown, OutlineInvalid
from viewer.deck.occupancy import OccupiedRoom, StoreyOccupancy, occupancy_page
from viewer.deck.outline import LonLat, Outline, Ring
from viewer.deck.page import DeckPage
from viewer.document import Words

__all__ = [
    "AssetsByBuilding",
    "BuildingAssets",
    "BuildingEnergy",
    "BundleMissing",
    "ClassUnknown",
    "DeckPage",
    "EnergyByBuilding",
    "LonLat",
    "OccupiedRoom",
    "Outline",
    "OutlineInvalid",
    "Ring",
    "StoreyOccupancy",
    "Words",
    "assets_page",
    "energy_page",
    "occupancy_page",
]
