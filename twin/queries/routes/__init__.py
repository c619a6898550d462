"""Routes through buildings and compounds: the graph made from the store's features, and the questions asked of it.

`open_network` reads a site and builds the graph once for a state of the scene; `route`, `nearest`, `evacuation`,
`unreached_rooms` and `summary` ask it. Steps: `read` reads the `scene`, `doors`, `openings`, `floors`, `stairs`, `outside` find what joins
what, `build` makes the columns, `search` searches them; `answers`, `distances`, `reach` and `steps` say it in numbers and words.
"""

from twin.queries.routes.along import Along, Arrival, Candidates, nearest_along
from twin.queries.routes.answers import Route, route
from twin.queries.routes.build import Network, build_network
from twin.queries.routes.closures import Closures, Zone
from twin.queries.routes.distances import Evacuation, Nearest, Reached, evacuation, nearest
from twin.queries.routes.network import open_network
from twin.queries.routes.places import Place, find_place
from twin.queries.routes.reach import Unreached, unreached_rooms
from twin.queries.routes.search import Search, Travel
from twin.queries.routes.steps import Step
from twin.queries.routes.summary import summary

__all__ = [
    "Along",
    "Arrival",
    "Candidates",
    "Closures",
    "Evacuation",
    "Nearest",
    "Network",
    "Place",
    "Reached",
    "Route",
    "Search",
    "Step",
    "Travel",
    "Unreached",
    "Zone",
    "build_network",
    "evacuation",
    "find_place",
    "nearest",
    "nearest_along",
    "open_network",
    "route",
    "summary",
    "unreached_rooms",
]
