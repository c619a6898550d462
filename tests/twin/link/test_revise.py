"""Links when the model is exported anew."""

import shapely
from hypothesis import given
from hypothesis import strategies as st

from twin.link.facts import Evidence, Link
from twin.link.revise import RoomOutline, revise_links


def link(record: str, room: str) -> Link:
    return Link(record_id=record, space_id=room, method="code", confidence=0.9, evidence=Evidence())


def room(id: str, number: str, storey: str = "2F", x: float = 0.0) -> RoomOutline:
    return RoomOutline(id=id, storey=storey, number=number, outline=shapely.box(x, 0, x + 6, 4))


def test_links_stay_where_the_global_id_stays() -> None:
    revised = revise_links([link("r", "m:a")], [room("m:a", "203")], [room("m:a", "0203", "二层")])
    assert [one.space_id for one in revised.kept] == ["m:a"]
    assert revised.lost == revised.items == ()


def test_a_kept_room_with_another_number_stays_and_is_told() -> None:
    revised = revise_links([link("r", "m:a")], [room("m:a", "203")], [room("m:a", "204")])
    assert len(revised.kept) == 1
    assert [item.code for item in revised.items] == ["LINK_NUMBER_CHANGED"]


def test_a_room_drawn_anew_is_proposed_and_not_moved() -> None:
    before = [room("m:a", "203", x=0), room("m:b", "204", x=10)]
    after = [room("m:b", "204", x=10), room("m:n", "203", x=0.5), room("m:o", "205", x=20), room("m:p", "203", "3F", x=0)]
    revised = revise_links([link("r", "m:a"), link("s", "m:b")], before, after)
    assert [one.space_id for one in revised.kept] == ["m:b"]
    assert [one.space_id for one in revised.lost] == ["m:a"]
    (proposal,) = revised.proposals
    assert (proposal.new_id, proposal.number) == ("m:n", True)
    assert proposal.overlap is not None and abs(proposal.overlap - 22 / 26) < 1e-9
    assert [(item.code, item.space_ids) for item in revised.items] == [("LINK_COUNTERPART_LOST", ("m:a", "m:n"))]


def test_the_same_outline_with_another_number_is_proposed_after_the_same_number() -> None:
    after = [room("m:n", "213", x=0), room("m:o", "203", x=40)]
    revised = revise_links([link("r", "m:a")], [room("m:a", "203")], after)
    assert [one.new_id for one in revised.proposals] == ["m:o", "m:n"]


def test_a_room_gone_without_a_like_is_on_the_work_list() -> None:
    revised = revise_links([link("r", "m:a"), link("s", "m:never")], [room("m:a", "203")], [])
    assert [item.code for item in revised.items] == ["LINK_COUNTERPART_LOST"] * 2
    assert revised.proposals == ()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12), st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_every_link_is_kept_or_lost_and_only_new_rooms_are_proposed(
    links: list[tuple[int, int]], before: set[int], after: set[int]
) -> None:
    given_links = [link(str(record), f"m:{id}") for record, id in links]
    revised = revise_links(
        given_links, [room(f"m:{id}", f"{200 + id % 3}") for id in before], [room(f"m:{id}", f"{200 + id % 3}") for id in after]
    )
    assert sorted(one.space_id for one in (*revised.kept, *revised.lost)) == sorted(one.space_id for one in given_links)
    assert {one.space_id for one in revised.kept} <= {f"m:{id}" for id in after}
    assert {one.new_id for one in revised.proposals} <= {f"m:{id}" for id in after - before}
