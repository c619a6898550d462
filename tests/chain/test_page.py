"""Point 8: the page on the demo compound in a real browser: drawn, picked, cut, clicked, read in Chinese and English."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.chain.conftest import Served
from tests.viewer.browser import Visit, launched, visit

pytestmark = pytest.mark.nightly

OVERVIEW = {"lon": 119.2946, "lat": 26.0866, "height_m": 150, "heading_deg": 5, "pitch_deg": -22}
PATIENCE_MS = 180_000


def read(served: Served, path: str) -> Any:
    with urllib.request.urlopen(served.url + path) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def seen(demo_served: Served) -> Iterator[Visit]:
    """One visit for the whole module, as one person would."""
    with launched() as browser, visit(browser, demo_served.url) as visited:
        assert visited.page.evaluate("() => window.twin.ready()") == "ready"
        yield visited


@pytest.fixture(scope="module")
def third_storey(demo_served: Served) -> dict[str, Any]:
    tree = read(demo_served, "/sites/pingshan/tree")
    tower = next(building for building in tree["buildings"] if building["name"] == "1号楼")
    storey: dict[str, Any] = next(entry for entry in tower["storeys"] if entry["name"] == "3F")
    return storey


def look_down_on(seen: Visit, served: Served, feature: str, above_m: float = 6.0) -> str | None:
    """What the page picks in the middle of the picture from straight above a feature's centre."""
    centre = read(served, f"/sites/pingshan/features/{quote(feature, safe='')}")["centre"]
    camera = {**centre, "height_m": centre["height_m"] + above_m, "heading_deg": 0, "pitch_deg": -90}
    seen.page.evaluate("(camera) => window.twin.setView(camera)", camera)
    seen.settle(PATIENCE_MS)
    size = seen.page.viewport_size
    assert size is not None
    picked: str | None = seen.page.evaluate("([x, y]) => window.twin.pickAt(x, y)", [size["width"] / 2, size["height"] / 2])
    return picked


def test_the_compound_covers_the_picture(seen: Visit) -> None:
    seen.page.evaluate("(camera) => window.twin.setView(camera)", OVERVIEW)
    seen.settle(PATIENCE_MS)
    assert seen.page.evaluate("() => window.twin.coverage()") >= 0.2


def test_a_storey_is_cut_and_what_lies_open_is_picked(seen: Visit, demo_served: Served, third_storey: dict[str, Any]) -> None:
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", third_storey["id"])
    children = read(demo_served, f"/sites/pingshan/features/{quote(third_storey['id'], safe='')}/children?kind=space&limit=100")["features"]
    room = next(entry for entry in children if entry["name"] == "309")
    inside = read(demo_served, f"/sites/pingshan/features/{quote(room['id'], safe='')}/children?limit=200")["features"]
    desk = next(entry for entry in inside if "桌" in (entry["name"] or ""))
    assert look_down_on(seen, demo_served, desk["id"]) == desk["id"]
    walls = [
        entry
        for entry in read(demo_served, f"/sites/pingshan/features/{quote(third_storey['id'], safe='')}/children?kind=element&limit=1000")[
            "features"
        ]
        if entry["class"] == "IfcWall"
    ]
    assert look_down_on(seen, demo_served, room["id"]) in {room["id"], *(entry["id"] for entry in inside)}
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", None)
    picked = set()
    for wall in walls[:6]:
        centre = read(demo_served, f"/sites/pingshan/features/{quote(wall['id'], safe='')}")["centre"]
        seen.page.evaluate("(id) => window.twin.selectStorey(id)", third_storey["id"])
        camera = {**centre, "height_m": centre["height_m"] + 6.0, "heading_deg": 0, "pitch_deg": -90}
        seen.page.evaluate("(camera) => window.twin.setView(camera)", camera)
        seen.settle(PATIENCE_MS)
        picked.add(seen.page.evaluate("() => window.twin.pickAt(320, 180)"))
    assert picked & {entry["id"] for entry in walls}


def test_a_selected_room_is_read_in_chinese_and_then_in_english(seen: Visit, demo_served: Served, third_storey: dict[str, Any]) -> None:
    children = read(demo_served, f"/sites/pingshan/features/{quote(third_storey['id'], safe='')}/children?kind=space&limit=100")["features"]
    room = next(entry for entry in children if entry["name"] == "309")
    seen.page.evaluate("(id) => window.twin.select(id)", room["id"])
    seen.page.get_by_text("科长办公室").first.wait_for()
    seen.page.get_by_text("tower.ifc").first.wait_for()
    seen.page.get_by_role("button", name="English").click()
    seen.page.get_by_role("button", name="中文").wait_for()


def test_nothing_went_wrong_and_nobody_else_was_asked(seen: Visit) -> None:
    assert seen.errors == []
    assert seen.foreign == []
