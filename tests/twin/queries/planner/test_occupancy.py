"""Rooms with who sits there and their verdicts, computed by hand; what is unplaced, hidden or of another day."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.queries.planner.office import PERSON, ROOM, Office, named
from twin.codes import get_kind
from twin.errors import Invalid, NotFound
from twin.queries.planner import occupancy
from twin.queries.planner.columns import DAYS_KEPT, is_wide
from twin.queries.planner.occupancy import GROUPS
from twin.records.read import get_record
from twin.records.scope import Reader
from twin.records.write import Author, add_record, change_fields, end_record
from twin.store import Store

RULE = "发改投资〔2014〕2674号"


def verdict(office: Office, key: str) -> tuple[object, ...]:
    said = office.room(key)["verdict"]
    return said["code"], said["rule"], said["allowed_m2"], said["excess_m2"]


def test_each_room_has_the_verdict_of_the_rule_that_fits_it(standing: Office) -> None:
    assert verdict(standing, "R101") == ("crowded", "shared_sum", 48.0, -23.6)  # 正处 18 + 正厅 30, one seat
    assert verdict(standing, "R102") == ("under_used", "shared_seats", 30.0, -1.5)  # 副处 12 + 科员 9, a free seat 9
    assert verdict(standing, "R103") == ("over", "one_person", 18.0, 2.0)
    assert verdict(standing, "R104")[0] == "vacant"
    assert verdict(standing, "R201")[0] == "not_an_office"
    assert verdict(standing, "R202") == ("within", "second_office", 18.0, -0.1)
    assert verdict(standing, "R204")[0] == "area_unknown"
    assert verdict(standing, "S101") == ("over", "one_person", 12.0, 0.5)  # 县级副科 12
    assert verdict(standing, "S102") == ("under_used", "shared_seats", 27.0, 0.0)
    assert verdict(standing, "S103") == ("second_office_ungrounded", "second_office", 0.0, 9.0)


def test_the_words_say_the_number_the_rule_and_the_rank_in_both_languages(standing: Office) -> None:
    said = standing.room("R103")["verdict"]
    assert (said["zh"], said["en"]) == (f"超 2 m² · {RULE} · 正处级 18 m²", f"over by 2 m² · {RULE} · 正处级 18 m²")
    assert [(limit["rule"], limit["area_m2"], limit["edition"]) for limit in said["limits"]] == [(RULE, 18.0, "2014")]


def test_before_24_november_2014_the_table_of_1999_holds_and_never_after(standing: Office) -> None:
    day_before, day = date(2014, 11, 23), date(2014, 11, 24)
    said = standing.room("R103", as_of=day_before)["verdict"]
    assert (said["code"], said["allowed_m2"], said["limits"][0]["rule"]) == ("over", 12.0, "计投资〔1999〕2250号")
    assert standing.page(as_of=day_before)["standards"] == ["计投资〔1999〕2250号"]
    assert standing.room("R103", as_of=day)["verdict"]["limits"][0]["rule"] == RULE
    for later in (day, date(2020, 1, 1), date(2026, 11, 1)):
        assert all("1999" not in document for document in standing.page(as_of=later)["standards"])


def test_allocation_stands_apart_from_use(standing: Office) -> None:
    room = standing.room("R103")
    assert (room["allocated_to"]["key"], room["used_by"]["key"], room["used_otherwise"]) == ("U1", "U11", True)
    assert [one["key"] for one in standing.page(unit="U11")["rooms"]] == ["R103"]
    assert standing.page()["totals"]["used_otherwise"] == 1


def test_a_unit_is_it_and_all_below(standing: Office) -> None:
    assert len(standing.page(unit="U1")["rooms"]) == 8
    assert [one["key"] for one in standing.page(unit="U2")["rooms"]] == ["S101", "S102", "S103"]


def test_who_is_no_longer_in_post_is_seen_and_gives_no_area(standing: Office) -> None:
    room = standing.room("R104")
    assert (room["people_count"], [one["in_post"] for one in room["people"]]) == (0, [False])
    assert standing.page()["totals"]["not_in_post"] == 1


def test_a_room_no_drawing_has_is_a_room_in_every_count(standing: Office) -> None:
    totals = standing.page()["totals"]
    assert (totals["rooms"], totals["placed"], totals["unplaced"]) == (11, 0, 11)
    assert totals["without_area"] == 1
    assert totals["declared_m2"] == pytest.approx(24.4 + 28.5 + 20 + 16 + 60 + 17.9 + 40 + 12.5 + 27 + 9)
    assert sum(totals["by_verdict"].values()) == 11
    assert totals["people"] == 9  # P5 is retired, P10 sits in no room
    assert totals["second_offices"] == 2


@pytest.mark.parametrize("by", GROUPS)
def test_groups_add_up_to_the_whole(standing: Office, by: str) -> None:
    answer = standing.totals(by)
    for name in ("rooms", "unplaced", "people", "without_area"):
        assert sum(group["totals"][name] for group in answer["groups"]) == answer["totals"][name]
    for name in ("area_m2", "over_m2"):
        assert sum(group["totals"][name] for group in answer["groups"]) == pytest.approx(answer["totals"][name])
    for group in answer["groups"]:
        assert sum(group["totals"]["by_verdict"].values()) == group["totals"]["rooms"]


def test_a_place_is_it_and_all_below(standing: Office) -> None:
    assert standing.page(place=standing.place("东风楼"))["numberMatched"] == 8
    assert standing.page(place=standing.place("湖滨楼"))["numberMatched"] == 3
    storeys = standing.totals("storey", place=standing.place("东风楼"))["groups"]
    assert [(group["group"]["name"], group["totals"]["rooms"]) for group in storeys] == [("1", 4), ("2", 4)]


def test_pages_by_key_are_the_whole_set(standing: Office) -> None:
    keys: list[str] = []
    after = None
    while True:
        page = standing.page(after=after, limit=4)
        keys += [room["key"] for room in page["rooms"]]
        after = page["next"]
        if after is None:
            break
    assert keys == sorted(set(keys)) and len(keys) == 11


@pytest.mark.parametrize(
    "reader", [Reader(name="all"), Reader(name="clerk", units=frozenset({"U1"})), Reader(name="eye", labels=frozenset({"public"}))]
)
def test_the_columns_of_all_rooms_say_of_any_part_what_its_own_rooms_say(
    standing: Office, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question about very many rooms is answered from columns that are kept, one about few from the rooms themselves."""
    parts = [{}, {"unit": "U1"}, {"place": standing.place("东风楼")}, {"area": "declared", "verdicts": ("over", "vacant")}]
    answers: list[list[object]] = []
    for wide in (True, False, True):
        monkeypatch.setattr(occupancy, "is_wide", lambda day, scope, said=wide: said)
        pages = [standing.page(reader, limit=3, after=after, **part) for part in parts for after in (None, "R103")]
        answers.append([*pages, *(standing.totals(by, reader, **part) for by in GROUPS for part in parts)])
    assert answers[0] == answers[1] == answers[2]
    monkeypatch.setattr(occupancy, "kept_columns", lambda *said: pytest.fail("a few rooms are not all"))
    monkeypatch.setattr(occupancy, "is_wide", is_wide)
    assert standing.page(place=standing.place("东风楼"))["numberMatched"] == 8


def test_columns_are_kept_until_something_changes(office: Office) -> None:
    first, again = office.page(), office.page()
    (state,) = office.registers.kept
    assert first == again
    with office.store.database.writing() as connection:
        kind = get_kind("person")
        change_fields(connection, kind, get_record(connection, kind, "P8").id, {"room": "101"}, _author(date(2026, 10, 1)))
    assert "P8" in _keys(office, "S101", date(2026, 11, 1))
    assert state not in office.registers.kept
    for day in range(1, 8):
        office.page(as_of=date(2026, 10, day))
    assert [len(kept) for kept in office.registers.kept.values()] == [DAYS_KEPT]


def test_verdicts_filter_and_an_unknown_one_is_refused(standing: Office) -> None:
    assert [room["key"] for room in standing.page(verdicts=("over",))["rooms"]] == ["R103", "S101"]
    with pytest.raises(Invalid, match="huge"):
        standing.page(verdicts=("huge",))
    with pytest.raises(NotFound):
        standing.page(place=987654)
    with pytest.raises(NotFound):
        standing.page(unit="U9")


def test_a_reader_of_one_unit_sees_its_rooms_and_no_strangers_name(standing: Office) -> None:
    clerk = Reader(name="clerk", units=frozenset({"U11"}))
    page = standing.page(clerk)
    assert [room["key"] for room in page["rooms"]] == ["R103"]
    assert page["totals"]["rooms"] == 1
    with pytest.raises(NotFound):
        standing.page(clerk, unit="U2")


def test_names_are_only_for_who_may_read_persons(standing: Office) -> None:
    machine = Reader(name="machine", persons=False)
    page = standing.page(machine)
    assert page["totals"]["people"] == 9
    assert not any(name in str(page) for name in ("甲正处", "P11", "子两处"))
    assert standing.room("S103", machine)["verdict"]["zh"] == "第二处办公用房无依据: *"


def test_values_are_those_of_the_day(office: Office) -> None:
    office.take(
        "room", named(ROOM, [("R103", "东风楼", "1层", "103", "办公室", "17", "U1", "U11", "1", "否", "在用")]), as_of=date(2026, 6, 1)
    )
    assert office.room("R103", as_of=date(2026, 5, 31))["verdict"]["code"] == "over"
    assert office.room("R103", as_of=date(2026, 6, 1))["verdict"]["code"] == "within"


def test_who_moved_sat_elsewhere_before(office: Office) -> None:
    moved = ("P1", "甲正处", "U1", "正处级", "东风楼", "1层", "104", "", "", "", "在岗")
    office.take("person", named(PERSON, [moved]), as_of=date(2026, 7, 1))
    assert _keys(office, "R101", date(2026, 6, 30)) == ["P1", "P11"]
    assert _keys(office, "R101", date(2026, 7, 1)) == ["P11"]
    assert _keys(office, "R104", date(2026, 7, 1)) == ["P1", "P5"]
    assert _keys(office, "R104", date(2026, 6, 30)) == ["P5"]


def test_who_was_promoted_had_the_limit_of_the_rank_of_the_day(office: Office) -> None:
    promoted = ("P4", "丁正处", "U11", "副厅级", "东风楼", "1层", "103", "东风楼", "202", "经审批", "在岗")
    office.take("person", named(PERSON, [promoted]), as_of=date(2026, 8, 1))
    assert office.room("R103", as_of=date(2026, 7, 31))["verdict"]["code"] == "over"
    assert office.room("R103", as_of=date(2026, 8, 1))["verdict"]["allowed_m2"] == 24.0


def test_a_room_that_changed_hands_belonged_to_the_other_unit_before(office: Office) -> None:
    given = ("S101", "湖滨楼", "1层", "101", "办公室", "12.5", "U1", "U1", "1", "否", "在用")
    office.take("room", named(ROOM, [given]), as_of=date(2026, 9, 1))
    assert "S101" in [room["key"] for room in office.page(unit="U2", as_of=date(2026, 8, 31))["rooms"]]
    assert "S101" not in [room["key"] for room in office.page(unit="U2", as_of=date(2026, 9, 1))["rooms"]]
    assert "S101" in [room["key"] for room in office.page(unit="U1", as_of=date(2026, 9, 1))["rooms"]]


def test_a_room_that_ended_is_there_before_and_gone_after(office: Office) -> None:
    with office.store.database.writing() as connection:
        kind = get_kind("room")
        end_record(connection, kind, get_record(connection, kind, "R201").id, _author(date(2026, 5, 1)))
    assert "R201" in [room["key"] for room in office.page(as_of=date(2026, 4, 30))["rooms"]]
    assert "R201" not in [room["key"] for room in office.page(as_of=date(2026, 5, 1))["rooms"]]


def test_a_room_added_by_a_person_was_not_there_before(office: Office) -> None:
    with office.store.database.writing() as connection:
        values = {"code": "R301", "building": "东风楼", "storey": "3层", "number": "301", "use": "office"}
        add_record(connection, get_kind("room"), values, _author(date(2026, 5, 1)))
    assert "R301" not in [room["key"] for room in office.page(as_of=date(2026, 4, 30))["rooms"]]
    assert office.room("R301", as_of=date(2026, 5, 1))["verdict"]["code"] == "vacant"


def test_a_room_whose_use_nobody_says_is_not_judged(office: Office) -> None:
    office.take("room", named(ROOM, [("R105", "东风楼", "1层", "105", "", "30", "U1", "U1", "", "", "在用")]))
    assert office.room("R105")["verdict"]["code"] == "use_unknown"


@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_changes_every_room_has_one_verdict_and_groups_add_up(office: Office, data: st.DataObject) -> None:
    kind = get_kind("room")
    key = data.draw(st.sampled_from(["R101", "R102", "R103", "R104", "R202", "S101", "S102"]))
    values = {
        "usable_area": data.draw(st.one_of(st.none(), st.integers(1, 90))),
        "use": data.draw(st.sampled_from(["office", "service", "technical", None])),
        "state": data.draw(st.sampled_from(["in_use", "vacant", "lent", None])),
        "used_by": data.draw(st.sampled_from(["U1", "U2", "没有的单位", None])),
        "storey": data.draw(st.sampled_from(["1层", "2层"])),
    }
    with office.store.database.writing() as connection:
        change_fields(connection, kind, get_record(connection, kind, key).id, values, _author(None))
    for by in GROUPS:
        answer = office.totals(by)
        assert answer["totals"]["rooms"] == 11 == sum(answer["totals"]["by_verdict"].values())
        assert sum(group["totals"]["rooms"] for group in answer["groups"]) == 11


def _keys(office: Office, room: str, day: date) -> list[str]:
    return sorted(one["person"]["key"] for one in office.room(room, as_of=day)["people"])


def _author(valid_from: date | None) -> Author:
    return Author(who="planner", method="manual", source="test", now=datetime(2026, 11, 1, tzinfo=UTC), valid_from=valid_from)


def test_an_empty_store_has_no_rooms(opened: object, tmp_path: object) -> None:
    from twin.queries.planner.occupancy import OccupancyFilter, occupancy_page
    from twin.queries.records.context import Registers

    store: Store = opened()  # type: ignore[operator]
    page = occupancy_page(Registers.of(store, tmp_path), OccupancyFilter(), Reader(name="x"), as_of=None, after=None, limit=1)  # type: ignore[arg-type]
    assert (page["numberMatched"], page["totals"]["rooms"], page["rooms"]) == (0, 0, [])


def test_a_room_of_a_hidden_label_is_in_no_list_count_finding_or_proposal(office: Office) -> None:
    from sqlalchemy import update

    from twin.queries.planner.checks import space_checks
    from twin.queries.planner.move import what_if_moved
    from twin.records.state import note_ties
    from twin.store import record_schema as schema

    with office.store.database.writing() as connection:
        place = schema.place
        connection.execute(update(place).where(place.c.number.in_(["101", "103"])).values(label="restricted"))
        note_ties(connection)
    public = Reader(name="visitor", labels=frozenset({"public"}))
    page = office.page(public)
    assert {room["key"] for room in page["rooms"]} == {"R102", "R104", "R201", "R202", "R203", "R204", "S102"}
    assert page["totals"]["rooms"] == 7 == sum(office.totals("storey", public)["totals"]["by_verdict"].values())
    findings = space_checks(office.registers, public, place=None, unit=None, as_of=date(2026, 11, 1), limit=100)
    assert not {"R101", "R103", "S101", "S103"} & {one["key"] for one in findings["findings"]}
    assert not any(words in str(findings) for words in ("子两处", "东风楼 1层 101"))  # who sits in a hidden room
    told = what_if_moved(office.registers, public, unit="U1", building=office.place("湖滨楼"), as_of=date(2026, 11, 1))
    assert not any(key in str(told) for key in ("S101", "S103", "R101", "R103"))
    with pytest.raises(NotFound):
        office.page(public, place=office.place("103"))
