"""One process holds the scene, others ask it.

`process` is what that process runs, `keeper` starts it, restarts it where it dies and replaces it where the store has other triangles,
`client` asks it over a Unix socket in the frames of `wire`. Only that process loads open3d.
"""

from twin.queries.sight.holder.client import HolderClient, NoSight
from twin.queries.sight.holder.keeper import SOCKET, Keeper

__all__ = ["SOCKET", "HolderClient", "Keeper", "NoSight"]
