"""Frames of a stream: any chunking, garbage, bounds, checksum, headers of both kinds."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.errors import FrameInvalid
from sensors.jt808_frame import MOST_FRAME, Frame, FrameSplitter, escape, unescape, xor
from tests.sensors.jt808_made import location

FRAMES = st.builds(
    Frame,
    message_id=st.integers(0, 0xFFFF),
    terminal=st.text("0123456789", min_size=12, max_size=12),
    serial=st.integers(0, 0xFFFF),
    body=st.binary(max_size=1023),
    encryption=st.integers(0, 7),
    reserved=st.booleans(),
)


@given(FRAMES)
def test_a_frame_written_and_read_is_the_same(frame: Frame) -> None:
    assert Frame.read(frame.to_bytes()) == frame
    assert b"\x7e" not in frame.to_bytes()[1:-1]


@given(st.integers(0, 255), st.text("0123456789", min_size=20, max_size=20), st.binary(max_size=200), st.integers(1, 9))
def test_a_package_of_2019_written_and_read_is_the_same(version: int, phone: str, body: bytes, index: int) -> None:
    frame = Frame(message_id=0x0801, terminal=phone, serial=7, body=body, protocol_version=version, packaged=True, total=9, index=index)
    assert Frame.read(frame.to_bytes()) == frame


@given(st.binary(max_size=300))
def test_escaping_comes_back_and_the_checksum_is_the_xor_of_every_byte(data: bytes) -> None:
    assert unescape(escape(data)) == data
    plain = 0
    for byte in data:
        plain ^= byte
    assert xor(data) == plain


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(0, 2**32))
def test_any_chunking_gives_the_same_frames(sizes: list[int], seed: int) -> None:
    frames = [location(serial=number, newer=bool(number % 2)) for number in range(8)]
    stream = b"".join(frames)
    whole = FrameSplitter().feed(stream)
    assert whole == [one[1:-1] for one in frames]
    splitter, found, at, rng = FrameSplitter(), [], 0, random.Random(seed)
    while at < len(stream):
        size = rng.choice(sizes) if sizes else 1
        found += splitter.feed(stream[at : at + size])
        at += size
    assert found == whole
    assert splitter.held == 0


def test_a_flag_shared_by_two_frames_ends_one_and_begins_the_other() -> None:
    one, two = location(serial=1), location(serial=2)
    assert FrameSplitter().feed(one[:-1] + two) == [one[1:-1], two[1:-1]]


def test_garbage_between_frames_costs_nothing_but_itself() -> None:
    splitter = FrameSplitter()
    found = splitter.feed(b"GET / HTTP/1.1\r\n" + location(serial=1) + b"\x00\xff\x7d" + location(serial=2))
    read = []
    for piece in found:
        try:
            read.append(Frame.parse(unescape(piece)).serial)
        except FrameInvalid as error:
            assert error.reason in ("short", "checksum", "length")
    assert read == [1, 2]


def test_bytes_without_a_flag_are_never_held_beyond_one_frame() -> None:
    splitter = FrameSplitter()
    for _ in range(1_000):
        assert splitter.feed(b"\x00" * 1_000) == []
        assert splitter.held <= MOST_FRAME
    assert splitter.oversize == 1
    assert [Frame.parse(unescape(one)).serial for one in splitter.feed(b"\x00" * 10 + location(serial=9))] == [9]
    assert splitter.feed(b"\x00" * 5_000 + location(serial=8)) == [location(serial=8)[1:-1]]
    assert splitter.oversize == 2


@pytest.mark.parametrize(
    ("hexadecimal", "reason"),
    [("0002", "short"), ("00020000123456789012000188", "checksum"), ("00020001123456789012000188", "length")],
)
def test_a_frame_that_cannot_be_is_refused_with_its_reason(hexadecimal: str, reason: str) -> None:
    with pytest.raises(FrameInvalid) as refused:
        Frame.parse(bytes.fromhex(hexadecimal))
    assert refused.value.reason == reason
    assert refused.value.code == "JT808_FRAME_INVALID"


def test_a_body_beyond_ten_bits_of_length_is_not_written() -> None:
    with pytest.raises(FrameInvalid, match="1023"):
        Frame(message_id=1, terminal="1", serial=1, body=bytes(1024)).to_bytes()
