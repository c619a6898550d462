"""The page in a real browser against a stand-in service with a tiny compound, under the real content policy."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.viewer.browser import GRAVE, Visit, visit, wait_until
from tests.viewer.mock_service import MockService
from tests.viewer.tiny_site import STOREY_HEIGHT_M

pytestmark = pytest.mark.browser
STOREY = "east:storey1"
MIDDLE = (320, 180)
LABELS = """() => [...document.querySelectorAll('.room-labels > :not([hidden])')].map((label) => {
    const {left, right, top, bottom} = label.getBoundingClientRect();
    return {left, right, top, bottom, id: label.firstChild.textContent, whole: Number(!label.classList.contains('short'))};
})"""


@pytest.fixture(scope="module")
def seen(chromium: Browser, service: MockService) -> Iterator[Visit]:
    with visit(chromium, service.url) as visited:
        visited.settle()
        yield visited


@pytest.fixture(autouse=True)
def start_anew_and_look_back(seen: Visit) -> Iterator[None]:
    """Whole buildings, nothing selected, all layers, Chinese: each test begins there, and none may leave an error or a foreign request."""
    seen.page.set_viewport_size({"width": 2 * MIDDLE[0], "height": 2 * MIDDLE[1]})
    seen.page.evaluate(
        """async () => {
            await window.twin.selectStorey(null); await window.twin.select(null); window.twin.panels(true);
            window.twin.setLayers({city: true, terrain: true, furniture: true, spaces: true});
        }"""
    )
    yield
    seen.check()


def look_down(seen: Visit, service: MockService, xyz: tuple[float, float, float]) -> None:
    camera = service.tiny.lon_lat_height(xyz) | {"heading_deg": 0, "pitch_deg": -90}
    seen.page.evaluate("(camera) => { window.twin.panels(false); window.twin.setView(camera); }", camera)
    seen.settle()


def open_tree(page: Page) -> Locator:
    """The tree, in a window that is wide enough for it."""
    page.set_viewport_size({"width": 1000, "height": 400})
    toggle = page.get_by_role("button", name="显示或隐藏目录")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    return page.get_by_role("tree")


def overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    return a["left"] < b["right"] and b["left"] < a["right"] and a["top"] < b["bottom"] and b["top"] < a["bottom"]


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
    expect(panel.get_by_text("办公桌 1600").first).to_be_visible()
    origin = panel.locator("footer")
    expect(origin).to_contain_text("tiny.ifc · 第 1 版")
    expect(origin.get_by_text("desk201", exact=True)).to_be_visible()
    expect(origin.get_by_text("#42")).to_be_hidden()
    origin.locator("summary").click()
    for text in ("IfcFurniture", "abababababab", "#42", "east:desk201", "tiny-1", "张工", "twin 0.1"):
        expect(panel.get_by_text(text, exact=True).first).to_be_visible()
    panel.get_by_role("button", name="201 档案室").click()
    expect(panel.get_by_role("heading", name="201 档案室")).to_be_visible()
    facts = panel.locator("section", has_text="量算值")
    expect(facts).to_contain_text(re.compile(r"量算值（按模型几何）\s*面积\s*40\.7 m²\s*体积\s*134\.3 m³"))
    expect(facts).to_contain_text(re.compile(r"标注值（文件所载）\s*Qto_SpaceBaseQuantities\s*净楼面面积\s*41\.2 m²"))
    page.evaluate("() => window.twin.select('east:room202')")
    expect(facts).to_contain_text("文件没有标注")


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
    tree = open_tree(page)
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


def test_typing_a_room_number_in_the_tree_goes_to_the_room(seen: Visit) -> None:
    tree = open_tree(seen.page)
    seen.page.evaluate("(id) => window.twin.select(id)", "east:room101")
    room = tree.locator('[data-id="east:room101"]')
    room.focus()
    room.evaluate(
        "(row) => { for (const key of '102') row.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, composed: true})); }"
    )
    expect(tree.locator('[data-id="east:room102"]')).to_be_focused()


def test_labels_of_an_open_storey_never_overlap_and_shrink_to_the_number_first(seen: Visit, service: MockService) -> None:
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    kept: list[int] = []
    for up in (14.0, 60.0, 100.0):
        look_down(seen, service, (14.0, 0.0, up))
        boxes = seen.page.evaluate(LABELS)
        assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])
        kept.append(sum(box["whole"] for box in boxes))
    assert kept[0] == 2
    assert kept[-1] < 2
    seen.page.evaluate("() => window.twin.select('east:room202')")
    seen.settle()
    assert next(box["id"] for box in seen.page.evaluate(LABELS)) == "202"


def test_back_and_forward_go_through_what_was_selected(seen: Visit) -> None:
    page = seen.page
    page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    for room in ("201", "202"):
        page.evaluate(f"() => window.twin.select('east:room{room}')")
    heading = page.locator("twin-panel h2")
    expect(heading).to_have_text("202 会议室")
    page.go_back()
    expect(heading).to_have_text("201 档案室")
    page.go_back()
    expect(heading).to_have_count(0)
    assert f"storey={STOREY}" in page.url
    page.go_forward()
    page.go_forward()
    expect(heading).to_have_text("202 会议室")
    page.go_back()
    expect(heading).to_have_text("201 档案室")


def test_escape_steps_out_of_the_details_and_then_of_the_storey(seen: Visit) -> None:
    page = seen.page
    page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    page.evaluate("() => window.twin.select('east:room201')")
    page.get_by_role("button", name="图层").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("checkbox", name="家具")).to_be_hidden()
    expect(page.locator("twin-panel h2")).to_have_text("201 档案室")
    page.keyboard.press("Escape")
    expect(page.locator("twin-panel h2")).to_have_count(0)
    expect(page.get_by_role("button", name="显示整栋楼")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="显示整栋楼")).to_be_hidden()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_grave_finding_of_accessibility(seen: Visit, language: str) -> None:
    page = seen.page
    page.set_viewport_size({"width": 1100, "height": 500})
    page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    page.evaluate("() => window.twin.select('east:room201')")
    expect(page.locator("twin-panel h2")).to_have_text("201 档案室")
    page.get_by_role("button", name={"zh": "图层", "en": "English"}[language]).click()
    found = Axe().run(page).response["violations"]
    if language == "en":
        page.get_by_role("button", name="中文").click()
    page.keyboard.press("Escape")
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found if rule["impact"] in GRAVE] == []


def test_a_link_is_gone_to_and_english_is_remembered(seen: Visit, service: MockService) -> None:
    page = seen.page
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Whole compound")).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "en-GB"
    page.goto("about:blank")
    page.goto(f"{service.url}/#site=tiny&select=east:room202&storey={STOREY}&camera=119.3001000,26.0999000,60.00,10.0,-50.0")
    wait_until(page, "window.twin !== undefined && window.twin.phase() === 'ready'")
    expect(page.locator("twin-panel").get_by_role("heading", name="202 会议室")).to_be_visible()
    expect(page.get_by_role("button", name="Whole compound")).to_be_visible()
    pose = page.evaluate("() => window.twin.getView()")
    assert pose["heading_deg"] == pytest.approx(10.0, abs=0.01)
    assert pose["height_m"] == pytest.approx(60.0, abs=0.01)
    assert f"storey={STOREY}" in page.url
    page.evaluate("() => { location.hash = '#site=tiny&select=west:room101'; }")
    expect(page.locator("twin-panel").get_by_role("heading", name="101 档案室")).to_be_visible()
    wait_until(page, "!location.hash.includes('storey=')")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="全景")).to_be_visible()
    assert any("children" in address and "after=" in address for address in service.asked), "the second page of rooms was never read"


def test_a_link_to_what_is_no_longer_there_is_told(seen: Visit) -> None:
    page = seen.page
    page.evaluate("() => { location.hash = '#site=tiny&select=east:gone&storey=east:gone'; }")
    expect(page.locator("twin-panel").get_by_role("alert")).to_contain_text("没有找到")
    warning = page.locator(".warning")
    expect(warning).to_contain_text("没有找到：east:gone")
    warning.get_by_role("button", name="关闭").click()
    expect(warning).to_have_count(0)
    seen.forgive()


def test_an_empty_twin_is_told_in_words_and_opened_once_it_is_filled(seen: Visit, service: MockService) -> None:
    reopen(seen, service, "empty")
    expect(seen.page.get_by_role("alert")).to_contain_text("还没有大院")
    expect(seen.page.get_by_role("alert")).to_contain_text("twin site add")
    retry(seen, service)


def test_models_without_a_place_are_listed_and_told_how_to_be_placed(seen: Visit, service: MockService) -> None:
    page = seen.page
    reopen(seen, service, "unplaced")
    expect(page.get_by_role("alert")).to_contain_text("--site tiny --anchor")
    tree = open_tree(page)
    expect(tree.get_by_role("treeitem")).to_have_text([re.compile("屏山小院"), re.compile("东楼"), re.compile("west.*未定位", re.DOTALL)])
    retry(seen, service)


def test_a_failing_service_is_told_in_the_language_that_is_spoken(seen: Visit, service: MockService) -> None:
    page = seen.page
    reopen(seen, service, "failing")
    expect(page.get_by_role("alert")).to_contain_text("程序故障。请再试一次")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("alert")).to_contain_text("A fault of the program. Try once more")
    page.get_by_role("button", name="中文").click()
    seen.forgive()
    retry(seen, service)


def test_a_layer_that_cannot_be_read_is_named_and_the_rest_is_shown(seen: Visit, service: MockService) -> None:
    service.broken_layers.add("city")
    reopen(seen, service, "whole")
    expect(seen.page.get_by_role("alert")).to_contain_text("“city”的三维模型读取失败")
    expect(seen.page.get_by_role("status")).to_have_text("模型未完整载入")
    seen.settle()
    assert seen.page.evaluate("() => window.twin.coverage()") > 0.2
    service.broken_layers.clear()
    seen.forgive()
    reopen(seen, service, "whole")
    expect(seen.page.get_by_role("alert")).to_have_count(0)


def reopen(seen: Visit, service: MockService, state: Literal["whole", "empty", "unplaced", "failing"]) -> None:
    """Follow a link to another site, which makes the page read everything anew."""
    service.state = state
    seen.page.evaluate("() => { location.hash = '#site=elsewhere'; }")
    wait_until(seen.page, "!location.hash.includes('elsewhere') || !['ready', 'loading'].includes(window.twin.phase())")


def retry(seen: Visit, service: MockService) -> None:
    service.state = "whole"
    seen.page.get_by_role("button", name="重试").click()
    wait_until(seen.page, "window.twin.phase() === 'ready'")
    seen.settle()
