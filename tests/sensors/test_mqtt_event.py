"""CloudEvents as MQTT carries them."""

import calendar
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.errors import PayloadInvalid
from sensors.mqtt_data import parse_time
from sensors.mqtt_event import MOST_BYTES, MOST_EVENTS, CloudEvent, parse_binary, parse_structured, write_event

ATTRIBUTES = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t"}


def structured(**more: Any) -> bytes:
    return json.dumps(ATTRIBUTES | more).encode()


def the_event(payload: bytes) -> CloudEvent:
    (event,) = parse_structured(payload)
    assert isinstance(event, CloudEvent)
    return event


def test_a_structured_event_says_what_it_says() -> None:
    event = the_event(structured(time="2026-11-27T08:00:00.25+08:00", data={"lon": 1}))
    assert (event.id, event.source, event.type, event.data) == ("1", "/a", "t", {"lon": 1})
    assert event.time_us == 1_795_737_600_250_000


def test_events_of_an_array_keep_their_own_bytes() -> None:
    one, two = structured(id="一"), b'{ "specversion" : "1.0", "id":"2","source":"/a","type":"t" }'
    events = parse_structured(b" [ " + one + b" ,\n" + two + b"]\n")
    assert [event.raw for event in events] == [one, two]
    assert [event.id for event in events if isinstance(event, CloudEvent)] == ["一", "2"]
    assert parse_structured(b"[]") == []


def test_a_bad_event_of_an_array_stands_alone() -> None:
    good, bad = structured(), structured(specversion="0.3")
    first, second, third = parse_structured(b"[" + good + b"," + bad + b",7]")
    assert isinstance(first, CloudEvent)
    assert isinstance(second, PayloadInvalid)
    assert (second.raw, second.path) == (bad, "specversion")
    assert isinstance(third, PayloadInvalid)
    assert third.raw == b"7"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[",
        b"[{}",
        b"[{},]",
        b"[{}{}]",
        b"{} {}",
        b"[] 1",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'"\\ud800"',
        b"[" * 100000,
        b" " * (MOST_BYTES + 1),
        b"[" + b"{}," * MOST_EVENTS + b"{}]",
        b"1" * 10000,
    ],
)
def test_what_is_no_json_of_a_bearable_size_is_refused(payload: bytes) -> None:
    with pytest.raises(PayloadInvalid):
        parse_structured(payload)


@pytest.mark.parametrize("name", ["id", "source", "type"])
@pytest.mark.parametrize("value", [None, "", 7, "x" * 1025])
def test_an_event_names_itself(name: str, value: object) -> None:
    (event,) = parse_structured(structured(**{name: value}))
    assert isinstance(event, PayloadInvalid)
    assert event.path == name


def test_a_binary_event_has_its_attributes_beside_its_data() -> None:
    attributes = [*ATTRIBUTES.items(), ("time", "1970-01-01T00:00:00Z")]
    event = parse_binary(b'{"lon": 1.5}', attributes, "application/json; charset=utf-8")
    assert (event.id, event.data, event.time_us, event.raw) == ("1", {"lon": 1.5}, 0, b'{"lon": 1.5}')
    assert parse_binary(b"", attributes, "").data == {}
    for payload, kind in ((b"\x00", "application/octet-stream"), (b"{", "application/json")):
        with pytest.raises(PayloadInvalid):
            parse_binary(payload, attributes, kind)


def test_what_the_twin_writes_it_reads() -> None:
    written = write_event(id="9", source="/twin", type="pingshan.v1.state", time="2026-01-01T00:00:00Z", subject="门/1", data={"开": True})
    event = the_event(written)
    assert (event.id, event.data) == ("9", {"开": True})


@pytest.mark.parametrize(
    "text", ["2026-11-27", "2026-11-27T08:00:00", "2026-02-30T00:00:00Z", "２026-11-27T08:00:00Z", "2026-11-27T25:00:00Z", 5, None]
)
def test_a_time_names_its_zone(text: object) -> None:
    with pytest.raises(PayloadInvalid):
        parse_time(text, "time")


@given(st.datetimes(timezones=st.timezones()))
def test_times_agree_with_the_calendar(moment: datetime) -> None:
    minutes = moment.replace(tzinfo=timezone(timedelta(minutes=round(moment.utcoffset().total_seconds() / 60))))  # type: ignore[union-attr]
    expected = calendar.timegm(minutes.timetuple()) - minutes.utcoffset().total_seconds()  # type: ignore[union-attr]
    assert parse_time(minutes.isoformat(), "time") == round(expected) * 10**6 + minutes.microsecond


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(payload: bytes) -> None:
    try:
        parse_structured(payload)
    except PayloadInvalid:
        return
