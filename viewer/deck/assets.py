"""What stands in each building: columns as high as the assets are worth, with their number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from viewer.deck.catalogue import number, words
from viewer.deck.classes import Shade, list_shades
from viewer.deck.layers import columns_layer, deck_of, label_layer, outline_layer, surroundings_layer
from viewer.deck.outline import Label, Outline, View, check_outline, fit_label, view_of
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
RADIUS = 0.012
PITCH_DEG = 50.0
FOOTPRINT = [206, 213, 214]


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
    """The page of a site's assets: one column a building, its colour the fifth of the largest value, the table by value."""
    buildings = sorted(assets.buildings, key=lambda building: (not building.outline, -building.value_fen, building.name))
    outlines = [check_outline(building.name, building.outline) for building in buildings if building.outline]
    shades = _shades(buildings)
    total = sum(building.value_fen for building in buildings)
    view = view_of(outlines, pitch_deg=PITCH_DEG, top_share=TALLEST)
    undrawn = len(buildings) - len(outlines)
    return DeckPage(
        title=assets.title,
        as_of=assets.as_of,
        sources=assets.sources,
        deck=view and _deck(buildings, outlines, shades, view, assets.surroundings),
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
        notes=notes_of(undrawn, 0),
    )


def _deck(
    buildings: Sequence[BuildingAssets],
    outlines: Sequence[Outline],
    shades: Sequence[Shade],
    view: View,
    surroundings: tuple[tuple[str, Outline], ...],
) -> "pydeck.Deck":
    span_m = max(view.width_m, view.height_m)
    tallest = max((building.value_fen for building in buildings), default=0) or 1
    drawn = list(zip(buildings, outlines, shades, strict=False))
    feet = [fit_label(outline, (building.name,), view.bearing_deg).lon_lat for building, outline, _ in drawn]
    heights = [max(building.value_fen, 0) / tallest * view.top_m for building, _, _ in drawn]
    columns = [(row, feet[row], shade.rgb, heights[row]) for row, (_, _, shade) in enumerate(drawn)]
    labels = [
        (Label(lon_lat=feet[row], size_m=1.0), f"{building.name}\n{building.count:,}", heights[row] + 0.045 * span_m)
        for row, (building, _, _) in enumerate(drawn)
    ]
    return deck_of(
        [
            surroundings_layer(surroundings),
            outline_layer("footprints", [(row, outline, FOOTPRINT, 0.0) for row, outline in enumerate(outlines)]),
            columns_layer("columns", columns, RADIUS * span_m),
            label_layer(labels, fixed_px=15),
        ],
        view,
    )


def _shades(buildings: Sequence[BuildingAssets]) -> list[Shade]:
    """Of each building the fifth of the largest value it lies in; the first for nothing, the last for the largest."""
    fifths = list_shades("assets")
    largest = max((building.value_fen for building in buildings), default=0) or 1
    return [fifths[min(max(building.value_fen, 0) * len(fifths) // largest, len(fifths) - 1)] for building in buildings]


def _legend(buildings: Sequence[BuildingAssets], shades: Sequence[Shade]) -> tuple[Key, ...]:
    counts = Counter(shade.code for shade in shades)
    step = max((building.value_fen for building in buildings), default=0) / FEN_PER_TEN_THOUSAND_YUAN / len(list_shades("assets"))
    return tuple(
        Key(
            colour=shade.colour,
            words=words("assets.band", low=number(step * at, 0), high=number(step * (at + 1), 0)),
            count=counts[shade.code],
        )
        for at, shade in enumerate(list_shades("assets"))
    )


def _row(building: BuildingAssets, shade: Shade, total_fen: int) -> Row:
    share = f"{building.value_fen / total_fen:.1%}" if total_fen > 0 else ""
    value = f"{number(building.value_fen // 100, 0)}.{building.value_fen % 100:02d}"
    return Row(colour=shade.colour, cells=(building.name, number(building.count, 0), value, share, building.classes))
