"""Bodies of GB/T 28181: read in every encoding, bounded, refused with the reason, never guessed."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors import Gb28181Invalid
from sensors.gb28181 import Alarm, Catalogue, Keepalive, MobilePosition, parse_manscdp, response_to
from sensors.gb28181_alarm_codes import alarm_row
from sensors.gb28181_text import MOST_BYTES, decode_body
from tests.sensors.manscdp import CAMERAS, alarm, body, catalogue, keepalive, position

EIGHT = int(datetime(2026, 11, 26, 8, tzinfo=UTC).timestamp() * 1e6)
NAME = "屏山大院东门龢𠮷"


@pytest.mark.parametrize(
    ("encoding", "declared", "read_as"),
    [
        ("gb18030", "GB2312", "gb18030"),
        ("gb18030", "GB18030", "gb18030"),
        ("gb18030", "gbk", "gb18030"),
        ("utf-8", "UTF-8", "utf-8"),
        ("utf-8", None, "utf-8"),
        ("utf-8-sig", "GB2312", "utf-8"),
        ("utf-8", "GB2312", "utf-8"),
        ("gb18030", "UTF-8", "gb18030"),
        ("gb18030", None, "gb18030"),
        ("utf-8", "ISO-8859-1", "utf-8"),
    ],
)
def test_a_name_is_read_in_the_encoding_it_is_in_whatever_is_declared(encoding: str, declared: str | None, read_as: str) -> None:
    said = catalogue([(CAMERAS[0], NAME, "ON")], encoding=encoding, declared=declared)
    found = parse_manscdp(said)
    assert isinstance(found, Catalogue)
    assert found.items[0].name == NAME
    text = decode_body(said)
    assert text.encoding == read_as
    lies = {("utf-8-sig", "GB2312"), ("utf-8", "GB2312"), ("gb18030", "UTF-8"), ("gb18030", None), ("utf-8", "ISO-8859-1")}
    assert text.is_mislabelled is ((encoding, declared) in lies)


def test_a_catalogue_says_its_parts_and_what_each_device_is() -> None:
    found = parse_manscdp(catalogue([(CAMERAS[0], "东门", "ON"), (CAMERAS[1], "西门", "off")], total=7, sn="42"))
    assert isinstance(found, Catalogue)
    assert (found.sn, found.total, found.is_notice) == ("42", 7, False)
    assert [(one.device_id, one.name, one.status, one.lon_lat) for one in found.items] == [
        (CAMERAS[0], "东门", "ON", (119.295, 26.0899)),
        (CAMERAS[1], "西门", "OFF", (119.295, 26.0899)),
    ]


def test_an_alarm_is_of_china_s_clock_and_keeps_what_it_could_not_say() -> None:
    found = parse_manscdp(alarm(CAMERAS[0], where="<Longitude>119.3</Longitude><Latitude>26.1</Latitude>"))
    assert isinstance(found, Alarm)
    assert (found.priority, found.method, found.type, found.event, found.at_us) == (1, 5, 6, 1, EIGHT)
    assert (found.description, found.lon_lat, found.faults) == ("东墙", (119.3, 26.1), ())
    broken = parse_manscdp(alarm(CAMERAS[0], method="five", at="昨天", where="<Longitude>999</Longitude><Latitude>1</Latitude>"))
    assert isinstance(broken, Alarm)
    assert (broken.method, broken.at_us, broken.lon_lat) == (None, None, None)
    assert broken.faults == ("AlarmMethod 'five'", "AlarmTime '昨天'", "Longitude 999, Latitude 1")
    zoned = parse_manscdp(alarm(CAMERAS[0], at="2026-11-26T08:00:00Z"))
    assert isinstance(zoned, Alarm) and zoned.at_us == EIGHT


def test_numbers_of_alarms_have_words_and_unknown_ones_are_told_as_they_are() -> None:
    assert alarm_row(5, 6).zh == "入侵检测"
    assert alarm_row(1, None).code == "phone"
    assert alarm_row(5, 99).code == "video"
    assert "99" in alarm_row(99, 1).en


def test_a_mobile_position_is_one_or_a_list() -> None:
    found = parse_manscdp(position(CAMERAS[0]))
    assert isinstance(found, MobilePosition)
    (one,) = found.places
    assert (one.lon_lat, one.at_us, one.speed_kmh, one.heading_deg, one.altitude_m) == ((119.295, 26.0899), EIGHT, 36.5, 90.0, 12.3)
    item = (
        "<Item><DeviceID>{}</DeviceID><CaptureTime>2026-11-26T16:00:00</CaptureTime><Longitude>{}</Longitude><Latitude>26</Latitude></Item>"
    )
    inner = (
        "<CmdType>MobilePosition</CmdType><SN>1</SN><DeviceID>p</DeviceID><DeviceList>" + item.format("a", "119") + item.format("b", "x")
    )
    several = parse_manscdp(body("Notify", inner + "</DeviceList>", "utf-8", None))
    assert isinstance(several, MobilePosition)
    assert [(place.device_id, place.at_us) for place in several.places] == [("a", EIGHT)]
    assert several.faults == ("b: Longitude 'x'",)


def test_a_keepalive_names_the_sick() -> None:
    found = parse_manscdp(keepalive("d"))
    assert isinstance(found, Keepalive)
    assert (found.device_id, found.status, found.faulty) == ("d", "OK", ("x",))
    assert response_to(found) is None


def test_an_alarm_is_answered_as_the_standard_has_it() -> None:
    found = parse_manscdp(alarm("3501<&>".replace("<&>", "&lt;&amp;")))
    answer = response_to(found)
    assert answer is not None
    assert re.findall(r"<(\w+)>([^<]+)</", answer.decode("gb18030")) == [
        ("CmdType", "Alarm"), ("SN", "9"), ("DeviceID", "3501&lt;&amp;"), ("Result", "OK"),
    ]  # fmt: skip


LAUGHS = "<!DOCTYPE a [<!ENTITY l0 'lol'>" + "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(9)) + "]>"


@pytest.mark.parametrize(
    "said",
    [
        LAUGHS + "<Notify><CmdType>&l9;</CmdType></Notify>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Notify><CmdType>Alarm</CmdType><DeviceID>&x;</DeviceID></Notify>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><Notify/>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;]><Notify/>",
        "<Notify><CmdType>Alarm</CmdType>",
        "<Notify><CmdType>Reboot</CmdType><DeviceID>1</DeviceID></Notify>",
        "<Query><CmdType>Catalog</CmdType><DeviceID>1</DeviceID></Query>",
        "<Notify><CmdType>Alarm</CmdType><SN>1</SN></Notify>",
        "<Response><CmdType>Catalog</CmdType><DeviceID>1</DeviceID><SumNum>-1</SumNum></Response>",
        "<Response><CmdType>Catalog</CmdType><DeviceID>1</DeviceID><SumNum>99999999999</SumNum></Response>",
        "", "not xml", "<a/>", "<" * 10_000, "\x00", "&x;",
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(said: str) -> None:
    with pytest.raises(Gb28181Invalid) as error:
        parse_manscdp(said.encode())
    assert error.value.code == "GB28181_INVALID"


def test_a_body_is_bounded_in_length_and_harmless_in_depth() -> None:
    with pytest.raises(Gb28181Invalid):
        parse_manscdp(b" " * (MOST_BYTES + 1))
    deep = b"<Notify><CmdType>Keepalive</CmdType><DeviceID>1</DeviceID>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</Notify>"
    assert isinstance(parse_manscdp(deep), Keepalive)
    with pytest.raises(Gb28181Invalid, match="neither"):
        parse_manscdp(b"<Notify>\xff\xff\xff</Notify>")


SAMPLES = [catalogue([(CAMERAS[0], NAME, "ON")]), alarm(CAMERAS[0]), position(CAMERAS[0]), keepalive("d")]


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255), st.booleans()), max_size=6))
def test_mutated_bodies_are_read_or_refused(sample: bytes, changes: list[tuple[int, int, bool]]) -> None:
    said = bytearray(sample)
    for at, byte, cut in changes:
        at %= max(len(said), 1)
        if cut:
            del said[at : at + byte]
        else:
            said[at : at + 1] = bytes([byte])
    with suppress(Gb28181Invalid):
        parse_manscdp(bytes(said))


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12), st.sampled_from(["GB2312", "UTF-8"]))
def test_a_chinese_name_in_gb_or_utf_8_survives_any_declaration(name: str, declared: str) -> None:
    for encoding in ("utf-8", "gb18030"):
        said = f'<?xml version="1.0" encoding="{declared}"?><a>{name}</a>'.encode(encoding)
        assert decode_body(said).text in (f"<a>{name}</a>",) or _is_both(name, declared)


def _is_both(name: str, declared: str) -> bool:
    """Whether the GB bytes of a text are those of another in UTF-8, which is what they are said to be, or whose letters are as long as
    Chinese ones."""
    try:
        other = name.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return declared == "UTF-8" or all(letter >= "\u0800" for letter in other)
