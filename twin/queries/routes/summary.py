"""What a network holds, and what in it was assumed or left over: for a person to look at before relying on it."""

from typing import Any

from twin.queries.routes.build import Network
from twin.queries.routes.reach import unreached_rooms

__all__ = ["summary"]


def summary(network: Network) -> dict[str, Any]:
    """The size of a network and all that is doubtful in it.

    `assumed_ground` are buildings for which no ground is drawn, `assumed_stairs` rooms joined to the one above by their names
    alone, `loose_stairs` stairs that join no two rooms (entrance steps among them), `detached` doors and gates that no path
    comes near, `unknown_gates` gates of a kind the rules do not name, `floors` the slabs walked on without a room, `unreached`
    the rooms without a way out, with reasons.
    """
    graph, ways = network.graph, network.buildings
    return {
        "site": network.scene.site,
        "revision": network.scene.revision,
        "nodes": graph.nodes,
        "edges": graph.edges,
        "bytes": graph.nbytes,
        "rooms": sum(len(building.rooms) + len(building.shapeless) for building in network.scene.buildings),
        "exits": len(network.exits),
        "assumed_ground": [building.plan.scene.id for building in ways if building.assumed_ground],
        "assumed_stairs": [rise.id for building in ways for rise in building.rises if rise.assumed],
        "loose_stairs": [stair.id for building in ways for stair in building.loose],
        "detached": list(network.detached),
        "unknown_gates": [way.id for way in network.scene.ways if not way.kind_known],
        "floors": [nodes.room.id for nodes in network.rooms.values() if nodes.room.use == "floor"],
        "unreached": [row.as_json() for row in unreached_rooms(network)],
    }
