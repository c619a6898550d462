"""Cards against one another and against the units, on both databases; shared tags against a count by hand."""

from collections import Counter
from typing import Any

from tests.twin.queries.assetops.conftest import ALL, Office
from twin.queries.assetops.card_checks import asset_checks
from twin.records.scope import Reader

TAGS = {1: "T1", 2: "T1", 3: "T1", 4: "T4", 5: "", 6: "", 7: "T7", 8: "T7"}
UNITS = {2: "U2", 6: "无此单位", 7: "U2"}


def cards(office: Office) -> None:
    office.take("asset", [office.asset(n, 1, 101, 标签号=tag, 使用单位=UNITS.get(n, "U1")) for n, tag in TAGS.items()])


def page(office: Office, reader: Reader = ALL, **asked: Any) -> dict[str, Any]:
    return asset_checks(office.registers, reader, after=asked.pop("after", None), limit=asked.pop("limit", 50), **asked)


def test_shared_tags_and_unknown_units_are_found_and_nothing_besides(office: Office) -> None:
    assert page(office)["findings"] == []
    cards(office)
    found = page(office)
    shared = {tag for tag, number in Counter(filter(None, TAGS.values())).items() if number > 1}
    wanted = {("ASSET_TAG_SHARED", f"ZC{n}") for n, tag in TAGS.items() if tag in shared} | {("ASSET_UNIT_UNKNOWN", "ZC6")}
    assert {(one["code"], one["key"]) for one in found["findings"]} == wanted
    assert (found["checked"], found["counts"]) == (8, {"ASSET_TAG_SHARED": 5, "ASSET_UNIT_UNKNOWN": 1})
    first = found["findings"][0]
    assert (first["facts"], first["href"]) == ({"others": ["ZC2", "ZC3"], "hidden": 0}, "/assets/ZC1")


def test_they_follow_one_another_page_by_page(office: Office) -> None:
    cards(office)
    found, after = [], None
    while True:
        here = page(office, after=after, limit=2, codes=("ASSET_TAG_SHARED",))
        found += [one["key"] for one in here["findings"]]
        after = here["next"]
        if after is None:
            break
    assert found == ["ZC1", "ZC2", "ZC3", "ZC7", "ZC8"]


def test_a_clerk_is_told_of_the_own_cards_and_not_which_others_bear_the_tag(office: Office) -> None:
    cards(office)
    found = page(office, Reader(name="clerk", units=frozenset({"U2"})))
    assert found["checked"] == 2
    assert {one["key"]: one["facts"] for one in found["findings"]} == {
        "ZC2": {"others": [], "hidden": 2},
        "ZC7": {"others": [], "hidden": 1},
    }
    assert "ZC1" not in found["findings"][0]["message"]
