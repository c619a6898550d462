"""The entity types of SensorThings 1.1 as rows: their members and where they lead (OGC 18-088 §8.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["TYPES", "EntityType", "Navigation", "find_type"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation:
    """Where a navigation property leads: the type, whether to many, and the name of the way back from there."""

    target: str
    many: bool
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityType:
    """A type: members a client may give (`required` of them it must), those the service works out, and navigation properties."""

    name: str
    plural: str
    members: tuple[str, ...]
    required: frozenset[str]
    navigations: Mapping[str, Navigation]
    derived: tuple[str, ...] = ()
    needed_links: frozenset[str] = frozenset()

    @property
    def all_members(self) -> tuple[str, ...]:
        """Given and derived ones, in the order of the standard."""
        return (*self.members, *self.derived)


def find_type(plural: str) -> EntityType | None:
    """The type of a collection's name.

    >>> find_type("FeaturesOfInterest").name
    'FeatureOfInterest'
    """
    return next((one for one in TYPES.values() if one.plural == plural), None)


def _type(name: str, plural: str, members: str, derived: str = "", needed: str = "", **ways: str) -> EntityType:
    """`members` with `*` after those that are required; `ways` are `Name="Target back"`, a plural name leads to many."""
    named = members.split()
    found = {way: said.split() for way, said in ways.items()}
    return EntityType(
        name=name,
        plural=plural,
        members=tuple(one.rstrip("*") for one in named),
        required=frozenset(one.rstrip("*") for one in named if one.endswith("*")),
        derived=tuple(derived.split()),
        needed_links=frozenset(needed.split()),
        navigations=MappingProxyType(
            {way: Navigation(target=target, many=way != target, back=back) for way, (target, back) in found.items()}
        ),
    )


TYPES: Mapping[str, EntityType] = MappingProxyType(
    {
        one.name: one
        for one in (
            _type(
                "Thing", "Things", "name* description* properties",
                Locations="Location Things", HistoricalLocations="HistoricalLocation Thing", Datastreams="Datastream Thing",
            ),
            _type(
                "Location", "Locations", "name* description* encodingType* location* properties",
                Things="Thing Locations", HistoricalLocations="HistoricalLocation Locations",
            ),
            _type(
                "HistoricalLocation", "HistoricalLocations", "time*", needed="Thing Locations",
                Thing="Thing HistoricalLocations", Locations="Location HistoricalLocations",
            ),
            _type(
                "Datastream", "Datastreams", "name* description* unitOfMeasurement* observationType* properties",
                derived="observedArea phenomenonTime resultTime", needed="Thing Sensor ObservedProperty",
                Thing="Thing Datastreams", Sensor="Sensor Datastreams", ObservedProperty="ObservedProperty Datastreams",
                Observations="Observation Datastream",
            ),
            _type("Sensor", "Sensors", "name* description* encodingType* metadata* properties", Datastreams="Datastream Sensor"),
            _type(
                "ObservedProperty", "ObservedProperties", "name* definition* description* properties",
                Datastreams="Datastream ObservedProperty",
            ),
            _type(
                "Observation", "Observations", "phenomenonTime result* resultTime resultQuality validTime parameters",
                needed="Datastream", Datastream="Datastream Observations", FeatureOfInterest="FeatureOfInterest Observations",
            ),
            _type(
                "FeatureOfInterest", "FeaturesOfInterest", "name* description* encodingType* feature* properties",
                Observations="Observation FeatureOfInterest",
            ),
        )
    }
)  # fmt: skip
