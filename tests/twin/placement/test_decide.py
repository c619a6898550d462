"""Placement of assets: a small tree by hand, a large one against a loop that decides asset by asset."""

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.placement import Assets, Elements, Method, PlaceKind, Placement, Places, Reason, Taken, place_assets

NAN = float("nan")
ROOT, SITE, TOWER, FLOOR, OFFICE, STORE, SHED, CELLAR, ANNEX = range(9)
OUTLINE = shapely.box(10, 10, 14, 16)
PLACES = Places(
    id=np.array([1, 2, 30, 40, 501, 502, 31, 503, 32]),
    parent=np.array([-1, ROOT, SITE, TOWER, FLOOR, FLOOR, SITE, SHED, ROOT]),
    kind=np.array([0, 1, 2, 3, 4, 4, 2, 4, 2], dtype=np.uint8),
    xyz=np.array([[NAN] * 3, [0, 0, 0], [50, 50, 1], [51, 50, 4], [12, 13, 4], [NAN] * 3, [NAN] * 3, [NAN] * 3, [NAN] * 3]),
    extent_m=np.array([NAN, 900, 40, 35, 5, NAN, NAN, NAN, NAN]),
    outlines={OFFICE: OUTLINE},
)
ELEMENTS = Elements(xyz=np.array([[11, 12, 4.8], [NAN] * 3, [70, 70, 2], [11, 12, 5]]), place=np.array([OFFICE, OFFICE, -1, OFFICE]))


def assets(
    place: Sequence[int],
    *,
    element: Sequence[int] = (),
    unit: Sequence[int] = (),
    held: Sequence[tuple[int, int]] = (),
    intangible: Sequence[bool] = (),
) -> Assets:
    n = len(place)
    held_place, held_slot = np.array(list(held) or [(-1, -1)] * n, dtype=np.int64).reshape(-1, 2).T
    return Assets(
        intangible=np.array(list(intangible) or [False] * n, dtype=bool),
        element=np.array(list(element) or [-1] * n, dtype=np.int64),
        place=np.array(place, dtype=np.int64),
        unit_place=np.array(list(unit) or [-1] * n, dtype=np.int64),
        held_place=held_place,
        held_slot=held_slot,
    )


def rows(placed: Placement) -> list[tuple[int, str, int, str]]:
    columns = zip(placed.place, placed.method, placed.slot, placed.reason, strict=True)
    return [(int(place), Method(method).name, int(slot), Reason(reason).name) for place, method, slot, reason in columns]


def test_the_best_position_anybody_knows_is_taken() -> None:
    placed = place_assets(
        assets(
            [OFFICE, OFFICE, STORE, FLOOR, TOWER, SHED, CELLAR, ANNEX, -1, -1, OFFICE],
            element=[0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1],
            unit=[-1, -1, -1, -1, -1, -1, -1, TOWER, TOWER, -1, TOWER],
            intangible=[False] * 10 + [True],
        ),
        PLACES,
        ELEMENTS,
    )
    assert rows(placed) == [
        (501, "ELEMENT", -1, "NONE"),
        (501, "SPOT", 0, "NONE"),
        (502, "STOREY", -1, "ROOM_WITHOUT_OUTLINE"),
        (40, "STOREY", -1, "ROOM_NOT_STATED"),
        (30, "BUILDING", -1, "ROOM_NOT_STATED"),
        (31, "SITE", -1, "ROOM_NOT_STATED"),
        (503, "SITE", -1, "ROOM_WITHOUT_OUTLINE"),
        (32, "UNIT", -1, "PLACE_WITHOUT_POSITION"),
        (30, "UNIT", -1, "PLACE_NOT_STATED"),
        (-1, "NONE", -1, "PLACE_NOT_STATED"),
        (-1, "NONE", -1, "INTANGIBLE"),
    ]
    assert placed.xyz[0].tolist() == [11, 12, 4.8]
    assert OUTLINE.contains(shapely.Point(placed.xyz[1]))
    assert placed.xyz[1, 2] == 4
    assert placed.accuracy_m[:5].tolist() == pytest.approx([0, np.hypot(4, 6) / 2, 35, 35, 40])
    assert np.isnan(placed.xyz[9:]).all()


def test_an_element_tells_where_an_asset_is_and_a_register_that_says_otherwise_is_told() -> None:
    placed = place_assets(assets([OFFICE, STORE, TOWER, -1, STORE], element=[0, 0, 0, 0, 1]), PLACES, ELEMENTS)
    assert rows(placed) == [
        (501, "ELEMENT", -1, "NONE"),
        (501, "ELEMENT", -1, "ELEMENT_ELSEWHERE"),
        (501, "ELEMENT", -1, "NONE"),
        (501, "ELEMENT", -1, "NONE"),
        (501, "SPOT", 0, "ELEMENT_ELSEWHERE"),
    ]


def test_an_element_nobody_has_located_keeps_the_place_of_the_register() -> None:
    assert rows(place_assets(assets([STORE], element=[2]), PLACES, ELEMENTS)) == [(502, "ELEMENT", -1, "NONE")]


def test_an_asset_keeps_its_spot_when_others_come_and_go() -> None:
    before = place_assets(assets([OFFICE] * 20), PLACES, ELEMENTS)
    held = [(OFFICE, int(slot)) for slot in before.slot[10:]]
    after = place_assets(assets([OFFICE] * 15, held=[(-1, -1)] * 5 + held), PLACES, ELEMENTS)
    assert np.array_equal(after.xyz[5:], before.xyz[10:])
    assert sorted(after.slot.tolist()) == [0, 1, 2, 3, 4, *range(10, 20)]


def test_a_slot_of_another_room_is_not_kept_and_a_taken_one_not_given() -> None:
    taken = Taken(room=np.array([OFFICE, OFFICE]), slot=np.array([0, 2]))
    placed = place_assets(assets([OFFICE, OFFICE], held=[(STORE, 7), (OFFICE, 2)]), PLACES, ELEMENTS, taken=taken)
    assert placed.slot.tolist() == [1, 3]


def test_a_room_with_a_degenerate_outline_counts_as_one_without() -> None:
    flat = Places(
        id=PLACES.id,
        parent=PLACES.parent,
        kind=PLACES.kind,
        xyz=PLACES.xyz,
        extent_m=PLACES.extent_m,
        outlines={OFFICE: shapely.Polygon([(0, 0), (1, 1), (2, 2)])},
    )
    assert rows(place_assets(assets([OFFICE]), flat, ELEMENTS)) == [(501, "ROOM", -1, "ROOM_WITHOUT_OUTLINE")]


def test_crammed_rooms_are_named_with_the_spacing_of_their_spots() -> None:
    placed = place_assets(assets([OFFICE] * 1000), PLACES, ELEMENTS)
    assert list(placed.crammed) == [501]
    assert 0.05 < placed.crammed[501] < 0.3


def test_a_tree_that_refers_to_itself_ends() -> None:
    ring = Places(
        id=np.array([1, 2]),
        parent=np.array([1, 0]),
        kind=np.array([PlaceKind.BUILDING, PlaceKind.ROOM], dtype=np.uint8),
        xyz=np.full((2, 3), NAN),
        extent_m=np.full(2, NAN),
    )
    assert rows(place_assets(assets([1]), ring, Elements.none())) == [(2, "NONE", -1, "PLACE_WITHOUT_POSITION")]


def test_no_assets_and_no_elements_are_no_rows() -> None:
    table = place_assets(assets([]), PLACES, Elements.none()).to_arrow()
    assert table.num_rows == 0
    assert table.column_names == ["place_id", "method", "slot", "x", "y", "z", "accuracy_m", "reason"]


def test_columns_for_the_store_have_nulls_and_words() -> None:
    table = place_assets(assets([-1, OFFICE]), PLACES, Elements.none()).to_arrow().to_pylist()
    assert table[0] == dict.fromkeys(("place_id", "slot", "x", "y", "z", "accuracy_m"), None) | {
        "method": "none",
        "reason": "place_not_stated",
    }
    assert (table[1]["place_id"], table[1]["method"], table[1]["slot"], table[1]["reason"]) == (501, "spot", 0, "none")


def decided_alone(place: int, element: int, unit: int, intangible: bool) -> tuple[int, str]:
    """The rule, asset by asset: place id and method."""
    if intangible:
        return -1, "NONE"
    at = int(ELEMENTS.place[element]) if element >= 0 and ELEMENTS.place[element] >= 0 else place
    if element >= 0 and not np.isnan(ELEMENTS.xyz[element, 0]):
        return (int(PLACES.id[at]) if at >= 0 else -1), "ELEMENT"
    if at in PLACES.outlines:
        return int(PLACES.id[at]), "SPOT"
    own = at
    while at >= 0 and np.isnan(PLACES.xyz[at, 0]):
        at = int(PLACES.parent[at])
    if at >= 0:
        return int(PLACES.id[own]), PlaceKind(int(PLACES.kind[at])).name
    while unit >= 0 and np.isnan(PLACES.xyz[unit, 0]):
        unit = int(PLACES.parent[unit])
    if own < 0 and unit < 0:
        return -1, "NONE"
    return int(PLACES.id[own if own >= 0 else unit]), "UNIT" if unit >= 0 else "NONE"


some_place = st.integers(min_value=-1, max_value=8)
unit_address = st.sampled_from([-1, SITE, TOWER])


@given(st.lists(st.tuples(some_place, st.integers(min_value=-1, max_value=3), unit_address, st.booleans()), max_size=60))
@settings(max_examples=200, deadline=None)
def test_columns_decide_as_a_loop_does(asked: list[tuple[int, int, int, bool]]) -> None:
    place, element, unit, intangible = (list(column) for column in zip(*asked, strict=True)) if asked else ([], [], [], [])
    placed = place_assets(assets(place, element=element, unit=unit, intangible=intangible), PLACES, ELEMENTS)
    assert [(id_, method) for id_, method, _, _ in rows(placed)] == [decided_alone(*one) for one in asked]
    spot = placed.method == Method.SPOT
    assert shapely.contains_xy(OUTLINE, placed.xyz[spot, 0], placed.xyz[spot, 1]).all()
    assert len(np.unique(placed.xyz[spot, :2], axis=0)) == spot.sum()
    lost = np.isnan(placed.xyz[:, 0])
    assert (lost == (placed.method == Method.NONE)).all()
    assert (placed.reason[lost] != Reason.NONE).all()
