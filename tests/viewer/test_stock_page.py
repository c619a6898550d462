"""Stock-takes, differences and the links of dossiers in the page, in a real browser against a stand-in service."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.viewer.browser import WIDE, Visit, grave, visit, wait_until
from tests.viewer.mock_service import MockService
from tests.viewer.tiny_stock import DIFFERENCES, MISSING, PAGE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seen(chromium: Browser, service: MockService) -> Iterator[Visit]:
    with visit(chromium, service.url, **WIDE) as visited:
        yield visited


@pytest.fixture(autouse=True)
def looks_back(seen: Visit) -> Iterator[None]:
    """At one's desk, Chinese; a test may leave no error, nothing inaccessible, no foreign request."""
    desk = seen.page.get_by_role("button", name="我的工作台")
    if desk.get_attribute("aria-expanded") == "false":
        desk.click()
    yield
    assert grave(seen.page) == []
    seen.check()


def opened(seen: Visit, button: str, part: str) -> Locator:
    """A list of the desk."""
    seen.page.locator("twin-portal").get_by_role("button", name=button, exact=True).click()
    return seen.page.locator(part)


def test_a_stock_take_says_what_was_found_elsewhere_missing_unexpected_and_double(seen: Visit) -> None:
    takes = opened(seen, "盘点", "twin-stocktakes")
    expect(takes).to_contain_text("进行中")
    takes.get_by_role("button", name="年度盘点").click()
    take = seen.page.locator("twin-stocktake")
    expect(take.get_by_role("heading", name="年度盘点")).to_be_visible()
    expect(take.locator(".sums b")).to_have_text([str(MISSING + 2), "1", "1", str(MISSING)])
    wait_until(seen.page, "location.hash.includes('list=stocktakes%2F3')")
    rows = take.locator("ul.rows > li")
    for outcome, row in {
        "别处找到": "A/21 陈榕",
        "无卡编码": "没有卡片",
        "疑似重码": "同一编码在两处或同时扫到",
    }.items():
        take.get_by_role("button", name=re.compile(f"^{outcome} 1$")).click()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(row)


def test_every_missing_asset_is_reached_and_opens_its_dossier_and_one_comes_back(seen: Visit, service: MockService) -> None:
    take = opened(seen, "盘点", "twin-stocktakes")
    take.get_by_role("button", name="年度盘点").click()
    take = seen.page.locator("twin-stocktake")
    take.get_by_role("button", name=f"未找到 {MISSING}").click()
    rows = take.locator("ul.rows > li")
    for shown in (PAGE, 2 * PAGE, MISSING):
        expect(rows).to_have_count(shown)
        if shown < MISSING:
            expect(take).to_contain_text(f"已显示 {shown} / {MISSING}")
            take.get_by_role("button", name="继续显示").click()
    expect(take.get_by_role("button", name="继续显示")).to_have_count(0)
    assert len(set(rows.locator("code").all_inner_texts())) == MISSING
    rows.last.get_by_role("button").first.click()
    expect(seen.page.locator("twin-dossier h2")).to_have_text("台式计算机")
    expect(seen.page.locator("twin-dossier header code")).to_have_text(f"A/{MISSING:02d}")
    seen.page.get_by_role("button", name="返回").click()
    expect(take.get_by_role("button", name=f"未找到 {MISSING}")).to_have_attribute("aria-pressed", "true")
    take.get_by_role("button", name="东楼 › 2F › 201").first.click()
    wait_until(seen.page, "location.hash.includes('storey=')")


def test_differences_are_filtered_by_kind_and_lead_to_what_they_are_about(seen: Visit, service: MockService) -> None:
    listed = opened(seen, "差异清单", "twin-differences")
    rows = listed.locator("ul.rows > li")
    expect(rows).to_have_count(PAGE)
    expect(listed).to_contain_text(f"已显示 {PAGE} / {sum(DIFFERENCES.values())}")
    listed.get_by_role("button", name="继续显示").click()
    expect(rows).to_have_count(sum(DIFFERENCES.values()))
    kinds = listed.get_by_label("按类别筛选")
    assert kinds.locator("optgroup").evaluate_all("groups => groups.map(group => group.label)") == ["账卡", "账实"]
    kinds.select_option(label="账卡原值不符（1）")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("-5,060.00 元")
    expect(rows).to_contain_text("assets.csv，第 18 行")
    expect(rows).to_contain_text("财务： 补记账，或注销重复卡片")
    assert any("/differences?code=VALUE_DIFFERS" in address for address in service.asked)
    rows.get_by_role("button", name="屏山局").click()
    expect(seen.page.locator("twin-dossier h2")).to_have_text("屏山局")
    seen.page.go_back()
    expect(listed.get_by_label("按类别筛选")).to_have_value("VALUE_DIFFERS")
    listed.get_by_label("按类别筛选").select_option("STOCKTAKE_MISSING")
    listed.get_by_role("button", name="盘点 3 号").click()
    expect(seen.page.locator("twin-stocktake h2")).to_have_text("年度盘点")
    seen.page.get_by_role("button", name="返回").click()
    listed.get_by_label("按状态筛选").select_option("gone")
    expect(listed).to_contain_text("没有")


def test_a_list_has_an_address_and_speaks_english(chromium: Browser, service: MockService) -> None:
    with visit(chromium, f"{service.url}/#site=tiny&list=differences/ENTRY_MISSING", **WIDE) as addressed:
        listed = addressed.page.locator("twin-differences")
        expect(listed.locator(".chip").first).to_have_text("有卡无账")
        addressed.page.get_by_role("button", name="English").click()
        expect(listed.locator(".chip").first).to_have_text("a card that is not booked")
        expect(listed.get_by_label("Filter by kind")).to_have_value("ENTRY_MISSING")
        assert not re.search(r"[待认消类筛差自]", listed.inner_text())
        addressed.page.get_by_role("button", name="中文").click()
        addressed.check()


def test_a_value_that_names_a_record_leads_to_it_and_findings_are_said_in_chinese(seen: Visit) -> None:
    listed = opened(seen, "差异清单", "twin-differences")
    listed.locator("ul.rows > li").first.get_by_role("button").first.click()
    dossier = seen.page.locator("twin-dossier")
    expect(dossier).to_contain_text("原值可疑")
    expect(dossier.get_by_title("VALUE_ODD")).to_be_visible()
    unit = dossier.locator("[data-field=unit]")
    unit.get_by_role("button", name="屏山局").click()
    expect(dossier.locator("h2")).to_have_text("屏山局")
    seen.page.get_by_role("button", name="返回").click()
    expect(dossier.locator("h2")).to_have_text("台式计算机")
    expect(unit.locator(".origin")).to_be_hidden()


def test_why_a_room_is_tied_to_the_model_is_said_in_words(seen: Visit) -> None:
    seen.page.get_by_role("combobox", name=re.compile("搜索")).fill("档案")
    seen.page.get_by_role("listbox").get_by_role("option").first.click()
    expect(seen.page.locator("twin-dossier")).to_contain_text("按编号 · 可信度 97% · 房间号 201 · 楼层、名称相符 · 面积不符")
