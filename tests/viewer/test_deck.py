"""Pages of `viewer.deck` as text: what they say, what they refuse, what they must never carry. Their pictures: test_deck_browser.py."""

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon
from shapely.geometry import box as rectangle

import viewer.deck.page
from tests.viewer import deck_facts
from tests.viewer.deck_facts import ASSETS, ENERGY, STOREY
from viewer.deck import BundleMissing, ClassUnknown, OccupiedRoom, Outline, OutlineInvalid, assets_page, energy_page, occupancy_page
from viewer.deck.outline import LATIN_WIDTH, LINE_HEIGHT, check_outline, fit_label, view_around, view_of

WORDS = Path(viewer.deck.page.__file__).with_name("words.json")
METRE = 180 / (math.pi * 6_371_008.8)


def plan(x: float, y: float, heading_deg: float) -> tuple[float, float]:
    """Metres in a frame turned clockwise by the heading, at 26° N, as longitude and latitude."""
    turn = math.radians(heading_deg)
    east, north = x * math.cos(turn) + y * math.sin(turn), -x * math.sin(turn) + y * math.cos(turn)
    return 119.3 + east * METRE / math.cos(math.radians(26.0)), 26.0 + north * METRE


def turned_box(width: float, depth: float, heading_deg: float) -> Outline:
    return ((tuple(plan(x, y, heading_deg) for x, y in ((0, 0), (width, 0), (width, depth), (0, depth))),),)


def test_the_same_facts_give_the_same_bytes() -> None:
    assert occupancy_page(STOREY).to_html() == occupancy_page(STOREY).to_html()


def test_no_key_of_the_environment_gets_into_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MapboxAccessToken", "MAPBOX_API_KEY", "GoogleMapsAPIKey", "GOOGLE_MAPS_API_KEY"):
        monkeypatch.setenv(name, "sk.secret-token-of-the-bureau")
    assert "sk.secret-token-of-the-bureau" not in assets_page(ASSETS).to_html()


def test_the_policy_names_the_hash_of_every_script_and_style_and_allows_nothing_else() -> None:
    html = energy_page(ENERGY).to_html()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    texts = {
        "script-src": re.findall(r"<script>(.*?)</script>", html, re.DOTALL),
        "style-src": re.findall(r"<style>(.*?)</style>", html, re.DOTALL),
    }
    for name, found in texts.items():
        hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in found]
        assert rules[name].split() == hashes
    assert len(texts["script-src"]) == 3
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules
    assert "unsafe" not in policy


def test_outside_of_the_drawing_program_a_page_names_no_address() -> None:
    html = occupancy_page(STOREY).to_html()
    page = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert re.findall(r"https?:|//[a-z]+\.[a-z]", page) == []
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', page) == []
    assert "sourceMappingURL" not in html


def test_rooms_without_an_outline_are_counted_listed_last_and_said() -> None:
    page = occupancy_page(STOREY)
    assert page.rows[-1].cells[0] == "A2-仓"
    assert len(page.rows) == len(STOREY.rooms) == sum(key.count for key in page.legend)
    assert [note.zh for note in page.notes] == ["1 条没有轮廓，未画在图上，只列在表中。", "1 条缺少面积或用量，未计入合计。"]


def test_a_storey_without_any_outline_is_a_table_and_no_picture() -> None:
    page = occupancy_page(replace(STOREY, rooms=tuple(replace(room, outline=None) for room in STOREY.rooms), surroundings=()))
    html = page.to_html()
    assert page.deck is None
    assert len(html) < 60_000
    assert "没有轮廓可画" in html
    assert len(re.findall(r'<th scope="row">', html)) == len(STOREY.rooms)


def test_every_name_and_number_stands_in_the_table() -> None:
    html = occupancy_page(STOREY).to_html()
    for text in ("处长办公室", "张伟", "24.40", "18.00", "6.40", "正处级 18 m²", "division chief 18 m²", "李娜、王强、赵敏"):
        assert f">{text}<" in html or text in html, text
    values = assets_page(ASSETS).to_html()
    assert ">8,640,123.45<" in values
    assert ">3,000.00<" in values


def test_figures_add_up() -> None:
    figures = {figure.name.zh: figure.value for figure in occupancy_page(STOREY).figures}
    assert figures == {"房间数": "14", "超标": "2", "空置": "2", "在用人数": "17", "使用面积": "394.5", "超标面积": "7.9"}
    energy = {figure.name.zh: figure.value for figure in energy_page(ENERGY).figures}
    assert energy == {"楼栋数": "5", "综合能耗": "40.9", "平均单位面积能耗": "10.22", "高于中位数": "2"}


@pytest.mark.parametrize(
    ("ratio", "code"),
    [
        (0.0, "low"),
        (0.699, "low"),
        (0.7, "below"),
        (0.899, "below"),
        (0.9, "near"),
        (1.099, "near"),
        (1.1, "above"),
        (1.3, "high"),
        (9, "high"),
    ],
)
def test_bands_of_energy_are_closed_below(ratio: float, code: str) -> None:
    building = replace(ENERGY.buildings[0], used_kgce=ratio * 1000, area_m2=1000.0, median_kgce_m2=1.0)
    page = energy_page(replace(ENERGY, buildings=(building,)))
    words = {
        "low": "低于中位数 30% 以上",
        "below": "低于中位数",
        "near": "与中位数相当（±10%）",
        "above": "高于中位数",
        "high": "高于中位数 30% 以上",
    }
    assert [key.words.zh for key in page.legend if key.count] == [words[code]]


def test_a_building_without_area_median_or_use_has_no_figures_and_is_no_zero() -> None:
    for missing in ("used_kgce", "area_m2", "median_kgce_m2"):
        building = replace(ENERGY.buildings[0], **{missing: None})  # type: ignore[arg-type]
        assert building.ratio is None
        page = energy_page(replace(ENERGY, buildings=(building,)))
        assert [key.words.zh for key in page.legend if key.count] == ["无数据"]


def test_the_picture_is_of_what_there_is_to_tell_of_and_of_the_others_that_lie_near() -> None:
    told = turned_box(20, 10, 0)
    beside, far = (((tuple(plan(x, y, 0) for x, y in ((at, 0), (at + 6, 0), (at + 6, 6))),),) for at in (24, 900))
    widths = [view.width_m for others in ((), (beside,), (far,), (beside, far)) if (view := view_around((told,), others))]
    assert widths == pytest.approx([20, 30, 20, 20], rel=0.01)
    alone = view_around((), (far,))
    assert alone is not None and alone.width_m == pytest.approx(6, rel=0.5)
    assert view_around((), ()) is None


def test_a_class_without_a_colour_is_refused_by_name() -> None:
    with pytest.raises(ClassUnknown, match="A1: no colour for the class 'haunted'") as refused:
        occupancy_page(replace(STOREY, rooms=(OccupiedRoom(number="A1", verdict="haunted"),)))
    assert (refused.value.code, refused.value.owner, refused.value.class_code) == ("DECK_CLASS_UNKNOWN", "A1", "haunted")
    assert "vacant" in refused.value.hint


@pytest.mark.parametrize(
    "outline",
    [
        ((),),
        ((((119.0, 26.0), (119.1, 26.0), (119.0, 26.0)),),),
        ((((119.0, 26.0), (119.1, 26.0), (119.1, math.nan)),),),
        ((((429430.0, 2886950.0), (429440.0, 2886950.0), (429440.0, 2886960.0)),),),
    ],
    ids=["no ring", "two corners", "not a number", "grid metres"],
)
def test_an_outline_that_cannot_be_drawn_is_refused(outline: Outline) -> None:
    with pytest.raises(OutlineInvalid) as refused:
        check_outline("A203", outline)
    assert (refused.value.code, refused.value.owner) == ("DECK_OUTLINE_INVALID", "A203")


def test_a_pydeck_without_its_bundle_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer.deck.page, "BUNDLE", "nbextension/absent.js")
    viewer.deck.page._bundle.cache_clear()
    with pytest.raises(BundleMissing, match=r"absent\.js") as missing:
        occupancy_page(STOREY).to_html()
    viewer.deck.page._bundle.cache_clear()
    assert missing.value.code == "DECK_BUNDLE_MISSING"
    assert "make setup" in missing.value.hint


def test_the_words_of_both_languages_have_the_same_places_and_are_all_used() -> None:
    catalogue: dict[str, list[str]] = json.loads(WORDS.read_text(encoding="utf-8"))
    for key, (zh, en) in catalogue.items():
        assert sorted(re.findall(r"\{(\w+)\}", zh)) == sorted(re.findall(r"\{(\w+)\}", en)), key
        assert zh.strip() and en.strip()
    sources = "\n".join(path.read_text(encoding="utf-8") for path in WORDS.parent.glob("*.py"))
    assert [key for key in catalogue if f'"{key}"' not in sources] == []


@settings(max_examples=80, deadline=None)
@given(width=st.floats(12, 200), share=st.floats(0.1, 0.8), heading=st.floats(-44, 44))
def test_a_view_is_turned_so_that_walls_run_along_its_edges(width: float, share: float, heading: float) -> None:
    view = view_of([turned_box(width, width * share, heading)])
    assert view is not None
    assert view.bearing_deg == pytest.approx(heading, abs=0.4)
    assert (view.width_m, view.height_m) == pytest.approx((width, width * share), rel=0.01)
    assert (view.lon, view.lat) == pytest.approx(plan(width / 2, width * share / 2, heading), abs=2e-6)


@settings(max_examples=80, deadline=None)
@given(
    width=st.floats(1.5, 40),
    depth=st.floats(1.5, 40),
    heading=st.floats(-44, 44),
    lines=st.lists(st.text("A2处长会议室", min_size=1, max_size=9), min_size=1, max_size=3),
)
def test_a_label_fits_into_its_room(width: float, depth: float, heading: float, lines: list[str]) -> None:
    label = fit_label(turned_box(width, depth, heading), lines, heading)
    letters = max(sum(LATIN_WIDTH if letter.isascii() else 1 for letter in line) for line in lines)
    assert 0 < label.size_m * letters <= width
    assert label.size_m * LINE_HEIGHT * len(lines) <= depth
    assert label.lon_lat == pytest.approx(plan(width / 2, depth / 2, heading), abs=1e-6)


@pytest.mark.parametrize("hole", [False, True], ids=["L", "ring"])
def test_the_label_of_a_room_that_is_no_rectangle_lies_within_it(hole: bool) -> None:
    shell = Polygon([(0, 0), (30, 0), (30, 2), (3, 2), (3, 20), (0, 20)]) if not hole else rectangle(0, 0, 30, 30)
    rings = [shell.exterior] + ([rectangle(4, 4, 26, 26).exterior] if hole else [])
    outline: Outline = (tuple(tuple(plan(x, y, 0.0) for x, y in ring.coords) for ring in rings),)
    label = fit_label(outline, ("走廊",))
    degrees = Polygon(outline[0][0], outline[0][1:])
    assert degrees.contains(Point(label.lon_lat))


def test_of_several_parts_the_largest_is_labelled() -> None:
    small, large = deck_facts.box(0, 0, 2, 2), deck_facts.box(50, 0, 10, 10)
    assert fit_label((*small, *large), ("x",)).lon_lat == pytest.approx(deck_facts.lon_lat(55, 5), abs=1e-6)
