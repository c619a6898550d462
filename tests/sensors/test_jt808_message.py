"""Every message of the table in every edition: made by the rows read anew here, read, written again to the byte."""

import random
import re
from collections.abc import Mapping
from typing import Any

import pytest

from sensors.errors import FrameInvalid
from sensors.jt808_fields import TABLES
from sensors.jt808_frame import Frame
from sensors.jt808_location import alarm_codes, alarm_words, alarms_of, item_alarms, status_codes
from sensors.jt808_message import Message, body_of, find_kind, frame_of, kinds
from tests.sensors.jt808_made import location_body

TEXTS = ("", "A", "闽A12345", "请回场 123", "测试")


def struct_made(rows: list[str], edition: str, rng: random.Random) -> bytes:
    """The bytes of a layout with random values; the grammar is read here by itself."""
    made, numbers = b"", dict[str, int]()
    for row in rows:
        name, kind, rest = re.fullmatch(r"(\S+) (~?\S+(?: (?!if\b)[a-z_]+)?)(.*)", row).groups()  # type: ignore[union-attr]
        editions, bit = re.findall(r"@(\d+)", rest), re.search(r"if (\w+)\.(\d+)", rest)
        if (editions and edition not in editions) or (bit and not numbers[bit[1]] >> int(bit[2]) & 1):
            continue
        count = 1
        if ".." in name:
            first, last = map(int, re.findall(r"\d+", name))
            count = last - first + 1
        for _ in range(count):
            part = bytes((rng.choice((0, 1, 9, 94)),)) if name == "plate_colour" else value_made(kind, edition, rng)
            if len(part) <= 2:
                numbers[name] = int.from_bytes(part, "big")
            made += part
    return made


def value_made(kind: str, edition: str, rng: random.Random) -> bytes:
    if found := re.fullmatch(r"~u(\d+) (\w+)", kind):
        inner = struct_made(TABLES["struct"][found[2]], edition, rng)
        return len(inner).to_bytes(int(found[1]) // 8, "big") + inner
    if found := re.fullmatch(r"(\w+)\[\](?:\.u(\d+))?(?:~u(\d+))?", kind):
        entries = [value_made(found[1], edition, rng) for _ in range(rng.randrange(4))]
        if found[3]:
            entries = [len(one).to_bytes(int(found[3]) // 8, "big") + one for one in entries]
        return (len(entries).to_bytes(int(found[2]) // 8, "big") if found[2] else b"") + b"".join(entries)
    if found := re.fullmatch(r"u(\d+)", kind):
        return rng.randbytes(int(found[1]) // 8)
    if found := re.fullmatch(r"(text|hex|bcd)(\d+)?(?:\.u(\d+))?", kind):
        said = rng.choice(TEXTS).encode("gbk") if found[1] == "text" else rng.randbytes(rng.randrange(9))
        if found[2] and found[1] == "text":
            return said[: int(found[2]) // 2 * 2].ljust(int(found[2]), b"\0") if len(said) <= int(found[2]) else bytes(int(found[2]))
        if found[2]:
            return rng.randbytes(int(found[2]))
        return (len(said).to_bytes(int(found[3]) // 8, "big") if found[3] else b"") + said
    if kind == "time":
        return bytes.fromhex(rng.choice(("261127083000", "000000000000", "240229235959", "ff1127083000")))
    if kind == "sm16":
        return rng.randbytes(2)
    if kind == "items":
        return b"".join(tagged(row["type"], int(key, 16), 1, edition, rng) for key, row in TABLES["item"].items() if rng.random() < 0.3)
    if kind == "params.u8":
        known = {int(key, 16): row["type"] for key, row in TABLES["parameter"].items()}
        some = [tagged(one, key, 4, edition, rng) for key, one in known.items() if rng.random() < 0.5]
        groups = [(group, number) for group, names in TABLES["parameter_groups"].items() for number in [*names.values()][:2]]
        some += [tagged(group, number, 4, edition, rng) for group, number in groups]
        return bytes((len(some),)) + b"".join(some)
    if kind == "passed":
        return rng.randbytes(rng.randrange(20))
    return struct_made(TABLES["struct"][kind], edition, rng)


def tagged(kind: str, tag: int, width: int, edition: str, rng: random.Random) -> bytes:
    inner = value_made(kind, edition, rng)
    if rng.random() < 0.1:
        inner = inner[:-1]
    return tag.to_bytes(width, "big") + bytes((len(inner),)) + inner


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_every_message_of_the_table_is_read_and_written_again_to_the_byte(edition: int) -> None:
    rng = random.Random(edition)
    for key, row in TABLES["message"].items():
        for _ in range(20):
            body = struct_made(row["fields"], str(edition), rng)
            if key == "0x0005" or (key == "0x8003" and edition == 2019):
                body = body[:2] + ((len(body) - 4) // 2).to_bytes(2, "big") + body[4:]
            frame = Frame(message_id=int(key, 16), terminal="0" * 12, serial=1, body=body, protocol_version=1 if edition == 2019 else None)
            message = Message.of(frame, edition=edition)
            assert message.refused is None, (key, edition, body.hex(), message.refused)
            assert message.name == row["name"]
            assert message.encode() == frame, (key, edition, body.hex(), message.fields)
            if key != "0x0100" or edition == 2019:
                assert message.edition == edition


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_random_bodies_raise_nothing_and_writing_is_stable(edition: int) -> None:
    rng = random.Random(edition)
    for message_id in [*kinds(), 0x0FFF]:
        for _ in range(60):
            body = rng.randbytes(rng.choice((0, 1, 5, 28, 40, 200)))
            frame = Frame(message_id=message_id, terminal="0" * 12, serial=1, body=body, protocol_version=1 if edition == 2019 else None)
            message = Message.of(frame, edition=edition)
            alarms_of(message)
            if message.refused is not None:
                assert message.refused.reason in ("body", "items")
            try:
                again = message.encode()
            except FrameInvalid:
                continue
            assert Message.of(again, edition=edition).fields == message.fields


def test_a_driver_of_2011_is_read_only_where_the_edition_is_told() -> None:
    body = b"\x04\xd5\xc5\xc8\xfd" + b"35010419800101001X".ljust(20, b"\0") + b"L1".ljust(40, b"\0") + b"\x04\xb2\xe2\xca\xd4"
    frame = Frame(message_id=0x0702, terminal="013912345678", serial=1, body=body)
    assert Message.of(frame, edition=2011).fields["driver"] == "张三"
    assert Message.of(frame, edition=2011).encode() == frame
    assert Message.of(frame).refused is not None


def test_a_field_that_is_missing_or_too_long_is_not_written() -> None:
    with pytest.raises(FrameInvalid, match="interval_s is missing"):
        body_of(0x8202, {}, edition=2019)
    with pytest.raises(FrameInvalid, match="interval_s"):
        body_of(0x8202, {"interval_s": 70_000, "for_s": 1}, edition=2019)
    with pytest.raises(FrameInvalid, match="maker"):
        frame_of(0x0100, "1", 1, {"province": 1, "city": 1, "maker": "toolongforit"}, edition=2013)
    with pytest.raises(FrameInvalid, match="not in the table"):
        body_of(0x0FFF, {}, edition=2019)
    assert body_of(0x8202, {"interval_s": 0}, edition=2019) == b"\0\0"


def test_bits_that_an_edition_does_not_know_are_told_by_number() -> None:
    assert alarm_codes(1 << 16 | 1) == ("sos", "tyre_warning")
    assert alarm_codes(1 << 16 | 1, edition=2013) == ("sos", "alarm_bit_16")
    assert len(alarm_codes(0xFFFFFFFF)) == 32


@pytest.mark.parametrize(
    ("item", "codes"),
    [
        ({"id": 0x14, "name": "video_alarms", "value": 0b1000001}, ("video_lost", "recording_full")),
        ({"id": 0x14, "name": "video_alarms", "value": 1 << 20}, ("video_alarms_bit_20",)),
        ({"id": 0x65, "name": "dsm", "value": {"alarm_type": 1, "state": 1}}, ("dsm_fatigue",)),
        ({"id": 0x65, "name": "dsm", "value": {"alarm_type": 1, "state": 2}}, ()),
        ({"id": 0x65, "name": "dsm", "value": {"alarm_type": 0x11, "state": 0}}, ()),
        ({"id": 0x64, "name": "adas", "value": {"alarm_type": 9, "state": 0}}, ("adas_type_9",)),
        ({"id": 0x70, "name": "vendor_70", "value": "00"}, ("vendor_70",)),
        ({"id": 0x64, "raw": "0102"}, ("item_64",)),
        ({"id": 0x15, "name": "video_lost_channels", "value": 0}, ()),
        ({"id": 0x13, "name": "segment", "value": {}}, ("segment_time",)),
        ({"id": 0x01, "raw": "0102"}, ()),
    ],
)
def test_alarms_of_items(item: Mapping[str, Any], codes: tuple[str, ...]) -> None:
    assert item_alarms([item]) == codes
    assert all(alarm_words(code) != (code, code) for code in codes)


def test_a_picture_taken_at_an_alarm_tells_it() -> None:
    body = b"\0\0\0\7\0\0\1\1" + location_body(alarm=1) + b"jpeg"
    message = Message.of(Frame(message_id=0x0801, terminal="0" * 12, serial=1, body=body))
    assert alarms_of(message) == ("sos",)
    assert find_kind(0x0801) is not None
    assert message.fields["data"] == b"jpeg".hex()


def test_every_code_has_words_in_both_languages() -> None:
    for code in (*alarm_codes(0xFFFFFFFF), *alarm_codes(0xFFFFFFFF, edition=2013), "item_64", "video_alarms_bit_20", "tpms", "dsm_type_9"):
        zh, en = alarm_words(code)
        assert re.search("[\u4e00-\u9fff]", zh)
        assert en.isascii()
        assert en != code or code in ("overspeed", "collision", "rollover")
    assert alarm_words("no_such") == ("no_such", "no_such")


def test_a_status_word_is_told_in_codes() -> None:
    assert status_codes(0) == ()
    assert status_codes(0b11 | 1 << 5 | 0b01 << 8 | 1 << 12 | 1 << 19) == (
        "ignition",
        "fixed",
        "encrypted",
        "load_half",
        "doors_locked",
        "beidou",
    )


@pytest.mark.parametrize(("colour", "plate"), [(1, "闽A12345"), (0, "LSVAA4182E2100001"), (9, "闽A12345"), (94, "闽AD12345"), (1, "")])
@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_registration_tells_its_edition(edition: int, colour: int, plate: str) -> None:
    fields = {
        "province": 35,
        "city": 102,
        "maker": "PSTWN",
        "model": "BD-1",
        "terminal_id": "A000001",
        "plate_colour": colour,
        "plate": plate,
    }
    message = Message.of(frame_of(0x0100, "013912345678", 1, fields, edition=edition))
    assert (message.edition, message.fields) == (edition, fields)
