"""Classes of pixel density by edition, as published."""

import tomllib

import pytest

from sensors import EDITIONS, SensorError, class_at, classes_of
from sensors.pixel_class import FILE


@pytest.mark.parametrize(
    ("edition", "density", "name"),
    [
        ("2014", 12.49, None),
        ("2014", 12.5, "monitor"),
        ("2014", 160.0, "recognise"),
        ("2014", 250.0, "identify"),
        ("2014", 1e6, "inspect"),
        ("2025", 19.9, None),
        ("2025", 20.0, "overview"),
        ("2025", 160.0, "perceive"),
        ("2025", 250.0, "characterise"),
        ("2025", 499.9, "characterise"),
        ("2025", 1500.0, "scrutinise"),
    ],
)
def test_the_highest_class_that_is_reached(edition: str, density: float, name: str | None) -> None:
    found = class_at(edition, density)
    assert (found.name if found else None) == name


def test_the_file_says_where_its_numbers_are_from() -> None:
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["edition"]
    assert tuple(row["key"] for row in rows) == EDITIONS
    assert all(row["source"] and row["title"] for row in rows)
    for edition in EDITIONS:
        densities = [one.pixels_per_metre for one in classes_of(edition)]
        assert densities == sorted(densities)
    assert [one.name for one in classes_of("2014") if not one.verified] == ["observe", "inspect"]


def test_an_edition_that_is_not_there() -> None:
    with pytest.raises(SensorError, match="1999"):
        class_at("1999", 100.0)
