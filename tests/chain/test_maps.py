"""`twin report …-map` on the demo's registers: pages in Chromium with the network cut draw what the registers say (issue 3, item 8).

The numbers are read by SQL and through the API, the outlines from the store, degrees by the ellipsoid's radii written here.
"""

import json
import math
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import pytest
import shapely
from playwright.sync_api import Browser, expect

from tests.chain.conftest import Served
from tests.homes import Run
from tests.viewer.deck_shown import Shown, near, shown

pytestmark = pytest.mark.browser
Row: TypeAlias = tuple[Any, ...]
TOWER = "综合办公楼"
ECCENTRICITY2 = 0.00669437999014
PERIOD = ("2025-11", "2026-10")
DAY = "2026-11-26"
VERDICTS = {
    "over": ("ee8a6b", "超标"),
    "second_office_ungrounded": ("dd7f9c", "第二办公室无依据"),
    "crowded": ("f4bb76", "拥挤"),
    "within": ("8fcfae", "达标"),
    "under_used": ("9cc3ee", "有空位"),
    "vacant": ("f7e08f", "空置"),
    "limit_unknown": ("c9a9dd", "限额不明"),
    "area_unknown": ("b3a6e0", "面积不明"),
    "use_unknown": ("c3b0d8", "用房类型不明"),
    "people_unknown": ("d9c8ea", "使用人不明"),
    "out_of_use": ("b9c1c7", "停用"),
    "not_an_office": ("dfe4e7", "非办公室"),
}
FIFTHS = ("cfe6d8", "9fd0b3", "63b189", "2f8a60", "14613f")
BANDS = ((1.3, "d9653b"), (1.1, "f4b183"), (0.9, "f0ead2"), (0.7, "a5d0ea"), (0.0, "3f8fc4"))
"""Colours and words of the legends, written out here and not read from where the pages have them."""


def ask(served: Served, query: str, *values: Any) -> list[Row]:
    with closing(sqlite3.connect(served.home.folder / "records.sqlite")) as connection:
        return connection.execute(query, values).fetchall()


def read(served: Served, path: str) -> Any:
    with urllib.request.urlopen(served.url + quote(path, safe="/?=&")) as answer:
        return json.load(answer)


def footprints(served: Served, kind: str) -> dict[str, tuple[shapely.Geometry, float]]:
    """Feature → footprint in metres of the site, and how high it is."""
    rows = ask(
        served,
        "select i.feature_id, f.footprint, f.z_max - f.z_min from feature f join identity i on i.id = f.identity_id"
        " where f.kind = ? and f.footprint is not null and f.revision_to is null",
        kind,
    )
    return {feature: (shapely.from_wkb(shape), height or 0.0) for feature, shape, height in rows}


def inside(shape: shapely.Geometry, by_m: float) -> tuple[float, float]:
    """A corner of a footprint drawn in by so much: where no label lies."""
    smaller = shape.buffer(-by_m, join_style="mitre")
    largest = max(getattr(smaller, "geoms", [smaller]), key=lambda part: part.area)
    return min(largest.exterior.coords, key=lambda corner: corner[1] - corner[0])


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour))


def page(run: Callable[..., Run], folder: Path, name: str, *options: str) -> Path:
    """The page as the command writes it."""
    done = run("report", name, "-o", folder / f"{name}.html", *options)
    assert (done.code, done.document["files"]) == (0, [str(folder / f"{name}.html")]), done.document
    return folder / f"{name}.html"


class Ellipsoid:
    """Metres east and north of the site's origin to degrees, by the radii of curvature there (WGS 84)."""

    def __init__(self, served: Served) -> None:
        ((self.lon, self.lat, height),) = ask(served, "select lon, lat, height_m from site")
        across = 6378137.0 / math.sqrt(1 - 0.00669437999014 * math.sin(math.radians(self.lat)) ** 2)
        self.north_m = math.radians(
            across * (1 - 0.00669437999014) / (1 - 0.00669437999014 * math.sin(math.radians(self.lat)) ** 2) + height
        )
        self.east_m = math.radians((across + height) * math.cos(math.radians(self.lat)))

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        return self.lon + x / self.east_m, self.lat + y / self.north_m


@pytest.fixture(scope="module")
def storey(demo_served: Served) -> Row:
    """Of the tower the storey whose rooms differ most: id and name of its place."""
    storeys = ask(
        demo_served,
        "select s.id, s.name from place s join place b on b.id = s.parent_id where s.kind = 'storey' and b.name = ? order by s.id",
        TOWER,
    )
    return max(storeys, key=lambda one: len(read(demo_served, f"/occupancy?place={one[0]}&as_of={DAY}&limit=1")["totals"]["by_verdict"]))


@pytest.fixture(scope="module")
def occupancy(chromium: Browser, demo_served: Served, storey: Row, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    path = page(demo_served.home.run, tmp_path_factory.mktemp("maps"), "occupancy-map", "--place", str(storey[0]), "--as-of", DAY)
    with shown(chromium, path, Ellipsoid(demo_served)) as there:
        yield there


def test_rooms_of_a_storey_have_the_colour_of_their_verdict_and_answer_with_their_row(
    occupancy: Shown, demo_served: Served, storey: Row
) -> None:
    rooms = read(demo_served, f"/occupancy?place={storey[0]}&as_of={DAY}&limit=1000")["rooms"]
    assert len({room["verdict"]["code"] for room in rooms}) >= 3
    outlines = footprints(demo_served, "space")
    numbers = occupancy.page.locator("#rows tbody th").all_inner_texts()
    drawn = 0
    for room in rooms:
        for space in room["spaces"][:1]:
            spot = inside(outlines[space["feature"]][0], 0.35)
            assert near(occupancy.colour(*spot), rgb(VERDICTS[room["verdict"]["code"]][0])), room["number"]
            assert numbers[occupancy.row(*spot)] == room["number"]
            drawn += 1
    assert drawn >= 15


def test_the_legend_the_title_and_the_card_of_a_room_say_it_in_chinese(occupancy: Shown, demo_served: Served, storey: Row) -> None:
    answer = read(demo_served, f"/occupancy?place={storey[0]}&as_of={DAY}&limit=1000")
    title = f"办公用房使用 · 屏山大院 · {TOWER} · {storey[1]}"
    expect(occupancy.page.get_by_role("heading", level=1)).to_have_text(title, use_inner_text=True)
    assert occupancy.page.title() == title
    figures = [occupancy.page.locator(f".figures {tag}").all_inner_texts() for tag in ("dt", "dd")]
    said = dict(zip(*figures, strict=True))
    assert (said["房间数"], said["在用人数"]) == (str(answer["totals"]["rooms"]), str(answer["totals"]["people"]))
    legend = dict(text.rsplit("\n", 1) for text in occupancy.page.locator(".legend li").all_inner_texts())
    counts = {VERDICTS[code][1]: count for code, count in answer["totals"]["by_verdict"].items()}
    assert {name: int(count) for name, count in legend.items() if int(count)} == counts
    room = next(room for room in answer["rooms"] if room["people"] and room["verdict"]["code"] == "within")
    shape = footprints(demo_served, "space")[room["spaces"][0]["feature"]][0]
    occupancy.point_at(*inside(shape, 0.35))
    card = occupancy.page.locator("#card")
    expect(card.locator("h3")).to_have_text(room["number"])
    words = card.locator("dd").all_inner_texts()
    assert {"达标", room["verdict"]["zh"], "、".join(one["person"]["name"] for one in room["people"])} <= set(words)
    assert f"{room['verdict']['area_m2']:.2f}" in words


def test_columns_have_the_colour_and_height_of_the_value_that_stands_in_the_building(
    chromium: Browser, demo_served: Served, tmp_path: Path
) -> None:
    totals = ask(
        demo_served,
        "select b.name, b.feature_id, count(*), sum(a.value) from asset a join clock c on c.kind = 'asset'"
        " left join location l on l.id = a.location_id"
        " join place p on p.id = coalesce(a.place_id, l.place_id) join place b on b.kind = 'building' and p.path like b.path || '%'"
        " where a.since <= c.now and a.until > c.now and a.ended is null group by b.id order by 4 desc",
    )
    outlines = footprints(demo_served, "building")
    largest = totals[0][3]
    with shown(chromium, page(demo_served.home.run_here, tmp_path, "assets-map"), Ellipsoid(demo_served)) as there:
        expect(there.page.get_by_role("heading", level=1)).to_have_text("各楼栋资产", use_inner_text=True)
        expect(there.page.locator(".figures")).to_contain_text(f"{sum(count for _, _, count, _ in totals):,}")
        columns = there.page.evaluate("() => JSON.parse(document.getElementById('deck-data').textContent).columns")
        feet = {part["row"]: part for part in columns}
        names = there.page.locator("#rows tbody th").all_inner_texts()
        standing = [one for one in totals if one[1] in outlines]
        assert len(standing) == 3 == len(columns)
        for name, feature, count, value in standing:
            part = feet[names.index(name)]
            assert part["height"] / columns[0]["height"] == pytest.approx(value / largest, abs=0.02)
            foot = shapely.Polygon(part["polygon"][0]).centroid
            plan = shapely.transform(outlines[feature][0], lambda xy: [there.to_lon_lat(x, y) for x, y in xy])
            assert plan.buffer(1e-6).contains(foot)
            x, y, *_ = there.page.evaluate(
                "([lon, lat, height]) => window.twinDeck.project(lon, lat, height)", [foot.x, foot.y, part["height"] * 0.4]
            )
            pixel = there.picture.getpixel((round(there.left + x), round(there.top + y)))
            assert isinstance(pixel, tuple) and near(pixel[:3], rgb(FIFTHS[min(value * 5 // largest, 4)])), name
            there.page.mouse.move(there.left + x, there.top + y)
            expect(there.page.locator("#card h3")).to_have_text(name)
            expect(there.page.locator("#card dd").nth(1)).to_have_text(f"{value / 100:,.2f}")
            assert f"{count:,}" == there.page.locator("#card dd").first.inner_text()


def test_buildings_have_the_colour_of_their_energy_against_the_median_of_their_kind(
    chromium: Browser, demo_served: Served, tmp_path: Path
) -> None:
    places = ask(demo_served, "select id, name, feature_id from place where kind = 'building'")
    outlines = footprints(demo_served, "building")
    with shown(chromium, page(demo_served.home.run_here, tmp_path, "energy-map", "--as-of", DAY), Ellipsoid(demo_served)) as there:
        names = there.page.locator("#rows tbody th").all_inner_texts()
        for place, name, feature in [one for one in places if one[2] in outlines]:
            used = read(demo_served, f"/energy/building?building={place}&from={PERIOD[0]}&to={PERIOD[1]}")
            shape, height = outlines[feature]
            spot = (*inside(shape, 1.0), height)
            assert near(there.colour(*spot), rgb(next(colour for least, colour in BANDS if used["ratio"] >= least))), name
            assert names[there.row(*spot)] == name
            there.point_at(*spot)
            expect(there.page.locator("#card")).to_contain_text(f"{used['kgce_m2']:.2f}")
        expect(there.page.get_by_role("heading", level=1)).to_contain_text("各楼栋能耗", use_inner_text=True)
        assert there.page.locator(".legend li .zh").all_inner_texts() == [
            "低于中位数 30% 以上", "低于中位数", "与中位数相当（±10%）", "高于中位数", "高于中位数 30% 以上", "无数据",
        ]  # fmt: skip
