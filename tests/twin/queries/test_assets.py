"""Assets by columns against brute force over what was written: filters, pages, sums, what is hidden, what changes meanwhile."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.queries.town import CLASSES, HIDDEN, NOW, STATES, UNITS, Town, author
from twin.codes import get_kind
from twin.errors import Forbidden, Invalid, NotFound
from twin.queries.asset_filter import AssetFilter
from twin.queries.assets import asset_page, asset_totals, offered_page
from twin.queries.inventory import place_inventory, unit_inventory
from twin.records.places import write_places
from twin.records.read import get_record
from twin.records.scope import Reader
from twin.records.state import note_ties
from twin.records.write import change_fields, end_record

EVERYBODY = Reader(name="all")
ANY = AssetFilter()
PUBLIC = Reader(name="public", labels=frozenset({"public"}))
CLERK = Reader(name="clerk", labels=None, units=frozenset({"U2"}))
READERS = (EVERYBODY, PUBLIC, CLERK, Reader(name="both", labels=frozenset({"public"}), units=frozenset({"U2"})))
NOBODY = Reader(name="nobody", labels=frozenset(), units=frozenset())
BELOW = {"U1": {"U1", "U2", "U3"}, "U2": {"U2", "U3"}, "U3": {"U3"}, "U4": {"U4"}}


def pages(town: Town, wanted: AssetFilter = ANY, reader: Reader = EVERYBODY, limit: int = 7) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        page = asset_page(town.registers, wanted, reader, after=after, limit=limit)
        yield page
        after = page["next"]
        if after is None:
            return


def codes(town: Town, wanted: AssetFilter = ANY, reader: Reader = EVERYBODY, limit: int = 7) -> list[str]:
    return [record["key"] for page in pages(town, wanted, reader, limit) for record in page["records"]]


def expected(town: Town, wanted: AssetFilter = ANY, reader: Reader = EVERYBODY) -> list[str]:
    found = [code for code, asset in town.assets.items() if is_meant(town, asset, wanted) and may_know(asset, reader)]
    return sorted(found, key=lambda code: code.encode())


def may_know(asset: dict[str, Any], reader: Reader) -> bool:
    if reader.labels is not None and (("public" not in reader.labels) or asset["room"] == HIDDEN):
        return False
    return reader.units is None or any(asset["unit"] in BELOW[unit] for unit in reader.units)


def is_meant(town: Town, asset: dict[str, Any], wanted: AssetFilter) -> bool:
    if wanted.place is not None:
        name = next(key for key, place in town.places.items() if place == wanted.place)
        if not is_at(asset, name):
            return False
    if wanted.unit is not None and asset["unit"] not in BELOW[wanted.unit]:
        return False
    if wanted.class_code is not None and not asset["class_code"].startswith(wanted.class_code):
        return False
    if wanted.class_edition is not None and asset["class_edition"] != wanted.class_edition:
        return False
    if wanted.state and asset["state"] not in wanted.state:
        return False
    for value, low, high in (
        (asset["value"], wanted.value_from, wanted.value_to),
        (asset["acquired"], _iso(wanted.acquired_from), _iso(wanted.acquired_to)),
    ):
        if (low is not None or high is not None) and value is None:
            return False
        if (low is not None and value < low) or (high is not None and value > high):
            return False
    return all(has_word(asset, word) for word in wanted.q.split()) if wanted.q is not None else True


def has_word(asset: dict[str, Any], word: str) -> bool:
    folded = unicodedata.normalize("NFKC", word).casefold()
    texts = [str(asset[name] or "").casefold() for name in ("name", "specification", "brand")]
    if any(folded in text for text in texts):
        return True
    written = (word, word.upper())
    return any(asset["code"].startswith(one) for one in written) or asset["serial"] in written or asset["tag"] in written


def is_at(asset: dict[str, Any], place: str) -> bool:
    if place in ("all", "site", "b"):
        return asset["building"] == "一号楼"
    if place == "s1":
        return asset["storey"] == "1层"
    return bool(asset["room"] == place)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


FILTERS = st.builds(
    dict,
    place=st.sampled_from([None, None, "all", "b", "s1", "101", HIDDEN]),
    unit=st.sampled_from([None, None, *UNITS]),
    class_code=st.sampled_from([None, "A02", "A0201", "A05010201", "B"]),
    class_edition=st.sampled_from([None, None, CLASSES[0][1], CLASSES[2][1]]),
    state=st.lists(st.sampled_from([state for state in STATES if state]), max_size=2, unique=True).map(tuple),
    value_from=st.sampled_from([None, 0, 120_050]),
    value_to=st.sampled_from([None, 0, 200_000]),
    acquired_from=st.sampled_from([None, date(2020, 2, 29)]),
    acquired_to=st.sampled_from([None, date(2023, 11, 26)]),
    q=st.sampled_from(
        [
            None,
            None,
            "电",
            "计算",
            "计算机",
            "便携式计算机",
            "联想 台式",
            "think",
            "Ｘ1",
            "a-00",
            "A-0007/",
            "sn3",
            "T5",
            "zz",
            "机 机",
            "%",
            "_",
        ]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=FILTERS, reader=st.sampled_from(READERS))
def test_any_filters_together_find_what_brute_force_finds(town: Town, given: dict[str, Any], reader: Reader) -> None:
    place = town.places[given["place"]] if given["place"] else None
    wanted = AssetFilter(**{**given, "place": place})
    hidden = (given["place"] == HIDDEN and reader.labels is not None) or (
        given["unit"] is not None and reader.units is not None and given["unit"] not in BELOW["U2"]
    )
    if hidden:
        with pytest.raises(NotFound):
            codes(town, wanted, reader)
        return
    assert codes(town, wanted, reader) == expected(town, wanted, reader)
    assert next(pages(town, wanted, reader))["numberMatched"] == len(expected(town, wanted, reader))


def test_pages_of_any_size_are_the_whole_in_the_order_of_bytes(town: Town) -> None:
    whole = expected(town)
    assert whole
    for limit in (1, 13, len(whole), 1000):
        assert codes(town, limit=limit) == whole


def test_nobody_finds_nothing(town: Town) -> None:
    assert codes(town, reader=NOBODY) == []
    assert place_inventory(town.registers, None, NOBODY, class_length=None)["total"]["count"] == 0


def test_what_is_added_changed_and_ended_is_seen_by_the_next_question(town: Town) -> None:
    asset = get_kind("asset")
    assert codes(town) == expected(town)
    first = dict(next(iter(town.assets.values())))
    for number, code in enumerate(("A", "A-0003x", "中", "ZZ")):
        town.add(first | {"code": code, "serial": f"new{number}", "tag": None, "unit": "U4"})
        assert codes(town) == expected(town)
    assert codes(town, AssetFilter(q="new2")) == ["中"]
    with town.store.database.writing() as connection:
        record = get_record(connection, asset, "中")
        change_fields(connection, asset, record.id, {"serial": "other", "value": 77, "unit": "U1", "code": "B"}, author())
    town.assets["B"] = town.assets.pop("中") | {"code": "B", "serial": "other", "value": 77, "unit": "U1"}
    assert codes(town) == expected(town)
    assert codes(town, AssetFilter(q="new2")) == []
    assert codes(town, AssetFilter(q="OTHER")) == []
    assert codes(town, AssetFilter(q="other", value_from=77, value_to=77, unit="U1")) == ["B"]
    with town.store.database.writing() as connection:
        end_record(connection, asset, get_record(connection, asset, "B").id, author())
    del town.assets["B"]
    assert codes(town) == expected(town)
    assert codes(town, AssetFilter(q="other")) == []


def test_a_change_that_was_rolled_back_is_never_seen(town: Town) -> None:
    before = codes(town)
    with pytest.raises(RuntimeError), town.store.database.writing() as connection:
        change_fields(connection, get_kind("asset"), get_record(connection, get_kind("asset"), before[0]).id, {"code": "0"}, author())
        raise RuntimeError("no")
    assert codes(town) == before


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_own_children_and_unplaced_are_the_total_at_every_place(town: Town, reader: Reader) -> None:
    def check(place: int | None) -> int:
        found = place_inventory(town.registers, place, reader, class_length=None)
        parts = [found["own"], found["unplaced"], *found["children"]]
        assert sum(part["count"] for part in parts) == found["total"]["count"]
        assert sum(part["value"] for part in parts) == found["total"]["value"]
        for name in ("class", "unit", "state", "age"):
            assert sum(row["count"] for row in found[f"by_{name}"]) == found["total"]["count"]
            assert sum(row["value"] for row in found[f"by_{name}"]) == found["total"]["value"]
        for child in found["children"]:
            assert check(child["id"]) == child["count"]
        return int(found["total"]["count"])

    assert check(None) == len(expected(town, reader=reader))


def test_a_hidden_room_is_no_child_and_in_no_count(town: Town) -> None:
    storey = town.places["s1"]
    seen, hidden = (place_inventory(town.registers, storey, reader, class_length=None) for reader in (EVERYBODY, PUBLIC))
    assert [child["name"] for child in seen["children"]] == ["101", "102", HIDDEN]
    assert [child["name"] for child in hidden["children"]] == ["101", "102"]
    assert hidden["total"]["count"] == seen["total"]["count"] - sum(asset["room"] == HIDDEN for asset in town.assets.values())
    with pytest.raises(NotFound):
        place_inventory(town.registers, town.places[HIDDEN], PUBLIC, class_length=None)


def test_what_names_a_room_that_is_not_found_is_unplaced_at_its_storey(town: Town) -> None:
    at = {name: place_inventory(town.registers, town.places[name], EVERYBODY, class_length=None) for name in ("s1", "b", "101")}
    assert at["s1"]["unplaced"]["count"] == sum(asset["room"] == "999" for asset in town.assets.values())
    assert at["s1"]["own"]["count"] == 0
    assert at["b"]["own"]["count"] == sum(asset["building"] is not None and asset["storey"] is None for asset in town.assets.values())
    assert at["101"]["own"] == at["101"]["total"]
    everything = place_inventory(town.registers, None, EVERYBODY, class_length=None)
    assert everything["unplaced"]["count"] == sum(asset["building"] is None for asset in town.assets.values())


def test_own_children_and_unplaced_are_the_total_at_every_unit(town: Town) -> None:
    def check(unit: str | None, reader: Reader) -> int:
        found = unit_inventory(town.registers, unit, reader, class_length=None)
        parts = [found["own"], found["unplaced"], *found["children"]]
        assert sum(part["count"] for part in parts) == found["total"]["count"]
        for child in found["children"]:
            assert check(child["key"], reader) == child["count"]
        return int(found["total"]["count"])

    assert check(None, EVERYBODY) == len(town.assets)
    everything = unit_inventory(town.registers, None, EVERYBODY, class_length=None)
    assert everything["unplaced"]["count"] == sum(asset["unit"] not in UNITS for asset in town.assets.values())
    assert check("U2", CLERK) == check(None, CLERK) == sum(asset["unit"] in BELOW["U2"] for asset in town.assets.values())
    with pytest.raises(NotFound):
        unit_inventory(town.registers, "U1", CLERK, class_length=None)


def test_totals_by_unit_and_class_are_exact_also_beyond_two_to_the_fifty_three(town: Town) -> None:
    town.add(dict(next(iter(town.assets.values()))) | {"code": "big", "value": 2**53, "serial": None, "tag": None})
    found = asset_totals(town.registers, AssetFilter(), EVERYBODY, by=("unit", "class"), class_length=3)
    brute: dict[tuple[Any, ...], list[int]] = {}
    for asset in town.assets.values():
        unit = asset["unit"] if asset["unit"] in UNITS else None
        sums = brute.setdefault((unit, asset["class_edition"], asset["class_code"][:3]), [0, 0, 0])
        sums[0] += 1
        sums[1] += asset["value"] or 0
        sums[2] += asset["value"] is None
    told = {
        (row["unit"]["key"], row["class"]["edition"], row["class"]["code"]): [row["count"], row["value"], row["without_value"]]
        for row in found["rows"]
    }
    assert told == brute
    assert found["total"] == len(town.assets)


def test_one_code_of_two_editions_is_two_classes(town: Town) -> None:
    found = asset_totals(town.registers, AssetFilter(class_code="A02010105"), EVERYBODY, by=("class",), class_length=9)
    assert {row["class"]["edition"] for row in found["rows"]} == {"GB/T 14885-2022", "政府采购品目-2013"}


def test_ages_are_counted_from_the_day_of_acquisition(town: Town) -> None:
    rows = asset_totals(town.registers, AssetFilter(), EVERYBODY, by=("age",), class_length=None)["rows"]
    told = {(row["age"]["years_from"], row["age"]["years_below"]): row["count"] for row in rows}
    assert NOW.date() == date(2026, 11, 26)
    by_day = {"2026-01-05": (0, 1), "2023-11-26": (3, 5), "2020-02-29": (5, 10), "2001-06-01": (10, None), None: (None, None)}
    brute: dict[Any, int] = {}
    for asset in town.assets.values():
        brute[by_day[asset["acquired"]]] = brute.get(by_day[asset["acquired"]], 0) + 1
    assert told == brute


def test_idle_and_pooled_assets_are_offered(town: Town) -> None:
    found = offered_page(town.registers, AssetFilter(), EVERYBODY, after=None, limit=1000)
    offered = [code for code in expected(town) if town.assets[code]["state"] in ("idle", "pooled")]
    assert [record["key"] for record in found["records"]] == offered


def test_values_are_withheld_from_who_may_not_read_them(town: Town) -> None:
    blind = replace(EVERYBODY, values=False)
    page = asset_page(town.registers, AssetFilter(), blind, after=None, limit=5)
    assert all("value" not in record["values"] and "value" in record["withheld"] for record in page["records"])
    for part in ("own", "unplaced", "total"):
        assert set(place_inventory(town.registers, None, blind, class_length=None)[part]) == {"count"}
    assert "value" not in asset_totals(town.registers, AssetFilter(), blind, by=("unit",), class_length=None)["rows"][0]
    with pytest.raises(Forbidden):
        codes(town, AssetFilter(value_from=1), blind)


def test_too_many_sums_are_refused_and_not_cut(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.queries.asset_sums.ROWS_AT_MOST", 2)
    with pytest.raises(Invalid) as error:
        asset_totals(town.registers, AssetFilter(), EVERYBODY, by=("unit", "state"), class_length=None)
    assert error.value.code == "FILTER_INVALID"


def test_a_longer_word_is_in_the_text_itself_and_not_only_in_its_windows(town: Town) -> None:
    town.add(dict(next(iter(town.assets.values()))) | {"code": "W", "name": "算机计算", "serial": None, "tag": None})
    assert "W" in codes(town, AssetFilter(q="算机")) and "W" in codes(town, AssetFilter(q="计算"))
    assert codes(town, AssetFilter(q="计算机")) == expected(town, AssetFilter(q="计算机"))
    assert "W" not in codes(town, AssetFilter(q="计算机"))


def test_what_lies_below_a_hidden_place_is_hidden_whatever_its_own_label(town: Town) -> None:
    nodes = [replace(node, label="restricted") if node.key == "s1" else node for node in town.nodes()]
    with town.store.database.writing() as connection:
        write_places(connection, nodes)
        note_ties(connection)
    outside = {code for code, asset in town.assets.items() if asset["storey"] is None}
    assert set(codes(town, reader=PUBLIC)) == outside
    assert place_inventory(town.registers, town.places["b"], PUBLIC, class_length=None)["children"] == []
    with pytest.raises(NotFound):
        place_inventory(town.registers, town.places["101"], PUBLIC, class_length=None)
