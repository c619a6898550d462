"""From the store of each database, as a reader may know of it."""

import numpy as np

from spatial.route import RouteGraph
from twin.demo.generate import SITE
from twin.queries.routes import evacuation, open_network, route, unreached_rooms
from twin.settings import Settings
from twin.store import Store


def test_an_office_of_two_storeys_and_nothing_for_a_reader_without_labels(imported: tuple[Store, Settings]) -> None:
    store, settings = imported
    network = open_network(store, settings, SITE.code, None)
    assert network.scene.revision == store.scene_revision(SITE.code)
    assert (len(network.rooms), unreached_rooms(network)) == (10, ())
    rooms = {nodes.room.name.split()[0]: name for name, nodes in network.rooms.items()}
    way = route(network, rooms["201"], rooms["101"])
    assert [step.kind for step in way.steps if step.kind.startswith("stairs")] == ["stairs_down"]
    assert len(way.doors) == 4
    assert set(evacuation(network).exits) <= {door.id for building in network.scene.buildings for door in building.doors}
    public = open_network(store, settings, SITE.code, frozenset({"public"}))
    for column in RouteGraph.__slots__:
        assert np.array_equal(getattr(public.graph, column), getattr(network.graph, column)), column
    hidden = open_network(store, settings, SITE.code, frozenset())
    assert (len(hidden.rooms), hidden.graph.nodes, hidden.graph.edges, unreached_rooms(hidden)) == (0, 0, 0, ())
