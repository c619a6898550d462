"""Classes of things that are no thing, by edition."""

import pytest

from twin.codes import get_dictionary
from twin.placement import is_intangible, list_intangible_classes


@pytest.mark.parametrize(
    ("code", "edition", "intangible"),
    [
        ("A08", "GB/T 14885-2022", True),
        ("A08060301", "GB/T 14885-2022", True),
        ("A02010105", "GB/T 14885-2022", False),
        ("A08", "GB/T 14885-2010", False),
        ("2010801", "GB/T 14885-2010", True),
        ("2010104", "GB/T 14885-2010", False),
        ("A08060301", None, False),
        (None, "GB/T 14885-2022", False),
    ],
)
def test_a_code_means_what_its_own_edition_says(code: str | None, edition: str | None, intangible: bool) -> None:
    assert is_intangible([code], [edition]).tolist() == [intangible]


def test_rows_name_editions_of_the_dictionary_and_their_source() -> None:
    editions = {value.code for value in get_dictionary("class_edition").values}
    assert {row.edition for row in list_intangible_classes()} <= editions
    assert all(row.source and not row.verified for row in list_intangible_classes())
