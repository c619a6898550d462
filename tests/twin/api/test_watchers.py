"""Who watches is counted for as long as they do, by key and in all."""

from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.api.watchers import Watchers
from twin.auth import Principal, Role
from twin.errors import NotReady, TooManyWatching, TwinError

EACH, MOST = 2, 5


def who(name: str) -> Principal:
    return Principal(name=name, role=Role.VIEWER)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["come", "leave", "break"])), max_size=60))
def test_what_is_counted_is_what_is_there_however_it_ends(steps: list[tuple[str, str]]) -> None:
    watchers, there = Watchers(each=EACH, most=MOST), dict[str, list[ExitStack]]()
    for name, step in steps:
        lines = there.setdefault(name, [])
        if step == "come":
            line = ExitStack()
            try:
                line.enter_context(watchers.place(who(name)))
            except TwinError as error:
                assert error.code == ("WATCHING_MANY" if len(lines) == EACH else "WATCHING_FULL")
                assert len(lines) == EACH or len(watchers) == MOST
            else:
                lines.append(line)
        elif lines and step == "leave":
            lines.pop(0).close()
        elif lines:
            with suppress(OSError), lines.pop():
                raise OSError("it broke")
        assert len(watchers) == sum(map(len, there.values())) <= MOST
        assert len(lines) <= EACH


def test_one_key_s_lines_keep_no_other_out_and_each_refusal_says_when_to_ask_again() -> None:
    watchers = Watchers(each=EACH, most=3)
    with watchers.place(who("a")), watchers.place(who("a")):
        with pytest.raises(TooManyWatching) as refused, watchers.place(who("a")):
            pass
        assert "a has 2 lines" in refused.value.message and refused.value.retry_s == 15
        with watchers.place(who("b")), pytest.raises(NotReady) as full, watchers.place(who("c")):
            pass
        assert (full.value.code, full.value.retry_s) == ("WATCHING_FULL", 15)
    assert len(watchers) == 0


def test_refusals_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    watchers = Watchers(each=1, most=3, clock_s=lambda: now[0])
    with watchers.place(who("a")):
        for now[0] in (0.0, 1.0, 59.0, 60.0, 61.0):
            with suppress(TooManyWatching), watchers.place(who("a")):
                pass
    assert [record.message.partition(":")[0] for record in caplog.records] == ["WATCHING_MANY"] * 2
