"""City files to features and meshes in the site frame: CityJSON, vector layers, elevation models.

`read_city` opens any of them and gives a `CityLayer` with a ledger of every row; `read_ground` gives the terrain as a
surface to sample, on which vector layers are laid. Heights are 1985 heights unless a file's CRS says else.
"""

from cim.city_layer import CityLayer, LedgerRow, Tally, tally
from cim.errors import CimError, CityFileInvalid, CityJsonVersionUnsupported, CrsDisagrees, PlanInvalid
from cim.ground import Ground
from cim.plan import PlanAnchor, read_plan
from cim.read import is_terrain, read_city
from cim.rooms import Storeys
from cim.storeys import StoreyPlace, parse_storey
from cim.terrain import read_ground

__all__ = [
    "CimError",
    "CityFileInvalid",
    "CityJsonVersionUnsupported",
    "CityLayer",
    "CrsDisagrees",
    "Ground",
    "LedgerRow",
    "PlanAnchor",
    "PlanInvalid",
    "StoreyPlace",
    "Storeys",
    "Tally",
    "is_terrain",
    "parse_storey",
    "read_city",
    "read_ground",
    "read_plan",
    "tally",
]
