"""pydeck layers without a base map: flat outlines, extruded ones and labels, each row with the table row it stands for."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from viewer.deck.classes import get_shade
from viewer.deck.outline import Label, Outline, View

if TYPE_CHECKING:
    import pydeck

__all__ = ["Shape", "deck_of", "label_layer", "outline_layer", "surroundings_layer"]

Shape = tuple[int, Outline, list[int], float]
"""Row of the table (−1: none), outline, colour, height in metres (0: flat)."""

FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif'
INK = [22, 32, 46]
EDGE = [90, 103, 118]
HIGHLIGHT = [22, 32, 46, 60]
OVER_ALL = {"depthCompare": "always", "depthWriteEnabled": False}
UNSHADED = {"ambient": 1.0, "diffuse": 0.0, "shininess": 1, "specularColor": [0, 0, 0]}
"""Each side in the colour given: `False` would leave deck.gl's own light on."""
LIFT_PX = 12
NOMINAL_WIDTH_PX = 1000.0
EARTH_M = 40_075_016.686


def deck_of(layers: "Sequence[pydeck.Layer]", view: View) -> "pydeck.Deck":
    """A pydeck deck of those layers: no base map, no key, no address; parallel projection, so that heights compare."""
    import math

    import pydeck

    metres_per_pixel = max(view.width_m, view.height_m) / NOMINAL_WIDTH_PX
    zoom = math.log2(EARTH_M * math.cos(math.radians(view.lat)) / 512 / metres_per_pixel)
    state = pydeck.ViewState(
        longitude=view.lon,
        latitude=view.lat,
        zoom=round(zoom, 3),
        bearing=view.bearing_deg,
        pitch=view.pitch_deg,
        min_zoom=8,
        max_zoom=25,
    )
    return pydeck.Deck(
        layers=list(layers),
        views=[pydeck.View(type="MapView", controller=True, orthographic=True)],
        initial_view_state=state,
        map_provider=None,
        map_style=None,
        tooltip=False,
    )


def surroundings_layer(surroundings: Iterable[tuple[str, Outline]]) -> "pydeck.Layer":
    """What lies around, in pale colours and not to be picked: kinds `building`, `road`, `green`, `water`, `storey`."""
    shapes = [(-1, outline, get_shade("surroundings", kind, kind).rgb, 0.0) for kind, outline in surroundings]
    return outline_layer("surroundings", shapes, pickable=False)


def outline_layer(layer_id: str, shapes: Iterable[Shape], *, pickable: bool = True) -> "pydeck.Layer":
    """Outlines in the very colours given, on all sides, so that the legend can be read from the picture; those with a height stand up."""
    import pydeck

    rows = [
        {"row": row, "polygon": [list(map(list, ring)) for ring in rings], "fill": rgb, "height": height}
        for row, outline, rgb, height in shapes
        for rings in outline
    ]
    standing = any(row["height"] for row in rows)
    return pydeck.Layer(
        "PolygonLayer",
        data=rows,
        id=layer_id,
        get_polygon="polygon",
        get_fill_color="fill",
        get_elevation="height",
        extruded=standing,
        wireframe=standing,
        material=UNSHADED,
        get_line_color=EDGE if pickable else [205, 211, 214],
        line_width_units=_word("pixels"),
        get_line_width=1.2 if pickable else 0.6,
        pickable=pickable,
        auto_highlight=pickable,
        highlight_color=HIGHLIGHT,
        **({} if standing else {"parameters": OVER_ALL}),
    )


def label_layer(labels: Iterable[tuple[Label, str, float]], *, fixed_px: float | None = None) -> "pydeck.Layer":
    """Texts that face the camera, at a height in metres: as large as fits the outline, or of a fixed size in pixels above the spot.

    Of those of a fixed size that would lie on one another the page shows the first.
    """
    import pydeck

    lift = LIFT_PX if fixed_px else 0
    rows: list[dict[str, Any]] = [
        {"position": [*label.lon_lat, height], "text": text, "size": fixed_px or label.size_m, "lift": lift}
        for label, text, height in labels
    ]
    return pydeck.Layer(
        "TextLayer",
        data=rows,
        id="labels",
        get_position="position",
        get_text="text",
        get_size="size",
        size_units=_word("pixels" if fixed_px else "meters"),
        size_max_pixels=30,
        get_color=INK,
        font_family=_word(FONT),
        font_settings={"fontSize": 48, "buffer": 6},
        get_alignment_baseline=_word("bottom" if fixed_px else "center"),
        get_pixel_offset=[0, -lift],
        background=fixed_px is not None,
        get_background_color=[255, 255, 255, 225],
        background_padding=[6, 2],
        character_set=_word("auto"),
        line_height=1.2,
        parameters=OVER_ALL,
    )


def _word(text: str) -> Any:
    """A text that pydeck passes on as it is, instead of as the name of a column."""
    from pydeck.types import String

    return String(text, quote_type="")
