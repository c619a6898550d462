"""What stands in each building: columns as high as the assets are worth, with their number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from viewer.deck.catalogue import number, words
from viewer.deck.classes import Shade, get_shade, list_shades
from viewer.deck.layers import Shape, deck_of, label_layer, outline_layer, surroundings_layer
from viewer.deck.outline import Label, Outline, View, check_outline, fit_label, square_of, view_around
from viewer.deck.page import DeckPage, Figure, Head, Key, Row, notes_of
from viewer.document import Words

if TYPE_CHECKING:
    import pydeck

__all__ = ["AssetsByBuilding", "BuildingAssets", "assets_page"]

COLUMNS = (
    ("assets.building", False),
    ("assets.count", True),
    ("assets.value", True),
    ("assets.share", True),
    ("assets.classes", False),
)
"""Words of each column of the table, and whether it holds numbers."""
FEN_PER_TEN_THOUSAND_YUAN = 1_000_000
TALLEST = 0.32
SIDE = 0.028
LOWEST = 0.004
"""Sides of a column and the least height of one, as shares of the larger extent."""
PITCH_DEG = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingAssets:
    """The assets of one building: how many cards, their acquisition value in fen, the largest classes in words."""

    name: str
    count: int
    value_fen: int
    classes: Words | str = ""
    outline: Outline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsByBuilding:
    """The buildings of a site or of the province as of a date; `surroundings` lie pale beneath."""

    title: Words
    as_of: str
    sources: tuple[Words | str, ...]
    buildings: tuple[BuildingAssets, ...]
    surroundings: tuple[tuple[str, Outline], ...] = field(default=())


def assets_page(assets: AssetsByBuilding) -> DeckPage:
    """The page of a site's assets: one column a building, its colour the fifth of the largest value, the table by value.

    The picture is of the buildings where something stands; the others lie flat among and around them.
    """
    buildings = sorted(assets.buildings, key=lambda building: (-building.value_fen, -building.count, building.name))
    shades = _shades(buildings)
    total = sum(building.value_fen for building in buildings)
    drawn = [
        (row, building, check_outline(building.name, building.outline), shade)
        for row, (building, shade) in enumerate(zip(buildings, shades, strict=True))
        if building.outline
    ]
    told, others = ([outline for _, building, outline, _ in drawn if bool(building.count) is some] for some in (True, False))
    view = view_around(told, others, pitch_deg=PITCH_DEG, top_share=TALLEST)
    return DeckPage(
        title=assets.title,
        as_of=assets.as_of,
        sources=assets.sources,
        deck=view and _deck(drawn, view, assets.surroundings),
        view=view,
        figures=(
            Figure(name=words("assets.buildings"), value=str(len(buildings))),
            Figure(name=words("assets.count"), value=number(sum(building.count for building in buildings), 0)),
            Figure(
                name=words("assets.value_in"), value=number(total / FEN_PER_TEN_THOUSAND_YUAN, 2), unit=words("assets.ten_thousand_yuan")
            ),
        ),
        legend=_legend(buildings, shades),
        legend_title=words("assets.height"),
        heads=tuple(Head(words=words(key), number=numeric) for key, numeric in COLUMNS),
        rows=tuple(_row(building, shade, total) for building, shade in zip(buildings, shades, strict=True)),
        notes=notes_of(len(buildings) - len(drawn), 0),
    )


def _deck(
    drawn: Sequence[tuple[int, BuildingAssets, Outline, Shade]], view: View, surroundings: tuple[tuple[str, Outline], ...]
) -> "pydeck.Deck":
    span_m = max(view.width_m, view.height_m)
    tallest = max((building.value_fen for _, building, _, _ in drawn), default=0) or 1
    footprint = get_shade("assets", "none", "").rgb
    columns: list[Shape] = []
    labels: list[tuple[Label, str, float]] = []
    for row, building, outline, shade in drawn:
        if not building.count:
            continue
        foot = fit_label(outline, (building.name,), view.bearing_deg).lon_lat
        height = max(building.value_fen, 0) / tallest * view.top_m
        columns.append((row, square_of(foot, SIDE * span_m, view.bearing_deg), shade.rgb, max(height, LOWEST * span_m)))
        labels.append((Label(lon_lat=foot, size_m=1.0), f"{building.name}\n{building.count:,}", height))
    return deck_of(
        [
            surroundings_layer(surroundings),
            outline_layer("footprints", [(row, outline, footprint, 0.0) for row, _, outline, _ in drawn]),
            outline_layer("columns", columns),
            label_layer(labels, fixed_px=15),
        ],
        view,
    )


def _shades(buildings: Sequence[BuildingAssets]) -> list[Shade]:
    """Of each building the fifth of the largest value it lies in, the last for the largest; one of its own where nothing stands."""
    none, *fifths = list_shades("assets")
    largest = max((building.value_fen for building in buildings), default=0) or 1
    return [
        fifths[min(max(building.value_fen, 0) * len(fifths) // largest, len(fifths) - 1)] if building.count else none
        for building in buildings
    ]


def _legend(buildings: Sequence[BuildingAssets], shades: Sequence[Shade]) -> tuple[Key, ...]:
    counts = Counter(shade.code for shade in shades)
    none, *fifths = list_shades("assets")
    step = max((building.value_fen for building in buildings), default=0) / FEN_PER_TEN_THOUSAND_YUAN / len(fifths)
    bands = [
        Key(
            colour=shade.colour,
            words=words("assets.band", low=number(step * at, 0), high=number(step * (at + 1), 0)),
            count=counts[shade.code],
        )
        for at, shade in enumerate(fifths)
    ]
    nothing = [Key(colour=none.colour, words=none.words, count=counts[none.code])] if counts[none.code] else []
    return (*bands, *nothing)


def _row(building: BuildingAssets, shade: Shade, total_fen: int) -> Row:
    share = f"{building.value_fen / total_fen:.1%}" if total_fen > 0 else ""
    value = f"{number(building.value_fen // 100, 0)}.{building.value_fen % 100:02d}"
    return Row(colour=shade.colour, cells=(building.name, number(building.count, 0), value, share, building.classes))
