"""Packages: put together in any order, bounded, asked for again, given up."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.errors import FrameInvalid
from sensors.jt808_frame import Frame
from sensors.jt808_packages import Packages, split


def message(size: int, *, terminal: str = "013912345678", message_id: int = 0x0801, serial: int = 65_534) -> Frame:
    return Frame(message_id=message_id, terminal=terminal, serial=serial, body=random.Random(size).randbytes(size))


@given(st.integers(1, 5_000), st.integers(1, 1_023), st.randoms(use_true_random=False))
def test_what_is_split_comes_together_in_any_order_and_twice_sent(size: int, most: int, rng: random.Random) -> None:
    whole = message(size)
    parts = split(whole, most=most)
    if len(parts) == 1:
        assert parts == [whole]
        return
    assert [part.serial for part in parts[:3]] == [65_534, 65_535, 0][: len(parts)]
    sent = [*parts[:-1], rng.choice(parts[:-1])]
    rng.shuffle(sent)
    packages = Packages(most_bytes=1 << 20)
    assert [packages.add(part, 0) for part in sent] == [None] * len(sent)
    assert packages.add(parts[-1], 0) == whole
    assert (len(packages), packages.bytes) == (0, 0)


def test_what_is_missing_is_asked_for_and_then_given_up() -> None:
    packages = Packages(again_after_us=5, most_asked=2)
    parts = split(message(4_000))
    packages.add(parts[1], 0)
    assert packages.due(4) == []
    (missing,) = packages.due(5)
    assert (missing.original_serial, missing.indexes, missing.message_id) == (65_534, (1, 3, 4), 0x0801)
    packages.add(parts[0], 6)
    assert packages.due(10) == []
    assert packages.due(11)[0].indexes == (3, 4)
    assert (packages.due(16), packages.given_up, len(packages)) == ([], 1, 0)


def test_claims_cost_nothing_and_memory_is_bounded() -> None:
    packages = Packages(most_bytes=10_000, most_messages=3)
    for number in range(100):
        for part in split(message(2_000, message_id=number))[:1]:
            packages.add(Frame(**{**{name: getattr(part, name) for name in part.__slots__}, "total": 65_535}), number)
        assert packages.bytes <= 10_000
        assert len(packages) <= 3
    assert packages.given_up == 97
    assert packages.due(10**9)[0].indexes[-1] == 256


def test_a_package_that_contradicts_begins_anew_and_an_impossible_one_is_refused() -> None:
    packages = Packages()
    old, new = split(message(2_500)), split(message(2_501))
    packages.add(old[0], 0)
    packages.add(new[0], 0)
    assert packages.given_up == 1
    packages.add(new[1], 0)
    whole = packages.add(new[2], 0)
    assert whole is not None
    assert whole.body == message(2_501).body
    for index, total in ((0, 2), (3, 2)):
        with pytest.raises(FrameInvalid) as refused:
            packages.add(Frame(message_id=1, terminal="1", serial=1, packaged=True, total=total, index=index), 0)
        assert refused.value.reason == "package"
