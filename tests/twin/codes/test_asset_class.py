"""A class code is nothing without its edition."""

import pytest

from twin.codes import shipped_tables
from twin.codes.asset_class import AssetClass, ClassScheme, check_asset_class, check_class_form, class_path, editions_of, index_classes
from twin.codes.dictionary import get_dictionary

SCHEMES = shipped_tables().rows(ClassScheme)
CLASSES = index_classes(shipped_tables().rows(AssetClass))


def fault_of(code: str, edition: str) -> str | None:
    fault = check_asset_class(code, edition, schemes=SCHEMES, classes=CLASSES)
    return fault and fault.code


def path_of(code: str, edition: str) -> list[str]:
    return [found.zh for found in class_path(code, edition, schemes=SCHEMES, classes=CLASSES)]


def test_one_code_of_two_editions_is_two_things() -> None:
    new, old = (CLASSES.get((edition, "A02010105")) for edition in ("GB/T 14885-2022", "政府采购品目-2013"))
    assert new is not None
    assert old is not None
    assert (new.zh, old.zh) == ("台式计算机", "便携式计算机")
    server, desktop = (CLASSES.get((edition, "A02010104")) for edition in ("GB/T 14885-2022", "政府采购品目-2013"))
    assert server is not None
    assert desktop is not None
    assert (server.zh, desktop.zh) == ("服务器", "台式计算机")


@pytest.mark.parametrize(
    ("code", "edition"),
    [
        ("A02010105", "GB/T 14885-2022"),
        ("A02", "GB/T 14885-2022"),
        ("A0802", "GB/T 14885-2022"),
        ("2010104", "GB/T 14885-2010"),
        ("023100", "GB/T 14885-1994"),
        ("751201", "GB/T 14885-1994"),
        ("A0201060401", "政府采购品目-2013"),
    ],
)
def test_a_code_in_the_form_of_its_edition(code: str, edition: str) -> None:
    assert fault_of(code, edition) is None
    assert check_class_form(code, SCHEMES) is None
    assert edition in editions_of(code, SCHEMES)


def test_an_edition_that_is_not_stated_is_not_guessed_but_the_possible_ones_are_named() -> None:
    fault = check_asset_class("2010104", "", schemes=SCHEMES, classes=CLASSES)
    assert fault is not None
    assert fault.code == "CLASS_EDITION_UNKNOWN"
    assert "GB/T 14885-2010" in fault.message
    assert fault_of("A02010105", "2019") == "CLASS_EDITION_UNKNOWN"


@pytest.mark.parametrize(
    ("code", "edition"),
    [
        ("2010104", "GB/T 14885-2022"),
        ("A02010105", "GB/T 14885-2010"),
        ("A0201010", "GB/T 14885-2022"),
        ("A0201010501", "GB/T 14885-2022"),
        ("7010104", "GB/T 14885-2010"),
        ("0231", "GB/T 14885-1994"),
        ("a02010105", "GB/T 14885-2022"),
        ("A" + "1" * 5000, "GB/T 14885-2022"),
    ],
)
def test_a_code_that_has_not_the_form_of_its_edition(code: str, edition: str) -> None:
    assert fault_of(code, edition) == "CLASS_CODE_FORM"


def test_a_class_whose_top_level_is_none() -> None:
    assert fault_of("A09010101", "GB/T 14885-2022") == "CLASS_CODE_UNKNOWN"


def test_without_its_edition_only_a_form_of_none_is_a_fault() -> None:
    fault = check_class_form("台式机", SCHEMES)
    assert fault is not None
    assert fault.code == "CLASS_CODE_FORM"


def test_the_classes_above_a_code() -> None:
    assert path_of("A02010105", "GB/T 14885-2022") == ["设备", "台式计算机"]
    assert path_of("2010104", "GB/T 14885-2010") == ["通用设备", "计算机设备及软件"]
    assert path_of("A02010105", "") == []


def test_the_dictionary_of_editions_and_the_table_of_schemes_name_the_same() -> None:
    assert {value.code for value in get_dictionary("class_edition").values} == {scheme.class_edition for scheme in SCHEMES}


@pytest.mark.parametrize(
    ("code", "edition", "name", "fault"),
    [
        ("A02010105", "GB/T 14885-2022", "联想笔记本电脑", "CLASS_EDITION_CONTRADICTS"),
        ("A02010105", "GB/T 14885-2022", "便携式计算机", "CLASS_EDITION_CONTRADICTS"),
        ("A02010105", "GB/T 14885-2022", "台式计算机", None),
        ("A02010105", "GB/T 14885-2022", "微机", None),
        ("A02010105", "GB/T 14885-2022", "", None),
        ("A02010105", "政府采购品目-2013", "笔记本", None),
        ("A02010105", "政府采购品目-2013", "台式电脑", "CLASS_EDITION_CONTRADICTS"),
        ("A02010104", "GB/T 14885-2022", "台式机", "CLASS_EDITION_CONTRADICTS"),
        ("A02010107", "GB/T 14885-2022", "平板电脑", None),
    ],
)
def test_a_name_tells_which_edition_a_code_was_taken_from(code: str, edition: str, name: str, fault: str | None) -> None:
    found = check_asset_class(code, edition, name, schemes=SCHEMES, classes=CLASSES)
    assert (found and found.code) == fault
