"""Energy of each building per square metre, against the median of its kind of institution."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import TYPE_CHECKING

from viewer.deck.catalogue import number, words
from viewer.deck.classes import Shade, get_shade, list_shades
from viewer.deck.layers import deck_of, label_layer, outline_layer, surroundings_layer
from viewer.deck.outline import Label, Outline, View, check_outline, fit_label, view_around
from viewer.deck.page import DeckPage, Figure, Head, Key, Row, notes_of
from viewer.document import Words

if TYPE_CHECKING:
    import pydeck

__all__ = ["BuildingEnergy", "EnergyByBuilding", "energy_page"]

COLUMNS = (
    ("energy.building", False),
    ("energy.kind", False),
    ("energy.class", False),
    ("energy.use", True),
    ("energy.area", True),
    ("energy.per_area", True),
    ("energy.median", True),
    ("energy.ratio", True),
    ("energy.per_person", True),
)
"""Words of each column of the table, and whether it holds numbers."""
PITCH_DEG = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingEnergy:
    """The energy of one building in a period, in kgce; None is not known. `height_m` above its own ground, 0 draws it flat."""

    name: str
    kind: Words | str = ""
    used_kgce: float | None = None
    area_m2: float | None = None
    people: int | None = None
    median_kgce_m2: float | None = None
    height_m: float = 0.0
    outline: Outline | None = None

    @property
    def kgce_m2(self) -> float | None:
        """Use per square metre of building area; None without either: 12,000 kgce on 1,000 m² are 12."""
        return None if self.used_kgce is None or not self.area_m2 else self.used_kgce / self.area_m2

    @property
    def ratio(self) -> float | None:
        """Use per square metre over the median of its kind; None where one of them is not known."""
        return None if self.kgce_m2 is None or not self.median_kgce_m2 else self.kgce_m2 / self.median_kgce_m2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyByBuilding:
    """The buildings of a site in a period, with the date to which it runs; `surroundings` lie pale beneath."""

    title: Words
    as_of: str
    sources: tuple[Words | str, ...]
    buildings: tuple[BuildingEnergy, ...]
    surroundings: tuple[tuple[str, Outline], ...] = field(default=())


def energy_page(energy: EnergyByBuilding) -> DeckPage:
    """The page of a site's energy: buildings coloured by their ratio to the median, the table from the highest ratio down.

    The picture is of the buildings whose energy is known; the others lie flat among and around them.
    """
    buildings = sorted(
        energy.buildings, key=lambda building: (building.ratio is None, -(building.ratio or 0.0), -(building.kgce_m2 or 0.0), building.name)
    )
    drawn = [(row, building, check_outline(building.name, building.outline)) for row, building in enumerate(buildings) if building.outline]
    told, others = ([one for one in drawn if (one[1].kgce_m2 is not None) is known] for known in (True, False))
    tallest = max((building.height_m for _, building, _ in told), default=0.0)
    pitch_deg = PITCH_DEG if tallest else 0.0
    view = view_around([one[2] for one in told], [one[2] for one in others], pitch_deg=pitch_deg, top_m=tallest)
    return DeckPage(
        title=energy.title,
        as_of=energy.as_of,
        sources=energy.sources,
        deck=view and _deck(drawn, view, energy.surroundings),
        view=view,
        figures=_figures(buildings),
        legend=_legend(buildings),
        legend_title=words("energy.legend"),
        heads=tuple(Head(words=words(key), number=numeric) for key, numeric in COLUMNS),
        rows=tuple(map(_row, buildings)),
        notes=notes_of(len(buildings) - len(drawn), sum(building.kgce_m2 is None for building in buildings)),
    )


def _deck(drawn: Sequence[tuple[int, BuildingEnergy, Outline]], view: View, surroundings: tuple[tuple[str, Outline], ...]) -> "pydeck.Deck":
    known = [(row, building, outline) for row, building, outline in drawn if building.kgce_m2 is not None]
    others = [(row, outline, _shade(building).rgb, 0.0) for row, building, outline in drawn if building.kgce_m2 is None]
    shapes = [(row, outline, _shade(building).rgb, building.height_m) for row, building, outline in known]
    labels = [
        (
            Label(lon_lat=fit_label(outline, (building.name,), view.bearing_deg).lon_lat, size_m=1.0),
            f"{building.name}\n{number(building.kgce_m2, 1)}",
            building.height_m,
        )
        for _, building, outline in known
    ]
    layers = [surroundings_layer(surroundings), outline_layer("others", others), outline_layer("buildings", shapes)]
    return deck_of([*layers, label_layer(labels, fixed_px=15)], view)


def _shade(building: BuildingEnergy) -> Shade:
    """The band of the ratio, closed below: 1.1 is above the median, 1.09 about it."""
    bands = [shade for shade in list_shades("energy") if shade.starts is not None]
    ratio = building.ratio
    if ratio is None:
        return get_shade("energy", "unknown", building.name)
    return [shade for shade in bands if shade.starts is not None and ratio >= shade.starts][-1] if ratio >= 0 else bands[0]


def _row(building: BuildingEnergy) -> Row:
    shade = _shade(building)
    per_person = building.used_kgce / building.people if building.used_kgce is not None and building.people else None
    return Row(
        colour=shade.colour,
        cells=(
            building.name,
            building.kind,
            shade.words,
            number(building.used_kgce, 0),
            number(building.area_m2, 1),
            number(building.kgce_m2, 2),
            number(building.median_kgce_m2, 2),
            number(building.ratio, 2),
            number(per_person, 1),
        ),
    )


def _figures(buildings: Sequence[BuildingEnergy]) -> tuple[Figure, ...]:
    known = [building for building in buildings if building.used_kgce is not None and building.area_m2]
    total = fsum(building.used_kgce or 0.0 for building in buildings)
    area = fsum(building.area_m2 or 0.0 for building in known)
    above = sum(1 for building in buildings if _shade(building).code in ("above", "high"))
    average = fsum(building.used_kgce or 0.0 for building in known) / area if area else None
    return (
        Figure(name=words("assets.buildings"), value=str(len(buildings))),
        Figure(name=words("energy.total"), value=number(total / 1000, 1), unit="tce"),
        Figure(name=words("energy.average"), value=number(average, 2), unit="kgce/m²"),
        Figure(name=words("energy.above"), value=str(above)),
    )


def _legend(buildings: Sequence[BuildingEnergy]) -> tuple[Key, ...]:
    counts = Counter(_shade(building).code for building in buildings)
    return tuple(Key(colour=shade.colour, words=shade.words, count=counts[shade.code]) for shade in list_shades("energy"))
