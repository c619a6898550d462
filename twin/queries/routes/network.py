"""The network of a site as one reader may know it: read, built, and told for what state of the scene it holds."""

from twin.queries.routes.build import Network, build_network
from twin.queries.routes.rules import Rules, shipped_rules
from twin.queries.routes.scene import read_scene
from twin.settings import Settings
from twin.store import Labels, Store

__all__ = ["open_network"]


def open_network(store: Store, settings: Settings, site: str, labels: Labels, *, rules: Rules | None = None) -> Network:
    """The network of a site at its present state (`network.scene.revision`: build anew where `store.scene_revision` has grown).

    What the labels hide is not there: no room, door or way of it. Raises SiteUnknown.
    """
    used = rules or shipped_rules()
    return build_network(read_scene(store, settings, site, labels, used), used)
