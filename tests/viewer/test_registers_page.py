"""The registers in the page, in a real browser against a stand-in service: found, read, corrected, counted, tinted."""

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.viewer.browser import WIDE, Visit, grave, visit, wait_until
from tests.viewer.mock_service import ROOMS, MockService, serving
from tests.viewer.tiny_registers import ASSETS, PAGES_AT_MOST
from viewer import static_dir

pytestmark = pytest.mark.browser
STOREY = "east:storey1"


@pytest.fixture(scope="module")
def registers() -> Iterator[MockService]:
    """A stand-in of its own: what is filed here is for no other test."""
    with serving(static_dir()) as running:
        yield running


@pytest.fixture(scope="module")
def seen(chromium: Browser, registers: MockService) -> Iterator[Visit]:
    with visit(chromium, registers.url, **WIDE) as visited:
        yield visited


@pytest.fixture(autouse=True)
def start_anew_and_look_back(seen: Visit, registers: MockService) -> Iterator[None]:
    """Nothing open, Chinese; a test may leave no error, no refusal of the content policy, no foreign request."""
    registers.registers.declines.clear()
    seen.page.evaluate("async () => { await window.twin.selectStorey(null); await window.twin.select(null); }")
    yield
    seen.check()


def search_for(page: Page, text: str) -> Locator:
    """The options that a search brings."""
    page.get_by_role("combobox", name=re.compile("搜索")).fill(text)
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options.first).to_be_visible()
    return options


def open_record(page: Page, text: str, tab: str = "") -> None:
    """The dossier of what a search finds first."""
    search_for(page, text).first.click()
    expect(page.locator("twin-dossier h2")).to_be_visible()
    if tab:
        page.get_by_role("tab", name=tab, exact=True).click()


def open_tab(page: Page, feature: str, tab: str) -> None:
    page.evaluate("(id) => window.twin.select(id)", feature)
    page.get_by_role("tab", name=tab).click()


def test_one_begins_at_ones_desk_where_the_address_names_nothing(chromium: Browser, registers: MockService) -> None:
    with visit(chromium, registers.url, **WIDE) as fresh:
        desk = fresh.page.locator("twin-portal")
        expect(desk).to_contain_text("办公用房管理")
        expect(desk).to_contain_text("U1")
        expect(desk).to_contain_text(f"{ASSETS}.00 元")
        expect(desk.get_by_role("button", name="退出登录")).to_be_visible()
        assert grave(fresh.page) == []
        fresh.check()
    with visit(chromium, f"{registers.url}/#site=tiny&select=east:building", **WIDE) as addressed:
        expect(addressed.page.locator("twin-panel")).to_contain_text("东楼")
        expect(addressed.page.locator("twin-portal")).to_have_count(0)


def test_two_characters_find_and_the_keyboard_chooses(seen: Visit) -> None:
    page = seen.page
    expect(search_for(page, "档案")).to_have_count(1)
    box = page.get_by_role("combobox", name=re.compile("搜索"))
    box.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == "option-0"
    box.press("Enter")
    expect(page.locator("twin-dossier h2")).to_have_text("201 档案室")
    expect(box).to_have_attribute("aria-expanded", "false")
    wait_until(page, "window.location.hash.includes('record=room')")


TYPED_AND_ENTERED_AT_ONCE = """(box, text) => {
    box.value = text;
    box.dispatchEvent(new Event("input"));
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
}"""
"""Before any answer can come, however long a press of a key takes."""


def test_what_was_found_before_is_not_offered_for_what_is_typed_now(seen: Visit) -> None:
    page = seen.page
    search_for(page, "计算机")
    page.get_by_role("combobox", name=re.compile("搜索")).evaluate(TYPED_AND_ENTERED_AT_ONCE, "屏山")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_text([re.compile("屏山局")])
    expect(page.locator("twin-dossier")).to_have_count(0)


def test_what_is_not_found_is_said(seen: Visit) -> None:
    seen.page.get_by_role("combobox", name=re.compile("搜索")).fill("不存在")
    expect(seen.page.locator("twin-search")).to_contain_text("没有找到“不存在”")


def test_an_asset_is_flown_to_and_marked_at_its_spot(seen: Visit) -> None:
    open_record(seen.page, "计算机")
    marker = seen.page.locator(".spot")
    expect(marker).to_be_visible()
    expect(marker).to_have_text("台式计算机")
    wait_until(seen.page, f"window.location.hash.includes('storey={STOREY}')")
    seen.settle()
    box = marker.bounding_box()
    scene = seen.page.locator("twin-console canvas").bounding_box()
    assert box is not None and scene is not None
    assert abs(box["x"] + 14 - scene["x"] - scene["width"] / 2) < 0.2 * scene["width"]
    seen.page.keyboard.press("Escape")
    expect(marker).to_be_hidden()


def test_each_value_says_its_source_and_another_day_another_value(seen: Visit) -> None:
    page = seen.page
    open_record(page, "计算机")
    field = page.locator("twin-dossier [data-field=value]")
    field.locator("summary").click()
    expect(field).to_contain_text("5,060.00 元")
    expect(field).to_contain_text("assets.xlsx，第 18 行")
    expect(field).to_contain_text("asset/asset@2")
    expect(field).to_contain_text("存疑")
    expect(page.locator("twin-dossier")).to_contain_text("备用列")
    page.get_by_role("tab", name="历史").click()
    expect(page.locator("twin-dossier .time")).to_contain_text("旧名 → 台式计算机")
    page.locator("twin-dossier details.dates summary").click()
    page.get_by_label("有效时点").fill("2026-03-01")
    page.get_by_role("tab", name="档案").click()
    expect(page.locator("twin-dossier [data-field=name]")).to_contain_text("旧名")
    assert grave(page) == []


def test_a_correction_is_filed_with_its_evidence_and_decided(seen: Visit, registers: MockService) -> None:
    page = seen.page
    open_record(page, "计算机")
    field = page.locator("twin-dossier [data-field=name]")
    field.locator("summary").click()
    field.get_by_role("button", name="提出更正").click()
    form = page.locator("twin-correction")
    expect(form.get_by_label("要更正的内容")).to_have_value("name")
    form.get_by_label("应为").fill("笔记本")
    form.get_by_role("button", name="提交").click()
    assert registers.registers.requests == []
    form.get_by_label("依据").fill("铭牌照片")
    form.get_by_label("附件").set_input_files({"name": "铭牌.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 " + bytes(2_000)})
    form.get_by_role("button", name="提交").click()
    expect(form).to_contain_text("已提交")
    payload = registers.registers.requests[0]["payload"]
    assert (payload.pop("files")[0]["name"], payload) == (
        "铭牌.pdf", {"record": {"kind": "asset", "key": "A/01"}, "field": "name", "value": "笔记本", "evidence": "铭牌照片"},
    )  # fmt: skip
    expect(form.get_by_role("link", name="铭牌.pdf")).to_have_attribute("href", f"/requests/1/evidence/{'0' * 64}")
    assert grave(page) == []
    form.get_by_label("理由").fill("属实")
    form.get_by_role("button", name="同意", exact=True).click()
    expect(form).to_contain_text("已同意")
    assert registers.registers.requests[0]["state"] == "approved"


def test_rooms_say_their_verdicts_in_the_list_in_the_picture_and_in_the_legend(seen: Visit) -> None:
    page = seen.page
    page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    open_tab(page, STOREY, "办公用房")
    office = page.locator("twin-office")
    expect(office).to_contain_text("超 6.4 m² · 正处级 18 m²")
    expect(office).to_contain_text("林小明")
    expect(page.get_by_role("group", name="图例")).to_contain_text("超标")
    expect(page.locator(".room-labels i.bad")).to_have_text("超标")
    assert grave(page) == []
    office.get_by_role("button", name="空置 1").click()
    expect(office.locator(".rows > li")).to_have_count(1)
    expect(office.locator(".rows")).to_contain_text("202")
    office.get_by_label("在三维中按结论着色").uncheck()
    expect(page.get_by_role("group", name="图例")).to_have_count(0)


def test_a_tinted_room_has_the_colour_of_the_legend(seen: Visit, registers: MockService) -> None:
    page = seen.page
    page.evaluate("(id) => window.twin.selectStorey(id)", STOREY)
    open_tab(page, STOREY, "办公用房")
    expect(page.locator(".room-labels i.bad")).to_be_visible()
    over, vacant = (colour_from_above(seen, registers, east) for east in (11.0, 17.0))
    page.evaluate("() => window.twin.panels(true)")
    assert over[0] > 1.5 * max(over[1], over[2]), over
    assert vacant[2] > 1.3 * vacant[0], vacant


def colour_from_above(seen: Visit, registers: MockService, east_m: float) -> tuple[int, int, int]:
    """The colour of the floor of the open storey at a point with nothing on it."""
    camera = registers.tiny.lon_lat_height((east_m, 2.6, 20.0)) | {"heading_deg": 0, "pitch_deg": -90}
    page = seen.page
    page.evaluate("(camera) => { window.twin.panels(false); window.twin.setView(camera); }", camera)
    seen.settle()
    page.evaluate("() => { document.querySelector('.room-labels').hidden = true; }")
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    page.evaluate("() => { document.querySelector('.room-labels').hidden = false; }")
    pixel = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


def test_an_inventory_adds_up_and_every_page_of_its_list_is_reached(seen: Visit) -> None:
    page = seen.page
    open_tab(page, "east:building", "资产")
    inventory = page.locator("twin-inventory")
    expect(inventory.locator(".sums b")).to_have_text(["3", "20", "2", str(ASSETS)])
    rows = inventory.locator("ul.rows > li")
    expect(rows).to_have_count(PAGES_AT_MOST)
    expect(inventory).to_contain_text(f"已显示 {PAGES_AT_MOST} / {ASSETS}")
    for shown in (2 * PAGES_AT_MOST, ASSETS):
        inventory.get_by_role("button", name="继续显示").click()
        expect(rows).to_have_count(shown)
    expect(inventory.get_by_role("button", name="继续显示")).to_have_count(0)
    assert len(set(rows.locator("code").all_inner_texts())) == ASSETS
    inventory.get_by_label("按名称、编号、序列号查找").fill("A/07")
    expect(rows).to_have_count(1)
    assert grave(page) == []


def test_a_filter_of_the_breakdown_is_asked_for_and_can_be_taken_back(seen: Visit, registers: MockService) -> None:
    page = seen.page
    open_tab(page, "east:building", "资产")
    inventory = page.locator("twin-inventory")
    inventory.get_by_role("tab", name="状况").click()
    inventory.get_by_role("button", name="在用", exact=True).click()
    expect(inventory.get_by_role("button", name="取消筛选：在用")).to_be_visible()
    expect(inventory.locator("ul.rows > li")).to_have_count(PAGES_AT_MOST)
    assert any("/assets?" in address and "state=in_use" in address for address in registers.asked)
    inventory.get_by_role("button", name="取消筛选：在用").click()
    expect(inventory.get_by_role("button", name="取消筛选：在用")).to_have_count(0)


def test_a_unit_has_its_area_its_energy_and_a_move_that_is_only_proposed(seen: Visit) -> None:
    page = seen.page
    open_record(page, "屏山", "核定面积")
    expect(page.locator("twin-unit")).to_contain_text("超 44 m²")
    page.get_by_role("tab", name="能耗").click()
    chart = page.get_by_role("img", name="每月标准煤（kgce）")
    expect(chart).to_be_visible()
    expect(chart.locator("rect.missing")).to_have_count(1)
    expect(page.locator("twin-energy")).to_contain_text("只填报了 5 个月")
    assert grave(page) == []
    page.get_by_role("tab", name="搬迁推演").click()
    page.get_by_role("button", name="推演", exact=True).click()
    expect(page.locator("twin-move")).to_contain_text("1 人全部安排")
    expect(page.get_by_role("group", name="图例")).to_contain_text("达标")
    assert grave(page) == []


def test_tabs_are_walked_with_the_arrow_keys(seen: Visit) -> None:
    open_record(seen.page, "计算机")
    seen.page.get_by_role("tab", name="档案").focus()
    seen.page.keyboard.press("ArrowRight")
    expect(seen.page.get_by_role("tab", name="状态办理")).to_be_focused()
    seen.page.keyboard.press("ArrowRight")
    expect(seen.page.get_by_role("tab", name="历史")).to_be_focused()
    expect(seen.page.get_by_role("tab", name="历史")).to_have_attribute("aria-selected", "true")


def test_a_record_opened_from_a_list_takes_the_focus_along(seen: Visit) -> None:
    page = seen.page
    open_tab(page, "east:building", "资产")
    page.locator("twin-inventory ul.rows button").first.press("Enter")
    expect(page.locator("twin-dossier h2")).to_have_text("台式计算机")
    wait_until(page, "document.activeElement.shadowRoot?.activeElement?.localName === 'twin-dossier'")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="返回")).to_be_focused()


def test_what_is_not_for_the_role_is_said_and_offers_no_retry(seen: Visit, registers: MockService) -> None:
    registers.registers.declines |= dict.fromkeys(("inventory", "assets"), (403, "FORBIDDEN"))
    open_tab(seen.page, "east:building", "资产")
    alerts = seen.page.locator("twin-inventory").get_by_role("alert")
    expect(alerts).to_have_count(2)
    expect(alerts.first).to_contain_text("无权访问。如确需办理，请联系管理员开通权限。")
    expect(alerts.get_by_role("button")).to_have_count(0)
    assert grave(seen.page) == []
    assert len(seen.errors) == 2 and all("403" in error for error in seen.errors)
    seen.forgive()


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "PARAMETER_INVALID", "参数无效。请更正地址或所填内容中的这一项。"),
        (403, "FORBIDDEN", "无权访问。如确需办理，请联系管理员开通权限。"),
        (404, "NOT_FOUND", "没有找到：inventory。它可能已被删除、改名，或不在您的可见范围内。"),
        (409, "STOCKTAKE_OPEN", "该处已有盘点进行中。请在已开的盘点中扫描，或先结束它。"),
    ],
)
def test_what_is_declined_is_said_in_the_language_spoken_and_exactly_in_a_fold(
    seen: Visit, registers: MockService, status: int, code: str, said: str
) -> None:
    page = seen.page
    registers.registers.declines["inventory"] = (status, code)
    open_tab(page, "east:building", "资产")
    alert = page.locator("twin-inventory").get_by_role("alert").first
    expect(alert.locator("span").first).to_have_text(said)
    exact = alert.locator("details code")
    expect(exact).to_be_hidden()
    alert.get_by_text("详情").click()
    expect(exact).to_have_text(f"{status} {code}: not as it was asked")
    page.get_by_role("button", name="English").click()
    expect(alert.locator("span").first).not_to_have_text(re.compile("[\u4e00-\u9fff]"))
    page.get_by_role("button", name="中文").click()
    seen.forgive()


def test_a_room_shows_the_records_it_is_tied_to(seen: Visit) -> None:
    page = seen.page
    page.evaluate("(id) => window.twin.select(id)", ROOMS[0])
    page.get_by_role("tab", name="概况").click()
    section = page.locator("twin-panel .records")
    expect(section).to_contain_text("可信度 97%")
    section.get_by_role("button", name=re.compile("档案室")).click()
    expect(page.locator("twin-dossier h2")).to_have_text("201 档案室")
    page.get_by_role("button", name="返回").click()
    expect(page.locator("twin-panel")).to_be_visible()


def test_an_address_opens_the_record_it_names(chromium: Browser, registers: MockService) -> None:
    with visit(chromium, f"{registers.url}/#site=tiny&record=asset/A/01", **WIDE) as addressed:
        expect(addressed.page.locator("twin-dossier h2")).to_have_text("台式计算机")
        addressed.check()


def test_the_page_speaks_english_throughout(seen: Visit) -> None:
    page = seen.page
    open_record(page, "屏山", "核定面积")
    page.get_by_role("button", name="English").click()
    expect(page.locator("twin-unit")).to_contain_text("over by 44 m²")
    expect(page.get_by_role("tab", name="What-if move")).to_be_visible()
    page.get_by_role("button", name="中文").click()
