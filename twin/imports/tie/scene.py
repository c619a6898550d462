"""What the scene has that records may be: sites, buildings, storeys and rooms, as the linker takes them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from spatial.feature import Feature, Kind
from spatial.frame import Site
from twin.link.facts import SpaceFact
from twin.store import FeatureRow, Store

__all__ = ["Scene", "read_scene"]

KINDS = {Kind.BUILDING, Kind.STOREY, Kind.SPACE, Kind.CITY_OBJECT}
CITY_BUILDING = "Building"
"""Class of the city's objects (CityGML) that are buildings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The sites with their ids in the store, and their buildings, storeys and rooms by feature key `SITE/ID`."""

    sites: dict[int, Site]
    rows: dict[str, tuple[int, FeatureRow]]

    def of_kind(self, kind: Kind) -> list[tuple[str, int, Feature]]:
        """Key, site id and feature of everything of a kind."""
        return [(key, site_id, row.feature) for key, (site_id, row) in self.rows.items() if row.feature.kind is kind]

    def buildings(self) -> list[tuple[str, int, Feature]]:
        """The buildings of models and of the city."""
        return self.of_kind(Kind.BUILDING) + self.of_kind(Kind.CITY_OBJECT)

    def building_of(self, site_id: int, feature: Feature) -> str:
        """The key of the building a feature is in, by itself or by its storey, which may be of another model; empty for none."""
        storey = self.rows.get(feature_key(site_id, feature.storey)) if feature.storey else None
        building = feature.building or (storey[1].feature.building if storey else None)
        return feature_key(site_id, building) if building else ""

    def is_home(self, compound: str) -> bool | None:
        """Whether a compound as a register writes it is one of the sites; None where it writes none."""
        said = _fold(compound)
        if not said:
            return None
        names = [_fold(name) for site in self.sites.values() for name in (site.name, site.code)]
        return any(said == name or name in said or said in name for name in names if name)

    def spaces(self) -> list[SpaceFact]:
        """The rooms as facts for the linker; ids are keys."""
        return [self._space(key, site_id) for key, site_id, _ in self.of_kind(Kind.SPACE)]

    def spaces_by_global_id(self) -> dict[str, str]:
        """GlobalId → key of the room that alone has it."""
        found: dict[str, list[str]] = {}
        for key, _, feature in self.of_kind(Kind.SPACE):
            found.setdefault(feature.source.global_id or feature.id.split(":", 1)[-1], []).append(key)
        return {global_id: keys[0] for global_id, keys in found.items() if len(keys) == 1}

    def _space(self, key: str, site_id: int) -> SpaceFact:
        row = self.rows[key][1]
        feature = row.feature
        storey_key = feature_key(site_id, feature.storey) if feature.storey else ""
        storey = self.rows[storey_key][1].feature if storey_key in self.rows else None
        elevation = storey.properties.get("attributes", {}).get("elevation_m") if storey else None
        return SpaceFact(
            id=key,
            global_id=feature.id.split(":", 1)[-1],
            building_id=self.building_of(site_id, feature),
            storey_id=storey_key,
            storey=(storey.name or storey.long_name or "") if storey else "",
            storey_elevation_m=float(elevation) if isinstance(elevation, int | float) else None,
            number=feature.name or "",
            long_name=feature.long_name or "",
            areas_m2=_areas(row),
        )


def feature_key(site_id: int, feature_id: str) -> str:
    """What names a feature among those of all sites."""
    return f"{site_id}/{feature_id}"


def read_scene(store: Store) -> Scene:
    """The buildings, storeys and rooms of every site, hidden ones too: links are nobody's view."""
    sites = store.site_ids()
    rows: dict[str, tuple[int, FeatureRow]] = {}
    for site_id, site in sites.items():
        for row in store.features(site.code, None, kinds=KINDS):
            if row.feature.kind is Kind.CITY_OBJECT and row.feature.class_name != CITY_BUILDING:
                continue
            rows[feature_key(site_id, row.feature.id)] = (site_id, row)
    return Scene(sites=sites, rows=rows)


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _areas(row: FeatureRow) -> tuple[float, ...]:
    declared = row.feature.properties.get("declared", ())
    said = [one.get("value_si") for one in declared if isinstance(one, dict) and "area" in str(one.get("name", "")).lower()]
    return tuple(float(area) for area in (row.area_m2, *said) if isinstance(area, int | float) and area > 0)
