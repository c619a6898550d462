"""The page in a real browser against a stand-in service with a tiny compound, under the real content policy."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.viewer.browser import Visit, launched, visit, wait_until
from tests.viewer.mock_service import MockService, serving
from tests.viewer.tiny_site import STOREY_HEIGHT_M
from viewer import static_dir

pytestmark = [pytest.mark.browser, pytest.mark.nightly]
STOREY = "east:storey1"
MIDDLE = (320, 180)


@pytest.fixture(scope="module")
def service() -> Iterator[MockService]:
    with serving(Path(static_dir())) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def seen(chromium: Browser, service: MockService) -> Iterator[Visit]:
    with visit(chromium, service.url) as visited:
        visited.settle()
        yield visited


@pytest.fixture(autouse=True)
def start_anew(request: pytest.FixtureRequest) -> None:
    """Whole buildings, nothing selected, all layers: each test begins there."""
    if "seen" not in request.fixturenames:
        return
    page: Visit = request.getfixturevalue("seen")
    page.page.evaluate(
        """async () => {
            await window.twin.selectStorey(null); await window.twin.select(null); window.twin.panels(true);
            window.twin.setLayers({city: true, terrain: true, furniture: true, spaces: true});
        }"""
    )


def look_down(seen: Visit, service: MockService, xyz: tuple[float, float, float]) -> None:
    camera = service.tiny.lon_lat_height(xyz) | {"heading_deg": 0, "pitch_deg": -90}
    seen.page.evaluate("(camera) => { window.twin.panels(false); window.twin.setView(camera); }", camera)
    seen.settle()


def picked(seen: Visit) -> str | None:
    found: str | None = seen.page.evaluate("([x, y]) => window.twin.pickAt(x, y)", MIDDLE)
    return found


def test_the_page_says_which_compound_it_shows(seen: Visit) -> None:
    assert "屏山小院" in seen.page.title()
    expect(seen.page.get_by_role("heading", name="屏山小院")).to_be_visible()
    expect(seen.page.get_by_text("2 栋 · 6 层 · 12 间")).to_be_visible()


def test_tiles_cover_the_picture_from_above_and_nothing_covers_the_sky(seen: Visit, service: MockService) -> None:
    look_down(seen, service, (0, 0, 80))
    assert seen.page.evaluate("() => window.twin.coverage()") > 0.95
    seen.page.evaluate(
        "(camera) => window.twin.setView(camera)", service.tiny.lon_lat_height((0, 0, 80)) | {"heading_deg": 0, "pitch_deg": 60}
    )
    seen.settle()
    assert seen.page.evaluate("() => window.twin.coverage()") == 0


def test_a_storey_cut_open_hides_what_lies_above_and_lets_room_desk_and_wall_be_picked(seen: Visit, service: MockService) -> None:
    floor = STOREY_HEIGHT_M
    above_desk, above_floor, above_wall = (11.0, -0.6, floor + 15), (13.0, 2.0, floor + 15), (14.12, 2.0, floor + 15)
    look_down(seen, service, above_desk)
    assert picked(seen) == "east:slab2"
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    found = []
    for place in (above_desk, above_floor, above_wall):
        look_down(seen, service, place)
        found.append(picked(seen))
    assert found == ["east:desk201", "east:room201", "east:wall14"]


def test_the_other_building_stays_whole(seen: Visit, service: MockService) -> None:
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    look_down(seen, service, (-26.0, 0.0, 30.0))
    assert picked(seen) == "west:slab2"


def test_the_section_height_decides_what_is_cut(seen: Visit, service: MockService) -> None:
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    seen.page.evaluate("() => window.twin.setSection(0.4)")
    camera = service.tiny.lon_lat_height((11.0, -20.0, STOREY_HEIGHT_M + 0.6)) | {"heading_deg": 0, "pitch_deg": 0}
    seen.page.evaluate("(camera) => { window.twin.panels(false); window.twin.setView(camera); }", camera)
    seen.settle()
    assert picked(seen) is None
    seen.page.evaluate("() => window.twin.setSection(1.3)")
    seen.settle()
    assert picked(seen) == "east:wall10"


def test_switches_hide_furniture_rooms_and_ground(seen: Visit, service: MockService) -> None:
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    look_down(seen, service, (11.0, -0.6, STOREY_HEIGHT_M + 15))
    seen.page.evaluate("() => window.twin.setLayers({furniture: false})")
    seen.settle()
    assert picked(seen) == "east:room201"
    seen.page.evaluate("() => window.twin.setLayers({spaces: false})")
    seen.settle()
    assert picked(seen) == "east:slab0"
    look_down(seen, service, (-5.0, 20.0, 30.0))
    assert picked(seen) == "terrain:ground"
    seen.page.evaluate("() => window.twin.setLayers({terrain: false})")
    seen.settle()
    assert picked(seen) is None


def test_a_click_on_a_desk_tells_what_it_is_and_where_it_came_from(seen: Visit, service: MockService) -> None:
    page = seen.page
    page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    page.evaluate("() => window.twin.select('east:desk201')")
    panel = page.locator("twin-panel")
    expect(panel.get_by_role("heading", name="办公桌", exact=True)).to_be_visible()
    expect(panel.get_by_text("家具", exact=True)).to_be_visible()
    for text in ("IfcFurniture", "tiny.ifc", "abababababab", "#42", "desk201", "张工"):
        expect(panel.get_by_text(text, exact=True).first).to_be_visible()
    expect(panel.get_by_text("第 1 版")).to_be_visible()
    panel.get_by_role("button", name="201 档案室").click()
    expect(panel.get_by_role("heading", name="201 档案室")).to_be_visible()
    facts = panel.locator("section", has_text="实测")
    expect(facts).to_contain_text(re.compile(r"实测（由几何计算）\s*面积（m²）\s*40\.7\s*体积（m³）\s*134\.3"))
    expect(facts).to_contain_text(re.compile(r"申报（文件所写）\s*净楼面面积\s*41\.2 m²\s*Qto_SpaceBaseQuantities"))
    page.evaluate("() => window.twin.select('east:room202')")
    expect(facts).to_contain_text("文件未写")


def test_a_mouse_click_selects_and_a_click_on_the_ground_clears(seen: Visit, service: MockService) -> None:
    look_down(seen, service, (14.0, 0.0, 30.0))
    seen.page.mouse.click(*MIDDLE)
    wait_until(seen.page, "location.hash.includes('select=east:slab2')")
    look_down(seen, service, (-5.0, 20.0, 30.0))
    seen.page.mouse.click(*MIDDLE)
    wait_until(seen.page, "!location.hash.includes('select=')")


def test_a_click_on_a_label_selects_its_room(seen: Visit, service: MockService) -> None:
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    look_down(seen, service, (11.05, 0.0, 25.0))
    assert picked(seen) == "east:room201"
    look_down(seen, service, (11.05, 0.6, 25.0))
    seen.page.evaluate("() => window.twin.setLayers({spaces: false})")
    seen.settle()
    assert picked(seen) == "east:slab0"
    seen.page.mouse.click(MIDDLE[0], MIDDLE[1] + 6)
    wait_until(seen.page, "location.hash.includes('select=east:room201')")


def test_the_tree_is_walked_by_keys_down_to_a_room(seen: Visit) -> None:
    page = seen.page
    page.set_viewport_size({"width": 1000, "height": 400})
    toggle = page.get_by_role("button", name="显示或隐藏目录")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    tree = page.get_by_role("tree")
    building = tree.locator('[data-id="west:building"]')
    if building.get_attribute("aria-expanded") == "true":
        building.locator(".twist").click()
    building.focus()
    page.keyboard.press("Home")
    expect(tree.locator('[data-id="site tiny"]')).to_be_focused()
    page.keyboard.press("End")
    expect(building).to_be_focused()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    room = tree.locator('[data-id="west:room301"]')
    expect(room).to_have_attribute("aria-level", "4")
    expect(tree.locator('[data-id="west:room302"]')).to_have_attribute("aria-setsize", "2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("twin-panel").get_by_role("heading", name="301 档案室")).to_be_visible()
    wait_until(page, "location.hash.includes('storey=west:storey2') && location.hash.includes('select=west:room301')")
    expect(room).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="显示整栋楼").click()
    wait_until(page, "!location.hash.includes('storey=')")
    page.set_viewport_size({"width": 640, "height": 360})


def test_english_is_one_click_away_and_remembered(seen: Visit) -> None:
    page = seen.page
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Home view")).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "en-GB"
    page.reload()
    wait_until(page, "window.twin !== undefined && window.twin.phase() === 'ready'")
    expect(page.get_by_role("button", name="Home view")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="全景")).to_be_visible()
    seen.settle()


def test_nothing_went_wrong_and_nobody_else_was_asked(seen: Visit, service: MockService) -> None:
    assert seen.errors == []
    assert seen.foreign == []
    assert any("children" in address and "after=" in address for address in service.asked), "the second page of rooms was never read"


def test_a_link_brings_a_colleague_to_the_same_place(chromium: Browser, service: MockService) -> None:
    link = "#site=tiny&select=east:room202&storey=east:storey1&camera=119.3001000,26.0999000,60.00,10.0,-50.0"
    with visit(chromium, f"{service.url}/{link}") as seen:
        wait_until(seen.page, "location.hash.includes('select=east:room202')")
        expect(seen.page.locator("twin-panel").get_by_role("heading", name="202 会议室")).to_be_visible()
        pose = seen.page.evaluate("() => window.twin.getView()")
        assert pose["heading_deg"] == pytest.approx(10.0, abs=0.01)
        assert pose["height_m"] == pytest.approx(60.0, abs=0.01)
        assert "storey=east:storey1" in seen.page.url
        assert seen.errors == []


def test_an_empty_service_is_told_in_words(chromium: Browser, service: MockService) -> None:
    service.empty = True
    try:
        with visit(chromium, service.url) as seen:
            assert seen.page.evaluate("() => window.twin.phase()") == "empty"
            expect(seen.page.get_by_role("alert")).to_contain_text("还没有大院")
            expect(seen.page.get_by_role("alert")).to_contain_text("twin site add")
    finally:
        service.empty = False


def test_a_layer_that_cannot_be_read_is_named_and_the_rest_is_shown(chromium: Browser, service: MockService) -> None:
    service.broken_layers.add("city")
    try:
        with visit(chromium, service.url) as seen:
            assert seen.page.evaluate("() => window.twin.phase()") == "ready"
            expect(seen.page.get_by_role("alert")).to_contain_text("“city”的三维瓦片读取失败")
            seen.settle()
            assert seen.page.evaluate("() => window.twin.coverage()") > 0.2
    finally:
        service.broken_layers.clear()
