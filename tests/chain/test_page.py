"""Point 8: the page on the demo compound in a real browser: drawn, picked, cut, clicked, read in Chinese and English."""

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.chain.conftest import Served
from tests.viewer.browser import VIEW, Visit, visit
from twin.api.app import CONTENT_POLICY

pytestmark = pytest.mark.browser

OVERVIEW = {"lon": 119.2946, "lat": 26.0866, "height_m": 150, "heading_deg": 5, "pitch_deg": -22}
ABOVE_M = 6.0
DESK_END_DEG = 0.6 / 110_800
FLOOR_DEG = 0.9 / 110_800
"""So far north of the middle of a room, where the sign of its fire point may be, is floor."""
ON_THE_TOWER = (260, 100)
ON_THE_PAVING = (320, 180)
PATIENCE_MS = 60_000
MIDDLE = (VIEW["width"] / 2, VIEW["height"] / 2)


def read(served: Served, path: str) -> Any:
    with urllib.request.urlopen(served.url + path) as answer:
        return json.load(answer)


def children(served: Served, parent: str, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(served, f"/sites/pingshan/features/{quote(parent, safe='')}/children?kind={kind}&limit=1000")[
        "features"
    ]
    return found


@pytest.fixture(scope="module")
def seen(chromium: Browser, demo_served: Served) -> Iterator[Visit]:
    """One visit for the whole module, as one person would."""
    with visit(chromium, demo_served.url) as visited:
        assert visited.page.evaluate("() => window.twin.phase()") == "ready"
        yield visited


@pytest.fixture(autouse=True)
def nothing_goes_wrong(seen: Visit) -> Iterator[None]:
    """No test may leave an error on the console or a request to another host."""
    yield
    seen.check()


@pytest.fixture(scope="module")
def storey(demo_served: Served) -> dict[str, Any]:
    """The third storey of the tower."""
    tree = read(demo_served, "/sites/pingshan/tree")
    tower = next(building for building in tree["buildings"] if building["name"] == "1号楼")
    return dict(next(entry for entry in tower["storeys"] if entry["name"] == "3F"))


@pytest.fixture(scope="module")
def room(demo_served: Served, storey: dict[str, Any]) -> dict[str, Any]:
    """309 on it, a section heads' office with two desks, four walls and a floor."""
    return next(entry for entry in children(demo_served, storey["id"], "space") if entry["name"] == "309")


def pick_below(seen: Visit, place: dict[str, float]) -> str | None:
    """What is picked in the middle of the picture by a camera that looks straight down on a place."""
    camera = {**place, "height_m": place["height_m"] + ABOVE_M, "heading_deg": 0, "pitch_deg": -90}
    seen.page.evaluate("(camera) => { window.twin.panels(false); window.twin.setView(camera); }", camera)
    seen.settle(PATIENCE_MS)
    picked: str | None = seen.page.evaluate("([x, y]) => window.twin.pickAt(x, y)", MIDDLE)
    return picked


def test_the_page_is_sent_with_the_strict_content_policy(demo_served: Served) -> None:
    with urllib.request.urlopen(demo_served.url) as answer:
        assert answer.headers["Content-Security-Policy"] == CONTENT_POLICY
    for directive in ("default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "connect-src 'self'"):
        assert directive in CONTENT_POLICY.split("; ")


def test_buildings_and_city_cover_a_fifth_of_the_picture_and_tell_their_files(seen: Visit) -> None:
    page = seen.page
    page.evaluate(
        "(camera) => { window.twin.panels(false); window.twin.setLayers({terrain: false}); window.twin.setView(camera); }", OVERVIEW
    )
    seen.settle(PATIENCE_MS)
    assert page.evaluate("() => window.twin.coverage()") >= 0.2
    tower, paving = page.evaluate("(points) => points.map(([x, y]) => window.twin.pickAt(x, y))", [ON_THE_TOWER, ON_THE_PAVING])
    assert tower.startswith("tower:")
    page.evaluate("(id) => window.twin.select(id)", paving)
    page.evaluate("() => window.twin.panels(true)")
    expect(page.locator("twin-panel footer")).to_contain_text("layers.gpkg · 第 1 版")
    page.evaluate("() => window.twin.select(null)")


def test_room_wall_and_desk_are_picked_in_the_cut_storey_and_hidden_before(
    seen: Visit, demo_served: Served, storey: dict[str, Any], room: dict[str, Any]
) -> None:
    desk = next(entry for entry in children(demo_served, room["id"], "element") if is_desk(demo_served, entry))
    wall = min(
        (entry for entry in children(demo_served, storey["id"], "element") if entry["class"] == "IfcWall"),
        key=lambda entry: abs(entry["centre"]["lon"] - room["centre"]["lon"]) + 10 * abs(entry["centre"]["lat"] - room["centre"]["lat"]),
    )
    beside_its_computer = desk["centre"] | {"lat": desk["centre"]["lat"] + DESK_END_DEG}
    places = {desk["id"]: beside_its_computer, wall["id"]: wall["centre"], room["id"]: floor_of(room)}
    seen.page.evaluate("() => window.twin.setLayers({city: false, terrain: false})")
    covered = pick_below(seen, room["centre"] | {"height_m": room["centre"]["height_m"] + 60})
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", storey["id"])
    assert [pick_below(seen, place) for place in places.values()] == list(places)
    assert covered is not None
    assert covered not in places


def floor_of(room: dict[str, Any]) -> dict[str, float]:
    centre: dict[str, float] = room["centre"]
    return centre | {"lat": centre["lat"] + FLOOR_DEG}


def is_desk(served: Served, entry: dict[str, Any]) -> bool:
    feature = read(served, f"/sites/pingshan/features/{quote(entry['id'], safe='')}")
    return feature["properties"].get("attributes", {}).get("predefined_type") == "DESK"


def test_a_click_on_the_floor_tells_the_room_in_chinese_and_then_in_english(
    seen: Visit, demo_served: Served, storey: dict[str, Any], room: dict[str, Any]
) -> None:
    page = seen.page
    page.evaluate("(id) => window.twin.selectStorey(id)", storey["id"])
    assert pick_below(seen, floor_of(room)) == room["id"]
    page.mouse.click(*MIDDLE)
    page.evaluate("() => window.twin.panels(true)")
    panel = page.locator("twin-panel")
    expect(panel.get_by_role("heading", name="309 科长办公室")).to_be_visible()
    expect(panel).to_contain_text(re.compile(r"量算值.*面积\s*24\.36 m²", re.DOTALL))
    origin = panel.locator("footer")
    expect(origin).to_contain_text("tower.ifc · 第 1 版")
    expect(origin).to_contain_text(room["id"].split(":")[1])
    page.get_by_role("button", name="English").click()
    expect(panel).to_contain_text(re.compile(r"Measured.*Area\s*24\.36 m²", re.DOTALL))
    expect(origin).to_contain_text("tower.ifc · revision 1")
    page.get_by_role("button", name="中文").click()


def test_labels_of_the_open_storey_do_not_overlap(seen: Visit, storey: dict[str, Any]) -> None:
    seen.page.evaluate("async (id) => { window.twin.panels(false); await window.twin.selectStorey(id); }", storey["id"])
    seen.settle(PATIENCE_MS)
    boxes = seen.page.evaluate(
        """() => [...document.querySelectorAll('.room-labels > :not([hidden])')].map((label) => {
            const {left, right, top, bottom} = label.getBoundingClientRect();
            return [left, right, top, bottom];
        })"""
    )
    assert len(boxes) > 5
    for i, (left, right, top, bottom) in enumerate(boxes):
        assert not any(left < r and x < right and top < b and y < bottom for x, r, y, b in boxes[:i])
