"""A device is silent when its limit has run out since it was last heard, or since anybody could hear; told once, until its next word."""

from hypothesis import given, settings
from hypothesis import strategies as st

from twin.live.hearing import Heard, Hearing
from twin.live.silence import alarming_kinds, silent_after_us
from twin.live.state import LiveState

S = 1_000_000
START = 1_795_700_000 * S
LIMIT = 180


def listening(*devices: str, at_s: int = 0) -> Hearing:
    """Who has listened since the start, and heard devices at a second."""
    hearing = Hearing()
    assert hearing.fallen(START, 0) == []
    hearing.hear(devices, START + at_s * S)
    return hearing


def looked(hearing: Hearing, until_s: int, *, from_s: int = 0, position: int = 1) -> list[tuple[str, int]]:
    """Who fell silent, looking every ten seconds, with the second from which on."""
    found = [one for second in range(from_s, until_s + 1, 10) for one in hearing.fallen(START + second * S, position)]
    return [(one.device, (one.at_us - START) // S) for one in found]


def test_it_falls_silent_when_its_limit_ran_out_whenever_one_looks_and_is_told_once() -> None:
    hearing = listening("camera/C", "door/D", at_s=7)
    assert looked(hearing, 180) == []
    assert looked(hearing, 4000, from_s=190) == [("camera/C", 7 + LIMIT), ("door/D", 7 + 3600)]
    assert hearing.silent == ["camera/C", "door/D"]


def test_only_what_guards_something_is_minded_and_what_never_spoke_is_not_silent() -> None:
    assert alarming_kinds() == {"camera", "perimeter_segment", "gate", "door", "fire_point", "panic_button", "lift", "guard"}
    assert looked(listening(), 100_000) == []
    assert not Hearing.minds("meter/M") and not Hearing.minds("vehicle/V") and not Hearing.minds("unknown_device/X")


def test_who_could_not_hear_gives_each_device_its_whole_limit_anew() -> None:
    hearing = listening("camera/C", at_s=0)
    assert looked(hearing, 100) == []
    assert looked(hearing, 700, from_s=600) == [], "it did not look for 500 s"
    assert looked(hearing, 1000, from_s=710) == [("camera/C", 600 + LIMIT)]


def test_who_begins_with_what_was_known_calls_nothing_silent_at_once() -> None:
    state = LiveState()
    state.still = {f"camera/{n}": {"received_us": START - n * 1000 * S} for n in range(5)} | {"meter/M": {"received_us": 5}}
    hearing = Hearing.of(state, {"camera/3": (START - 50 * S, 4)})
    assert (hearing.devices, hearing.silent) == ([f"camera/{n}" for n in range(5)], ["camera/3"])
    assert looked(hearing, 190) == [(f"camera/{n}", LIMIT) for n in (0, 1, 2, 4)]


def test_a_clock_that_was_set_makes_nobody_silent_and_holds_nobody_for_long() -> None:
    hearing = listening("camera/C", at_s=3600)
    assert hearing.fallen(START + 3600 * S, 1) == []
    assert looked(hearing, 170) == [], "the clock went back by an hour"
    assert looked(hearing, 200, from_s=180) == [("camera/C", LIMIT)]


def test_a_storm_is_told_piece_by_piece_in_the_order_of_its_moments_and_nobody_is_left_out() -> None:
    hearing = Hearing()
    hearing.fallen(START, 0)
    for second in range(5):
        hearing.hear([f"camera/{n}" for n in range(5001) if n % 5 == 4 - second], START + second * S)
    assert looked(hearing, 180) == []
    pieces = [hearing.fallen(START + second * S, 1) for second in (190, 191, 192, 193)]
    assert [len(piece) for piece in pieces] == [2000, 2000, 1001, 0]
    told = [one for piece in pieces for one in piece]
    assert {one.device for one in told} == {f"camera/{n}" for n in range(5001)}
    moments = [one.at_us - START for one in told]
    assert moments == sorted(moments) and {at // S for at in moments} == {LIMIT + second for second in range(5)}


def test_a_word_from_before_it_fell_silent_is_no_news_when_the_journal_is_read_again() -> None:
    hearing = listening("camera/C")
    looked(hearing, 200, position=5)
    since_us = START + LIMIT * S
    assert hearing.news([(4, "camera/C", START + 3 * S), (2, "camera/D", START)]) == []
    (news,) = hearing.news([(4, "camera/C", START), (5, "camera/C", START + 300 * S), (6, "camera/C", START + 301 * S)])
    assert news == Heard(device="camera/C", since_us=since_us, at_us=START + 300 * S, position=5)
    assert hearing.silent == ["camera/C"], "to ask changes nothing"
    hearing.hear(["camera/C"], START + 300 * S, [news])
    assert hearing.silent == [] and hearing.news([(7, "camera/C", START + 302 * S)]) == []


steps = st.lists(st.tuples(st.sampled_from(["camera/A", "lift/B", "gate/C", "look"]), st.integers(0, 29)), max_size=80)


@settings(max_examples=100, deadline=None)
@given(steps=steps)
def test_it_is_as_if_each_device_were_asked_by_itself(steps: list[tuple[str, int]]) -> None:
    hearing, now = Hearing(), START
    hearing.fallen(now, 0)
    heard: dict[str, int] = {}
    told: dict[str, int] = {}
    for position, (what, seconds) in enumerate(steps, start=1):
        now += seconds * S
        expected = {
            device: at + int(silent_after_us([device])[0])
            for device, at in heard.items()
            if device not in told and now - at > int(silent_after_us([device])[0])
        }
        assert {one.device: one.at_us for one in hearing.fallen(now, position)} == expected
        told |= expected
        if what != "look":
            news = hearing.news([(position, what, now)])
            assert [(one.device, one.since_us) for one in news] == ([(what, told.pop(what))] if what in told else [])
            hearing.hear([what], now, news)
            heard[what] = now
    assert sorted(hearing.silent) == sorted(told)
