"""Report pages in Chromium, offline: nothing asked, both languages, Chinese drawn, fit to be printed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.twin.reports import facts
from tests.twin.reports.facts import HEADING
from tests.viewer.browser import Visit, watched
from twin.reports import energy_report, stock_report, write_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stock(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    path = write_html(stock_report(HEADING, facts.stock()), tmp_path_factory.mktemp("reports") / "stock.html")
    with watched(chromium, "file://", width=1100, height=700) as seen:
        asked: list[str] = []
        seen.page.context.on("request", lambda request: asked.append(request.url))
        seen.page.context.set_offline(True)
        seen.page.goto(path.as_uri())
        yield seen
        seen.check()
        assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}


def test_it_opens_in_chinese_and_goes_to_english_and_back(stock: Visit) -> None:
    heading = stock.page.get_by_role("heading", level=1)
    expect(heading).to_have_text("资产存量统计表", use_inner_text=True)
    stock.page.get_by_role("button", name="English").click()
    expect(heading).to_have_text("Asset stock statistics", use_inner_text=True)
    assert stock.page.title() == "Asset stock statistics"
    assert "卡片数" not in stock.page.locator("body").inner_text()
    stock.page.get_by_role("button", name="中文").click()
    expect(heading).to_have_text("资产存量统计表", use_inner_text=True)


def test_a_table_reads_as_its_numbers(stock: Visit) -> None:
    columns = facts.stock()
    total = stock.page.locator("tfoot").nth(2).locator("td").all_inner_texts()
    fen = sum(columns["value"])
    assert total[2:4] == [f"{sum(columns['cards']):,}", f"{fen // 100:,}.{fen % 100:02d}"]
    assert stock.page.locator("table").nth(2).locator("tbody tr").count() == 36


def test_chinese_is_drawn_and_not_boxes(stock: Visit) -> None:
    """Two characters that a font lacks look alike."""
    different = stock.page.evaluate(
        """() => {
            const drawn = (text) => {
                const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
                const pen = canvas.getContext("2d");
                pen.font = `32px ${getComputedStyle(document.body).fontFamily}`;
                pen.fillText(text, 2, 34);
                return canvas.toDataURL();
            };
            return new Set(["资", "产", "\\uFFFF"].map(drawn)).size;
        }"""
    )
    assert different == 3


def test_a_print_has_pages_of_a4_across_and_no_buttons(stock: Visit) -> None:
    pdf = stock.page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 841" in pdf
    stock.page.emulate_media(media="print")
    expect(stock.page.get_by_role("button", name="打印")).to_be_hidden()
    assert stock.page.locator("thead").first.evaluate("(head) => getComputedStyle(head).display") == "table-header-group"
    stock.page.emulate_media(media="screen")


def test_it_is_accessible(stock: Visit) -> None:
    found = Axe().run(stock.page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found if rule["impact"] in {"serious", "critical"}] == []


def test_english_by_address(chromium: Browser, tmp_path: Path) -> None:
    units, months = facts.energy()
    path = write_html(energy_report(HEADING, units, months), tmp_path / "energy.html")
    with watched(chromium, "file://") as seen:
        seen.page.goto(f"{path.as_uri()}?lang=en")
        expect(seen.page.get_by_role("heading", level=1)).to_have_text("Energy of public institutions", use_inner_text=True)
        expect(seen.page.locator("figcaption")).to_contain_text("Energy by month")
        assert seen.page.locator("svg.chart rect").count() == 24
        seen.check()
