"""Columns against the table, frame by frame: the same fixes, the same refusals, no alarm missed, and nothing that raises."""

import struct

import numpy as np
import pytest

from sensors.errors import FrameInvalid
from sensors.jt808_batch import REASONS, keep_raw_for_ever, locate
from sensors.jt808_frame import Frame, unescape
from sensors.jt808_location import item_alarms, microseconds, why_raw_is_kept
from sensors.jt808_message import Message
from sensors.jt808_observation import location_observation, observation_of
from sensors.observation import NO_NUMBER, NO_TIME
from tests.sensors.jt808_made import enclose, header, location, location_body
from tests.sensors.jt808_mutated import pieces_of


def compare(pieces: list[bytes]) -> None:
    """What columns say of each frame against the table."""
    found = locate(pieces, 5)
    keep = keep_raw_for_ever([b"\x7e" + one + b"\x7e" for one in pieces])
    for row, piece in enumerate(pieces):
        try:
            frame = Frame.parse(unescape(piece))
        except FrameInvalid as error:
            assert REASONS[found.refused[row]] == error.reason
            assert keep[row]
            continue
        message = Message.of(frame)
        reason = REASONS[found.refused[row]]
        fixes = found.fixes[found.frame == row]
        assert keep[row] == (why_raw_is_kept(b"\x7e" + piece + b"\x7e") != ""), (piece.hex(), why_raw_is_kept(piece))
        assert (found.message_id[row], found.serial[row]) == (frame.message_id, frame.serial)
        assert found.phone[row].tobytes().hex() == frame.terminal.zfill(20)
        if frame.message_id not in (0x0200, 0x0704) or frame.packaged or frame.encryption:
            assert (reason, len(fixes), found.whole[row]) == ("", 0, False)
            continue
        if reason:
            assert message.refused is not None
            assert (message.refused.reason, len(fixes)) == ("body", 0)
            continue
        places = message.fields.get("locations", [{"location": message.fields, "items": message.items}])
        assert len(places) == len(fixes)
        assert found.tells[row] or not any(item_alarms(place["items"]) for place in places)
        assert found.tells[row] or message.refused is None
        for place, fix in zip(places, fixes, strict=True):
            same(place["location"], fix, late=message.fields.get("batch_type") == 1)


def same(said: dict[str, int], fix: np.void, *, late: bool) -> None:
    status, secret = said["status"], bool(said["status"] & 32)
    lat = said["latitude"] * 10 * (-1 if status & 4 else 1)
    lon = said["longitude"] * 10 * (-1 if status & 8 else 1)
    fixed = bool(status & 2) and not secret and (lat, lon) != (0, 0)
    assert fix["lat_e7"] == (lat if abs(lat) < 2**31 and not secret else NO_NUMBER)
    assert fix["lon_e7"] == (lon if abs(lon) < 2**31 and not secret else NO_NUMBER)
    device_us = microseconds(str(said["time"]))
    assert fix["device_us"] == (NO_TIME if device_us is None else device_us)
    assert fix["fix_us"] == (fix["device_us"] if fixed else NO_TIME)
    assert fix["received_us"] == 5
    assert (fix["altitude_dm"], fix["speed_dkmh"]) == (said["altitude_m"] * 10, said["speed_dkmh"])
    assert (fix["heading_cdeg"], fix["alarm"], fix["accuracy_dm"]) == (said["direction_deg"] * 100, said["alarm"], NO_NUMBER)
    assert fix["status"] == fixed | (status & 1) << 1 | late << 2 | secret << 3 | (status >> 19 & 1) << 4


@pytest.mark.parametrize("seed", range(3))
def test_columns_say_what_the_table_says(seed: int) -> None:
    compare(pieces_of(600, seed, change=False))


def test_twenty_thousand_mutated_frames_raise_nothing_and_are_judged_alike() -> None:
    pieces = pieces_of(20_000, 40, change=True)
    compare(pieces[:4_000])
    for start in range(4_000, len(pieces), 1_000):
        some = pieces[start : start + 1_000]
        found = locate(some, 0)
        assert len(found.refused) == 1_000
        for piece in some:
            try:
                Message.of(Frame.parse(unescape(piece)))
            except FrameInvalid:
                continue


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(50))
def test_a_million_mutated_frames(seed: int) -> None:
    pieces = pieces_of(20_000, 1_000 + seed, change=True)
    compare(pieces[:2_000])
    locate(pieces, 0)
    for piece in pieces:
        try:
            Message.of(Frame.parse(unescape(piece)))
        except FrameInvalid:
            continue


def test_one_observation_by_the_short_way_is_the_same_as_by_the_table() -> None:
    for piece in pieces_of(1_500, 7, change=True):
        try:
            frame = Frame.parse(unescape(piece))
        except FrameInvalid as error:
            with pytest.raises(FrameInvalid) as refused:
                location_observation(piece, "vehicle/x", 9)
            assert refused.value.reason == error.reason
            continue
        expected = observation_of(Message.of(frame), "vehicle/x", 9, b"\x7e" + piece + b"\x7e")
        assert location_observation(piece, "vehicle/x", 9) == expected


def test_nothing_at_all_is_an_answer_too() -> None:
    assert len(locate([], 0).fixes) == 0
    assert locate([b"\x02"], 0).refused.tolist() == [1]
    assert keep_raw_for_ever([]).tolist() == []


def test_raw_is_kept_for_ever_for_a_reason_in_a_word() -> None:
    quiet = location()
    reasons = {
        "": quiet,
        "alarm": location(body=location_body(alarm=1)),
        "unread": quiet[:-2] + b"\x00\x7e",
        "encrypted": location(body=location_body(status=0x23)),
        "differs": enclose(header(0x8300, "013912345678", 1, 3) + b"\x00\xff\x00"),
    }
    assert {word: why_raw_is_kept(frame) for word, frame in reasons.items()} == {word: word for word in reasons}
    assert keep_raw_for_ever([*reasons.values(), b""]).tolist() == [False, True, True, True, True, False]
    item = location(body=location_body(items=b"\x65\x01\x00"))
    assert why_raw_is_kept(item) == "alarm"


def test_a_batch_whose_lengths_lie_is_refused_whole() -> None:
    body = struct.pack(">HBH", 1, 1, 60) + location_body()
    piece = enclose(header(0x0704, "013912345678", 1, len(body)) + body)[1:-1]
    found = locate([piece, location()[1:-1]], 0)
    assert [REASONS[code] for code in found.refused] == ["body", ""]
    assert len(found.fixes) == 1
