"""`sortby`: the order Python gives by bytes with nulls last, the same on both databases, page by page while somebody writes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.twin.queries.items.test_features import EVERY, Home
from tests.twin.queries.items.world import HIDDEN, LATER, filled
from tests.twin.store.builder import boxes, new_revision, relabelled, tower
from twin.errors import Invalid
from twin.queries.cql2 import parse
from twin.queries.items import sorting
from twin.queries.items.asked import Asked
from twin.queries.items.box import parse_box
from twin.queries.items.features import FeatureQuery
from twin.queries.items.item import Item
from twin.queries.items.queryables import sortable_types
from twin.queries.items.sorting import Cursor, SortBy, parse_sortby
from twin.store import Store


@pytest.fixture
def home(opened: Callable[..., Store], tmp_path: Path) -> Home:
    return Home(filled(opened()), tmp_path / "columns")


def in_order(items: list[Item], *names: str) -> list[str]:
    """The ids as Python sorts them, last name first: stable, so that ties stay in the order of the collection."""
    found = list(items)
    for name in reversed(names):
        key = name.lstrip("+-")
        said = [item for item in found if item.properties.get(key) is not None]
        missing = [item for item in found if item.properties.get(key) is None]
        said.sort(key=lambda item, key=key: by_bytes(item.properties[key]), reverse=False)  # type: ignore[misc]
        if name.startswith("-"):
            said = stable_reversed(said, key)
        found = said + missing
    return [item.id for item in found]


def stable_reversed(items: list[Item], key: str) -> list[Item]:
    values = list(dict.fromkeys(by_bytes(item.properties[key]) for item in items))
    return [item for value in reversed(values) for item in items if by_bytes(item.properties[key]) == value]


def by_bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def test_a_layer_is_in_the_order_that_python_gives(home: Home) -> None:
    types = sortable_types(home.collection("world"), home.reader)
    plain = home.all("world", limit=100)
    assert sum(item.properties.get("人口") is None for item in plain) > 10, "nulls are among what is sorted"
    for names in (("NAME",), ("-NAME", "+share"), ("人口",), ("-人口", "-NAME"), ("open", "-share"), ("-open", "name")):
        asked = Asked(sort=parse_sortby(",".join(names), types))
        for limit in (17, 500):
            assert [item.id for item in home.all("world", asked, limit=limit)] == in_order(plain, *names), names


def test_a_sort_goes_with_filters_boxes_and_labels(home: Home) -> None:
    by_share = parse_sortby("-share", ["share"])
    west = Asked(sort=by_share, box=parse_box("-180,-90,0,90"), filters=(parse("open = true", "cql2-text"),))
    plain = home.all("world", Asked(box=west.box, filters=west.filters), limit=100)
    assert plain and [item.id for item in home.all("world", west, limit=3)] == in_order(plain, "-share")
    public = home.catalogue.reader(EVERY, frozenset({"public"}))
    rooms = [item.id for item in home.all("rooms", Asked(sort=parse_sortby("-id", ["id"])), reader=public)]
    assert rooms and not {one.rpartition("/")[2] for one in rooms} & set(HIDDEN)
    assert [one.rpartition("/")[2] for one in rooms] == sorted((one.rpartition("/")[2] for one in rooms), reverse=True)


def test_what_stays_is_met_once_in_order_while_others_come_and_go(home: Home) -> None:
    """Between two pages the last item of the first is gone, and half of the others have another state."""
    desks, asked = home.collection("elements"), Asked(sort=parse_sortby("-id", ["id"]))
    whole = [item.id for item in home.all("elements", asked) if item.site == "PS"]
    with home.store.database.reading() as connection:
        first = FeatureQuery(connection, desks, home.reader, asked).page(after="", limit=2)
    gone = first.items[-1].id.rpartition("/")[2]
    kept = [one for one in relabelled(tower(), dict.fromkeys(HIDDEN, "restricted")) if one.id != gone]
    home.store.record_revision(new_revision("d" * 64), kept, boxes(kept), [], [], now=LATER)
    found, after = [item.id for item in first.items], first.after
    while after is not None:
        with home.store.database.reading() as connection:
            page = FeatureQuery(connection, desks, home.reader, asked).page(after=after, limit=2)
        found, after = found + [item.id for item in page.items], page.after
    assert len(found) == len(set(found))
    there = [one for one in found if one.startswith("PS/")]
    assert [one for one in there if one in whole] == [one for one in whole if one in there] and set(whole) <= set(there)


def test_what_is_nothing_to_sort_by_is_told(home: Home) -> None:
    for text in ("", "nothing", "name,name", "+", "--name", "name,", "geometry", "building", "+-name"):
        with pytest.raises(Invalid, match="sortby"):
            parse_sortby(text, sortable_types(home.collection("rooms"), home.reader))


def test_a_plus_that_came_as_a_blank_is_a_plus() -> None:
    assert parse_sortby(" a,+b,-c,d", "abcd") == (SortBy("a", False), SortBy("b", False), SortBy("c", True), SortBy("d", False))


BAD = ["x", "7", "s.", "s.!", "s.W10", "s.WyJcdWQ4MDAiLDFd", *(Cursor(one).text for one in (
    (1,), ("a", "b"), (1, 2), ("a", None), ("\x00", 1), ("a", 2**70), ("a", True)
))]  # fmt: skip


def test_a_cursor_of_another_order_is_told(home: Home) -> None:
    asked = Asked(sort=parse_sortby("name", ["name"]))
    with home.store.database.reading() as connection:
        for after in BAD:
            with pytest.raises(Invalid, match="after"):
                FeatureQuery(connection, home.collection("rooms"), home.reader, asked).page(after=after, limit=5)


def test_more_than_can_be_sorted_for_a_page_is_refused_in_words(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "SORTED_AT_MOST", 10)
    asked = Asked(sort=parse_sortby("name", ["name"]))
    with pytest.raises(Invalid, match="more than 10 of world match"):
        home.all("world", asked)
    few = Asked(sort=asked.sort, filters=(parse("name IN ('own 3', 'own 7')", "cql2-text"),))
    assert len(home.all("world", few)) == 2
