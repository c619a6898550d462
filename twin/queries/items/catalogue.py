"""The collections of an installation: one a kind of feature, one a layer of an imported GIS file, for what a reader may know of."""

from collections import Counter
from collections.abc import Collection as Members
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType

from spatial.feature import Kind
from spatial.frame import Site
from twin.auth import EVERY, Labels
from twin.codes import RecordKind, get_kind
from twin.errors import NotFound
from twin.queries.items.layers import Layer, read_layers
from twin.queries.records.context import Registers
from twin.records.scope import Reader
from twin.store import ModelKind

__all__ = ["KINDS", "RECORDS", "Catalogue", "Collection", "ItemReader"]

KINDS: Mapping[str, tuple[Kind, str, str]] = MappingProxyType(
    {
        "sites": (Kind.SITE, "大院", "sites"),
        "buildings": (Kind.BUILDING, "楼栋", "buildings"),
        "storeys": (Kind.STOREY, "楼层", "storeys"),
        "rooms": (Kind.SPACE, "房间", "rooms"),
        "elements": (Kind.ELEMENT, "构件", "building elements"),
        "city-objects": (Kind.CITY_OBJECT, "城市要素", "city objects"),
    }
)
"""Collection → kind of feature, and what people call them."""
RECORDS: Mapping[str, str] = MappingProxyType(
    {
        "assets": "asset",
        "units": "unit",
        "vehicles": "vehicle",
        "cameras": "camera",
        "gates": "gate",
        "zones": "zone",
        "guard-posts": "guard_post",
        "perimeter": "perimeter_segment",
        "doors": "door",
        "fire-points": "fire_point",
        "panic-buttons": "panic_button",
        "lifts": "lift",
    }
)
"""Collection → kind of records: what is about persons is asked by their own pages."""
KEPT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReader:
    """Who reads: the sites in their scope (by code) and the labels they may know of; `records` is None for who may read no records.

    `site_codes` are the codes of those sites by their numbers in the store.
    """

    sites: Mapping[str, Site]
    labels: Labels
    records: Reader | None = None
    site_codes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection: the features of a `kind` in all sites of the reader (of `site` those themselves), the rows of one `layer`, or
    the records of a kind."""

    id: str
    zh: str
    en: str
    kind: Kind | None = None
    layer: Layer | None = None
    record: RecordKind | None = None

    @property
    def attributes(self) -> Mapping[str, str]:
        """The attributes of its own → their types."""
        return self.layer.attributes if self.layer else {}


class Catalogue:
    """The collections of a store; safe to share between threads. The layers of a revision are read once."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers
        self.store = registers.store
        self._layers: dict[tuple[str, str, int], list[Layer]] = {}
        self._lock = Lock()

    def reader(self, scopes: Members[str], labels: Labels, records: Reader | None = None) -> ItemReader:
        """Who has these scopes (`"*"`: all sites) and labels, and may read these records."""
        known = {number: site for number, site in self.store.site_ids().items() if EVERY in scopes or site.code in scopes}
        sites = {site.code: site for site in known.values()}
        return ItemReader(sites=sites, labels=labels, records=records, site_codes={number: site.code for number, site in known.items()})

    def collections(self, reader: ItemReader) -> list[Collection]:
        """Those of kinds, then those of layers by site and key; where two would have one id, that of a layer begins with its site."""
        layers = [layer for site in sorted(reader.sites) for layer in self._layers_of(site) if layer.is_seen_by(reader.labels)]
        taken = Counter([*KINDS, *RECORDS, *(layer.id for layer in layers)])
        found = list(_of_kinds(reader).values())
        for layer in layers:
            name = layer.id if taken[layer.id] == 1 else f"{layer.site}.{layer.id}"
            found.append(Collection(id=name, zh=layer.name, en=layer.name, kind=Kind.CITY_OBJECT, layer=layer))
        return found

    def get(self, reader: ItemReader, name: str) -> Collection:
        """The collection of an id; raises NotFound."""
        kinds = _of_kinds(reader)
        found = kinds[name] if name in kinds else next((one for one in self.collections(reader) if one.id == name), None)
        if found is None:
            raise NotFound(f"there is no collection {name}", path=name, hint="/collections lists them")
        return found

    def _layers_of(self, site: str) -> list[Layer]:
        found: list[Layer] = []
        for model in self.store.list_models(site):
            if model.kind is not ModelKind.CITY:
                continue
            key = (site, model.model_key, model.id)
            layers = self._layers.get(key)
            if layers is None:
                layers = read_layers(self.store, site, model.model_key)
                with self._lock:
                    self._layers[key] = layers
                    while len(self._layers) > KEPT:
                        self._layers.pop(next(iter(self._layers)))
            found += layers
        return found


def _of_kinds(reader: ItemReader) -> dict[str, Collection]:
    """Those whose ids no layer has."""
    found = [Collection(id=name, zh=zh, en=en, kind=kind) for name, (kind, zh, en) in KINDS.items()]
    if reader.records is not None:
        known = [(name, get_kind(kind)) for name, kind in RECORDS.items()]
        found += [Collection(id=name, zh=kind.zh, en=name.replace("-", " "), record=kind) for name, kind in known]
    return {one.id: one for one in found}
