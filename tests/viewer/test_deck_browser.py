"""The pydeck pages in Chromium with the network cut: nothing asked, what is drawn is what the numbers say (issue 3, item 8)."""

import io
import math
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.viewer.browser import watched
from tests.viewer.deck_facts import ASSETS, DRAWN, ENERGY, PLOTS, STOREY, box, lon_lat
from tests.viewer.deck_shown import Shown, near, shown
from viewer.deck import DeckPage, OccupiedRoom, assets_page, energy_page, occupancy_page

pytestmark = pytest.mark.browser
PAGES = {"occupancy": occupancy_page(STOREY), "assets": assets_page(ASSETS), "energy": energy_page(ENERGY)}
SEEN_COLOURS = {
    "over": (238, 138, 107),
    "within": (143, 207, 174),
    "under_used": (156, 195, 238),
    "vacant": (247, 224, 143),
    "limit_unknown": (201, 169, 221),
    "not_an_office": (223, 228, 231),
}
"""Written out here, not read from where the pages have them."""


def opened(browser: Browser, page: DeckPage, path: Path, query: str = "") -> AbstractContextManager[Shown]:
    """A page of the plan in the browser."""
    return shown(browser, page.write(path), lon_lat, query)


@pytest.fixture(scope="module")
def storey(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with opened(chromium, PAGES["occupancy"], tmp_path_factory.mktemp("deck") / "storey.html") as there:
        yield there


@pytest.fixture(scope="module")
def assets(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with opened(chromium, PAGES["assets"], tmp_path_factory.mktemp("deck") / "assets.html") as there:
        yield there


@pytest.fixture(scope="module")
def energy(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with opened(chromium, PAGES["energy"], tmp_path_factory.mktemp("deck") / "energy.html") as there:
        yield there


@pytest.mark.parametrize("at", range(len(DRAWN)), ids=[room.number for room in DRAWN])
def test_a_room_has_the_colour_of_its_verdict_and_answers_with_its_row(storey: Shown, at: int) -> None:
    x, y = at % 8 * 6.0, 0.0 if at < 8 else 9.0
    corners = [(x + 0.5, y + 0.5), (x + 5.5, y + 0.5), (x + 5.5, y + 6.0), (x + 0.5, y + 6.0)]
    for corner in corners:
        assert near(storey.colour(*corner), SEEN_COLOURS[DRAWN[at].verdict])
        assert storey.row(*corner) == at


def test_the_corridor_and_the_recess_of_the_hall_are_no_room(storey: Shown) -> None:
    assert storey.row(20.0, 7.8) == storey.row(40.0, 14.5) == -1
    assert storey.row(47.0, 10.0) == storey.row(25.0, 15.0) == len(DRAWN)


def test_a_room_covers_as_many_pixels_as_its_area_says(storey: Shown) -> None:
    metre = math.dist(storey.pixel(0.0, 0.0), storey.pixel(10.0, 0.0)) / 10.0
    assert math.dist(storey.pixel(0.0, 0.0), storey.pixel(0.0, 10.0)) / 10.0 == pytest.approx(metre, rel=0.003)
    stage = storey.picture.crop((int(storey.left), int(storey.top), int(storey.left) + 660, int(storey.top) + 470))
    yellow = sum(
        count for count, colour in stage.getcolors(1 << 20) or [] if isinstance(colour, tuple) and near(colour, SEEN_COLOURS["vacant"])
    )
    assert yellow / metre**2 == pytest.approx(6.0 * 6.5, rel=0.25)
    assert yellow / metre**2 < 6.0 * 6.5


def test_labels_are_drawn_in_chinese_and_differ(storey: Shown) -> None:
    def ink(at: int) -> bytes:
        """The picture of a room, as dark and light."""
        across, down = storey.pixel(at % 8 * 6.0, 6.5 if at < 8 else 15.5)
        far, low = storey.pixel(at % 8 * 6.0 + 6.0, 0.0 if at < 8 else 9.0)
        left, top = round(storey.left + across) + 3, round(storey.top + down) + 3
        room = storey.picture.crop((left, top, round(storey.left + far) - 3, round(storey.top + low) - 3)).convert("L")
        return room.resize((60, 60)).point(lambda value: 255 * (value < 110)).tobytes()

    pictures = [ink(at) for at in range(len(DRAWN))]
    assert all(picture.count(255) > 15 for picture in pictures)
    assert len(set(pictures)) == len(pictures)


def test_pointing_at_a_room_shows_its_card_and_clicking_finds_its_row(storey: Shown) -> None:
    storey.point_at(1.0, 1.0)
    card = storey.page.locator("#card")
    expect(card.locator("h3")).to_have_text("A201")
    assert card.locator("dd").all_inner_texts() == [
        "处长办公室", "超标", "省机关事务管理局", "张伟", "24.40", "18.00", "6.40", "发改投资〔2014〕2674号 · 正处级 18 m²",
    ]  # fmt: skip
    storey.page.mouse.down()
    storey.page.wait_for_timeout(100)
    storey.page.mouse.up()
    expect(storey.page.locator("tr.chosen th")).to_have_text("A201")
    storey.page.evaluate("() => scrollTo(0, 0)")
    storey.point_at(20.0, 7.8)
    expect(card).to_be_hidden()


def test_choosing_a_row_darkens_its_room_and_reset_takes_it_back(storey: Shown) -> None:
    storey.page.locator("#rows tbody tr").nth(4).click()
    storey.page.mouse.move(0, 0)
    storey.page.evaluate("() => scrollTo(0, 0)")
    before = sum(SEEN_COLOURS["under_used"])
    assert sum(now(storey).colour(24.5, 0.5)) < before - 60
    storey.page.get_by_role("button", name="复位视图").click()
    assert near(now(storey).colour(24.5, 0.5), SEEN_COLOURS["under_used"])


def now(there: Shown) -> Shown:
    """The page with a picture of this moment."""
    there.page.wait_for_timeout(400)
    picture = Image.open(io.BytesIO(there.page.screenshot())).convert("RGB")
    return replace(there, picture=picture)


def test_the_button_changes_the_language_of_page_title_and_card(storey: Shown) -> None:
    storey.page.get_by_role("button", name="English").click()
    assert storey.page.title() == "Pingshan compound, building A, storey 2: office space"
    assert storey.page.evaluate("() => document.documentElement.lang") == "en"
    storey.point_at(1.0, 1.0)
    expect(storey.page.locator("#card dd").nth(1)).to_have_text("over the limit")
    storey.page.get_by_role("button", name="中文").click()
    assert storey.page.evaluate("() => document.documentElement.lang") == "zh-CN"
    expect(storey.page.get_by_role("heading", level=1)).to_have_text("屏山大院 A座 2层 办公用房使用情况", use_inner_text=True)


def test_what_is_printed_is_the_picture(storey: Shown) -> None:
    storey.page.mouse.move(0, 0)
    storey.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    storey.page.emulate_media(media="print")
    copy = storey.page.locator(".print-copy")
    expect(copy).to_be_visible()
    expect(storey.page.locator("#deck-container")).to_be_hidden()
    source: str = copy.get_attribute("src") or ""
    storey.page.emulate_media(media="screen")
    printed = Image.open(io.BytesIO(b64decode(source.removeprefix("data:image/png;base64,")))).convert("RGB")
    colours = {colour for _, colour in printed.getcolors(1 << 20) or []}
    assert set(SEEN_COLOURS.values()) <= colours


@pytest.mark.parametrize("name", ["storey", "assets", "energy"])
def test_a_page_is_accessible(name: str, request: pytest.FixtureRequest) -> None:
    there: Shown = request.getfixturevalue(name)
    found = Axe().run(there.page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found if rule["impact"] in {"serious", "critical"}] == []


HOSTILE = ["</script><img src=http://twin.invalid/x onerror=alert(1)>", "@@=[1,2", '"><b>粗</b>', "{{7*7}}\u2028", "<!--<script>"]


def test_names_that_are_code_are_names_and_english_is_had_by_address(chromium: Browser, tmp_path: Path) -> None:
    rooms = tuple(
        OccupiedRoom(number=name, name=name, verdict="within", outline=room.outline) for name, room in zip(HOSTILE, DRAWN, strict=False)
    )
    with opened(chromium, occupancy_page(replace(STOREY, rooms=rooms)), tmp_path / "page.html", "?lang=en") as there:
        assert there.page.title() == "Pingshan compound, building A, storey 2: office space"
        assert [text.rstrip("\u2028") for text in there.page.locator("#rows tbody th").all_inner_texts()] == [
            n.rstrip("\u2028") for n in HOSTILE
        ]
        there.point_at(0.3, 0.3)
        expect(there.page.locator("#card h3")).to_have_text(HOSTILE[0])
        assert there.page.locator("img[onerror], b").count() == len(there.page.locator(".legend b").all())


FIFTHS = [(207, 230, 216), (159, 208, 179), (99, 177, 137), (47, 138, 96), (20, 97, 63)]


def test_columns_stand_on_their_buildings_as_high_as_they_are_worth(assets: Shown) -> None:
    names = [str(row.cells[0]) for row in PAGES["assets"].rows]
    assert names == ["A座办公楼", "C座综合楼", "B座会议中心", "E座食堂", "D座档案馆", "租用用房（无图）"]
    middles = [(PLOTS[plot][0] + PLOTS[plot][2] / 2, PLOTS[plot][1] + PLOTS[plot][3] / 2) for plot in (0, 2, 1, 4, 3)]
    assert [assets.row(x, y, 0.3) for x, y in middles] == [0, 1, 2, 3, 4]
    data = assets.page.evaluate("() => JSON.parse(document.getElementById('deck-data').textContent).columns")
    worth = [864_012_345, 500_330_010, 120_000_000, 64_000_099, 9_000_000]
    assert [part["height"] / data[0]["height"] for part in data[:4]] == pytest.approx([value / worth[0] for value in worth[:4]])
    for (x, y), part, value in zip(middles[:3], data[:3], worth, strict=False):
        assert near(assets.colour(x, y, part["height"] * 0.4), FIFTHS[min(value * 5 // worth[0], 4)])
        assert assets.row(x, y, part["height"] * 0.9) == part["row"]
        assert assets.row(x, y, part["height"] + 14.0) != part["row"]


def test_where_nothing_stands_no_column_does_and_the_legend_says_so(chromium: Browser, tmp_path: Path) -> None:
    first, *others = ASSETS.buildings
    empty = replace(first, count=0, value_fen=0)
    page = assets_page(replace(ASSETS, buildings=(empty, *others)))
    assert [(key.words.zh, key.count) for key in page.legend][-1] == ("没有资产", 1)
    with opened(chromium, page, tmp_path / "page.html") as there:
        row = [str(one.cells[0]) for one in page.rows].index(first.name)
        x, y, width, depth = PLOTS[0]
        assert there.row(x + width / 2, y + depth / 2) == row
        assert near(there.colour(x + width / 2, y + depth / 2), (206, 213, 214))
        assert first.name not in {label["text"].split("\n")[0] for label in there.page.evaluate("() => window.twinDeck.labels()")}


def test_buildings_have_the_colour_of_their_energy_against_the_median(energy: Shown) -> None:
    rows = {str(row.cells[0]): at for at, row in enumerate(PAGES["energy"].rows)}
    names = [building.name for building in ENERGY.buildings]
    roofs = {name: (x + 1.5, y + 1.5, height) for name, (x, y, *_), height in zip(names, PLOTS, [24, 12, 18, 30, 0], strict=True)}
    assert {name: energy.row(*roof) for name, roof in roofs.items()} == rows
    wanted = {"A座办公楼": "f0ead2", "B座会议中心": "d9653b", "C座综合楼": "3f8fc4", "D座档案馆": "f4b183", "E座食堂": "dfe4e7"}
    for name, colour in wanted.items():
        assert near(energy.colour(*roofs[name]), tuple(bytes.fromhex(colour))), name


def test_labels_never_lie_on_one_another_and_those_of_the_larger_stay(chromium: Browser, tmp_path: Path) -> None:
    crowd = tuple(replace(ASSETS.buildings[0], name=f"楼{at}", value_fen=1000 - at, outline=box(8.0 * at, 0, 6, 6)) for at in range(40))
    with opened(chromium, assets_page(replace(ASSETS, buildings=crowd)), tmp_path / "page.html") as there:
        boxes = there.page.evaluate("() => window.twinDeck.labels()")
        assert 1 < len(boxes) < len(crowd)
        assert boxes[0]["text"].startswith("楼0")
        for at, one in enumerate(boxes):
            beside = [other for other in boxes[:at] if one["left"] < other["right"] and other["left"] < one["right"]]
            assert not any(one["top"] < other["bottom"] and other["top"] < one["bottom"] for other in beside)


def test_without_webgl_the_numbers_are_still_there(chromium: Browser, tmp_path: Path) -> None:
    address = PAGES["occupancy"].write(tmp_path / "page.html").as_uri()
    with watched(chromium, "file://") as seen:
        seen.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        seen.page.goto(address)
        expect(seen.page.locator(".no-picture")).to_be_visible()
        assert seen.page.locator("#rows tbody tr").count() == len(STOREY.rooms)
        seen.check()
