"""Assets tied to elements by their keys, against a brute force that compares all with all."""

from collections import Counter
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.link.elements import ELEMENT_COLUMNS, ElementLinks, element_row, match_elements
from twin.link.families import classes_agree


def table(rows: list[dict[str, str]], columns: tuple[str, ...]) -> pa.Table:
    return pa.table({column: pa.array([row.get(column) for row in rows], pa.string()) for column in columns})


def tie(assets: list[dict[str, str]], elements: list[dict[str, str]]) -> ElementLinks:
    return match_elements(
        table(assets, ("id", "global_id", "code", "tag", "serial", "name", "class_code")), table(elements, ELEMENT_COLUMNS)
    )


def pairs(found: ElementLinks) -> dict[str, str]:
    return dict(zip(found.links["asset_id"].to_pylist(), found.links["element_id"].to_pylist(), strict=True))


def codes(found: ElementLinks) -> list[str]:
    return [item.code for item in found.items]


def test_each_key_ties_and_says_which_it_was() -> None:
    elements = [
        {"id": "e1", "global_id": "0aB"},
        {"id": "e2", "asset_identifier": "ZC-0001"},
        {"id": "e3", "serial": "sn 77"},
        {"id": "e4", "bar_code": "E200"},
        {"id": "e5", "tag": "300123"},
    ]
    assets = [
        {"id": "a1", "global_id": "0aB"},
        {"id": "a2", "code": "ｚｃ-0001 "},
        {"id": "a3", "serial": "SN77"},
        {"id": "a4", "tag": "e200"},
        {"id": "a5", "tag": "300123"},
        {"id": "a6", "global_id": "0AB"},
    ]
    found = tie(assets, elements)
    assert pairs(found) == {"a1": "e1", "a2": "e2", "a3": "e3", "a4": "e4", "a5": "e5"}, "a GlobalId keeps its case"
    assert found.links["method"].to_pylist()[0] == "global_id=global_id"
    assert all(0 < value <= 1 for value in found.links["confidence"].to_pylist())


def test_placeholders_and_keys_of_several_elements_tie_nothing() -> None:
    elements = [
        {"id": "e1", "serial": "n/a"},
        {"id": "e2", "serial": "S1"},
        {"id": "e3", "serial": "s1"},
        {"id": "e4", "serial": "SerialNumber"},
    ]
    found = tie([{"id": "a", "serial": "n/a"}, {"id": "b", "serial": "S1"}, {"id": "c", "serial": "SerialNumber"}], elements)
    assert pairs(found) == {}
    (item,) = found.items
    assert (item.code, item.space_ids) == ("LINK_KEY_NOT_UNIQUE", ("e2", "e3"))


def test_keys_that_lead_to_different_elements_are_not_decided() -> None:
    found = tie([{"id": "a", "tag": "T1", "serial": "S2"}], [{"id": "e1", "bar_code": "T1"}, {"id": "e2", "serial": "S2"}])
    assert pairs(found) == {} and codes(found) == ["LINK_KEYS_DISAGREE"]


def test_of_two_assets_on_one_element_the_stronger_key_has_it_and_equal_ones_have_not() -> None:
    element = {"id": "e", "asset_identifier": "Z1", "serial": "S1"}
    found = tie([{"id": "a", "serial": "S1"}, {"id": "b", "code": "Z1"}], [element])
    assert pairs(found) == {"b": "e"} and codes(found) == ["LINK_ASSETS_SHARE_ELEMENT"]
    found = tie([{"id": "a", "serial": "S1"}, {"id": "b", "serial": "s1"}], [element])
    assert pairs(found) == {} and codes(found) == ["LINK_ASSETS_SHARE_ELEMENT"]


def test_a_desk_that_is_a_boiler_in_the_model_is_told() -> None:
    found = tie([{"id": "a", "code": "Z1", "name": "办公桌"}], [{"id": "e", "asset_identifier": "Z1", "class_name": "IfcBoiler"}])
    assert pairs(found) == {"a": "e"} and codes(found) == ["LINK_CLASS_DIFFERS"]
    assert found.links["confidence"].to_pylist()[0] < 0.9
    assert classes_agree("燃气锅炉", "", "IfcEnergyConversionDevice") is True
    assert classes_agree("", "A05010201", "IfcBoiler") is False
    assert classes_agree("办公桌", "", "IfcBuildingElementProxy") is None
    assert classes_agree("礼品", "", "IfcDoor") is None


def test_what_an_element_states_is_read_from_whatever_set_it_is_in() -> None:
    properties: dict[str, Any] = {
        "property_sets": {
            "Pset_ManufacturerOccurrence": {"SerialNumber": "S1", "BarCode": 77},
            "屏山_资产": {"资产编号": "ZC1"},
            "x": {"Area": 3.0},
        },
        "attributes": {"tag": "300"},
    }
    row = element_row("m:1", "g", "IfcFurniture", properties)
    assert row == {
        "id": "m:1", "class_name": "IfcFurniture", "global_id": "g", "serial": "S1", "asset_identifier": "ZC1", "bar_code": "77",
        "tag_number": "", "tag": "300",
    }  # fmt: skip


KEYS = st.sampled_from(["", "k1", "K1", "k2", "k3", "k4", "n/a"])
ASSET = st.fixed_dictionaries({"code": KEYS, "tag": KEYS, "serial": KEYS})
ELEMENT = st.fixed_dictionaries({"asset_identifier": KEYS, "bar_code": KEYS, "tag": KEYS, "serial": KEYS})
BY = (("code", "asset_identifier"), ("tag", "bar_code"), ("serial", "serial"), ("tag", "tag"))


@settings(deadline=None)
@given(st.lists(ASSET, max_size=6), st.lists(ELEMENT, max_size=6))
def test_the_same_as_comparing_all_with_all(assets: list[dict[str, str]], elements: list[dict[str, str]]) -> None:
    known = {
        element: Counter(row[element].upper() for row in elements if row[element] not in ("", "n/a"))
        for element in ("asset_identifier", "bar_code", "tag", "serial")
    }
    reached = {
        a: {
            e
            for e, there in enumerate(elements)
            for mine, its in BY
            if known[its][asset[mine].upper()] == 1 and asset[mine].upper() == there[its].upper()
        }
        for a, asset in enumerate(assets)
    }
    alone = {a: next(iter(found)) for a, found in reached.items() if len(found) == 1}
    claimed = Counter(alone.values())
    found = pairs(tie([{"id": f"a{i}", **row} for i, row in enumerate(assets)], [{"id": f"e{i}", **row} for i, row in enumerate(elements)]))
    for a, e in alone.items():
        if claimed[e] == 1:
            assert found.pop(f"a{a}") == f"e{e}"
    assert all(claimed[int(element[1:])] > 1 and alone[int(asset[1:])] == int(element[1:]) for asset, element in found.items())
